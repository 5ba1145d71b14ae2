"""Regular expressions whose cost is bounded, with Python's syntax and PostgreSQL's meaning of ``.`` and ``$``.

Python's engine backtracks and cannot be interrupted. It is used where its cost is small by the form of the
pattern and the length of the text; everything else is matched by an automaton, slower but linear. What only a
backtracking engine can do (back references, look-around, possessive repetition) is refused.
"""

import re
import re._compiler as compiler  # type: ignore[import-not-found]  # the parse tree of re, undocumented but stable
import re._constants as tokens  # type: ignore[import-not-found]  # has no types
import re._parser as parser  # type: ignore[import-not-found]  # has no types
from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Any, Final

from synthdb.engine.automaton import REPEATS, Automaton
from synthdb_host.errors import InvalidValue

__all__ = ["Pattern", "Tree", "check_pattern", "pattern_of"]

Tree = Any
"""A part of the parse tree of re."""

_LONGEST: Final = 500
_SMALL_COST: Final = 100_000
_MOST_BACKTRACKING: Final = 4
_NEVER: Final = 99
_REFUSED: Final = {
    tokens.GROUPREF: "back references",
    tokens.GROUPREF_EXISTS: "conditional groups",
    tokens.ASSERT: "look-around",
    tokens.ASSERT_NOT: "look-around",
    tokens.POSSESSIVE_REPEAT: "possessive repetition",
    tokens.ATOMIC_GROUP: "atomic groups",
}


class Pattern:
    """A regular expression that was accepted.

    Raises:
        InvalidValue: it is not one, or needs what is not offered.
    """

    def __init__(self, text: str, *, fold: bool) -> None:
        flags = re.DOTALL | (re.IGNORECASE if fold else 0)
        try:
            tree = parser.parse(text, flags)
            _prepare(tree)
            self._tree = tree
            self._flags = int(tree.state.flags)
            self._degree = 1 + _open_repeats(tree, inside=False)
            self._backtracking: re.Pattern[str] = compiler.compile(tree, self._flags)
            if self._flags & re.MULTILINE:
                raise InvalidValue("Regular expressions here have no multi-line mode.")
            self._automaton.search("")
        except (re.error, OverflowError, RecursionError) as error:
            raise InvalidValue(f"{text!r} is not a regular expression: {error}.") from error

    @cached_property
    def _automaton(self) -> Automaton:
        return Automaton(self._tree, self._flags)

    def search(self, text: str) -> bool:
        """Say whether it occurs in a text."""
        if self._degree <= _MOST_BACKTRACKING and len(text) ** self._degree <= _SMALL_COST:
            return self._backtracking.search(text) is not None
        return self._automaton.search(text)


def check_pattern(value: object) -> str | None:
    """Accept a regular expression.

    Raises:
        InvalidValue: it is not one, is too long, or needs what is not offered.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidValue("A regular expression is text.")
    pattern_of(str(value), fold=False)
    return str(value)


@lru_cache(maxsize=128)
def pattern_of(text: str, *, fold: bool) -> Pattern:
    """Compile a regular expression; ``fold``: upper and lower case are the same.

    Raises:
        InvalidValue: see :func:`check_pattern`.
    """
    if len(text) > _LONGEST:
        raise InvalidValue(f"A regular expression has at most {_LONGEST} characters.")
    return Pattern(text, fold=fold)


def _children(kind: Tree, argument: Tree) -> Iterable[Tree]:
    if kind is tokens.BRANCH:
        return list(argument[1])
    if kind is tokens.SUBPATTERN or kind in REPEATS:
        return [argument[-1]]
    return []


def _prepare(tree: Tree) -> None:
    """Refuse what is not offered, and let ``$`` mean the very end, as in PostgreSQL."""
    for position, (kind, argument) in enumerate(tree):
        if kind in _REFUSED:
            raise InvalidValue(f"Regular expressions here have no {_REFUSED[kind]}.")
        if kind is tokens.SUBPATTERN and argument[1] & re.MULTILINE:
            raise InvalidValue("Regular expressions here have no multi-line mode.")
        if kind is tokens.AT and argument is tokens.AT_END:
            tree[position] = (kind, tokens.AT_END_STRING)
        for child in _children(kind, argument):
            _prepare(child)


def _open_repeats(tree: Tree, *, inside: bool) -> int:
    """Count the repetitions that multiply backtracking's cost; very many if one repeats another or a choice."""
    found = 0
    for kind, argument in tree:
        repeats = kind in REPEATS and argument[0] != argument[1]
        if inside and (repeats or kind is tokens.BRANCH):
            return _NEVER
        below = sum(_open_repeats(child, inside=inside or kind in REPEATS) for child in _children(kind, argument))
        found += repeats + below
    return min(found, _NEVER)
