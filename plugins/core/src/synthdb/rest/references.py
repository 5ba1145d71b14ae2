"""References: ``$0.id`` in an operation of a batch is the id in the one row that operation 0 gives."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from synthdb_host.batches import map_values
from synthdb_host.operations import (
    ColumnRef,
    Delete,
    Insert,
    Literal,
    Operation,
    Output,
    Reference,
    Select,
    Update,
)

__all__ = ["with_outputs", "with_references"]

_REFERENCE: Final = re.compile(r"(\$+)([0-9]{1,6})\.([^\W\d].*)", re.DOTALL)


def with_references(operation: Operation) -> tuple[Operation, set[Reference]]:
    """Read the references in an operation; gives them too.

    A text is a reference as a whole or not at all. With one more dollar before it, it is that text with one less.
    """
    found: set[Reference] = set()

    def read(value: Any) -> Any:  # noqa: ANN401 - a value of an operation
        matched = _REFERENCE.fullmatch(value) if isinstance(value, str) and value[:1] == "$" else None
        if matched is None:
            return value
        if len(matched[1]) > 1:
            return Literal(value[1:]) if isinstance(value, Literal) else value[1:]
        reference = Reference(int(matched[2]), matched[3])
        found.add(reference)
        return reference

    return map_values(operation, read), found


def with_outputs(operations: Sequence[Operation], references: set[Reference]) -> tuple[Operation, ...]:
    """Let writes that would answer no rows give the columns that are referred to."""
    changed = list(operations)
    for number, operation in enumerate(operations):
        names = sorted({reference.name for reference in references if reference.part == number})
        if names and isinstance(operation, Insert | Update | Delete) and operation.returning is None:
            outputs = tuple(Output(ColumnRef(name), name) for name in names)
            returning = Select(operation.table, outputs, ref=operation.ref)
            changed[number] = replace(operation, returning=returning)
    return tuple(changed)
