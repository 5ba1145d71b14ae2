"""Combining two states that come from a third."""

from dataclasses import dataclass, field, replace
from typing import Any

from synthdb_host.catalog import ColumnType
from synthdb_host.merge_reports import OpenConflict
from synthdb_memory.combining_rows import RowCombiner
from synthdb_memory.combining_schema import Match, SchemaCombiner, converted
from synthdb_memory.normal import Plain, PlainTable
from synthdb_memory.settling import UNFIT, Decide, undecided

__all__ = ["Combination", "combine"]


@dataclass(slots=True)
class Combination:
    """A state made of two, and what they disagree on; there the state is as ours is."""

    tables: Plain = field(default_factory=dict)
    conflicts: list[OpenConflict] = field(default_factory=list)


def combine(
    base: Plain, ours: Plain, theirs: Plain, decide: Decide = undecided, *, virtual: bool = False
) -> Combination:
    """Combine two states.

    A ``virtual`` combination is the base of another one: what is in conflict in it is unknown.
    """
    schema = SchemaCombiner(decide, virtual=virtual)
    tables: Plain = {}
    matches: dict[int, list[Match]] = {}
    for uid in dict.fromkeys((*ours, *theirs)):
        was, mine, other = base.get(uid), ours.get(uid), theirs.get(uid)
        if was is None and (mine is None or other is None):
            tables[uid] = replace(mine or theirs[uid])
            continue
        if mine is None:
            # What the base has and ours has not is as if ours had dropped it.
            continue
        other = other or _gone(was)
        tables[uid], matches[uid] = schema.table(was, mine, other)
    _check_names(schema, tables, ours)
    numbers = _Numbers(matches)
    for table in tables.values():
        _combine_constraints(schema, table, (base, ours, theirs), numbers)
    for table in tables.values():
        _check_constraints(schema, table, tables)
    rows = RowCombiner(decide, virtual=virtual)
    for uid, found in matches.items():
        if not tables[uid].is_live or not _is_live(theirs.get(uid)):
            tables[uid].rows = rows.kept(found, tables[uid].rows)
            continue
        late = [] if virtual else _unfit(found, ours.get(uid))
        for match, _ in late:
            match.take_type_of_ours()
        tables[uid].rows = rows.rows(tables[uid], found, base.get(uid), ours.get(uid), theirs.get(uid))
        for match, kind in late:
            _narrow(schema, tables[uid], match, kind)
    return Combination(tables, schema.conflicts + rows.conflicts)


def _unfit(matches: list[Match], ours: PlainTable | None) -> list[tuple[Match, ColumnType]]:
    """Give the columns with values of ours that do not fit the type to be: it is tried again when rows are combined."""
    found = []
    for match in matches:
        kind = match.result.properties["type"]
        if ours and match.ours and match.result.is_live and match.ours.properties["type"] != kind:
            was = match.ours
            values = (row[was.number] for row in ours.rows.values())
            if any(converted(value, was.properties["type"], kind) is UNFIT for value in values):
                found.append((match, kind))
    return found


def _narrow(schema: SchemaCombiner, table: PlainTable, match: Match, kind: ColumnType) -> None:
    """Give a column the type it shall have, or say that not all values fit."""
    column = match.result
    was = column.properties["type"]
    fitted = {identity: converted(row[column.number], was, kind) for identity, row in table.rows.items()}
    column.properties["type"] = kind
    if any(value is UNFIT for value in fitted.values()):
        schema.report(table.name, column.name, "type", None, None, kind)
        return
    table.rows = {identity: row | {column.number: fitted[identity]} for identity, row in table.rows.items()}


def _is_live(table: PlainTable | None) -> bool:
    return table is not None and table.is_live


def _gone(table: PlainTable | None) -> PlainTable:
    assert table is not None
    return replace(table, properties=table.properties | {"dropped": True})


def _check_names(schema: SchemaCombiner, tables: Plain, ours: Plain) -> None:
    """Leave out a table of theirs whose name is that of another one."""
    taken = {table.name.casefold(): table for table in tables.values() if table.is_live and table.uid in ours}
    for table in list(tables.values()):
        found = taken.setdefault(table.name.casefold(), table) if table.is_live else table
        if found is table:
            continue
        if table.uid in ours:
            schema.report(table.name, None, "name", None, table.name, table.name)
        else:
            schema.report(table.name, None, "table", None, found.name, table.name)
            del tables[table.uid]


class _Numbers:
    """The number that a column has in the result, by table and any of its ids."""

    def __init__(self, matches: dict[int, list[Match]]) -> None:
        self._found = {
            (uid, number): match.result.number
            for uid, some in matches.items()
            for match in some
            for number in match.result.ids
        }

    def of(self, uid: int, numbers: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(self._found.get((uid, number), number) for number in numbers)

    def constraint(self, uid: int, item: tuple[Any, ...]) -> tuple[Any, ...]:
        if item[0] == "foreign":
            _, own, target, references, on_delete = item
            return ("foreign", self.of(uid, own), target, self.of(target, references), on_delete)
        return (item[0], self.of(uid, item[1]))


def _combine_constraints(
    schema: SchemaCombiner, table: PlainTable, states: tuple[Plain, Plain, Plain], numbers: _Numbers
) -> None:
    uid = table.uid
    found = [
        {name: numbers.constraint(uid, item) for name, item in (state[uid].constraints if uid in state else {}).items()}
        for state in states
    ]
    if uid not in states[1] and uid not in states[0]:
        found[1] = found[2]
    table.constraints = schema.constraints(table.name, *found)
    (table.identity,) = numbers.of(uid, (table.identity,))
    table.key = numbers.of(uid, table.key)


def _check_constraints(schema: SchemaCombiner, table: PlainTable, tables: Plain) -> None:
    """Leave out constraints over what is dropped; an index goes with its column, others are in conflict."""
    for name, item in list(table.constraints.items()):
        lacking = not {column.number for column in table.live}.issuperset(item[1])
        if item[0] == "foreign" and table.is_live:
            lacking = lacking or not _live_numbers(tables[item[2]]).issuperset(item[3])
        if lacking:
            del table.constraints[name]
            if item[0] != "index" and table.is_live:
                schema.report(table.name, None, name, None, None, None)


def _live_numbers(table: PlainTable) -> set[int]:
    return {column.number for column in table.live} if table.is_live else set()
