"""Answers as their callers see them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .transport import Reply
from .values import decode

__all__ = ["Answer", "answer_rows", "next_page"]

Data = TypeVar("Data")
Row = TypeVar("Row")

_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*rel="?next"?')
_TOTAL = re.compile(r".*/(\d+)")


@dataclass(frozen=True)
class Answer(Generic[Data]):
    """What was asked for, and what the answer said beside it; the names of headers are in lower case."""

    data: Data
    status: int
    headers: Mapping[str, str]

    @classmethod
    def of(cls, reply: Reply, data: Any) -> "Answer[Any]":
        """Put data into an answer."""
        return cls(data, reply.status, reply.headers)

    @property
    def total(self) -> int | None:
        """How many rows there are in all, if that was asked."""
        found = _TOTAL.fullmatch(self.headers.get("content-range", ""))
        return int(found[1]) if found else None

    @property
    def etag(self) -> str | None:
        """The version of the row, for ``if_match``."""
        return self.headers.get("etag")

    @property
    def location(self) -> str | None:
        """The address of a row that was made."""
        return self.headers.get("location")

    @property
    def replayed(self) -> bool:
        """Whether the server had done this before, and gives the answer that got lost."""
        return self.headers.get("idempotent-replayed") == "true"


def answer_rows(reply: Reply, convert: Callable[[dict[str, Any]], Row]) -> Answer[list[Row]]:
    """Read the rows of an answer."""
    found = decode(reply.body) if reply.body else []
    rows = [convert(row) for row in (found if isinstance(found, list) else [found])]
    return Answer(rows, reply.status, reply.headers)


def next_page(reply: Reply, base: str) -> str | None:
    """Give the address of the next page, below the server's address."""
    found = _NEXT.search(reply.headers.get("link", ""))
    return found[1].removeprefix(base) if found else None
