"""The words of a SQL statement as PostgreSQL divides them, to find its parameters and the tables that it may mean.

Nothing rests on it: what a statement reads and calls, PostgreSQL says itself (see ``judging``).
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from synthdb_host.errors import InvalidSql

__all__ = ["Word", "words_of", "written"]

_HIGH: Final = "\u0080-\U0010ffff"
_WORD: Final = re.compile(
    r"""
      (?P<space>\s+|--[^\n\r]*|/\*(?:[^*/]|\*(?!/)|/(?!\*))*\*/)
    | (?P<string>[eE]'(?:[^'\\]|\\.|'')*'|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*')
    | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*")
    | (?P<name>[A-Za-z_HIGH][A-Za-z0-9_$HIGH]*)
    | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<parameter>\?[0-9]*)
    | (?P<other>[-+*/%|&<>=!~.,;()\[\]:^\#@])
    """.replace("HIGH", _HIGH),
    re.VERBOSE | re.DOTALL,
)
_LONGEST: Final = 100_000
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufeff]")
_BEGINNINGS: Final = frozenset({"select", "values", "with"})


class Word(NamedTuple):
    """A word: its kind, its text as written, and the place where it begins."""

    kind: str
    text: str
    start: int

    @property
    def name(self) -> str:
        """What it names, in lower case; nothing if it names nothing."""
        if self.kind == "quoted":
            return self.text.strip('uU&"').replace('""', '"').lower()
        return self.text.lower() if self.kind == "name" else ""


def words_of(statement: str) -> list[Word]:
    """Divide a statement, without spaces and comments, and without a semicolon at its end.

    Raises:
        InvalidSql: it is no single reading statement, is too long, or has what cannot stand in one.
    """
    if len(statement) > _LONGEST:
        raise InvalidSql(f"A statement has at most {_LONGEST} characters.")
    if _FORBIDDEN.search(statement):
        raise InvalidSql("A statement holds no control characters and no byte order mark.")
    found, at = [], 0
    while at < len(statement):
        match = _WORD.match(statement, at)
        if match is None or match.lastgroup is None:
            piece = statement[at : at + 20]
            raise InvalidSql(f"{piece!r} cannot stand in a statement.", hint="Parameters are written as ?.")
        at = match.end()
        if match.lastgroup != "space":
            found.append(Word(match.lastgroup, match[0], match.start()))
    if found and found[-1].text == ";":
        found.pop()
    if any(word.text == ";" for word in found):
        raise InvalidSql("Only one statement can be run at a time.")
    if not found or found[0].name not in _BEGINNINGS:
        raise InvalidSql("Only a single SELECT, WITH or VALUES statement can be run.")
    return found


def written(statement: str, words: Sequence[Word], places: Sequence[str]) -> str:
    """Write a statement with something else in the place of each parameter: ``places`` are by their numbers.

    Raises:
        InvalidSql: there are more parameters in it than places.
    """
    pieces, at, highest = [], 0, 0
    for word in words:
        if word.kind == "parameter":
            number = int(word.text[1:] or highest + 1)
            highest = max(highest, number)
            if not 0 < number <= len(places):
                raise InvalidSql(f"The statement wants a value for parameter {number}, {len(places)} are given.")
            pieces += [statement[at : word.start], places[number - 1]]
            at = word.start + len(word.text)
    end = words[-1].start + len(words[-1].text)
    return "".join([*pieces, statement[at:end]])
