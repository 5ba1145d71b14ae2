"""What an operation yields."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from synthdb_host.encoding import RowEncoder
from synthdb_host.merge_reports import MergeReport
from synthdb_host.operations import Position

__all__ = ["Result"]


@dataclass(frozen=True, slots=True)
class Result:
    """What an operation yields.

    ``rows`` are tuples for ``encoder``; a write without ``returning`` has neither. ``total`` is the count asked
    for. ``affected`` is how many rows a write wrote (an unchanged row that was matched counts). ``inserted`` is
    how many of them are new. ``keys`` are the declared keys of the rows inserted, given for a single row.
    ``parts`` are the results of a batch. ``report`` says what was combined; while it has conflicts, nothing was.
    ``versions`` are those of the rows of a read that asks for them, and of the row that a write left if it is one;
    they are made of letters and digits. ``state`` is a word for all that a read could have seen at its ref, given to
    one that asks for it: as long as it is the same, so are the rows. None: nobody can say. ``answer`` is what is kept
    for an idempotency key, and ``replayed`` says that it was kept before and nothing was done now.
    ``position`` is where a page that is full ended, if that was asked for.
    """

    encoder: RowEncoder | None = None
    rows: Sequence[Sequence[Any]] = ()
    total: int | None = None
    affected: int | None = None
    inserted: int | None = None
    keys: tuple[tuple[Any, ...], ...] = ()
    commit: str | None = None
    parts: tuple["Result", ...] = ()
    report: MergeReport | None = None
    versions: tuple[str, ...] = ()
    state: str | None = None
    answer: bytes | None = None
    replayed: bool = False
    position: Position | None = None

    def json(self) -> bytes:
        """Encode the rows as a JSON array."""
        return self.encoder.json(self.rows) if self.encoder else b"[]"

    def python(self) -> list[dict[str, Any]]:
        """Give the rows as dictionaries of Python values."""
        return self.encoder.python(self.rows) if self.encoder else []
