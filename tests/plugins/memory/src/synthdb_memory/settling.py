"""The one rule of combining: what only one side changed is as that side has it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from synthdb_host.catalog import ColumnType
from synthdb_host.merge_reports import OpenConflict
from synthdb_host.values import format_text

__all__ = ["CONFLICT", "UNFIT", "UNKNOWN", "Choice", "Decide", "jsonable", "settle", "undecided"]


class _Unlike:
    """A value that equals nothing, not even itself."""

    __hash__ = None  # type: ignore[assignment]  # nothing that equals nothing is ever looked up

    def __init__(self, name: str) -> None:
        self._name = name

    def __eq__(self, other: object) -> bool:
        return False

    def __repr__(self) -> str:
        return self._name


UNKNOWN: Final = _Unlike("UNKNOWN")
"""What two states that are both a base disagree on."""

UNFIT: Final = object()
"""A value that the combined column's type cannot hold; two of them count as the same."""

CONFLICT: Final = _Unlike("CONFLICT")
"""What :func:`settle` gives where both sides changed something, differently."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A decision about a conflict."""

    choice: str
    value: Any = None


Decide = Callable[[OpenConflict], Choice | None]
"""Gives what was decided about exactly this conflict, if anything was."""


def undecided(conflict: OpenConflict) -> Choice | None:
    """Decide nothing."""
    return None


def settle(base: Any, ours: Any, theirs: Any) -> Any:
    """Combine one thing."""
    if ours == theirs:
        return ours
    if base == ours:
        return theirs
    return ours if base == theirs else CONFLICT


def jsonable(value: Any, column_type: ColumnType) -> Any:
    """Give a value as JSON has it."""
    if value is UNKNOWN or value is UNFIT or value is None:
        return None
    if isinstance(value, bool | int | float | str) or column_type.name == "json":
        return value
    return format_text(column_type, value)
