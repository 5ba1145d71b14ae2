"""The words of a SQL statement, divided exactly as SQLite divides them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from synthdb_host.errors import InvalidSql

__all__ = ["Token", "fill", "tokens_of"]

_HIGH: Final = "\u0080-\U0010ffff"
_TOKEN: Final = re.compile(
    r"""
      (?P<space>[ \t\n\r\f]+|--[^\n]*|/\*(?:.*?\*/|.*))
    | (?P<blob>[xX]'[^']*')
    | (?P<string>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
    | (?P<name>[A-Za-z_HIGH][A-Za-z0-9_HIGH]*)
    | (?P<number>0[xX][0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<parameter>\?[0-9]*)
    | (?P<other>[-+*/%|&<>=!~.,;()])
    """.replace("HIGH", _HIGH),
    re.VERBOSE | re.DOTALL,
)
_LONGEST: Final = 100_000
# SQLite takes a byte order mark for a space in some places and for a letter in others.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufeff]")


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a statement: its kind and its text as written, from the place ``start`` on.

    Kinds are blob, string, quoted, name, number, parameter and other. ``value`` is what a quoted name or a
    string stands for.
    """

    kind: str
    text: str
    value: str
    start: int

    @property
    def may_name(self) -> bool:
        """Say whether SQLite would take it for the name of something; it takes strings too."""
        return self.kind in ("name", "quoted", "string")


def tokens_of(statement: str) -> list[Token]:
    """Divide a statement into its words, without spaces and comments.

    Raises:
        InvalidSql: it is too long, or has a character that SQL has no use for.
    """
    if len(statement) > _LONGEST:
        raise InvalidSql(f"A statement has at most {_LONGEST} characters.")
    if _FORBIDDEN.search(statement):
        raise InvalidSql("A statement holds no control characters and no byte order mark.")
    tokens, position = [], 0
    while position < len(statement):
        match = _TOKEN.match(statement, position)
        if match is None or match.lastgroup is None:
            raise InvalidSql(
                f"{statement[position : position + 20]!r} cannot stand in a statement.",
                hint="Parameters are written as ?.",
            )
        position = match.end()
        if match.lastgroup != "space":
            tokens.append(Token(match.lastgroup, match[0], _value(match.lastgroup, match[0]), match.start()))
    return tokens


def fill(statement: str, tokens: Iterable[Token], constants: Iterable[str]) -> str:
    """Write constants in the places of a statement's parameters, one after the other."""
    pieces, position, values = [], 0, iter(constants)
    for token in tokens:
        if token.kind == "parameter":
            pieces += [statement[position : token.start], next(values)]
            position = token.start + len(token.text)
    return "".join([*pieces, statement[position:]])


def _value(kind: str, text: str) -> str:
    if kind not in ("quoted", "string"):
        return text
    close = text[-1]
    return text[1:-1].replace(close * 2, close) if close != "]" else text[1:-1]
