"""Python's types for columns, and how texts and typed dictionaries are written."""

import json
import keyword
from collections.abc import Iterable
from typing import Final

from synthdb.sdk.shapes import ColumnShape, one_line

__all__ = ["WORDS", "dictionary", "docstring", "imports_for", "read_type", "text", "written_type"]

_READ: Final = {
    "text": "str", "integer": "int", "real": "float", "decimal": "_d.Decimal", "boolean": "bool", "date": "_dt.date",
    "timestamp": "_dt.datetime", "uuid": "_u.UUID", "json": "_t.Any", "bytes": "bytes",
}  # fmt: skip
WORDS: Final = frozenset(keyword.kwlist)
_WRITTEN: Final = {**_READ, "decimal": "_d.Decimal | int | str", "uuid": "_u.UUID | str"}
_IMPORTS: Final = (("_d.", "import decimal as _d"), ("_dt.", "import datetime as _dt"), ("_u.", "import uuid as _u"))


def imports_for(body: str) -> list[str]:
    """Give the imports of what a module's body uses."""
    return [line for prefix, line in sorted(_IMPORTS, key=lambda item: item[1]) if prefix in body]


def read_type(column: ColumnShape) -> str:
    """Give the type of a column's values as they are read."""
    return _nullable(_READ[column.type.name], column)


def written_type(column: ColumnShape) -> str:
    """Give the type of a column's values as they are written."""
    return _nullable(_WRITTEN[column.type.name], column)


def _nullable(kind: str, column: ColumnShape) -> str:
    return f"{kind} | None" if column.nullable and kind != "_t.Any" else kind


def dictionary(name: str, comment: str, fields: Iterable[tuple[str, str]], *, total: bool = True) -> str:
    """Write a typed dictionary: as a class where every column's name can be a name in one."""
    fields = list(fields)
    end = "" if total else ", total=False"
    if fields and all(_is_name(column) for column, _ in fields):
        lines = [f"class {name}(_t.TypedDict{end}):", f'    """{docstring(comment)}"""', ""]
        return "\n".join([*lines, *(f"    {column}: {kind}" for column, kind in fields)])
    inside = "".join(f"        {text(column)}: {kind},\n" for column, kind in fields)
    closing = "" if total else "    total=False,\n"
    return f'{name} = _t.TypedDict(\n    "{name}",\n    {{\n{inside}    }},\n{closing})\n"""{docstring(comment)}"""'


def _is_name(name: str) -> bool:
    # A name with two underscores before it would get that of the class before them.
    return name.isascii() and name.isidentifier() and not name.startswith("_") and name not in WORDS


def text(value: str) -> str:
    """Write a text as a literal; JSON's strings are Python's, too."""
    return json.dumps(value)


def docstring(comment: str) -> str:
    """Write a text so that it can stand between three quotes."""
    return one_line(comment).replace("\\", "\\\\").replace('"', '\\"')
