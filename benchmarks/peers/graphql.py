"""What all GraphQL servers have in common: how they are asked, and where in an answer the rows are."""

from typing import Any, Final

from benchmarks.data import COLUMNS
from benchmarks.load import Exchange
from benchmarks.peers.base import encoded

__all__ = ["FIELDS", "asked", "found"]

FIELDS: Final = " ".join(COLUMNS)
"""All columns, where the server calls them as we do."""


def asked(address: str, document: str, **variables: object) -> Exchange:
    """Ask by POST. The document is the same each time; what differs is in the variables."""
    return Exchange("POST", address, encoded({"query": document, "variables": variables}))


def found(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the rows under the one field that was asked for: an object, a list, or the nodes of a connection."""
    (rows,) = answer["data"].values()
    if isinstance(rows, list):
        return rows
    return list(rows["nodes"]) if "nodes" in rows else [rows]
