"""The Python client: typed dictionaries for the rows of each table, beside the runtime."""

from collections.abc import Iterator
from typing import Final

from synthdb.sdk.python_queries import query_module
from synthdb.sdk.python_types import dictionary, docstring, imports_for, read_type, text, written_type
from synthdb.sdk.shapes import RelationShape, SchemaShape, TableShape
from synthdb.sdk.sources import runtime_files

__all__ = ["python_files", "python_names"]

_HEAD: Final = (
    '"""Tables of the database {0}, made by `synthdb sdk generate`; make them again when tables have changed."""'
)


def python_names() -> frozenset[str]:
    """Give the names of the package that no table's types may have."""
    return frozenset({"Client", "Queries"})


def python_files(schema: SchemaShape) -> dict[str, str]:
    """Give the files of the package by their paths in it."""
    files = {f"runtime/{name}": text for name, text in runtime_files("python", ".py").items()}
    queries = {"queries.py": query_module(schema)}
    return {"__init__.py": _package(schema), "tables.py": _tables(schema), **queries, "py.typed": "", **files}


def _package(schema: SchemaShape) -> str:
    lines = [
        f'"""A client of the database {docstring(schema.database)}, made by `synthdb sdk generate`."""',
        "",
        "from .queries import *",
        "from .queries import Queries as _Queries",
        "from .runtime import Client as _Client",
        "from .runtime import Options as _Options",
        "from .tables import *",
        "from .tables import schema as _schema",
        "",
        "",
        "class Client(_Client):",
        '    """A client of the database, at one of its states."""',
        "",
        "    @property",
        "    def rpc(self) -> _Queries:",
        '        """The saved queries, each a method that gives its rows."""',
        "        return _Queries(self._session)",
        "",
        "",
        f"def connect(url: str, database: str = {text(schema.database)}, options: _Options | None = None) -> Client:",
        '    """Make a client of the database on the server at an address; nothing is sent yet."""',
        "    return Client(url, database, _schema, options)",
    ]
    return "\n".join(lines) + "\n"


def _tables(schema: SchemaShape) -> str:
    body = "\n\n\n".join(part for table in schema.tables for part in _table(schema, table))
    imports = imports_for(body)
    exported = sorted(
        name
        for table in schema.tables
        for name in (table.base, *(f"{table.base}{end}" for end in ("Column", "Found", "Insert", "Row", "Update")))
    )
    names = "".join(f"    {text(name)},\n" for name in [*exported, "schema"])
    known = "".join(f"        {text(table.name)}: {table.base},\n" for table in schema.tables)
    head = [
        _HEAD.format(docstring(schema.database)),
        "",
        *imports,
        "import typing as _t",
        "",
        "from . import runtime as _r",
    ]
    return (
        "\n".join(head)
        + f"\n\n__all__ = [\n{names}]\n\n\n{body}\n\n\n"
        + f"schema = _r.Schema(\n    {text(schema.fingerprint)},\n    {{\n{known}    }},\n)\n"
    )


def _table(schema: SchemaShape, table: TableShape) -> Iterator[str]:
    comment = table.comment or f"A row of the table {table.name}."
    columns = table.columns
    yield _columns(table)
    yield dictionary(f"{table.base}Row", comment, [(item.name, read_type(item)) for item in columns])
    related = [(item.name, f'"{_related(schema, item)}"') for item in table.relations]
    yield dictionary(
        f"{table.base}Found",
        f"A row of the table {table.name} in which only the columns are that were selected, and rows related to it.",
        [*((item.name, read_type(item)) for item in columns), *related],
    )
    yield dictionary(
        f"{table.base}Insert",
        f"A row to insert into the table {table.name}.",
        [
            (item.name, f"_t.NotRequired[{written_type(item)}]" if item.optional else written_type(item))
            for item in columns
        ],
    )
    yield dictionary(
        f"{table.base}Update",
        f"Values of a row of the table {table.name} to change.",
        [(item.name, written_type(item)) for item in columns],
        total=False,
    )
    yield _descriptor(table)


def _columns(table: TableShape) -> str:
    names = "\n".join(f"    {text(item.name)}," for item in table.columns)
    return f"{table.base}Column = _t.Literal[\n{names}\n]"


def _related(schema: SchemaShape, item: RelationShape) -> str:
    name = f"{schema.base(item.table)}Found"
    return f"list[{name}]" if item.many else f"{name} | None"


def _descriptor(table: TableShape) -> str:
    types = ", ".join(f"{table.base}{end}" for end in ("Row", "Insert", "Update", "Found", "Column"))
    key = "".join(f"{text(name)}, " for name in table.key)
    columns = "".join(f"        {text(item.name)}: {text(item.type.name)},\n" for item in table.columns)
    relations = "".join(
        f"        {text(item.name)}: _r.Relation({text(item.table)}, {text(item.address)}),\n"
        for item in table.relations
    )
    shown = f"    {{\n{columns}    }},\n" + (f"    {{\n{relations}    }},\n" if relations else "")
    return f"{table.base} = _r.Table[{types}](\n    {text(table.name)},\n    ({key.rstrip()}),\n{shown})"
