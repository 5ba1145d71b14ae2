"""The Python client: typed dictionaries for the rows of each table, beside the runtime."""

import json
import keyword
from collections.abc import Iterable, Iterator
from typing import Final

from synthdb.sdk.shapes import ColumnShape, RelationShape, SchemaShape, TableShape, one_line
from synthdb.sdk.sources import runtime_files

__all__ = ["python_files"]

_HEAD: Final = (
    '"""Tables of the database {0}, made by `synthdb sdk generate`; make them again when tables have changed."""'
)
_READ: Final = {
    "text": "str", "integer": "int", "real": "float", "decimal": "_d.Decimal", "boolean": "bool", "date": "_dt.date",
    "timestamp": "_dt.datetime", "uuid": "_u.UUID", "json": "_t.Any", "bytes": "bytes",
}  # fmt: skip
_WORDS: Final = frozenset(keyword.kwlist)
_WRITTEN: Final = {**_READ, "decimal": "_d.Decimal | int | str", "uuid": "_u.UUID | str"}
_IMPORTS: Final = (("_d.", "import decimal as _d"), ("_dt.", "import datetime as _dt"), ("_u.", "import uuid as _u"))


def python_files(schema: SchemaShape) -> dict[str, str]:
    """Give the files of the package by their paths in it."""
    files = {f"runtime/{name}": text for name, text in runtime_files("python", ".py").items()}
    return {"__init__.py": _package(schema), "tables.py": _tables(schema), "py.typed": "", **files}


def _package(schema: SchemaShape) -> str:
    lines = [
        f'"""A client of the database {_docstring(schema.database)}, made by `synthdb sdk generate`."""',
        "",
        "from .runtime import Client as _Client",
        "from .runtime import Options as _Options",
        "from .tables import *",
        "from .tables import schema as _schema",
        "",
        "",
        f"def connect(url: str, database: str = {_text(schema.database)}, options: _Options | None = None) -> _Client:",
        '    """Make a client of the database on the server at an address; nothing is sent yet."""',
        "    return _Client(url, database, _schema, options)",
    ]
    return "\n".join(lines) + "\n"


def _tables(schema: SchemaShape) -> str:
    body = "\n\n\n".join(part for table in schema.tables for part in _table(schema, table))
    imports = [line for prefix, line in sorted(_IMPORTS, key=lambda item: item[1]) if prefix in body]
    exported = sorted(
        name
        for table in schema.tables
        for name in (table.base, *(f"{table.base}{end}" for end in ("Column", "Found", "Insert", "Row", "Update")))
    )
    names = "".join(f"    {_text(name)},\n" for name in [*exported, "schema"])
    known = "".join(f"        {_text(table.name)}: {table.base},\n" for table in schema.tables)
    head = [
        _HEAD.format(_docstring(schema.database)),
        "",
        *imports,
        "import typing as _t",
        "",
        "from . import runtime as _r",
    ]
    return (
        "\n".join(head)
        + f"\n\n__all__ = [\n{names}]\n\n\n{body}\n\n\n"
        + f"schema = _r.Schema(\n    {_text(schema.fingerprint)},\n    {{\n{known}    }},\n)\n"
    )


def _table(schema: SchemaShape, table: TableShape) -> Iterator[str]:
    comment = table.comment or f"A row of the table {table.name}."
    columns = table.columns
    yield _columns(table)
    yield _dictionary(f"{table.base}Row", comment, [(item.name, _read(item)) for item in columns])
    related = [(item.name, f'"{_related(schema, item)}"') for item in table.relations]
    yield _dictionary(
        f"{table.base}Found",
        f"A row of the table {table.name} in which only the columns are that were selected, and rows related to it.",
        [*((item.name, _read(item)) for item in columns), *related],
    )
    yield _dictionary(
        f"{table.base}Insert",
        f"A row to insert into the table {table.name}.",
        [(item.name, f"_t.NotRequired[{_written(item)}]" if item.optional else _written(item)) for item in columns],
    )
    yield _dictionary(
        f"{table.base}Update",
        f"Values of a row of the table {table.name} to change.",
        [(item.name, _written(item)) for item in columns],
        total=False,
    )
    yield _descriptor(table)


def _columns(table: TableShape) -> str:
    names = "\n".join(f"    {_text(item.name)}," for item in table.columns)
    return f"{table.base}Column = _t.Literal[\n{names}\n]"


def _read(column: ColumnShape) -> str:
    return _nullable(_READ[column.type.name], column)


def _written(column: ColumnShape) -> str:
    return _nullable(_WRITTEN[column.type.name], column)


def _nullable(text: str, column: ColumnShape) -> str:
    return f"{text} | None" if column.nullable and text != "_t.Any" else text


def _related(schema: SchemaShape, item: RelationShape) -> str:
    name = f"{schema.base(item.table)}Found"
    return f"list[{name}]" if item.many else f"{name} | None"


def _dictionary(name: str, comment: str, fields: Iterable[tuple[str, str]], *, total: bool = True) -> str:
    """Write a typed dictionary: as a class where every column's name can be a name in one."""
    fields = list(fields)
    end = "" if total else ", total=False"
    if fields and all(_is_name(column) for column, _ in fields):
        lines = [f"class {name}(_t.TypedDict{end}):", f'    """{_docstring(comment)}"""', ""]
        return "\n".join([*lines, *(f"    {column}: {kind}" for column, kind in fields)])
    inside = "".join(f"        {_text(column)}: {kind},\n" for column, kind in fields)
    closing = "" if total else "    total=False,\n"
    return f'{name} = _t.TypedDict(\n    "{name}",\n    {{\n{inside}    }},\n{closing})\n"""{_docstring(comment)}"""'


def _is_name(text: str) -> bool:
    # A name with two underscores before it would get that of the class before them.
    return text.isascii() and text.isidentifier() and not text.startswith("_") and text not in _WORDS


def _descriptor(table: TableShape) -> str:
    types = ", ".join(f"{table.base}{end}" for end in ("Row", "Insert", "Update", "Found", "Column"))
    key = "".join(f"{_text(name)}, " for name in table.key)
    columns = "".join(f"        {_text(item.name)}: {_text(item.type.name)},\n" for item in table.columns)
    relations = "".join(
        f"        {_text(item.name)}: _r.Relation({_text(item.table)}, {_text(item.address)}),\n"
        for item in table.relations
    )
    shown = f"    {{\n{columns}    }},\n" + (f"    {{\n{relations}    }},\n" if relations else "")
    return f"{table.base} = _r.Table[{types}](\n    {_text(table.name)},\n    ({key.rstrip()}),\n{shown})"


def _text(value: str) -> str:
    """Write a text as a literal; JSON's strings are Python's, too."""
    return json.dumps(value)


def _docstring(text: str) -> str:
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"')
