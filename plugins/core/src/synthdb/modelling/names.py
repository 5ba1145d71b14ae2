"""Names of classes and fields, made from names of tables and columns."""

import builtins
import keyword
import re
import unicodedata
from collections.abc import Collection

from synthdb.modelling.base import NewRow, Row

__all__ = ["class_name", "field_name"]

_IMPORTED = frozenset(
    {
        "Annotated",
        "Any",
        "BaseModel",
        "ConfigDict",
        "Field",
        "JsonValue",
        "NewRow",
        "Row",
        "datetime",
        "decimal",
        "uuid",
    }
)
"""What a generated module calls something else."""

_FIELDS = _IMPORTED | {"bool", "bytes", "float", "int", "str"} | set(dir(Row)) | set(dir(NewRow)) | set(keyword.kwlist)
_CLASSES = _IMPORTED | set(dir(builtins))
_GAP = re.compile(r"[\W_]+")


def class_name(name: str, suffix: str, taken: Collection[str]) -> str:
    """Make the name of a class: ``people_of_note`` becomes ``PeopleOfNote``."""
    words = [word[:1].upper() + word[1:] for word in _GAP.split(unicodedata.normalize("NFKC", name)) if word]
    wanted = "".join(words) + suffix
    return _free(wanted if wanted.isidentifier() else f"T{wanted}", "T", _CLASSES, taken)


def field_name(column: str, taken: Collection[str]) -> str:
    """Make the name of a field: that of the column wherever Python and pydantic let it be."""
    cleaned = _GAP.sub("_", unicodedata.normalize("NFKC", column)).strip("_")
    wanted = column if column.isidentifier() and unicodedata.normalize("NFKC", column) == column else cleaned
    return _free(
        wanted if wanted.isidentifier() and wanted[0] != "_" else f"field_{cleaned}".strip("_"), "field", _FIELDS, taken
    )


def _free(wanted: str, otherwise: str, reserved: Collection[str], taken: Collection[str]) -> str:
    """Give a name that is free, with an underscore behind what is reserved and a number behind what is taken."""
    name = wanted if wanted.isidentifier() else otherwise
    name = f"{name}_" if name in reserved else name
    number, free = 2, name
    while free in taken:
        free, number = f"{name}{number}", number + 1
    return free
