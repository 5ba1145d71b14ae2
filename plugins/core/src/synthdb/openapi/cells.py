"""The operations on one cell of a row, as a file."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from synthdb.openapi.operations import READING, WRITING, answer, operation, shared
from synthdb.openapi.scope import Scope
from synthdb_host.catalog import Table

__all__ = ["CELL_RESPONSES", "cell_item", "column_name"]

_FILE: Final[dict[str, Any]] = {"*/*": {}}
_HEADERS: Final = ("ETag", "Accept-Ranges", "Content-Disposition")

CELL_RESPONSES: Final[dict[str, dict[str, Any]]] = {
    "Cell": answer("The content, in the media type that it was written in.", _FILE, _HEADERS),
    "PartOfCell": answer("The part that was asked for.", _FILE, (*_HEADERS, "Content-Range")),
    "SameCell": answer("The client has it already.", None, ("ETag",)),
    "WrittenCell": answer("Done.", None, ("Preference-Applied",)),
}
"""The answers, by the names that references use."""


def cell_item(
    scope: Scope, table: Table, identifier: str, keys: Sequence[dict[str, Any]], *, writable: bool
) -> dict[str, Any]:
    """Describe the cells of a table's rows; ``keys`` are the parameters that name the row."""
    column = {
        "name": column_name(keys),
        "in": "path",
        "required": True,
        "description": "The column.",
        "schema": {"type": "string", "enum": [column.name for column in table.columns]},
    }
    item: dict[str, Any] = {"parameters": [*keys, column], "get": _get(scope, table, identifier)}
    if writable:
        item |= {"put": _put(scope, table, identifier), "delete": _delete(scope, table, identifier)}
    return item


def column_name(keys: Sequence[dict[str, Any]]) -> str:
    """Name the parameter of the column, other than those of the key."""
    name = "column"
    while any(key["name"].replace("_", "").lower() == name for key in keys):
        name += "s"
    return name


def _get(scope: Scope, table: Table, identifier: str) -> dict[str, Any]:
    about = (
        "Read the bytes of a cell, or a part of them; their media type is in the column `{column}_media_type`, if any."
    )
    answers = _answers({"200": "Cell", "206": "PartOfCell", "304": "SameCell"})
    parameters = shared("Range", "If-Range", "If-None-Match")
    return operation(scope, f"read_{identifier}_cell", table.name, about, parameters, answers, READING | {416})


def _put(scope: Scope, table: Table, identifier: str) -> dict[str, Any]:
    about = "Write the body into a cell; its media type goes into the column `{column}_media_type`, if there is one."
    request = {"required": True, "content": {"application/octet-stream": {}, "*/*": {}}}
    return operation(
        scope, f"write_{identifier}_cell", table.name, about, _WRITES, _WRITTEN, WRITING | {412}, request=request
    )


def _delete(scope: Scope, table: Table, identifier: str) -> dict[str, Any]:
    about = "Make a cell NULL, and what says its media type."
    return operation(scope, f"clear_{identifier}_cell", table.name, about, _WRITES, _WRITTEN, WRITING | {412})


def _answers(names: Mapping[str, str]) -> dict[str, Any]:
    return {status: {"$ref": f"#/components/responses/{name}"} for status, name in names.items()}


_WRITES: Final = shared("Prefer", "Commit-Message", "If-Match", "If-None-Match")
_WRITTEN: Final = _answers({"204": "WrittenCell"})
