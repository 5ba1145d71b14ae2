"""Positions: the sort keys of the last row of a page, and what comes after them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from synthdb_host.catalog import ColumnType
from synthdb_host.errors import CursorExpired
from synthdb_host.operations import Position
from synthdb_host.values import format_text, parse_text

__all__ = ["Key", "is_after", "position_of"]

_PLAIN = (bool, int, float, str, bytes)


@dataclass(frozen=True, slots=True)
class Key:
    """What groups are sorted by, and how."""

    type: ColumnType
    value: Callable[[Any], Any]
    descending: bool = False
    nulls_first: bool = False

    def of(self, group: Any) -> tuple[bool, Any]:
        """Give what a group is sorted by, to be compared."""
        return self.comparable(self.value(group))

    def comparable(self, found: Any) -> tuple[bool, Any]:
        """Give a value as it is compared with others; NULLs are put to one side."""
        if isinstance(found, dict | list):
            found = msgspec.json.encode(found).decode()
        return ((found is None) != (self.nulls_first != self.descending), 0 if found is None else found)

    def plain(self, found: Any) -> Any:
        """Give a value as a position has it."""
        if isinstance(found, dict | list):
            return msgspec.json.encode(found).decode()
        return found if found is None or isinstance(found, _PLAIN) else format_text(self.type, found)

    def typed(self, found: Any) -> Any:
        """Give a value back from a position."""
        if (
            found is None
            or isinstance(found, bytes)
            or not isinstance(found, str)
            or self.type.name in ("text", "json")
        ):
            return found
        return parse_text(self.type, found)


def position_of(keys: Sequence[Key], group: Any, commit: str | None, *, is_row: bool) -> Position:
    """Give the position of a group, which has a row only where groups are rows."""
    types = ",".join(str(key.type) for key in keys)
    return Position(commit, (types, *(key.plain(key.value(group)) for key in keys)) if is_row else ())


def is_after(keys: Sequence[Key], group: Any, row: Sequence[Any]) -> bool:
    """Say whether a group comes after a position.

    Raises:
        CursorExpired: the position was made when columns had other types.
    """
    if row[0] != ",".join(str(key.type) for key in keys):
        raise CursorExpired("The types of these columns have changed.")
    for key, found in zip(keys, row[1:], strict=True):
        mine, last = key.of(group), key.comparable(key.typed(found))
        if mine != last:
            return (mine > last) != key.descending
    return False
