"""The schemas of what the meta interface answers and reads."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from synthdb.meta import bodies, definitions
from synthdb.openapi.choices import Choices
from synthdb.openapi.entries import DEFINED, SHAPES

__all__ = ["ANSWERS", "body_schemas"]

_TEXT: Final[dict[str, Any]] = {"type": "string"}
_NOTE: Final[dict[str, Any]] = {"type": ["string", "null"]}
_MOMENT: Final[dict[str, Any]] = {"type": ["string", "null"], "format": "date-time"}
_COUNT: Final[dict[str, Any]] = {"type": "integer", "format": "int64"}
_FLAG: Final[dict[str, Any]] = {"type": "boolean"}
_ANY: Final[dict[str, Any]] = {}
_NAMES: Final[dict[str, Any]] = {"type": "array", "items": _TEXT}
_PLACE: Final = "#/components/schemas/"
_CHOICES: Final = {"kind": "NewConstraint", "do": "SchemaChange"}
"""Names of what is one of several objects, by the member that says which."""

_ABOUT: Final = {"NewConstraint": "A constraint to add.", "SchemaChange": "A change of the schema."}


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
        "The tables at a ref.", ref=_TEXT, version=_TEXT, tables=_list({"$ref": f"{_PLACE}TableDescription"})
    ),
    "TableDescription": _record(
        "A table.", name=_TEXT, identity=_TEXT, key=_NAMES, generated=_TEXT, mode=_TEXT,
        preconditions=_FLAG, comment=_NOTE,
        columns=_list({"$ref": f"{_PLACE}ColumnDescription"}),
        unique_keys=_list(_record("A unique key.", **_CONSTRAINT)),
        foreign_keys=_list(_record("A foreign key.", **_CONSTRAINT, table=_TEXT, references=_NAMES,
                                   on_delete=_TEXT)),
        indexes=_list(_record("An index.", **_CONSTRAINT)), checks=_NAMES,
    ),
    "ColumnDescription": _record(
        "A column.", ("default",), name=_TEXT, type=_TEXT, not_null=_FLAG, default=_ANY, inferred=_FLAG, comment=_NOTE
    ),
    "SchemaChanged": _record(
        "The commit, none in a dry run, and the version that the schema has now.", commit=_NOTE, dry_run=_FLAG,
        version=_TEXT,
    ),
    "QueryDescription": _record(
        "A saved query: `gives` are the columns of its rows, `missing` what it reads that is gone.", name=_TEXT,
        sql=_TEXT, description=_NOTE,
        parameters=_list(_record("A parameter.", name=_TEXT, type=_TEXT, required=_FLAG, default=_ANY,
                                 description=_NOTE)),
        reads={"type": "object", "additionalProperties": _NAMES},
        gives=_list(_record("A column; without a type the rows decide.", name=_TEXT, type=_NOTE)), missing=_NAMES,
    ),
    "BatchDone": _record(
        "The commit, none if nothing was written, and what came of each operation.", commit=_NOTE,
        results=_list({"$ref": f"{_PLACE}BatchResult"}),
    ),
    "BatchResult": _record(
        "The answer to an operation; in a batch that is not atomic with its own commit.", ("commit",),
        status={"type": "integer"}, headers={"type": "object", "additionalProperties": _TEXT}, body=_ANY, commit=_NOTE,
    ),
    "Filled": _record("How many rows were looked at; 0 when all is done.", rows=_COUNT),
    "Decided": _record("How many conflicts were decided.", decided=_COUNT),
    "Collected": _record("How many versions were forgotten, or in a dry run would be.", versions=_COUNT, dry_run=_FLAG),
    "Compacted": _record("How many rows the branch took over.", rows=_COUNT),
}  # fmt: skip
"""The answers, by name."""


_BATCH: Final[dict[str, dict[str, Any]]] = {
    "BatchAsked": _record(
        "Requests to the tables of one database: one commit, or if they are not atomic each by itself.", ("atomic",),
        operations=_list({"$ref": f"{_PLACE}BatchOperation"}), atomic=_FLAG | {"default": True},
    ) | {"additionalProperties": False},
    "BatchOperation": _record(
        "A request; its URL is what follows the database: `films?id=eq.1`, `films/1`. A value `$0.id` is the "
        "`id` of the row that the first operation gave.",
        ("headers", "body"),
        method={"type": "string", "enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]},
        url=_TEXT | {"pattern": "^[!-~]+$"},
        headers={"type": "object", "additionalProperties": _TEXT}, body=_ANY,
    ) | {"additionalProperties": False},
}  # fmt: skip


def body_schemas() -> dict[str, dict[str, Any]]:
    """Describe the bodies that the meta interface reads, by their names."""
    kinds = [getattr(bodies, name) for name in bodies.__all__]
    structs = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
    defining = (definitions.NewTable, definitions.AlteredTable, definitions.AlteredColumn, definitions.SchemaChanges)
    _, found = msgspec.json.schema_components([*structs, *defining], ref_template=f"{_PLACE}{{name}}")
    choices = Choices(found, _CHOICES)
    described = {name: _shaped(choices.plain(schema), _shapes(name)) for name, schema in found.items()}
    chosen = {name: _shaped(_choice(choices, tag, name), DEFINED) for tag, name in _CHOICES.items()}
    return {name: schema for name, schema in described.items() if not name.startswith("_")} | chosen | _BATCH


def _choice(choices: Choices, tag: str, name: str) -> dict[str, Any]:
    """Describe an object of which one member says what the others are."""
    parts = [schema for schema in choices.known.values() if "enum" in schema["properties"].get(tag, {})]
    schema: dict[str, Any] = choices.plain({"anyOf": parts})
    lines = [f"- `{part['properties'][tag]['enum'][0]}`: {', '.join(_listed(part, tag))}" for part in parts]
    about = "\n".join([f"{_ABOUT[name]} What `{tag}` is decides which members there are:", "", *lines])
    return schema | {"description": about}


def _listed(part: dict[str, Any], tag: str) -> list[str]:
    needed = part.get("required", ())
    return [f"`{name}`" if name in needed else f"`{name}`?" for name in part["properties"] if name != tag]


def _shapes(name: str) -> Mapping[str, Mapping[str, Any]]:
    return SHAPES if name in bodies.__all__ and name != "QueryDefinition" else DEFINED


def _shaped(schema: dict[str, Any], shapes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    members = {name: _member(member, shapes.get(name, {})) for name, member in schema["properties"].items()}
    return schema | {"properties": members}


def _member(member: dict[str, Any], shape: Mapping[str, Any]) -> dict[str, Any]:
    return member if "$ref" in member or "enum" in member else {**member, **shape}
