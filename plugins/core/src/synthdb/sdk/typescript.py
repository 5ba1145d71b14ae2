"""The TypeScript client: interfaces for the rows of each table, beside the runtime."""

import json
from collections.abc import Iterable, Iterator
from typing import Final

from synthdb.sdk.shapes import ColumnShape, QueryShape, RelationShape, SchemaShape, TableShape, one_line
from synthdb.sdk.sources import runtime_files

__all__ = ["typescript_files", "typescript_names"]

_READ: Final = {
    "text": "string", "integer": "bigint", "real": "number", "decimal": "string", "boolean": "boolean",
    "date": "string", "timestamp": "string", "uuid": "string", "json": "rt.Json", "bytes": "Uint8Array",
}  # fmt: skip
_WRITTEN: Final = {
    **_READ,
    "integer": "bigint | number",
    "decimal": "string | number | bigint",
    "timestamp": "string | Date",
}
_EVERYWHERE: Final = frozenset(
    {
        "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString",
        "valueOf",
    }
)  # fmt: skip
"""What every object has, so that the compiler thinks it was given where it was left out."""


def typescript_names() -> frozenset[str]:
    """Give the names of the module that no table's types may have."""
    return frozenset({"Tables", "Queries"})


def typescript_files(schema: SchemaShape) -> dict[str, str]:
    """Give the files of the module by their paths in it."""
    files = {f"runtime/{name}": text for name, text in runtime_files("typescript", ".ts").items()}
    return {"index.ts": _index(schema), "tables.ts": _tables(schema), **files}


def _index(schema: SchemaShape) -> str:
    lines = [
        f"/** {_comment(f'A client of the database {schema.database}, made by `synthdb sdk generate`.')} */",
        "",
        'import { Client, type Options } from "./runtime/index.js";',
        'import { schema, type Queries, type Tables } from "./tables.js";',
        "",
        'export * from "./tables.js";',
        "",
        "/** Make a client of the database on the server at an address; nothing is sent yet. */",
        "export function connect(url: string, options: Options = {}): Client<Tables, Queries> {",
        f"  return Client.open<Tables, Queries>(url, {_text(schema.database)}, schema, options);",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _tables(schema: SchemaShape) -> str:
    note = f"Tables of the database {schema.database}; make them again when tables have changed."
    head = [f"/** {_comment(note)} */", "", 'import type * as rt from "./runtime/index.js";', ""]
    body = [part for table in schema.tables for part in _table(table)]
    types = "".join(f"  {_text(table.name)}: {_types(table)};\n" for table in schema.tables)
    known = "".join(_descriptor(table) for table in schema.tables)
    facts = f"  fingerprint: {_text(schema.fingerprint)},\n  tables: new Map<string, rt.Table>([\n{known}  ]),\n"
    called = "".join(map(_query_descriptor, schema.queries))
    facts += f"  queries: new Map<string, rt.SavedQuery>([\n{called}  ]),\n"
    body += [part for query in schema.queries for part in _query(query)]
    queries = "".join(
        f"  {_text(query.name)}: {{ Arguments: {query.base}Arguments, Found: {query.base}Found }};\n"
        for query in schema.queries
    )
    tail = [
        f"/** The types of every saved query by its name. */\nexport interface Queries {{\n{queries}}}",
        f"/** The types of every table by its name. */\nexport interface Tables {{\n{types}}}",
        f"export const schema: rt.Schema = {{\n{facts}}};",
    ]
    return "\n".join(head) + "\n" + "\n\n".join([*body, *tail]) + "\n"


def _table(table: TableShape) -> Iterator[str]:
    columns = table.columns
    comment = table.comment or f"A row of the table {table.name}."
    yield _interface(f"{table.base}Row", comment, [(item.name, "", _read(item), item.comment) for item in columns])
    yield _interface(
        f"{table.base}Insert",
        f"A row to insert into the table {table.name}; what is left out the database fills in.",
        [(item.name, _optional(item.optional), _written(item), None) for item in columns],
    )
    yield _interface(
        f"{table.base}Update",
        f"Values of a row of the table {table.name} to change.",
        [(item.name, _optional(optional=True), _written(item), None) for item in columns],
    )
    yield _interface(
        f"{table.base}Relations",
        f"What rows of the table {table.name} are related to.",
        [(item.name, "", _relation(item), None) for item in table.relations],
    )


def _query(query: QueryShape) -> Iterator[str]:
    yield _interface(
        f"{query.base}Arguments",
        f"Values for the parameters of the query {query.name}; what is left out takes its default.",
        [(item.name, _optional(item.optional), _written(item), item.comment) for item in query.parameters],
    )
    comment = query.comment or f"A row that the query {query.name} gives."
    yield _interface(f"{query.base}Found", comment, [(item.name, "", _read(item), None) for item in query.columns])


def _query_descriptor(query: QueryShape) -> str:
    return (
        f"    [{_text(query.name)}, {{\n"
        f"      parameters: new Map<string, rt.ColumnType>([{_kinds(query.parameters)}]),\n"
        f"      columns: new Map<string, rt.ColumnType>([{_kinds(query.columns)}]),\n    }}],\n"
    )


def _kinds(columns: Iterable[ColumnShape]) -> str:
    return ", ".join(f"[{_text(item.name)}, {_text(item.type.name)}]" for item in columns)


def _interface(name: str, comment: str, members: Iterable[tuple[str, str, str, str | None]]) -> str:
    lines = [f"/** {_comment(comment)} */", f"export interface {name} {{"]
    for column, mark, kind, note in members:
        lines += [f"  /** {_comment(note)} */"] if note else []
        lines.append(f"  {_text(column)}{mark}: {kind};")
    return "\n".join([*lines, "}"])


def _optional(optional: bool) -> str:  # noqa: FBT001 - it is what the column says
    return "?" if optional else ""


def _read(column: ColumnShape) -> str:
    return _nullable(_READ[column.type.name], column)


def _written(column: ColumnShape) -> str:
    if column.optional and column.name in _EVERYWHERE:
        return "unknown"
    text = _nullable(_WRITTEN[column.type.name], column)
    # A program may say undefined for what it leaves out, also where the compiler tells these apart.
    return f"{text} | undefined" if column.optional else text


def _nullable(text: str, column: ColumnShape) -> str:
    return f"{text} | null" if column.nullable and text != "rt.Json" else text


def _relation(item: RelationShape) -> str:
    return f"rt.{'Many' if item.many else 'One'}<{_text(item.table)}>"


def _types(table: TableShape) -> str:
    names = ", ".join(f"{part}: {table.base}{part}" for part in ("Row", "Insert", "Update", "Relations"))
    return f"{{ {names} }}"


def _descriptor(table: TableShape) -> str:
    # Maps, since an object has members that nobody wrote, such as "constructor".
    key = ", ".join(map(_text, table.key))
    columns = _kinds(table.columns)
    relations = "".join(
        f"        [{_text(item.name)}, {{ table: {_text(item.table)}, target: {_text(item.address)} }}],\n"
        for item in table.relations
    )
    shown = f"[\n{relations}      ]" if relations else ""
    return (
        f"    [{_text(table.name)}, {{\n      key: [{key}],\n"
        f"      columns: new Map<string, rt.ColumnType>([{columns}]),\n"
        f"      relations: new Map<string, rt.Relation>({shown}),\n    }}],\n"
    )


def _text(value: str) -> str:
    """Write a text as a literal; JSON's strings are JavaScript's, too."""
    return json.dumps(value, ensure_ascii=True)


def _comment(text: str) -> str:
    return one_line(text).replace("*/", "*\\/")
