"""What of a database a client knows, in no language yet."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from synthdb.queries.saved import SavedQuery
from synthdb.sdk.naming import SUFFIXES, base_names
from synthdb.sdk.runtimes.python.conditions import quoted
from synthdb_host.catalog import Catalog, Column, ColumnType, Relation, Table

__all__ = [
    "ColumnShape",
    "QueryShape",
    "RelationShape",
    "SchemaShape",
    "TableShape",
    "fingerprint_facts",
    "one_line",
    "queries_of",
    "tables_of",
]

_OWN = "synthdb_"
"""How the names of the tables begin that hold what SynthDB itself keeps."""


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """A column: whether it may be null, and whether an insert may leave it out."""

    name: str
    type: ColumnType
    nullable: bool
    optional: bool
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class RelationShape:
    """A way to related rows: its name in a row, the table, and what the REST interface calls it."""

    name: str
    table: str
    target: str
    hint: str | None
    many: bool

    @property
    def address(self) -> str:
        """What stands before the parentheses of an embed."""
        return quoted(self.target) if self.hint is None else f"{quoted(self.target)}!{quoted(self.hint)}"


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table: ``base`` is what the names of its types begin with."""

    name: str
    base: str
    key: tuple[str, ...]
    columns: tuple[ColumnShape, ...]
    relations: tuple[RelationShape, ...]
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class QueryShape:
    """A saved query: its parameters, which are optional where they need not be given, and the columns of its rows."""

    name: str
    base: str
    parameters: tuple[ColumnShape, ...]
    columns: tuple[ColumnShape, ...]
    comment: str | None = None

    @property
    def needs_arguments(self) -> bool:
        """Whether it cannot be called without arguments."""
        return any(not parameter.optional for parameter in self.parameters)


@dataclass(frozen=True, slots=True)
class SchemaShape:
    """All tables and saved queries of a database, and the fingerprint of the schema of its tables."""

    database: str
    fingerprint: str
    tables: tuple[TableShape, ...]
    queries: tuple[QueryShape, ...] = ()

    def base(self, table: str) -> str:
        """Give what the names of a table's types begin with."""
        return next(item.base for item in self.tables if item.name == table)


def tables_of(catalog: Catalog, reserved: Collection[str] = ()) -> tuple[TableShape, ...]:
    """Give the tables of a catalog by their names, without those that SynthDB itself keeps."""
    chosen = {name: table for name, table in sorted(catalog.tables.items()) if not name.startswith(_OWN)}
    bases = base_names(chosen, reserved)
    return tuple(_table(catalog, table, bases) for table in chosen.values())


def queries_of(
    queries: Sequence[SavedQuery], tables: Sequence[TableShape], reserved: Collection[str] = ()
) -> tuple[QueryShape, ...]:
    """Give saved queries by their names, none of whose types is called as one of a table is."""
    taken = {f"{table.base}{suffix}" for table in tables for suffix in SUFFIXES}
    bases = base_names((query.name for query in queries), taken | set(reserved))
    return tuple(_query(query, bases[query.name]) for query in sorted(queries, key=lambda query: query.name))


def _query(query: SavedQuery, base: str) -> QueryShape:
    parameters = tuple(
        ColumnShape(item.name, item.type, nullable=False, optional=not item.required, comment=_line(item.description))
        for item in query.parameters.values()
    )
    # Where the rows decide, a value is whatever JSON can say; any column of a statement may have none.
    columns = tuple(
        ColumnShape(name, ColumnType.parse(kind or "json"), nullable=True, optional=False)
        for name, kind in query.gives.items()
    )
    return QueryShape(query.name, base, parameters, columns, _line(query.description))


def one_line(text: str) -> str:
    """Give a text as one line that can stand in the comment of any language, without what a reader would not see."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def fingerprint_facts(catalog: Catalog) -> list[object]:
    """Give everything that a generated client depends on, in JSON's terms."""
    return [
        [
            table.name,
            table.key,
            [[column.name, str(column.type), column.nullable, column.optional] for column in table.columns],
            [[item.name, item.target, item.hint, item.many] for item in table.relations],
        ]
        for table in tables_of(catalog)
    ]


def _table(catalog: Catalog, table: Table, bases: Mapping[str, str]) -> TableShape:
    columns = tuple(_column(table, column) for column in table.columns)
    relations = tuple(_relations(catalog, table, bases))
    return TableShape(table.name, bases[table.name], table.key, columns, relations, _line(table.comment))


def _column(table: Table, column: Column) -> ColumnShape:
    is_identity = column.name == table.identity
    nullable = not (column.not_null or is_identity or column.name in table.key)
    # The engine gives an identity to a row that comes without one.
    optional = nullable or is_identity or column.has_default
    return ColumnShape(column.name, column.type, nullable, optional, _line(column.comment))


def _relations(catalog: Catalog, table: Table, known: Collection[str]) -> Iterator[RelationShape]:
    found = [item for item in catalog.relations.get(table.name, ()) if item.table in known]
    taken = set(table.by_name)
    for item in sorted(found, key=lambda item: (item.table, item.name, item.many)):
        alone = sum(other.table == item.table for other in found) == 1
        address = _address(table, item, alone=alone)
        if address is None:
            continue
        name = item.table if alone else item.name if not item.many else f"{item.table}_{item.name}"
        while name in taken:
            name += "_"
        taken.add(name)
        yield RelationShape(name, item.table, *address, item.many)


def _address(table: Table, item: Relation, *, alone: bool) -> tuple[str, str | None] | None:
    """Give the target and hint that mean just this relation; None: nothing does."""
    if alone:
        return item.table, None
    if item.table != table.name or item.many:
        return item.table, item.name
    # From a table to itself, only the column leads to the row that is referred to.
    return (item.local[0], item.name) if len(item.local) == 1 else None


def _line(text: str | None) -> str | None:
    return one_line(text) if text else None
