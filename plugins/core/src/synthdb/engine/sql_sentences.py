"""Saying in words how SQLite would read: one sentence for each step of a query plan that is worth one."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from synthdb.catalog.model import StoredTable
from synthdb_host.catalog import ForeignKey, Index, UniqueKey

__all__ = ["Node", "Places", "Sentence", "sentences_of"]


@dataclass(frozen=True, slots=True)
class Places:
    """What the physical names in a plan stand for; all names are in lower case.

    ``tables`` are by their physical name and by those of their layers. ``indexes`` have the logical names of their
    columns. ``beside`` are the indexes of tables that hold versions beside those of the main branch. ``hidden`` are the
    columns, by logical table, that must not be named; there is an entry for every table with a restriction.
    """

    tables: Mapping[str, StoredTable]
    indexes: Mapping[str, tuple[str, ...]]
    beside: frozenset[str]
    hidden: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Node:
    """A line of ``EXPLAIN QUERY PLAN``."""

    id: int
    parent: int
    detail: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A step: how deep it is nested, what it does, to which table with which index, and through how many rows."""

    level: int
    text: str
    plan: str
    table: str | None = None
    index: str | None = None
    rows: int | None = None


_SILENT: Final = re.compile(
    r"COMPOUND QUERY|LEFT-MOST SUBQUERY|UNION ALL|MERGE \(.*\)|LEFT|RIGHT|SETUP|INDEX \d+|BLOOM FILTER ON .*"
)
"""What only divides a plan, or is done beside a step that says enough."""

_STEPS: Final = (
    (r"(?:SCAN )?\d* ?CONSTANT ROWS?|SCAN CONSTANT ROW", "Reads no table."),
    (r"UNION USING TEMP B-TREE", "Puts the results together in memory and leaves out repeated rows."),
    (r"INTERSECT USING TEMP B-TREE", "Keeps in memory the rows that both results have."),
    (r"EXCEPT USING TEMP B-TREE", "Leaves out, in memory, the rows that the other result has."),
    (r"USE TEMP B-TREE FOR ORDER BY", "Sorts the rows in memory."),
    (r"USE TEMP B-TREE FOR .* OF ORDER BY", "Sorts rows in memory that an index has sorted in part."),
    (r"USE TEMP B-TREE FOR GROUP BY", "Sorts the rows in memory to group them."),
    (r"USE TEMP B-TREE FOR .*", "Remembers values in memory to leave out repeated ones."),
    (r"CORRELATED SCALAR SUBQUERY \d+", "For each row, runs a subquery:"),
    (r"CORRELATED LIST SUBQUERY \d+", "For each row, lists the values of a subquery:"),
    (r"SCALAR SUBQUERY \d+", "Runs a subquery once:"),
    (r"LIST SUBQUERY \d+", "Lists the values of a subquery once:"),
    (r"REUSE LIST SUBQUERY \d+", "Uses the values that were listed before."),
    (r"MULTI-INDEX (?:OR|AND)", "Looks up each side of the condition by itself:"),
    (r"RECURSIVE STEP", "Repeats until there are no new rows:"),
)
_STEP: Final = tuple((re.compile(pattern), text) for pattern, text in _STEPS)
_COMPUTED: Final = re.compile(r"(?:CO-ROUTINE|MATERIALIZE) (.*)")
_ACCESS: Final = re.compile(
    r"(?P<verb>SCAN|SEARCH) (?:main\.)?(?P<name>.+?)(?: VIRTUAL TABLE INDEX (?P<virtual>.*))?"
    r"(?: USING (?P<using>.+?)(?: \((?P<terms>.*)\))?)?(?: (?:LEFT|RIGHT)-JOIN)?"
)
_TERM: Final = re.compile(r"(?:ANY\()?\(?(?P<columns>[^=<>]*?)\)?(?P<operator>[=<>].*)?")


def sentences_of(nodes: Sequence[Node], places: Places, count: Callable[[str], int]) -> list[Sentence]:
    """Write down a plan; ``count`` counts the rows of a table.

    A table that is read in layers, as branches and past states are, is described as its main layer is read.
    """
    children: dict[int, list[Node]] = {}
    for node in nodes:
        children.setdefault(node.parent, []).append(node)
    found: dict[tuple[int, str], Sentence] = {}
    for sentence in _Writer(children, places, count).write(0, 0):
        found.setdefault((sentence.level, sentence.text), sentence)
    return list(found.values())


class _Writer:
    def __init__(self, children: Mapping[int, list[Node]], places: Places, count: Callable[[str], int]) -> None:
        self._children = children
        self._places = places
        self._count = count
        self._computed: set[str] = set()

    def write(self, parent: int, level: int) -> Iterator[Sentence]:
        """Give the sentences of the steps below one."""
        for node in self._children.get(parent, ()):
            if self._is_check(node):
                continue
            sentence = self._sentence(node, level)
            if sentence is not None:
                yield sentence
            yield from self.write(node.id, level + (sentence is not None and sentence.text.endswith(":")))

    def _is_check(self, node: Node) -> bool:
        """Say whether a subquery only asks whether a branch has another version of a row."""
        inner = self._children.get(node.id, ())
        return bool(inner) and all(_layer(item) == "_x" for item in inner)

    def _sentence(self, node: Node, level: int) -> Sentence | None:
        if _SILENT.fullmatch(node.detail):
            return None
        computed = _COMPUTED.fullmatch(node.detail)
        if computed:
            return self._computing(computed[1], node, level)
        for pattern, text in _STEP:
            if pattern.fullmatch(node.detail):
                return Sentence(level, text, node.detail)
        access = _ACCESS.fullmatch(node.detail)
        return self._access(access, node, level) if access else Sentence(level, node.detail, node.detail)

    def _computing(self, name: str, node: Node, level: int) -> Sentence | None:
        self._computed.add(name.lower())
        if name.lower() in self._places.tables:
            return None
        return Sentence(level, f"Works out the rows of {name}:", node.detail)

    def _access(self, access: re.Match[str], node: Node, level: int) -> Sentence | None:
        name, using = access["name"].lower(), access["using"] or ""
        if access["virtual"] is not None:
            return Sentence(level, "Goes through the items of JSON values.", node.detail)
        table = self._places.tables.get(name)
        index = using.rpartition("INDEX ")[2].lower()
        if index in self._places.beside:
            return None
        columns = self._columns(table, access["terms"])
        called = table.name if table else access["name"]
        if using.startswith("AUTOMATIC"):
            on = f"an index on {columns} of {called}" if columns else f"an index of {called}"
            text = f"Builds {on} for this statement alone; one that is kept saves that."
            return Sentence(level, text, node.detail, called)
        if table is None or name in self._computed:
            return None if table else Sentence(level, f"Goes through the rows of {called}.", node.detail)
        return self._reading(table, _Access(access["verb"], using, index, columns, access["terms"] or ""), node, level)

    def _reading(self, table: StoredTable, access: "_Access", node: Node, level: int) -> Sentence:
        indexed = self._places.indexes.get(access.index, ())
        index = _index_name(table, indexed) if indexed and self._hidden(table).isdisjoint(indexed) else None
        shown = f" with the index {index}" if index else ""
        if access.verb == "SEARCH":
            by = f" by {access.columns}" if access.columns else ""
            text = f"Finds rows of {table.name}{by}{shown}."
            if not access.terms:
                text = f"Reads the first or the last row of {table.name}{shown}."
            return Sentence(level, text, node.detail, table.name, index)
        rows = self._count(table.name)
        size = f"{rows} row{'' if rows == 1 else 's'}"
        if access.using.startswith("COVERING"):
            text = f"Reads the whole index {index or ''} of {table.name} ({size}).".replace("  ", " ")
        elif index:
            text = f"Reads the whole table {table.name} ({size}) in the order of the index {index}."
        else:
            text = f"Reads the whole table {table.name} ({size})."
        return Sentence(level, text, node.detail, table.name, index, rows)

    def _hidden(self, table: StoredTable) -> frozenset[str]:
        return self._places.hidden.get(table.name, frozenset())

    def _columns(self, table: StoredTable | None, terms: str | None) -> str:
        """Name the columns that rows are looked up by: ``year and a range of title``."""
        found: dict[str, str] = {}
        for term in (terms or "").split(" AND "):
            match = _TERM.fullmatch(term)
            for physical in match["columns"].split(",") if match and match["columns"] else ():
                name = _logical(table, physical)
                if table is not None and name in self._hidden(table):
                    continue
                is_range = match is not None and match["operator"] not in ("=?", None)
                found.setdefault(name, f"a range of {name}" if is_range else name)
        return " and ".join(found.values())


@dataclass(frozen=True, slots=True)
class _Access:
    verb: str
    using: str
    index: str
    columns: str
    terms: str


def _layer(node: Node) -> str | None:
    match = re.match(r"SEARCH (_x)\d+ ", node.detail)
    return match[1] if match else None


def _logical(table: StoredTable | None, physical: str) -> str:
    if table is None:
        return physical
    if physical == "rowid":
        return table.table.identity
    return next((name for name, column in table.columns.items() if column.physical == physical), physical)


def _index_name(table: StoredTable, columns: tuple[str, ...]) -> str:
    """Name an index as its table does, else by its columns."""
    declared: list[Index | UniqueKey | ForeignKey] = [*table.table.indexes, *table.table.unique_keys]
    declared += table.table.foreign_keys
    found = next((item.name for item in declared if item.columns == columns), None)
    return found or f"({', '.join(columns)})"
