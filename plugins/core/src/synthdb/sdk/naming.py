"""Names in programs, made from names of tables: the same in every language, always the same, never twice."""

import unicodedata
from collections.abc import Collection, Iterable

__all__ = ["SUFFIXES", "base_name", "base_names"]

SUFFIXES = ("", "Row", "Insert", "Update", "Found", "Column", "Relations", "Table", "Arguments", "Query")
"""What is written behind the name of a table; no name may be another one with something of these behind it."""

_RESERVED = frozenset({"None", "True", "False"})
_OTHERWISE = "T"


def base_names(tables: Iterable[str], reserved: Collection[str] = ()) -> dict[str, str]:
    """Give each table or query the name that its types begin with: ``people_of_note`` gets ``PeopleOfNote``.

    Args:
        tables: the names of the tables, or of the queries.
        reserved: names that mean something else in the generated program.
    """
    taken = {*_RESERVED, *reserved}
    found: dict[str, str] = {}
    for table in sorted(tables):
        name = base_name(table)
        number, free = 2, name
        while any(f"{free}{suffix}" in taken for suffix in SUFFIXES):
            free, number = f"{name}{number}", number + 1
        taken |= {f"{free}{suffix}" for suffix in SUFFIXES}
        found[table] = free
    return found


def base_name(name: str) -> str:
    """Write a name with a capital at the beginning of each word, and only letters and digits that every language takes.

    A letter that has no capital is none at the beginning, where Go wants one.
    """
    words = _letters(unicodedata.normalize("NFKC", name)).split()
    # Some capitals are a letter and a mark.
    joined = "".join(_letters(word[:1].upper()).strip() + word[1:] for word in words)
    return joined if unicodedata.category(joined[:1] or " ") == "Lu" else f"{_OTHERWISE}{joined}"


def _letters(text: str) -> str:
    """Put a space for each character that is no letter and no digit in every language."""
    return "".join(letter if letter.isalpha() or letter.isdecimal() else " " for letter in text)
