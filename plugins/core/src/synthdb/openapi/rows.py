"""The schemas of a table's rows: as they are read, and as they are written."""

from dataclasses import replace
from typing import Any

from synthdb.openapi.types import column_schema
from synthdb_host.catalog import Column, Table

__all__ = ["row_schemas"]


def row_schemas(table: Table, name: str, *, may_define: bool) -> dict[str, Any]:
    """Describe a row as it is read, inserted, updated and put, as schemas whose names begin with ``name``."""
    columns = {column.name: column_schema(column) for column in table.columns}
    written = {column.name: columns[column.name] | _default(column) for column in table.columns}
    # NULL for the engine's own number or uuid means: make one.
    written[table.identity] = column_schema(replace(table.column(table.identity), not_null=False))
    put = {column: schema for column, schema in written.items() if column not in table.key}
    needed = [column.name for column in table.columns if _is_needed(table, column)]
    open_ = table.mode == "flexible" and may_define
    about = f" of `{table.name}`"
    return {
        f"{name}Row": {
            "type": "object",
            "description": f"A row{about}, with the columns that were selected.",
            "properties": _with_references(table, columns),
        },
        f"{name}Insert": _written(f"A new row{about}.", written, needed, open_=open_),
        f"{name}Update": _written(f"New values{about}.", columns, [], open_=open_) | {"minProperties": 1},
        f"{name}Put": _written(
            f"Everything but the key of a row{about}; what is not given takes its default, or NULL.",
            put,
            [column for column in needed if column not in table.key],
            open_=open_,
        ),
    }


def _is_needed(table: Table, column: Column) -> bool:
    return column.not_null and not column.has_default and column.name != table.identity


def _default(column: Column) -> dict[str, Any]:
    return {"default": column.default} if column.has_default else {}


def _written(about: str, columns: dict[str, Any], needed: list[str], *, open_: bool) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "description": about, "properties": columns}
    if needed:
        schema["required"] = needed
    # A column that a flexible table does not have yet is made.
    return schema | {"additionalProperties": {} if open_ else False}


def _with_references(table: Table, columns: dict[str, Any]) -> dict[str, Any]:
    found = dict(columns)
    for key in table.foreign_keys:
        for column, other in zip(key.columns, key.references, strict=True):
            if column in found:
                note = f"Refers to `{other}` of `{key.table}`."
                known = found[column].get("description")
                found[column] = found[column] | {"description": f"{known} {note}" if known else note}
    return found
