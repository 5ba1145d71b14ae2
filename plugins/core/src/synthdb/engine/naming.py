"""Names: what users may call things, and what they are called in the file."""

import sqlite3
import unicodedata
from collections.abc import Iterable
from typing import Final

from synthdb.storage.layout import quote
from synthdb_host.errors import DuplicateName, InvalidName

__all__ = ["checked_name", "ensure_free", "normal_name", "physical_column", "physical_table", "quote"]

_LONGEST: Final = 128
_LONGEST_PHYSICAL: Final = 50


def normal_name(name: str) -> str:
    """Give a name in the form in which the catalog holds it, NFC."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def checked_name(name: object, what: str = "column") -> str:
    """Give the NFC form of a name that a table or column may have.

    Raises:
        InvalidName: it is empty, longer than 128 characters, begins with an underscore, has control
            characters or unpaired surrogates, or white space at an end.
    """
    if not isinstance(name, str) or not name:
        raise InvalidName(f"A {what} needs a name.")
    normal = normal_name(name)
    if len(normal) > _LONGEST:
        raise InvalidName(f"The {what} name {normal[:30]!r}… is longer than {_LONGEST} characters.")
    if normal.startswith("_"):
        raise InvalidName(f"The {what} name {normal!r} begins with an underscore; such names are the engine's.")
    if normal != normal.strip() or any(unicodedata.category(character) in ("Cc", "Cs") for character in normal):
        raise InvalidName(f"The {what} name {normal!r} has control characters or white space at an end.")
    return normal


def ensure_free(name: str, taken: Iterable[str], what: str = "column") -> None:
    """Raise DuplicateName if ``taken`` has the name in any case."""
    folded = name.casefold()
    for other in taken:
        if other.casefold() == folded:
            raise DuplicateName(f"There is a {what} {other!r} already.", data={what: other})


def physical_table(connection: sqlite3.Connection, name: str) -> str:
    """Choose the name of the physical table for a new logical table."""
    rows = connection.execute("SELECT name FROM sqlite_master UNION ALL SELECT physical FROM _table")
    taken = {row[0].casefold() for row in rows}
    return _unused(name, taken | {f"_h_{used}" for used in taken}, reserved="sqlite_")


def physical_column(name: str, stored: Iterable[str]) -> str:
    """Choose the name of the physical column for a new logical or retyped column."""
    taken = {used.casefold() for used in stored} | {"_tx", "_created", "branch"}
    return _unused(name, taken, reserved="\0")


def _unused(name: str, taken: set[str], reserved: str) -> str:
    base = name.encode()[:_LONGEST_PHYSICAL].decode(errors="ignore")
    if base.casefold().startswith(reserved):
        base = f"t_{base}"
    candidate, number = base, 1
    while candidate.casefold() in taken:
        number += 1
        suffix = f"_{number}"
        candidate = base.encode()[: _LONGEST_PHYSICAL - len(suffix)].decode(errors="ignore") + suffix
    return candidate
