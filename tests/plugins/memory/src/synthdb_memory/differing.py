"""What leads from one state to another."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from synthdb_host.merge_reports import CombinedTable
from synthdb_memory.combining_rows import key_of, shown
from synthdb_memory.normal import Cells, Plain, PlainTable

__all__ = ["RowChange", "changed_rows", "counted"]

_WORDS = {"insert": "inserted", "update": "updated", "delete": "deleted"}


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that is not the same in both states."""

    table: str
    key: tuple[Any, ...]
    change: str
    old: dict[str, Any] | None
    new: dict[str, Any] | None


def changed_rows(base: Plain, target: Plain) -> Iterator[RowChange]:
    """Compare two states, table by table in the order of their names."""
    uids = {uid for state in (base, target) for uid, table in state.items() if table.is_live}
    for uid in sorted(uids, key=lambda uid: (target.get(uid) or base[uid]).name):
        yield from _of_table(base.get(uid), target.get(uid))


def _of_table(base: PlainTable | None, target: PlainTable | None) -> Iterator[RowChange]:
    named = target if target is not None and target.is_live else base
    assert named is not None
    before = base.rows if base is not None and base.is_live else {}
    after = target.rows if target is not None and target.is_live else {}
    for identity in sorted({*before, *after}, key=lambda value: (type(value).__name__, value)):
        old, new = before.get(identity), after.get(identity)
        shapes = _object(base, old), _object(target, new)
        if old is None or new is None:
            change = "insert" if old is None else "delete"
            yield RowChange(named.name, key_of(named, (new or old) or {}), change, *shapes)
        elif _differ(base, old, target, new):
            yield RowChange(named.name, key_of(named, new), "update", *shapes)


def _differ(base: PlainTable | None, old: Cells, target: PlainTable | None, new: Cells) -> bool:
    """Compare what both states have; a column that one of them lacks makes no difference."""
    assert base is not None
    assert target is not None
    mine = {number: column for column in base.live for number in column.ids}
    for column in target.live:
        before = next((mine[number] for number in column.ids if number in mine), None)
        value = column.properties["default"] if before is None else old[before.number]
        if value != new[column.number]:
            return True
    return False


def _object(table: PlainTable | None, cells: Cells | None) -> dict[str, Any] | None:
    return shown(table, cells) if table is not None and cells is not None else None


def counted(base: Plain, target: Plain) -> dict[str, CombinedTable]:
    """Count what leads from one state to another, by table."""
    counts = Counter((row.table, _WORDS[row.change]) for row in changed_rows(base, target))
    return {table: CombinedTable(**{word: counts[table, word] for word in _WORDS.values()}) for table, _ in counts}
