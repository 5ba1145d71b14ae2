"""The schemas of what the meta interface answers and reads."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from synthdb.meta import bodies
from synthdb.openapi.meta_entries import SHAPES

__all__ = ["ANSWERS", "body_schemas"]

_TEXT: Final[dict[str, Any]] = {"type": "string"}
_NOTE: Final[dict[str, Any]] = {"type": ["string", "null"]}
_MOMENT: Final[dict[str, Any]] = {"type": ["string", "null"], "format": "date-time"}
_COUNT: Final[dict[str, Any]] = {"type": "integer", "format": "int64"}
_FLAG: Final[dict[str, Any]] = {"type": "boolean"}
_ANY: Final[dict[str, Any]] = {}
_NAMES: Final[dict[str, Any]] = {"type": "array", "items": _TEXT}
_LEFT_OUT: Final = frozenset({"anyOf", "title", "default"})


def _record(description: str, optional: Sequence[str] = (), /, **members: dict[str, Any]) -> dict[str, Any]:
    needed = [name for name in members if name not in optional]
    schema: dict[str, Any] = {"type": "object", "description": description, "properties": members}
    return schema | ({"required": needed} if needed else {})


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


_COUNTS: Final = _record("How many rows.", inserted=_COUNT, updated=_COUNT, deleted=_COUNT)
_BY_TABLE: Final[dict[str, Any]] = {"type": "object", "additionalProperties": _COUNTS}
_CONSTRAINT: Final[dict[str, Any]] = {"name": _TEXT, "columns": _NAMES}

ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "Branch": _record(
        "A branch; main has no parent.", name=_TEXT, parent=_NOTE, fork=_NOTE, created=_MOMENT, author=_NOTE,
        head=_NOTE, protected=_FLAG, expires=_MOMENT, comment=_NOTE,
    ),
    "Tag": _record(
        "A state with a name.", name=_TEXT, branch=_NOTE, commit=_NOTE, created=_MOMENT, author=_NOTE, comment=_NOTE
    ),
    "Commit": _record(
        "A commit, and what it changed by table.", id=_TEXT, at=_MOMENT, branch=_NOTE, author=_NOTE, message=_NOTE,
        kind=_TEXT, merged=_NOTE, tables={"type": ["object", "null"], "additionalProperties": _COUNTS},
    ),
    "Version": _record(
        "A version of a row, or where a column was asked for of its value.", ("row", "value"), commit=_TEXT,
        at=_MOMENT, branch=_NOTE, author=_NOTE, message=_NOTE, change=_TEXT, row=_ANY, value=_ANY,
    ),
    "Difference": _record(
        "A row, a cell, a table's counts or a part of the schema that differs, as `detail` asks for.",
        ("key", "change", "column", "path", "property", "old", "new", "inserted", "updated", "deleted"),
        table=_NOTE, key={"type": ["array", "null"], "items": _ANY}, change=_TEXT, column=_NOTE, path=_NOTE,
        property=_NOTE, old=_ANY, new=_ANY, inserted=_COUNT, updated=_COUNT, deleted=_COUNT,
    ),
    "Change": _record(
        "What a commit did to a row.", offset=_TEXT, at=_MOMENT, branch=_NOTE, author=_NOTE, message=_NOTE,
        table=_NOTE, change=_TEXT, key=_ANY, old=_ANY, new=_ANY,
    ),
    "Conflict": _record(
        "Something on which two states disagree; without a resolution nobody has decided.",
        ("source", "target", "value"), source=_NOTE, target=_NOTE, table=_TEXT,
        key={"type": ["array", "null"], "items": _ANY}, column=_NOTE, kind=_TEXT, base=_ANY, ours=_ANY, theirs=_ANY,
        detail=_NOTE, resolution=_NOTE, value=_ANY,
    ),
    "MergeReport": _record(
        "What was combined, or in a dry run would be.", commit=_NOTE, dry_run=_FLAG, tables=_BY_TABLE, schema=_NAMES,
        conflicts=_list({"$ref": "#/components/schemas/Conflict"}),
    ),
    "StoredPart": _record("What a table's rows take.", table=_NOTE, kind=_TEXT,
                          rows={"type": ["integer", "null"]}, bytes={"type": ["integer", "null"]}),
    "SqlResult": _record(
        "The columns and rows of a statement.", columns=_list(_record("A column.", name=_TEXT, type=_TEXT)),
        rows=_list({"type": "object", "additionalProperties": True}),
    ),
    "Description": _record(
        "The tables at a ref.", ref=_TEXT, version=_TEXT,
        tables=_list(_record(
            "A table.", name=_TEXT, identity=_TEXT, key=_NAMES, generated=_TEXT, mode=_TEXT, comment=_NOTE,
            columns=_list(_record("A column.", ("default",), name=_TEXT, type=_TEXT, not_null=_FLAG, default=_ANY,
                                  inferred=_FLAG, comment=_NOTE)),
            unique_keys=_list(_record("A unique key.", **_CONSTRAINT)),
            foreign_keys=_list(_record("A foreign key.", **_CONSTRAINT, table=_TEXT, references=_NAMES,
                                       on_delete=_TEXT)),
            indexes=_list(_record("An index.", **_CONSTRAINT)), checks=_NAMES,
        )),
    ),
    "Decided": _record("How many conflicts were decided.", decided=_COUNT),
    "Collected": _record("How many versions were forgotten, or in a dry run would be.", versions=_COUNT, dry_run=_FLAG),
    "Compacted": _record("How many rows the branch took over.", rows=_COUNT),
}  # fmt: skip
"""The answers, by name."""


def body_schemas() -> dict[str, dict[str, Any]]:
    """Describe the bodies that the meta interface reads, by the name of their class."""
    kinds = [getattr(bodies, name) for name in bodies.__all__]
    structs = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
    _, found = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    return {name: _shaped(_flat(schema)) for name, schema in found.items()}


def _shaped(schema: dict[str, Any]) -> dict[str, Any]:
    members = {name: member | SHAPES.get(name, {}) for name, member in schema["properties"].items()}
    return schema | {"properties": members}


def _flat(schema: Any) -> Any:  # noqa: ANN401 - any part of a JSON Schema
    """Write ``anyOf`` as a list of types: what a keyword says of one type, it says of no other."""
    if isinstance(schema, list):
        return [_flat(item) for item in schema]
    if not isinstance(schema, dict):
        return schema.replace("``", "`") if isinstance(schema, str) else schema
    found = {name: _flat(item) for name, item in schema.items() if name not in _LEFT_OUT}
    for part in map(_flat, schema.get("anyOf", ())):
        found |= part | {"type": list(dict.fromkeys([*_types(found), *_types(part)]))}
    if "array" in _types(found):
        found.setdefault("items", {})
    if "enum" in found:
        found["type"] = "string"
    return found


def _types(schema: dict[str, Any]) -> list[str]:
    found = schema.get("type", [])
    return [found] if isinstance(found, str) else list(found)
