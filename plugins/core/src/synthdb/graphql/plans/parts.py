"""The parts of a batch while they are put together, and which of them tell what a field gives."""

from dataclasses import dataclass, replace
from typing import Final

from synthdb_host.errors import TooComplex
from synthdb_host.operations import Batch, ColumnRef, Delete, Insert, Operation, Output, Ref, Reference, Select, Update

__all__ = ["Outcome", "Parts"]

_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """The parts, by their numbers, that one answer is made of: those whose rows are counted, the one that has the rows.

    They are among the parts from ``first`` to before ``end``.
    """

    counted: tuple[int, ...]
    shown: int
    first: int
    end: int


class Parts:
    """Collects the parts of a batch."""

    def __init__(self) -> None:
        self._operations: list[Operation] = []
        self._asked: dict[int, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._operations)

    def add(self, operation: Operation) -> int:
        """Add a part; gives its number.

        Raises:
            TooComplex: there are too many.
        """
        if len(self._operations) >= _MOST:
            raise TooComplex(
                f"The operation has more than {_MOST:,} parts.", hint="Write rows without nested ones, or in several."
            )
        if isinstance(operation, Insert | Update | Delete):
            operation = replace(operation, guarded=True)
        self._operations.append(operation)
        return len(self._operations) - 1

    def reference(self, part: int, name: str, *, every: bool = False) -> Reference:
        """Refer to what a part gives in a column."""
        self._asked.setdefault(part, {})[name] = None
        return Reference(part, name, every)

    def batch(self, ref: Ref) -> Batch:
        """Give the batch, on a branch."""
        for number, names in self._asked.items():
            operation = self._operations[number]
            if isinstance(operation, Insert):
                outputs = tuple([Output(ColumnRef(name), name) for name in names])
                self._operations[number] = replace(operation, returning=Select(operation.table, outputs))
        return Batch(tuple(self._operations), ref, bool(self._asked))
