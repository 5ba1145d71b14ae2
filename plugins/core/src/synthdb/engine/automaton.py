"""Finite automata: regular expressions matched in time linear in the text, whatever the pattern.

The pattern's parse tree becomes a nondeterministic automaton. While texts are read, the sets of its nodes that
are reached become states of a deterministic one, kept up to a bound; a step to a known state is one look-up.
"""

import re._compiler as compiler  # type: ignore[import-not-found]  # the parse tree of re, undocumented but stable
import re._constants as tokens  # type: ignore[import-not-found]  # has no types
import re._parser as parser  # type: ignore[import-not-found]  # has no types
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from synthdb_host.errors import InvalidValue

__all__ = ["REPEATS", "Automaton", "Tree"]

Tree = Any
"""A part of the parse tree of re."""

REPEATS: Final = (tokens.MAX_REPEAT, tokens.MIN_REPEAT)

_MOST_NODES: Final = 500
_MOST_STATES: Final = 1_000
_EDGE: Final = ""


@dataclass(eq=False, slots=True)
class _Node:
    """A place in the pattern: it may take a character, ask for a position, or be left for free."""

    follow: list["_Node"] = field(default_factory=list)
    takes: Callable[[str], object] | None = None
    asks: Callable[[str, str], bool] | None = None


@dataclass(eq=False, slots=True)
class _State:
    """Nodes reached after a character, and where each next character leads; None is the end: a match."""

    nodes: frozenset[_Node]
    last: str
    steps: dict[str, "_State | None"] = field(default_factory=dict)


def _is_word(character: str) -> bool:
    return character == "_" or character.isalnum()


_POSITIONS: Final[dict[Any, Callable[[str, str], bool]]] = {
    tokens.AT_BEGINNING: lambda before, _: before == _EDGE,
    tokens.AT_BEGINNING_STRING: lambda before, _: before == _EDGE,
    tokens.AT_END: lambda _, after: after == _EDGE,
    tokens.AT_END_STRING: lambda _, after: after == _EDGE,
    tokens.AT_BOUNDARY: lambda before, after: _is_word(before) != _is_word(after),
    tokens.AT_NON_BOUNDARY: lambda before, after: _is_word(before) == _is_word(after),
}


class Automaton:
    """Says whether a pattern occurs in a text.

    Raises:
        InvalidValue: the pattern is too large.
    """

    def __init__(self, tree: Tree, flags: int) -> None:
        self._source = tree.state
        self._size = 0
        self._end = self._node()
        self._begin = self._sequence(tree, flags, self._end)
        self._known: dict[tuple[frozenset[_Node], str], _State] = {}

    # -- the nondeterministic automaton, built from its end ----------------------------------------------

    def _node(self, *follow: _Node) -> _Node:
        self._size += 1
        if self._size > _MOST_NODES:
            raise InvalidValue("The regular expression is too large; repeat fewer times.")
        return _Node(list(follow))

    def _sequence(self, tree: Iterable[Tree], flags: int, follow: _Node) -> _Node:
        for item in reversed(list(tree)):
            follow = self._item(item, flags, follow)
        return follow

    def _item(self, item: Tree, flags: int, follow: _Node) -> _Node:
        kind, argument = item
        if kind is tokens.BRANCH:
            return self._node(*[self._sequence(branch, flags, follow) for branch in argument[1]])
        if kind is tokens.SUBPATTERN:
            _, added, removed, inner = argument
            return self._sequence(inner, (flags | added) & ~removed, follow)
        if kind in REPEATS:
            return self._repeat(argument, flags, follow)
        node = self._node(follow)
        if kind is tokens.AT:
            node.asks = _POSITIONS[argument]
        else:
            # A character is compared by re itself: it knows classes, ranges and case.
            node.takes = compiler.compile(parser.SubPattern(self._source, [item]), flags).fullmatch
        return node

    def _repeat(self, argument: Tree, flags: int, follow: _Node) -> _Node:
        least, most, body = argument
        entry = follow
        if most is tokens.MAXREPEAT:
            entry = self._node(follow)
            entry.follow.append(self._sequence(body, flags, entry))
        else:
            for _ in range(most - least):
                entry = self._node(self._sequence(body, flags, entry), follow)
        for _ in range(least):
            entry = self._sequence(body, flags, entry)
        return entry

    # -- the deterministic automaton, built as texts are read --------------------------------------------

    def search(self, text: str) -> bool:
        """Say whether the pattern occurs anywhere in the text."""
        state = self._reached(frozenset(), _EDGE)
        for character in text:
            try:
                following = state.steps[character]
            except KeyError:
                following = state.steps[character] = self._step(state, character)
            if following is None:
                return True
            state = following
        return self._closure(state, _EDGE) is None

    def _step(self, state: _State, character: str) -> _State | None:
        nodes = self._closure(state, character)
        if nodes is None:
            return None
        reached = frozenset(node.follow[0] for node in nodes if node.takes and node.takes(character))
        return self._reached(reached, character if character == "_" else ("a" if character.isalnum() else "."))

    def _reached(self, nodes: frozenset[_Node], last: str) -> _State:
        found = self._known.get((nodes, last))
        if found is None:
            if len(self._known) >= _MOST_STATES:
                self._known.clear()
            found = self._known[nodes, last] = _State(nodes, last)
        return found

    def _closure(self, state: _State, after: str) -> list[_Node] | None:
        """Give the nodes reached without taking a character, None if the end is among them."""
        seen, waiting = set(state.nodes), [*state.nodes]
        if self._begin not in seen:
            seen.add(self._begin)
            waiting.append(self._begin)
        taking = []
        while waiting:
            node = waiting.pop()
            if node is self._end:
                return None
            if node.takes is not None:
                taking.append(node)
            elif node.asks is None or node.asks(state.last, after):
                fresh = [following for following in node.follow if following not in seen]
                seen.update(fresh)
                waiting += fresh
        return taking
