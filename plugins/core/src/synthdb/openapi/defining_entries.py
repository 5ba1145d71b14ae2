"""The operations on definitions: tables, columns, constraints and saved queries."""

from typing import Any, Final

from synthdb.openapi.entries import Entry

__all__ = ["DEFINING"]

_SCHEMA: Final = "Schema"
_FLAG: Final = {"type": "boolean"}
_HARD: Final = (("hard", _FLAG, "Remove it with its history, so that it can not be restored."),)
_MORE: Final = frozenset({422})

_TABLES: Final = "/schema/tables"
_TABLE: Final = f"{_TABLES}/{{table}}"
_COLUMN: Final = f"{_TABLE}/columns/{{name}}"
_QUERY: Final = "/queries/{name}"


def _entry(method: str, path: str, name: str, about: str, answers: str | None, **more: Any) -> Entry:  # noqa: ANN401 - fields of the record
    action = None if method == "get" else "define"
    refusals: frozenset[int] = frozenset() if method == "get" else _MORE
    more.setdefault("conditional", True)
    more.setdefault("refusals", refusals)
    return Entry(method, path, name, _SCHEMA, about, action, None, answers, **more)


def _made(method: str, path: str, name: str, about: str, answers: str, reads: str) -> Entry:
    return _entry(method, path, name, about, answers, reads=reads, headers=("Location",), statuses=("201",))


DEFINING: Final = (
    _entry("get", "/schema", "describe", "Describe the tables: columns, keys, indexes and checks.", "Description"),
    _entry(
        "post", "/schema", "post_schema", "Change the schema: all changes as one commit or, if one fails, none.",
        "SchemaChanged", reads="SchemaChanges",
    ),
    _entry("get", _TABLES, "get_schema_tables", "List the tables.", "TableDescription", many=True),
    _made("post", _TABLES, "post_schema_tables", "Make a table.", "TableDescription", "NewTable"),
    _entry("get", _TABLE, "get_schema_tables_table", "Describe a table.", "TableDescription"),
    _entry(
        "patch", _TABLE, "patch_schema_tables_table", "Rename a table, or change its mode.", "TableDescription",
        reads="AlteredTable",
    ),
    _entry(
        "delete", _TABLE, "delete_schema_tables_table", "Drop a table; softly, so that it can be restored.", None,
        query=_HARD,
    ),
    _made(
        "post", f"{_TABLE}/columns", "post_schema_tables_table_columns", "Add a column.", "ColumnDescription",
        "NewColumn",
    ),
    _entry("get", _COLUMN, "get_schema_tables_table_columns_name", "Describe a column.", "ColumnDescription"),
    _entry(
        "patch", _COLUMN, "patch_schema_tables_table_columns_name",
        "Change a column: its name, type, default, and whether it must have a value.", "ColumnDescription",
        reads="AlteredColumn",
    ),
    _entry(
        "delete", _COLUMN, "delete_schema_tables_table_columns_name",
        "Drop a column; softly, so that it can be restored.", None, query=_HARD,
    ),
    _made(
        "post", f"{_TABLE}/constraints", "post_schema_tables_table_constraints",
        "Add an index, a unique key, a foreign key or a check.", "TableDescription", "NewConstraint",
    ),
    _entry(
        "delete", f"{_TABLE}/constraints/{{name}}", "delete_schema_tables_table_constraints_name",
        "Remove a constraint.", None,
    ),
    _entry(
        "get", "/queries", "get_queries", "List the saved queries.", "QueryDescription", many=True, conditional=False
    ),
    _entry("get", _QUERY, "get_queries_name", "Describe a saved query.", "QueryDescription", conditional=False),
    _entry(
        "put", _QUERY, "put_queries_name", "Save a query: under this name, after checking it.", "QueryDescription",
        reads="QueryDefinition", statuses=("200", "201"), conditional=False, refusals=_MORE | {412},
    ),
    _entry(
        "delete", _QUERY, "delete_queries_name", "Remove a saved query; a restore of its row brings it back.", None,
        conditional=False, refusals=_MORE | {412},
    ),
)  # fmt: skip
"""Them, in the order of the document."""
