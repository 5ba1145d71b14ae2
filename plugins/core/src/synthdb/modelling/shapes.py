"""What classes there are for a database, before they become classes or source."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from synthdb.modelling.names import class_name, field_name
from synthdb.queries.saved import SavedQuery
from synthdb_host.catalog import Catalog, Column, ColumnType, Table

__all__ = ["FieldShape", "Kind", "ModelShape", "shapes_of"]

Kind = Literal["row", "insert", "query", "parameters"]
"""A row of a table, one to insert, a row of a saved query, the parameters of one."""

T = TypeVar("T")

_OWN = "synthdb_"
"""How the names of the tables begin that hold what SynthDB itself keeps."""


@dataclass(frozen=True, slots=True)
class FieldShape:
    """A field: its column, and what it may hold. Without a type it is whatever the database gives.

    ``optional`` says that it may be left out, and ``default`` what it then is. ``written`` fields are checked for what
    the column can hold.
    """

    name: str
    column: str
    type: ColumnType | None
    nullable: bool
    optional: bool = False
    default: object = None
    comment: str | None = None
    written: bool = False


@dataclass(frozen=True, slots=True)
class ModelShape:
    """A class: what it is made of, and the table or query that it is for."""

    name: str
    kind: Kind
    source: str
    comment: str
    fields: tuple[FieldShape, ...]


def shapes_of(catalog: Catalog, queries: Iterable[SavedQuery], tables: Collection[str] = ()) -> list[ModelShape]:
    """Give the classes for some tables, or for all tables and saved queries; their order and names are always the same.

    Raises:
        UnknownTable: there is no such table.
    """
    chosen = [catalog.table(name) for name in sorted(tables)]
    chosen = chosen or [table for name, table in sorted(catalog.tables.items()) if not name.startswith(_OWN)]
    found: dict[str, ModelShape] = {}
    for table in chosen:
        for shape in (_row(table, found), _insert(table, found)):
            found[shape.name] = shape
    for query in sorted(queries, key=lambda query: query.name) if not tables else ():
        for shape in _of_query(query, found):
            found[shape.name] = shape
    return list(found.values())


def _row(table: Table, taken: Mapping[str, object]) -> ModelShape:
    fields = tuple(
        FieldShape(name, column.name, column.type, not _is_certain(table, column), comment=column.comment)
        for name, column in _named(table.columns)
    )
    comment = _line(table.comment or f"A row of the table {table.name}.")
    return ModelShape(class_name(table.name, "", taken), "row", table.name, comment, fields)


def _insert(table: Table, taken: Mapping[str, object]) -> ModelShape:
    fields = tuple(_written(table, name, column) for name, column in _named(table.columns))
    names = {*taken, class_name(table.name, "", taken)}
    comment = _line(f"A row to insert into the table {table.name}.")
    return ModelShape(class_name(table.name, "Insert", names), "insert", table.name, comment, fields)


def _written(table: Table, name: str, column: Column) -> FieldShape:
    # The engine gives an identity to a row that comes without one.
    nullable = column.name == table.identity or not _is_certain(table, column)
    default = column.default if column.has_default else None
    optional = nullable or column.has_default
    return FieldShape(name, column.name, column.type, nullable, optional, default, column.comment, written=True)


def _of_query(query: SavedQuery, taken: Collection[str]) -> Iterator[ModelShape]:
    row_fields = tuple(
        FieldShape(name, column, None if kind is None else ColumnType.parse(kind), nullable=True)
        for name, (column, kind) in _distinct(query.gives.items())
    )
    comment = _line(query.description or f"A row of the saved query {query.name}.")
    row = ModelShape(class_name(query.name, "Row", taken), "query", query.name, comment, row_fields)
    yield row
    fields = tuple(
        FieldShape(
            name, item.name, item.type, not item.required and item.default is None, not item.required, item.default,
            item.description, written=True,
        )
        for name, (_, item) in _distinct(query.parameters.items())
    )  # fmt: skip
    if fields:
        name = class_name(query.name, "Parameters", {*taken, row.name})
        yield ModelShape(name, "parameters", query.name, f"The parameters of the saved query {query.name}.", fields)


def _line(text: str) -> str:
    return " ".join(text.split())


def _is_certain(table: Table, column: Column) -> bool:
    """Say whether every row has a value in a column."""
    return column.not_null or column.name == table.identity or column.name in table.key


def _named(columns: Iterable[Column]) -> Iterator[tuple[str, Column]]:
    return ((name, column) for name, (_, column) in _distinct((column.name, column) for column in columns))


def _distinct(items: Iterable[tuple[str, T]]) -> Iterator[tuple[str, tuple[str, T]]]:
    """Give each item a field name."""
    taken: set[str] = set()
    for column, item in items:
        name = field_name(column, taken)
        taken.add(name)
        yield name, (column, item)
