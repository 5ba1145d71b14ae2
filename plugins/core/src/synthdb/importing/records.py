"""What readers yield: chunks of records, and the records that could not be read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

__all__ = ["CHUNK_RECORDS", "Chunk", "Reader", "Reject", "is_broken", "shorten"]

CHUNK_RECORDS = 512
"""How many records are read at a time: few enough to stay in a processor's cache, which halves the time."""

_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that was not imported: where it stands, which column is to blame if one is, and why."""

    file: str
    line: int
    column: str | None
    reason: str

    def __str__(self) -> str:
        column = f", column {self.column!r}" if self.column else ""
        return f"{self.file}, line {self.line}{column}: {self.reason}"


@dataclass(slots=True)
class Chunk:
    """Some records, column by column; a cell that a record does not have is ``MISSING``.

    ``lines`` gives the line on which each record starts. ``end`` is how many records of the source are
    consumed once this chunk is, rejects included. ``fraction`` is how much of the source has been read, from
    0 to 1.
    """

    columns: Mapping[str, Sequence[Any]]
    lines: Sequence[int]
    end: int
    fraction: float = 0.0
    rejects: list[Reject] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many records there are."""
        return len(self.lines)


class Reader(Protocol):
    """Reads one table from a source, as often as asked, giving the same chunks each time."""

    @property
    def notes(self) -> Sequence[str]:
        """What was changed on the way, such as the name of a column; complete after the first reading."""

    def chunks(self, skip: int = 0) -> Iterator[Chunk]:
        """Read the records after the first ``skip``."""


def shorten(text: str) -> str:
    """Show a piece of input in a message."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def is_broken(text: str) -> bool:
    """Whether text holds what no storage can keep: bytes that could not be decoded, or NUL."""
    if "\0" in text:
        return True
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
