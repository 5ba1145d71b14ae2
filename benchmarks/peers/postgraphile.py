"""PostGraphile over a PostgreSQL of its own, both started by :mod:`benchmarks.peers.postgraphile_server`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.data import LIST_LIMIT, write_csv
from benchmarks.load import Exchange
from benchmarks.peers.base import GRAPHQL_LIST, GRAPHQL_POINT, Peer
from benchmarks.peers.graphql import asked, found

__all__ = ["PostGraphile"]

_FIELDS = "id: rowId name email price qty created_at: createdAt active note"
_BY_KEY = f"query ($id: Int!) {{ itemByRowId(rowId: $id) {{ {_FIELDS} }} }}"
_DEAREST = f"""query ($active: Boolean!, $limit: Int!) {{
  allItems(condition: {{active: $active}}, orderBy: PRICE_DESC, first: $limit) {{ nodes {{ {_FIELDS} }} }}
}}"""


@dataclass
class PostGraphile(Peer):
    """One process of Node.js, and PostgreSQL, which are counted together and Node.js alone."""

    name = "PostGraphile 5 + PostgreSQL"
    apart: ClassVar = {"PostGraphile 5 alone": "postgres"}

    installed: Path = field(default=Path())
    """The environment that holds PostGraphile, Node.js and PostgreSQL."""

    def prepare(self) -> None:
        """Write the rows for PostgreSQL to read."""
        write_csv(self.folder / "items.csv", self.rows)

    def command(self, port: int) -> Sequence[str]:
        """Start both."""
        return [sys.executable, "-m", "benchmarks.peers.postgraphile_server", str(self.installed), str(port)]

    def exchange(self, case: str, number: int) -> Exchange | None:
        """Ask the fields that PostGraphile makes."""
        if case == GRAPHQL_POINT:
            return asked("/graphql", _BY_KEY, id=number)
        if case == GRAPHQL_LIST:
            return asked("/graphql", _DEAREST, active=True, limit=LIST_LIMIT)
        return None

    def records(self, case: str, document: Any) -> list[dict[str, Any]]:
        """Find the rows."""
        return found(document)

    def count(self) -> int:
        """Give what it was given, because nobody writes to it."""
        return self.rows
