"""The select parameter: which columns, aggregates and embeds a result has."""

import re
from dataclasses import dataclass

from synthdb.rest.columns import result_name, scan_source
from synthdb.rest.limits import Limits
from synthdb.rest.scanner import Scanner
from synthdb_host.errors import InvalidSelect, TooComplex
from synthdb_host.operations import Aggregate, ColumnRef, Output

__all__ = ["EVERYTHING", "EmbedItem", "Selection", "parse_select"]

_PLAIN = re.compile(r"[^\W\d]\w*(?:,[^\W\d]\w*){0,99}")
_JOINS = {"inner": True, "left": False}


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected of one table, in order; a None among ``outputs`` is ``*``."""

    outputs: tuple[Output | None, ...] = ()
    embeds: tuple["EmbedItem", ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it can become a select without a catalog: no embeds, and ``*`` only alone."""
        return not self.embeds and (None not in self.outputs or len(self.outputs) == 1)


@dataclass(frozen=True, slots=True)
class EmbedItem:
    """One embed as written: ``name:target!hint!inner(selection)``, or with ``...`` before it a spread."""

    name: str
    target: str
    selection: Selection
    hint: str | None = None
    inner: bool = False
    spread: bool = False


EVERYTHING = Selection((None,))
"""What ``select=*`` means."""


def parse_select(text: str, limits: Limits) -> Selection:
    """Read a select parameter.

    Raises:
        InvalidSelect: it cannot be read; the message names the character.
        TooComplex: it is nested too deeply or too long.
    """
    if text in ("", "*"):
        return EVERYTHING
    if _PLAIN.fullmatch(text):
        names = dict.fromkeys(text.split(","))
        return Selection(tuple([Output(ColumnRef(name), name) for name in names]))
    reader = _Reader(Scanner(text, "query parameter 'select'", InvalidSelect), limits)
    selection = reader.selection(0)
    reader.scanner.end()
    return selection


@dataclass(slots=True)
class _Reader:
    scanner: Scanner
    limits: Limits
    items: int = 0
    embeds: int = 0

    def selection(self, depth: int) -> Selection:
        outputs: dict[Output | None, None] = {}
        embeds: dict[str, EmbedItem] = {}
        while True:
            self._count(depth)
            item = self._item(depth)
            if not isinstance(item, EmbedItem):
                outputs[item] = None
            elif embeds.setdefault(item.name, item) is not item:
                self.scanner.fail(f"another name than {item.name!r}, which an embed has already")
            if not self.scanner.take(","):
                return Selection(tuple(outputs), tuple(embeds.values()))

    def _count(self, depth: int) -> None:
        self.items += 1
        if self.items > self.limits.items:
            raise TooComplex(f"More than {self.limits.items} items are selected.", where=self.scanner.where)
        if depth > self.limits.embed_depth or self.embeds > self.limits.embeds:
            raise TooComplex(
                f"More than {self.limits.embeds} embeds, or deeper than {self.limits.embed_depth}.",
                where=self.scanner.where,
            )

    def _item(self, depth: int) -> Output | EmbedItem | None:
        scanner = self.scanner
        scanner.spaces()
        if scanner.take("..."):
            return self._embed(scanner.name("a relation"), None, depth, spread=True)
        if scanner.take("*"):
            scanner.spaces()
            return None
        name = scanner.name("a column or a relation")
        alias = None
        if scanner.at(":") and not scanner.at("::"):
            scanner.position += 1
            alias, name = name, scanner.name("a column or a relation")
        if scanner.at("!") or (scanner.at("(") and not (name == "count" and scanner.at("()"))):
            return self._embed(name, alias, depth, spread=False)
        return self._output(scan_source(scanner, name), alias)

    def _output(self, source: ColumnRef | Aggregate, alias: str | None) -> Output:
        self.scanner.spaces()
        return Output(source, alias or result_name(source))

    def _embed(self, target: str, alias: str | None, depth: int, *, spread: bool) -> EmbedItem:
        self.embeds += 1
        hint, inner = None, False
        while self.scanner.take("!"):
            word = self.scanner.name("a hint, inner or left")
            if word in _JOINS:
                inner = _JOINS[word]
            elif hint is None:
                hint = word
            else:
                self.scanner.fail("one hint only")
        self.scanner.expect("(")
        self.scanner.spaces()
        selection = Selection() if self.scanner.at(")") else self.selection(depth + 1)
        self.scanner.expect(")")
        self.scanner.spaces()
        return EmbedItem(alias or target, target, selection, hint, inner, spread)
