"""A set of rows of one table by their identities, as a SQL test."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

__all__ = ["RowIds"]


@dataclass(frozen=True, slots=True)
class RowIds:
    """Identities, and the SQL that follows the identity column to test for them."""

    test: str
    parameters: tuple[Any, ...]
    ids: Sequence[Any]

    @classmethod
    def of(cls, ids: Sequence[Any]) -> "RowIds":
        """Describe any identities: one bind however many there are."""
        if len(ids) == 1:
            return cls("= ?", (ids[0],), ids)
        return cls("IN (SELECT value FROM json_each(?))", (msgspec.json.encode(ids).decode(),), ids)

    @classmethod
    def span(cls, first: int, last: int) -> "RowIds":
        """Describe all integers from ``first`` to ``last``."""
        if first == last:
            return cls("= ?", (first,), (first,))
        return cls("BETWEEN ? AND ?", (first, last), range(first, last + 1))

    def __len__(self) -> int:
        return len(self.ids)
