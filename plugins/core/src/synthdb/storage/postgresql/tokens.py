"""Tokens of a statement, and what rewriting them needs to find."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

__all__ = ["Token", "closing", "is_call", "operand_start", "sql_of", "tokens_of", "word"]

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|/\*.*?\*/)|(?P<text>[eE]?'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")*")"""
    r"""|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<place>\?\d*)|(?P<word>[A-Za-z_][A-Za-z_0-9]*)"""
    r"""|(?P<sign>->>|->|\|\||<>|!=|<=|>=|.)""",
    re.DOTALL,
)


class Token(NamedTuple):
    """A piece of SQL. ``word`` is its text in capitals where it is a word or a sign, else nothing."""

    kind: str
    text: str

    @property
    def word(self) -> str:
        """The word or sign, in capitals."""
        return self.text.upper() if self.kind in ("word", "sign") else ""


def tokens_of(sql: str) -> list[Token]:
    """Take a statement apart; white space and comments are left out."""
    found = (Token(match.lastgroup or "", match.group()) for match in _TOKEN.finditer(sql))
    return [token for token in found if token.kind != "space"]


def sql_of(tokens: Sequence[Token]) -> str:
    """Put a statement together again."""
    return " ".join([token.text for token in tokens])


def word(text: str) -> Token:
    """Make a token of a word or sign."""
    return Token("word" if text[0].isalpha() or text[0] == "_" else "sign", text)


def is_call(tokens: Sequence[Token], at: int, *names: str) -> bool:
    """Say whether a function of one of these names is called here."""
    return tokens[at].word in names and at + 1 < len(tokens) and tokens[at + 1].text == "("


def closing(tokens: Sequence[Token], opening: int) -> int:
    """Give the place of the parenthesis that closes the one at ``opening``."""
    depth = 0
    for at in range(opening, len(tokens)):
        if tokens[at].text == "(":
            depth += 1
        elif tokens[at].text == ")":
            depth -= 1
            if not depth:
                return at
    return len(tokens)


def operand_start(tokens: Sequence[Token], end: int) -> int:
    """Give where the operand begins whose last token is at ``end``: a name with its prefix, or a call."""
    at = end
    if tokens[at].text == ")":
        depth = 0
        while at >= 0:
            depth += (tokens[at].text == ")") - (tokens[at].text == "(")
            if not depth:
                break
            at -= 1
        if at > 0 and tokens[at - 1].kind == "word":
            at -= 1
    while at >= 2 and tokens[at - 1].text == ".":  # noqa: PLR2004 - a prefix is two tokens
        at -= 2
    return at
