"""How the tables of a plain SQLite file become those of another state: renamed, altered, or made anew."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from synthdb.commands.literals import default_of
from synthdb.importing.exporting import creation_of, declared
from synthdb.importing.sqlite_tables import quoted
from synthdb_host.catalog import Catalog, Table

__all__ = ["Alteration", "alterations", "definitions"]

_BY_AFFINITY: Final = frozenset(
    {("integer", "real"), ("integer", "text"), ("integer", "decimal"), ("date", "text"), ("uuid", "text")}
)
"""Types whose values SQLite itself turns into those of the other when they are copied."""


@dataclass(slots=True)
class Alteration:
    """What changed of a table; ``was`` is its old name, ``renamed`` are new names of columns by old ones.

    ``retyped`` are columns of which every value must be written again. A table is ``rebuilt`` where SQLite cannot
    alter it in place.
    """

    name: str
    was: str
    created: bool = False
    dropped: bool = False
    new: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    retyped: list[str] = field(default_factory=list)
    rebuilt: bool = False

    def note(self, line: Mapping[str, Any]) -> None:
        """Take note of a line of a diff of schemas."""
        column, change, name, old, new = (line[key] for key in ("column", "change", "property", "old", "new"))
        if column is None:
            self.was = str(old) if change == "alter" and name == "name" else self.was
            self.created = self.created or (change == "create" and name is None)
            self.dropped = self.dropped or (change == "drop" and name is None)
            self.rebuilt = (
                self.rebuilt or name == "key" or any(str(item).startswith("UniqueKey") for item in (old, new))
            )
        elif change == "create":
            self.new.append(column)
        elif change == "drop":
            self.gone.append(column)
        elif name == "name":
            self.renamed[old] = new
        elif name in ("type", "not_null"):
            self.rebuilt = True
            if name == "type" and (_kind(old), _kind(new)) not in _BY_AFFINITY:
                self.retyped.append(column)

    def before(self, column: str) -> str:
        """Give the old name of a column."""
        return next((old for old, new in self.renamed.items() if new == column), column)


def _kind(written: str) -> str:
    return written.partition("(")[0]


def alterations(lines: Iterable[Mapping[str, Any]]) -> list[Alteration]:
    """Bring the lines of a diff of schemas together, table by table."""
    found: dict[tuple[str, bool], Alteration] = {}
    for line in lines:
        is_drop = line["column"] is None and line["change"] == "drop" and line["property"] is None
        name = line["table"]
        found.setdefault((name, is_drop), Alteration(name, name)).note(line)
    return list(found.values())


def definitions(changes: Sequence[Alteration], after: Catalog) -> Iterator[str]:
    """Write the statements that change tables."""
    yield from (f"DROP TABLE {quoted(item.was)};" for item in changes if item.dropped)
    yield from _renames([(item.was, item.name) for item in changes if item.was != item.name])
    for item in changes:
        if item.created:
            yield f"{creation_of(after.tables[item.name])};"
        elif not item.dropped:
            yield from _altered(item, after.tables[item.name])


def _renames(pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Rename tables, by way of other names where one takes the old name of another."""
    taken = {was.casefold() for was, _ in pairs}
    clash = any(name.casefold() in taken for _, name in pairs)
    steps = [(was, f"_{number}", name) for number, (was, name) in enumerate(pairs)]
    for was, passing, name in steps:
        yield f"ALTER TABLE {quoted(was)} RENAME TO {quoted(passing if clash else name)};"
    for _, passing, name in steps if clash else ():
        yield f"ALTER TABLE {quoted(passing)} RENAME TO {quoted(name)};"


def _altered(item: Alteration, table: Table) -> Iterator[str]:
    new = [table.column(name) for name in item.new]
    olds = {old.casefold() for old in [*item.renamed, *item.gone]}
    clash = any(name.casefold() in olds for name in [*item.renamed.values(), *item.new])
    if item.rebuilt or clash or any(column.not_null and column.default is None for column in new):
        yield from _rebuilt(item, table)
        return
    name = quoted(table.name)
    yield from (f"ALTER TABLE {name} DROP COLUMN {quoted(column)};" for column in item.gone)
    yield from (f"ALTER TABLE {name} RENAME COLUMN {quoted(a)} TO {quoted(b)};" for a, b in item.renamed.items())
    for column in new:
        rest = " NOT NULL" if column.not_null else ""
        if column.default is not None:
            rest += f" DEFAULT {default_of(table, column.name)}"
        yield f"ALTER TABLE {name} ADD COLUMN {quoted(column.name)} {declared(column)}{rest};"


def _rebuilt(item: Alteration, table: Table) -> Iterator[str]:
    """Make a table anew and copy what it holds."""
    name = "_new"
    yield f"{creation_of(replace(table, name=name))};"
    columns = ", ".join(quoted(column.name) for column in table.columns)
    values = ", ".join(
        default_of(table, column.name) if column.name in item.new else quoted(item.before(column.name))
        for column in table.columns
    )
    yield f"INSERT INTO {quoted(name)} ({columns}) SELECT {values} FROM {quoted(table.name)};"  # noqa: S608 - quoted
    yield f"DROP TABLE {quoted(table.name)};"
    yield f"ALTER TABLE {quoted(name)} RENAME TO {quoted(table.name)};"
