"""Merging two schemas over their base: by the ids of tables and columns, property by property.

This only computes: :mod:`synthdb.engine.versions.schema_applying` makes the changes.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

import msgspec.structs

from synthdb.catalog.records import ColumnRecord, ConstraintRecord, TableRecord
from synthdb.engine.versions.bases import DISPUTED, three_way
from synthdb.engine.versions.schema_roots import Rooted
from synthdb_host.catalog import ColumnType
from synthdb_host.inference import widen
from synthdb_host.versions import OpenConflict

__all__ = ["MergedColumn", "MergedSchema", "MergedTable", "combined_schemas", "merge_schemas"]

_TABLE: Final = ("name", "mode", "comment", "dropped")
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
    merging = _Merging(base, ours, theirs, decide)
    merging.found.ids = theirs.ids | ours.ids
    for table_id in sorted(theirs.tables):
        merging.table(table_id)
    return merging.found


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
        self.found = MergedSchema()

    def table(self, table_id: int) -> None:
        theirs = self.theirs.tables[table_id]
        mine = self.ours.tables.get(table_id)
        if mine is None:
            self._new_table(table_id, theirs)
            return
        base = self.base.tables.get(table_id)
        record = self._properties(_TABLE, base or mine, mine, theirs, mine.name, None)
        constraints = self._constraints(base, mine, theirs)
        record = msgspec.structs.replace(record, constraints=constraints, gone=record.gone and record.dropped)
        record = self._free_name(table_id, record, mine)
        self.found.tables.append(MergedTable(table_id, is_new=False, record=record, columns=self._columns(table_id)))

    def _new_table(self, table_id: int, theirs: TableRecord) -> None:
        if theirs.dropped:
            return
        taken = self._named(theirs.name)
        if taken is not None:
            conflict = OpenConflict(theirs.name, None, None, "schema", None, "a table", "another table", "table")
            if self._decided(conflict) != "theirs":
                return
            mine = self.ours.tables[taken]
            dropped = msgspec.structs.replace(mine, dropped=True)
            self.found.tables.append(MergedTable(taken, is_new=False, record=dropped, columns=()))
        columns = self.theirs.columns[table_id]
        merged = tuple(MergedColumn(self.theirs.ids[root], None, record) for root, record in columns.items())
        self.found.tables.append(MergedTable(table_id, is_new=True, record=theirs, columns=merged))

    def _named(self, name: str) -> int | None:
        folded = name.casefold()
        live = {key: record for key, record in self.ours.tables.items() if not record.dropped}
        return next((key for key, record in live.items() if record.name.casefold() == folded), None)

    def _free_name(self, table_id: int, record: TableRecord, mine: TableRecord) -> TableRecord:
        """Keep our name where another table of ours has the new one by now."""
        other = self._named(record.name)
        if record.name == mine.name or other in (None, table_id) or record.dropped:
            return record
        conflict = OpenConflict(mine.name, None, None, "schema", mine.name, mine.name, record.name, "name is taken")
        self._decided(conflict)
        return msgspec.structs.replace(record, name=mine.name)

    # -- columns -----------------------------------------------------------------------------------------

    def _columns(self, table_id: int) -> tuple[MergedColumn, ...]:
        mine, base = self.ours.columns[table_id], self.base.columns.get(table_id, {})
        merged = []
        for root, theirs in self.theirs.columns[table_id].items():
            table = self.ours.tables[table_id].name
            if root in mine:
                own = mine[root]
                record = self._properties(_COLUMN, base.get(root, own), own, theirs, table, own.name)
                record = self._free_column(table_id, root, record)
                merged.append(MergedColumn(self.theirs.ids.get(root), self.ours.ids[root], record))
            elif not theirs.dropped:
                merged.append(self._new_column(table_id, root, theirs))
        return tuple(merged)

    def _live(self, table_id: int, name: str) -> int | None:
        folded, columns = name.casefold(), self.ours.columns[table_id].items()
        return next((root for root, own in columns if not own.dropped and own.name.casefold() == folded), None)

    def _new_column(self, table_id: int, root: int, theirs: ColumnRecord) -> MergedColumn:
        """Add a column, or take it for the one of the same name that ours has got meanwhile."""
        same, column_id = self._live(table_id, theirs.name), self.theirs.ids[root]
        if same is None:
            return MergedColumn(column_id, None, theirs)
        own = self.ours.columns[table_id][same]
        table = self.ours.tables[table_id].name
        column_type = self._type(None, own.type, theirs.type, table, own.name)
        self.found.ids[root] = self.ours.ids[same]
        return MergedColumn(column_id, self.ours.ids[same], msgspec.structs.replace(own, type=column_type))

    def _free_column(self, table_id: int, root: int, record: ColumnRecord) -> ColumnRecord:
        own = self.ours.columns[table_id][root]
        other = self._live(table_id, record.name)
        if record.name == own.name or other in (None, root) or record.dropped:
            return record
        table = self.ours.tables[table_id].name
        conflict = OpenConflict(table, None, own.name, "schema", own.name, own.name, record.name, "name is taken")
        self._decided(conflict)
        return msgspec.structs.replace(record, name=own.name)

    # -- properties --------------------------------------------------------------------------------------

    def _properties(
        self, names: tuple[str, ...], base: _Record, mine: _Record, theirs: _Record, table: str, column: str | None
    ) -> _Record:
        changes: dict[str, Any] = {}
        for name in names:
            old, own, new = getattr(base, name), getattr(mine, name), getattr(theirs, name)
            if name == "type":
                changes[name] = self._type(old, own, new, table, column or "")
            else:
                changes[name] = self._property(name, (old, own, new), table, column)
        return msgspec.structs.replace(mine, **changes)

    def _property(self, name: str, values: tuple[Any, Any, Any], table: str, column: str | None) -> Any:  # noqa: ANN401 - any identity or value
        chosen = three_way(*values)
        _, own, new = values
        if chosen is not DISPUTED:
            broken = OpenConflict(table, None, column, "constraint", detail=name)
            return own if name == "not_null" and chosen != own and self._decide(broken) == "ours" else chosen
        if name in _QUIET:
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
        if chosen == values[2] and self._decide(OpenConflict(table, None, None, "constraint", detail=name)) == "ours":
            chosen = values[1]
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
    return (
        value if isinstance(value, str | int | bool | None) else list(value) if isinstance(value, tuple) else str(value)
    )


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
