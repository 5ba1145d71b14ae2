"""Merging two schemas over their base: by the ids of tables and columns, property by property.

This only computes: :mod:`synthdb.engine.versions.schema_applying` makes the changes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

import msgspec.structs

from synthdb.catalog.records import ColumnRecord, ConstraintRecord, TableRecord, value_from, value_to
from synthdb.engine.versions.bases import DISPUTED, three_way
from synthdb.engine.versions.schema_roots import Rooted, compared_numbers
from synthdb_host.catalog import ColumnType
from synthdb_host.errors import RequestError
from synthdb_host.inference import widen
from synthdb_host.merge_reports import OpenConflict
from synthdb_host.values import convert

__all__ = ["MergedColumn", "MergedSchema", "MergedTable", "combined_schemas", "merge_schemas"]

_TABLE: Final = ("name", "mode", "preconditions", "comment", "dropped")
_COLUMN: Final = ("name", "type", "not_null", "default", "has_default", "inferred", "comment", "dropped")
_QUIET: Final = frozenset({"has_default", "inferred"})
"""Properties that follow others and are no conflicts by themselves."""

_Record = TypeVar("_Record", TableRecord, ColumnRecord)

_Decide = Callable[[OpenConflict], str | None]
"""Gives what was decided on a conflict, None for nothing."""


class MergedColumn(NamedTuple):
    """A column as it shall be: its id in theirs (None: it has none), its id in ours (None: it is new there)."""

    theirs: int | None
    ours: int | None
    record: ColumnRecord


class MergedTable(NamedTuple):
    """A table as it shall be; ``is_new`` if ours does not have it."""

    id: int
    is_new: bool
    record: TableRecord
    columns: tuple[MergedColumn, ...]


@dataclass(slots=True)
class MergedSchema:
    """What the tables of theirs become in ours, and on what the two disagree; ``ids`` are columns of ours by root."""

    tables: list[MergedTable] = field(default_factory=list)
    conflicts: list[OpenConflict] = field(default_factory=list)
    ids: dict[int, int] = field(default_factory=dict)


def merge_schemas(base: Rooted, ours: Rooted, theirs: Rooted, decide: _Decide) -> MergedSchema:
    """Merge the schemas of two places over their base. What theirs does not have, but the base has, it has dropped."""
    theirs = _with_dropped(base, theirs)
    return _Merging(base, ours, theirs, decide).run()


def _with_dropped(base: Rooted, theirs: Rooted) -> Rooted:
    """Add what a state of the past did not have yet as dropped."""
    tables = {key: _dropped(record) for key, record in base.tables.items()} | theirs.tables
    columns = dict(base.columns)
    for key, own in theirs.columns.items():
        columns[key] = {column: _dropped(record) for column, record in base.columns.get(key, {}).items()} | own
    return Rooted(tables, columns, theirs.ids)


def _dropped(record: _Record) -> _Record:
    return msgspec.structs.replace(record, dropped=True)


class _Merging:
    def __init__(self, base: Rooted, ours: Rooted, theirs: Rooted, decide: _Decide) -> None:
        self.base, self.ours, self.theirs = base, ours, theirs
        self._decide = decide
        self.found = MergedSchema(ids=theirs.ids | ours.ids)
        self._tables: dict[int, TableRecord] = dict(ours.tables)
        self._columns: dict[int, dict[int, ColumnRecord]] = {
            key: dict(columns) for key, columns in ours.columns.items()
        }
        self._same: dict[int, dict[int, int]] = {}

    def run(self) -> MergedSchema:
        """Merge what both sides know, then what is new, then look at names and constraints of the result."""
        known = [table_id for table_id in self.theirs.tables if table_id in self.ours.tables]
        for table_id in known:
            self._known_table(table_id)
        self._free_table_names(known)
        for table_id in sorted(self.theirs.tables.keys() - self.ours.tables.keys()):
            self._new_table(table_id)
        for table_id in known:
            self._tables[table_id] = self._without_lost(table_id, self._tables[table_id])
        self.found.tables = [self._merged(table_id) for table_id in sorted(self._tables)]
        return self.found

    def _merged(self, table_id: int) -> MergedTable:
        own = self.ours.columns.get(table_id, {})
        columns = tuple(
            MergedColumn(self.theirs.ids.get(root), self.ours.ids[root] if root in own else None, record)
            for root, record in self._columns[table_id].items()
        )
        joined = tuple(
            MergedColumn(self.theirs.ids[root], self.ours.ids[same], self._columns[table_id][same])
            for root, same in self._same.get(table_id, {}).items()
        )
        is_new = table_id not in self.ours.tables
        return MergedTable(table_id, is_new, self._tables[table_id], columns + joined)

    # -- tables ------------------------------------------------------------------------------------------

    def _known_table(self, table_id: int) -> None:
        mine, theirs = self.ours.tables[table_id], self.theirs.tables[table_id]
        base = self.base.tables.get(table_id)
        if base is None:
            # Both sides have made it: ours stands.
            dropped = self._property("dropped", (None, mine.dropped, theirs.dropped), mine.name, None)
            record = msgspec.structs.replace(mine, dropped=dropped)
        else:
            record = self._properties(_TABLE, base, mine, theirs, mine.name, None)
        constraints = self._constraints(base, mine, theirs)
        self._tables[table_id] = msgspec.structs.replace(
            record, constraints=constraints, gone=record.gone and record.dropped
        )
        self._known_columns(table_id)

    def _free_table_names(self, known: Sequence[int]) -> None:
        for table_id in known:
            record, own = self._tables[table_id], self.ours.tables[table_id]
            if _asks_for_name(record, own) and _is_taken(self._tables, table_id):
                self._decided(_taken(record.name, None, "name"))
                self._tables[table_id] = msgspec.structs.replace(record, name=own.name, dropped=own.dropped)

    def _new_table(self, table_id: int) -> None:
        theirs = self.theirs.tables[table_id]
        if theirs.dropped or table_id in self.base.tables:
            # What the base has and ours has not is as if ours had dropped it.
            return
        self._tables[table_id] = theirs
        other = _is_taken(self._tables, table_id)
        if other and self._decided(_taken(theirs.name, None, "table")) != "theirs":
            del self._tables[table_id]
            return
        if other:
            self._tables[other] = msgspec.structs.replace(self._tables[other], dropped=True)
        self._columns[table_id] = dict(self.theirs.columns[table_id])

    # -- columns -----------------------------------------------------------------------------------------

    def _known_columns(self, table_id: int) -> None:
        table = self.ours.tables[table_id].name
        mine, base = self.ours.columns[table_id], self.base.columns.get(table_id, {})
        result, theirs = self._columns[table_id], self.theirs.columns[table_id]
        for root in (root for root in theirs if root in mine):
            own = mine[root]
            if root in base:
                result[root] = self._properties(_COLUMN, base[root], own, theirs[root], table, own.name)
            else:
                result[root] = self._both_new(own, theirs[root], table)
        for root in (root for root in theirs if root in mine):
            if _asks_for_name(result[root], mine[root]) and _is_taken(result, root):
                self._decided(_taken(table, result[root].name, "name"))
                result[root] = msgspec.structs.replace(result[root], name=mine[root].name, dropped=mine[root].dropped)
        for root, record in theirs.items():
            if root not in mine and root not in base and not record.dropped:
                self._new_column(table_id, root, record)

    def _new_column(self, table_id: int, root: int, theirs: ColumnRecord) -> None:
        """Add a column, or take it for the one of the same name that ours has got meanwhile."""
        result, table = self._columns[table_id], self.ours.tables[table_id].name
        result[root] = theirs
        same = _is_taken(result, root)
        if not same:
            return
        del result[root]
        if same in self.theirs.columns[table_id]:
            self._decided(_taken(table, theirs.name, "name"))
            return
        result[same] = self._both_new(result[same], theirs, table)
        self._same.setdefault(table_id, {})[root] = same
        self.found.ids[root] = self.ours.ids[same]

    def _both_new(self, own: ColumnRecord, theirs: ColumnRecord, table: str) -> ColumnRecord:
        """Merge a column that both sides have added: ours stands, with a type that holds the values of both."""
        column_type = self._type(None, own.type, theirs.type, table, own.name)
        dropped = self._property("dropped", (None, own.dropped, theirs.dropped), table, own.name)
        return msgspec.structs.replace(own, type=column_type, dropped=dropped)

    # -- constraints -------------------------------------------------------------------------------------

    def _without_lost(self, table_id: int, record: TableRecord) -> TableRecord:
        """Leave out constraints of columns and tables that the result has dropped, or keep those for them."""
        if record.dropped:
            own = self._columns[table_id]
            kept = tuple(
                item
                for item in record.constraints
                if not any(root in own and own[root].dropped for root in _named(item))
            )
        else:
            kept = tuple(item for item in record.constraints if self._is_kept(table_id, record.name, item))
        return msgspec.structs.replace(record, constraints=kept)

    def _is_kept(self, table_id: int, table: str, constraint: ConstraintRecord) -> bool:
        lost = list(self._lost(table_id, constraint))
        if not lost or constraint.kind == "index":
            # An index only makes reads faster: it goes with its column.
            return not lost
        shown = _plain(_logical(constraint))
        mine = constraint.name in _by_name(self.ours.tables[table_id])
        own, new = (shown, None) if mine else (None, shown)
        choice = self._decided(OpenConflict(table, None, None, "schema", None, own, new, constraint.name))
        if choice != ("ours" if mine else "theirs"):
            return False
        for records, number in lost:
            records[number] = msgspec.structs.replace(records[number], dropped=False)
            if _is_taken(records, number):  # by something new, so that one of them must be renamed first
                self.found.conflicts.append(_taken(table, records[number].name, "name"))
        return True

    def _lost(self, table_id: int, constraint: ConstraintRecord) -> Iterator[tuple[dict[int, Any], int]]:
        own = self._columns[table_id]
        yield from ((own, root) for root in sorted(_named(constraint)) if root in own and own[root].dropped)
        if constraint.table is not None and constraint.table in self._tables:
            if self._tables[constraint.table].dropped:
                yield self._tables, constraint.table
            other = self._columns[constraint.table]
            yield from ((other, root) for root in constraint.references if root in other and other[root].dropped)

    # -- properties --------------------------------------------------------------------------------------

    def _properties(
        self,
        names: tuple[str, ...],
        base: _Record | None,
        mine: _Record,
        theirs: _Record,
        table: str,
        column: str | None,
    ) -> _Record:
        changes: dict[str, Any] = {}
        records = (base, mine, theirs)
        if "type" in names:
            old, own, new = (_value(record, "type", None) for record in records)
            # What theirs has only dropped it has from the base, and says nothing else about.
            changes["type"] = own if new is DISPUTED else self._type(old, own, new, table, column or "")
        for name in names:
            if name != "type":
                old, own, new = (_value(record, name, changes.get("type")) for record in records)
                changes[name] = self._property(name, (old, own, new), table, column)
        return msgspec.structs.replace(mine, **changes)

    def _property(self, name: str, values: tuple[Any, Any, Any], table: str, column: str | None) -> Any:  # noqa: ANN401 - any identity or value
        chosen = three_way(*values)
        _, own, new = values
        if chosen is not DISPUTED:
            return chosen
        if name in _QUIET or new is DISPUTED:
            return own
        conflict = _conflict(table, column, values, name)
        return new if self._decided(conflict) == "theirs" else own

    def _type(self, base: str | None, own: str, new: str, table: str, column: str) -> str:
        chosen = three_way(base, own, new)
        if chosen is not DISPUTED:
            unfit = OpenConflict(table, None, column, "schema", theirs=new, detail="type")
            return own if chosen != own and self._decide(unfit) == "ours" else str(chosen)
        wider = _wider(own, new)
        if wider is not None:
            return wider
        conflict = OpenConflict(table, None, column, "schema", _plain(base), own, new, "type")
        return new if self._decided(conflict) == "theirs" else own

    def _constraints(
        self, base: TableRecord | None, mine: TableRecord, theirs: TableRecord
    ) -> tuple[ConstraintRecord, ...]:
        old = {} if base is None or not isinstance(base.constraints, tuple) else _by_name(base)
        own, new = _by_name(mine), _by_name(theirs)
        kept = [self._constraint(name, old, own, new, mine.name) for name in dict.fromkeys([*own, *new])]
        return tuple(constraint for constraint in kept if constraint is not None)

    def _constraint(
        self,
        name: str,
        old: Mapping[str, ConstraintRecord],
        own: Mapping[str, ConstraintRecord],
        new: Mapping[str, ConstraintRecord],
        table: str,
    ) -> ConstraintRecord | None:
        values = (_logical(old.get(name)), _logical(own.get(name)), _logical(new.get(name)))
        chosen = three_way(*values)
        if chosen is DISPUTED:
            conflict = _conflict(table, None, values, name)
            chosen = values[2] if self._decided(conflict) == "theirs" else values[1]
        # What ours has already keeps its index.
        return own.get(name) if chosen == values[1] else chosen

    def _decided(self, conflict: OpenConflict) -> str | None:
        choice = self._decide(conflict)
        if choice is None:
            self.found.conflicts.append(conflict)
        return choice


def _named(constraint: ConstraintRecord) -> set[int]:
    """Give the columns of its own table that a constraint names."""
    return {*constraint.columns, *compared_numbers(constraint.condition)}


def _is_taken(records: Mapping[int, Any], number: int) -> int:
    """Give the number of another live record of the same name; 0 if there is none."""
    wanted = records[number]
    if wanted.dropped:
        return 0
    folded = wanted.name.casefold()
    others = ((key, record) for key, record in records.items() if key != number and not record.dropped)
    return next((key for key, record in others if record.name.casefold() == folded), 0)


def _asks_for_name(record: _Record, own: _Record) -> bool:
    """Say whether a record takes a name that it does not have in ours: it is renamed, or comes back."""
    return record.name != own.name or (own.dropped and not record.dropped)


def _taken(table: str, column: str | None, detail: str) -> OpenConflict:
    name = table if column is None else column
    return OpenConflict(table, None, column, "schema", None, name, name, detail)


def _conflict(table: str, column: str | None, values: tuple[Any, Any, Any], detail: str) -> OpenConflict:
    base, own, new = map(_plain, values)
    return OpenConflict(table, None, column, "schema", base, own, new, detail)


def _by_name(record: TableRecord) -> dict[str, ConstraintRecord]:
    return {constraint.name: constraint for constraint in record.constraints}


def _logical(constraint: ConstraintRecord | None) -> ConstraintRecord | None:
    return None if constraint is None else msgspec.structs.replace(constraint, physical=None)


def _plain(value: object) -> object:
    if isinstance(value, msgspec.Struct):
        return msgspec.to_builtins(value)
    plain = list(value) if isinstance(value, tuple) else value
    return plain if isinstance(plain, list | str | int | bool | None) else str(plain)


def _value(record: Any, name: str, merged_type: str | None) -> Any:  # noqa: ANN401 - any property of a record
    """Give a property; a default as one of the merged type."""
    value = getattr(record, name)
    if name != "default" or value is None or merged_type is None or record.type is DISPUTED or value is DISPUTED:
        return value
    try:
        return value_to(convert(value_from(value), ColumnType.parse(record.type), ColumnType.parse(merged_type)))
    except RequestError:
        return value


def _wider(own: str, new: str) -> str | None:
    """Give the type that holds all values of two, if it is one of them."""
    settled = widen(ColumnType.parse(own), ColumnType.parse(new))
    return str(settled) if settled is not None and str(settled) in (own, new) else None


def combined_schemas(base: Rooted, a: Rooted, b: Rooted) -> Rooted:
    """Give the schema of a base that is itself a merge: what the two agree on, over their own base."""
    tables = {
        key: _combined(base.tables.get(key), a.tables.get(key), b.tables.get(key)) for key in _keys(a.tables, b.tables)
    }
    columns = {
        key: {
            column: _combined(
                base.columns.get(key, {}).get(column),
                a.columns.get(key, {}).get(column),
                b.columns.get(key, {}).get(column),
            )
            for column in _keys(a.columns.get(key, {}), b.columns.get(key, {}))
        }
        for key in tables
    }
    return Rooted(tables, columns, a.ids | b.ids)


def _keys(a: Mapping[int, Any], b: Mapping[int, Any]) -> Iterator[int]:
    yield from sorted(a.keys() | b.keys())


def _combined(base: Any, a: Any, b: Any) -> Any:  # noqa: ANN401 - a record of a table or column
    if a is None or b is None:
        return a or b
    changes = {
        name: three_way(getattr(base or a, name), getattr(a, name), getattr(b, name)) for name in a.__struct_fields__
    }
    return msgspec.structs.replace(a, **changes)
