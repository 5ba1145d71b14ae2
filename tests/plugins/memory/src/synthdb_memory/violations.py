"""What a combined state breaks: rows without a needed value, keys that are not unique, references to nothing."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from synthdb_host.merge_reports import OpenConflict
from synthdb_memory.combining_rows import key_of, shown
from synthdb_memory.normal import Cells, Plain, PlainTable

__all__ = ["violations"]

_Sides = tuple[Plain, Plain, Plain]
_Found = tuple[PlainTable, Any, str]


def violations(result: Plain, sides: _Sides) -> list[OpenConflict]:
    """Find them all, once for each row and constraint."""
    found = [item for table in result.values() if table.is_live for item in _of_table(table, result, sides[1])]
    conflicts = [_conflict(table, identity, name, sides) for table, identity, name in found]
    return list({(c.table, c.key, c.detail): c for c in conflicts}.values())


def _conflict(table: PlainTable, identity: Any, name: str, sides: _Sides) -> OpenConflict:
    own = [side.get(table.uid) for side in sides]
    rows = [side.rows.get(identity) if side else None for side in own]
    cells = table.rows.get(identity)
    key = key_of(table, cells) if cells else next(key_of(s, r) for s, r in zip(own, rows, strict=True) if s and r)
    base, ours, theirs = (shown(side, row) if side else None for side, row in zip(own, rows, strict=True))
    return OpenConflict(table.name, key, None, "constraint", base, ours, theirs, name)


def _of_table(table: PlainTable, result: Plain, ours: Plain) -> Iterator[_Found]:
    for column in table.live:
        if column.properties["not_null"]:
            for identity, row in table.rows.items():
                if row[column.number] is None:
                    yield table, identity, column.name
    uniques = {name: item[1] for name, item in table.constraints.items() if item[0] == "unique"}
    for name, columns in {"key": table.key, **uniques}.items():
        yield from _twins(table, name, columns, ours)
    for name, item in table.constraints.items():
        if item[0] == "foreign":
            yield from _dangling(table, name, item, result, ours)


def _twins(table: PlainTable, name: str, columns: tuple[int, ...], ours: Plain) -> Iterator[_Found]:
    groups: dict[str, list[Any]] = defaultdict(list)
    for identity, row in table.rows.items():
        if all(row[column] is not None for column in columns):
            groups[repr([row[column] for column in columns])].append(identity)
    for group in groups.values():
        if len(group) > 1:
            written = [identity for identity in group if _is_written(table, identity, ours)]
            yield from ((table, identity, name) for identity in written or group)


def _dangling(table: PlainTable, name: str, item: tuple[Any, ...], result: Plain, ours: Plain) -> Iterator[_Found]:
    _, own, uid, references, _ = item
    target = result[uid]
    known = {_cells(row, references) for row in target.rows.values()} if target.is_live else set()
    for identity, row in table.rows.items():
        values = _cells(row, own)
        if None in values or values in known:
            continue
        deleted = [i for i, r in _gone(target, ours).items() if _cells(r, references) == values]
        yield from ((target, gone, name) for gone in deleted)
        if not deleted or _is_written(table, identity, ours):
            yield table, identity, name


def _cells(row: Cells, columns: tuple[int, ...]) -> tuple[Any, ...]:
    return tuple(row.get(column) for column in columns)


def _gone(table: PlainTable, ours: Plain) -> dict[Any, Cells]:
    mine = ours.get(table.uid)
    return {i: row for i, row in mine.rows.items() if i not in table.rows} if mine else {}


def _is_written(table: PlainTable, identity: Any, ours: Plain) -> bool:
    mine = ours.get(table.uid)
    before = mine.rows.get(identity) if mine else None
    return before is None or any(before.get(c.number) != table.rows[identity][c.number] for c in table.live)
