"""Writes: a request's shape and body become an insert, update or delete."""

from collections.abc import Mapping
from dataclasses import replace

from synthdb.rest.body import Bodies, Rows
from synthdb.rest.shapes import Shape
from synthdb_host.catalog import Table
from synthdb_host.errors import (
    FullTableWrite,
    InvalidBody,
    InvalidFilter,
    InvalidParameter,
    MaxAffectedExceeded,
    NotSingular,
)
from synthdb_host.operations import (
    MISSING,
    And,
    ColumnRef,
    Comparison,
    Delete,
    EmbedExists,
    Filter,
    Insert,
    Literal,
    Not,
    OnConflict,
    Or,
    Select,
    Update,
)
from synthdb_host.values import adapt

__all__ = ["delete_rows", "insert_rows", "not_singular", "put_row", "update_each", "update_rows"]


def insert_rows(shape: Shape, rows: Rows, select: Select) -> Insert:
    """Make an insert.

    Raises:
        InvalidParameter: the request filters, which an insert cannot.
        NotSingular: one object is to be returned, but there is not one row.
    """
    if select.where is not None or select.having is not None:
        raise InvalidParameter(
            "An insert has no filters.", hint="Filters on embeds are possible.", where="query string"
        )
    columns, cells = rows
    returning = _returning(shape, select)
    if returning is not None and shape.representation.single and len(cells) != 1:
        raise not_singular(len(cells))
    return Insert(shape.address.table, columns, cells, _on_conflict(shape), returning, shape.address.ref)


def _on_conflict(shape: Shape) -> OnConflict | None:
    resolution = shape.preferences.resolution
    if resolution is None:
        return None
    query = shape.query
    kind = "merge" if resolution == "merge-duplicates" else "ignore"
    return OnConflict(query.on_conflict, "merge" if kind == "merge" else "ignore", query.on_conflict_update)


def update_rows(shape: Shape, values: Mapping[str, object], select: Select) -> Update:
    """Make an update.

    Raises:
        FullTableWrite: it has no filter, and does not prefer ``full-table=allow``.
        InvalidBody: it sets nothing.
        InvalidParameter: it has a limit or an offset.
    """
    columns = shape.query.columns
    if columns is not None:
        values = {name: value for name, value in values.items() if name in columns}
    if not values:
        raise InvalidBody("The body sets no column.", where="body")
    where, most, returning = _target(shape, select)
    return Update(shape.address.table, values, where, where is None, most, returning, shape.address.ref)


def update_each(shape: Shape, rows: Rows, table: Table, select: Select) -> Insert:
    """Make an update in which each row has its own values, and is known by its key or the unique columns given.

    Raises:
        InvalidBody: the request filters too, or a row lacks its key.
    """
    if select.where is not None or select.limit is not None or select.offset:
        raise InvalidBody(
            "Rows that are updated each by its key have no filters, no limit and no offset.",
            hint="Send one object to set the same values on all rows that filters select.",
            where="body",
        )
    columns, cells = rows if shape.query.columns is None else _picked(rows, (*shape.query.columns, *table.key))
    key = shape.query.on_conflict or table.key
    places = [columns.index(name) for name in key if name in columns]
    for number, row in enumerate(cells):
        if len(places) < len(key) or any(row[place] in (None, MISSING) for place in places):
            raise InvalidBody(f"Expected the key of a row: {', '.join(key)}.", where=f"item {number + 1} of the body")
    most = shape.preferences.max_affected
    if most is not None and len(cells) > most:
        raise MaxAffectedExceeded(
            f"This write would touch {len(cells)} rows, more than {most}.", data={"affected": len(cells)}
        )
    returning = _returning(shape, select)
    if returning is not None and shape.representation.single and len(cells) != 1:
        raise not_singular(len(cells))
    conflict = OnConflict(shape.query.on_conflict, "update")
    return Insert(shape.address.table, columns, cells, conflict, returning, shape.address.ref)


def _picked(rows: Rows, names: tuple[str, ...]) -> Rows:
    given, cells = rows
    places = [place for place, name in enumerate(given) if name in names]
    return tuple(given[place] for place in places), [tuple(row[place] for place in places) for row in cells]


def delete_rows(shape: Shape, select: Select) -> Delete:
    """Make a delete.

    Raises:
        FullTableWrite: it has no filter, and does not prefer ``full-table=allow``.
        InvalidParameter: it has a limit or an offset.
    """
    where, most, returning = _target(shape, select)
    return Delete(shape.address.table, where, where is None, most, returning, shape.address.ref)


def _target(shape: Shape, select: Select) -> tuple[Filter | None, int | None, Select | None]:
    if select.limit is not None or select.offset:
        raise InvalidParameter(
            "An update or delete has no limit and no offset.",
            hint="Use Prefer: max-affected=N.",
            where="query string",
        )
    if select.where is None and not shape.preferences.full_table:
        raise FullTableWrite(
            f"This would change every row of {shape.address.table!r}.",
            hint="Add a filter, or send Prefer: full-table=allow.",
        )
    if _asks_embeds(select.where):
        raise InvalidFilter("A write cannot be filtered by an embed.", where="query string")
    returning = _returning(shape, select)
    most = shape.preferences.max_affected
    if returning is not None and shape.representation.single:
        most = 1 if most is None else min(most, 1)
    return select.where, most, returning


def _returning(shape: Shape, select: Select) -> Select | None:
    if shape.preferences.returning != "representation":
        return None
    return replace(select, where=None, limit=None, offset=0)


def _asks_embeds(condition: Filter | None) -> bool:
    match condition:
        case And(items) | Or(items):
            return any(_asks_embeds(item) for item in items)
        case Not(item):
            return _asks_embeds(item)
    return isinstance(condition, EmbedExists)


def not_singular(count: int, *, at_least: bool = False) -> NotSingular:
    """Say that there is not exactly one row, in the words that PostgREST clients look for."""
    more = " or more" if at_least else ""
    return NotSingular(
        "Cannot coerce the result to a single JSON object.", where=f"The result contains {count}{more} rows"
    )


# -- one row by its key ----------------------------------------------------------------------------------


def put_row(
    shape: Shape, body: bytes, content_type: str | None, table: Table, bodies: Bodies, select: Select
) -> Insert:
    """Make the insert that puts a row at its key: what the body lacks takes its default, or NULL.

    Raises:
        InvalidBody: the body is not one object, or names another key.
        InvalidParameter: the address or the filters do not give exactly the key.
    """
    values = bodies.values(content_type, body)
    row: dict[str, object] = {}
    for name, text in _key_values(table, select.where).items():
        column_type = table.column(name).type
        row[name] = adapt(column_type, text)
        if name in values and adapt(column_type, values[name]) != row[name]:
            raise InvalidBody(f"The body gives another {name!r} than the address.", where=f"key {name!r} of the body")
    for column in table.columns:
        if column.name not in row and column.name != table.identity:
            row[column.name] = values.get(column.name, column.default if column.has_default else None)
    row |= {name: value for name, value in values.items() if name not in row}
    insert = Insert.of(table.name, [row], OnConflict(), _returning(shape, select))
    return replace(insert, ref=shape.address.ref)


def _key_values(table: Table, where: Filter | None) -> dict[str, Literal]:
    items = where.items if isinstance(where, And) else (where,)
    found: dict[str, Literal] = {}
    for item in items:
        match item:
            case Comparison(ColumnRef(name, ()), "eq", Literal() as value, None):
                found[name] = value
            case _:
                found = {}
                break
    if not table.key or set(found) != set(table.key):
        raise InvalidParameter(
            "A PUT must say which row it means, and nothing else.",
            hint="Filter by " + " and ".join(f"{name}=eq.VALUE" for name in table.key) + ", or address the row.",
            where="query string",
        )
    return found
