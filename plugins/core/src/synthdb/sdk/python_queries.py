"""The saved queries of the Python client: a method for each, and a typed dictionary for its rows."""

from collections.abc import Iterable, Iterator
from typing import Final

from synthdb.sdk.python_types import WORDS, dictionary, docstring, imports_for, read_type, text, written_type
from synthdb.sdk.shapes import QueryShape, SchemaShape

__all__ = ["query_module"]

_TAKEN: Final = WORDS | {"bool", "bytes", "float", "int", "list", "str"}
"""Names that methods and parameters do not have: the annotations of other methods would mean them."""


def query_module(schema: SchemaShape) -> str:
    """Write the module of the saved queries."""
    rows = [_row(query) for query in schema.queries]
    body = "\n\n\n".join([*rows, _class(schema)])
    exported = "".join(
        f"    {text(name)},\n" for name in sorted(["Queries", *(f"{q.base}Found" for q in schema.queries)])
    )
    note = f'"""Saved queries of the database {docstring(schema.database)}; make them again when they have changed."""'
    head = [note, "", *imports_for(body), "import typing as _t", "", "from . import runtime as _r"]
    if not schema.queries:
        head.remove("import typing as _t")
    return "\n".join(head) + f"\n\n__all__ = [\n{exported}]\n\n\n{body}\n"


def _row(query: QueryShape) -> str:
    fields = [(column.name, read_type(column)) for column in query.columns]
    return dictionary(f"{query.base}Found", f"A row that the query {query.name} gives.", fields)


def _class(schema: SchemaShape) -> str:
    lines = ["class Queries(_r.Queries):", '    """The saved queries, each a method that gives its rows."""']
    names = _python_names(query.name for query in schema.queries)
    for query in schema.queries:
        lines += ["", *_method(query, names[query.name])]
    return "\n".join(lines)


def _method(query: QueryShape, name: str) -> Iterator[str]:
    names = _python_names(item.name for item in query.parameters)
    needed = [f"{names[item.name]}: {written_type(item)}" for item in query.parameters if not item.optional]
    others = [
        f"{names[item.name]}: {_or_none(written_type(item))} = None" for item in query.parameters if item.optional
    ]
    signature = ", ".join(["self", *(["*", *needed, *others] if query.parameters else [])])
    yield f"    def {name}({signature}) -> list[{query.base}Found]:"
    yield f'        """{docstring(query.comment or f"Call the query {query.name}.")}"""'
    arguments = ", ".join(f"{text(item.name)}: {names[item.name]}" for item in query.parameters)
    columns = ", ".join(f"{text(item.name)}: {text(item.type.name)}" for item in query.columns)
    call = f"self._call({text(query.name)}, {{{arguments}}}, {{{columns}}})"
    yield f'        return _t.cast("list[{query.base}Found]", {call})'


def _or_none(kind: str) -> str:
    return kind if kind == "_t.Any" else f"{kind} | None"


def _python_names(names: Iterable[str]) -> dict[str, str]:
    """Give each name one that a method or a parameter can have."""
    found: dict[str, str] = {}
    taken = {"self", "rpc"}
    for name in sorted(names):
        # In a class, Python changes names with two underscores before them.
        wanted = name.replace("-", "_").lstrip("_") if name.startswith("__") else name.replace("-", "_")
        wanted = f"_{wanted}" if wanted[:1].isdecimal() or not wanted else wanted
        while wanted in _TAKEN or wanted in taken:
            wanted += "_"
        taken.add(wanted)
        found[name] = wanted
    return found
