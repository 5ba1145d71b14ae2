"""Combining two schemas that come from a third: table by table, column by column, property by property."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from synthdb_host.catalog import ColumnType
from synthdb_host.errors import RequestError
from synthdb_host.inference import widen
from synthdb_host.merge_reports import OpenConflict
from synthdb_host.values import convert
from synthdb_memory.normal import PlainColumn, PlainTable
from synthdb_memory.settling import CONFLICT, UNFIT, UNKNOWN, Decide, settle

__all__ = ["Match", "SchemaCombiner", "converted"]


@dataclass(slots=True)
class Match:
    """One column as the base and both sides have it, and as the result has it."""

    base: PlainColumn | None
    ours: PlainColumn | None
    theirs: PlainColumn | None
    result: PlainColumn
    is_open: bool = False

    def take_type_of_ours(self) -> None:
        """Give the result the type that ours has."""
        assert self.ours is not None
        self.result.properties["type"] = self.ours.properties["type"]


def converted(value: Any, source: ColumnType, target: ColumnType) -> Any:
    """Give a value as one of another type."""
    if value is UNKNOWN or value is UNFIT:
        return value
    try:
        return convert(value, source, target)
    except RequestError:
        return UNFIT


class SchemaCombiner:
    """Combines tables without their rows, and collects what is in conflict."""

    def __init__(self, decide: Decide, *, virtual: bool) -> None:
        self._decide, self._virtual = decide, virtual
        self.conflicts: list[OpenConflict] = []

    def table(self, base: PlainTable | None, ours: PlainTable, theirs: PlainTable) -> tuple[PlainTable, list[Match]]:
        """Combine a table that both sides have; its constraints and rows are still those of ours."""
        properties = {
            name: self._property(ours.name, None, name, base and base.properties[name], value, theirs.properties[name])
            for name, value in ours.properties.items()
            if base is not None or name == "dropped"
        }
        # Where both sides have made it, ours stands.
        properties = ours.properties | properties
        matches = [
            self._column(ours.name, was, mine, other)
            for was, mine, other in _matched(base.columns if base else [], ours, theirs)
            if mine is not None or was is None
        ]
        result = replace(ours, properties=properties, columns=[match.result for match in matches])
        self._check_names(result)
        return result, matches

    def _check_names(self, table: PlainTable) -> None:
        seen: set[str] = set()
        for column in table.live:
            if column.name.casefold() in seen:
                self.report(table.name, column.name, "name", None, column.name, column.name)
            seen.add(column.name.casefold())

    def _column(
        self, table: str, base: PlainColumn | None, ours: PlainColumn | None, theirs: PlainColumn | None
    ) -> Match:
        ids = frozenset[int]().union(*(column.ids for column in (base, ours, theirs) if column))
        if base is None and (ours is None or theirs is None):
            only = ours or theirs
            assert only is not None
            return Match(base, ours, theirs, PlainColumn(ids, dict(only.properties)))
        mine, other = ours or _gone(base), theirs or _gone(base)
        before = len(self.conflicts)
        kind = self._type(table, base, mine, other)
        properties = {"type": kind}
        for name in mine.properties:
            if name != "type":
                values = (_property(base, name, kind), _property(mine, name, kind), _property(other, name, kind))
                is_one = base is None and name not in ("type", "dropped")
                properties[name] = values[1] if is_one else self._property(table, mine.name, name, *values)
        return Match(base, ours, theirs, PlainColumn(ids, properties), len(self.conflicts) > before)

    def _type(self, table: str, base: PlainColumn | None, ours: PlainColumn, theirs: PlainColumn) -> Any:
        mine, other = ours.properties["type"], theirs.properties["type"]
        was = base.properties["type"] if base else UNKNOWN
        if settle(was, mine, other) is CONFLICT and (wider := widen(mine, other)) in (mine, other):
            return wider
        kind = self._property(table, ours.name, "type", was, mine, other)
        unfit = self._conflict(table, ours.name, "type", None, None, kind)
        choice = self._decide(unfit) if kind != mine else None
        return mine if choice and choice.choice == "ours" else kind

    def _property(self, table: str, column: str | None, name: str, base: Any, ours: Any, theirs: Any) -> Any:
        found = settle(base, ours, theirs)
        if found is not CONFLICT:
            return found
        choice = self._decide(self._conflict(table, column, name, base, ours, theirs))
        if choice is None:
            self.report(table, column, name, base, ours, theirs)
            return ours
        return theirs if choice.choice == "theirs" else ours

    def constraints(
        self, table: str, base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Combine constraints one by one."""
        names = dict.fromkeys((*ours, *theirs))
        combined = {
            name: self._property(table, None, name, base.get(name), ours.get(name), theirs.get(name)) for name in names
        }
        return {name: value for name, value in combined.items() if value is not None}

    def report(self, table: str, column: str | None, name: str, base: Any, ours: Any, theirs: Any) -> None:
        """Note a conflict."""
        self.conflicts.append(self._conflict(table, column, name, base, ours, theirs))

    @staticmethod
    def _conflict(table: str, column: str | None, name: str, base: Any, ours: Any, theirs: Any) -> OpenConflict:
        return OpenConflict(table, None, column, "schema", _shown(base), _shown(ours), _shown(theirs), name)


def _shown(value: Any) -> Any:
    if value is UNKNOWN:
        return None
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def _gone(column: PlainColumn | None) -> PlainColumn:
    assert column is not None
    return PlainColumn(column.ids, column.properties | {"dropped": True})


def _property(column: PlainColumn | None, name: str, kind: ColumnType) -> Any:
    if column is None:
        return UNKNOWN
    value = column.properties[name]
    return converted(value, column.properties["type"], kind) if name == "default" else value


_Three = tuple[PlainColumn | None, PlainColumn | None, PlainColumn | None]


def _matched(base: list[PlainColumn], ours: PlainTable, theirs: PlainTable) -> Iterator[_Three]:
    """Bring together what is one column: by id, and new ones of both sides by name.

    The base comes first: where two columns have become one in it, both sides may still have one of them each.
    """
    groups: list[tuple[set[int], list[PlainColumn | None]]] = []
    for side, columns in ((0, base), (1, ours.columns), (2, theirs.columns)):
        for column in columns:
            group = next((g for g in groups if g[0] & column.ids and g[1][side] is None), None)
            if group is None:
                group = (set(), [None, None, None])
                groups.append(group)
            group[0].update(column.ids)
            group[1][side] = column
    places = {id(column): place for place, column in enumerate((*ours.columns, *theirs.columns, *base))}
    groups.sort(key=lambda group: min(places[id(column)] for column in group[1] if column))
    found = [tuple(group[1]) for group in groups]
    yield from _unified(found)  # type: ignore[arg-type]  # three each


def _unified(found: list[_Three]) -> Iterator[_Three]:
    new = {
        theirs.name.casefold(): theirs
        for base, ours, theirs in found
        if base is None and ours is None and theirs is not None and theirs.is_live
    }
    taken = []
    for base, ours, theirs in found:
        if (
            base is None
            and theirs is None
            and ours is not None
            and ours.is_live
            and (twin := new.get(ours.name.casefold()))
        ):
            taken.append(twin)
            yield base, ours, twin
        elif not any(theirs is twin for twin in taken):
            yield base, ours, theirs
