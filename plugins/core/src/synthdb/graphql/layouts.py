"""From rows to the objects of a response, whose members come in the order in which they were asked for."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, repeat
from typing import Any, Final, Literal

import msgspec
from graphql import GraphQLError

from synthdb.graphql.plans.collecting import Selected
from synthdb.graphql.tokens import token_of
from synthdb_host.encoding import ResultColumn

__all__ = [
    "Cell",
    "Connected",
    "Constant",
    "Edges",
    "Fact",
    "Layout",
    "Member",
    "Page",
    "Rows",
    "Shaper",
    "Token",
    "Within",
    "connected",
    "is_plain",
    "shaper",
]  # fmt: skip

Shaper = Callable[[Sequence[Sequence[Any]]], list[Any]]
"""Turns rows of a result into objects that msgspec encodes."""

_Column = Callable[[Sequence[Sequence[Any]], int], Iterable[Any]]
"""Gives something for each row of a result, whose columns and size are given."""

_MOST_INT: Final = 2**31 - 1
_MOST_CLASSES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Cell:
    """The value of a column of the result, null where there is none; ``whole`` is a number of 32 bits."""

    column: str
    field: Selected
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """The same in every row."""

    value: object


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of an embed: a list, one or none, or the only one there can be."""

    column: str
    layout: "Layout"
    how: Literal["many", "one", "only"]


@dataclass(frozen=True, slots=True)
class Within:
    """An object made of the same row."""

    layout: "Layout"


@dataclass(frozen=True, slots=True)
class Token:
    """An opaque text about values of the same row."""

    head: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of ``size`` rows, which are read with one row more, and in the other direction with ``backward``.

    Rows are known to be ``behind`` the first one that is read, or ``ahead`` of the last one.
    """

    size: int
    behind: bool
    ahead: bool = False
    backward: bool = False

    def cut(self, rows: Sequence[Any]) -> tuple[Sequence[Any], bool]:
        """Give the rows of the page, and whether there are more in the direction of reading."""
        shown = rows[: self.size]
        return shown[::-1] if self.backward else shown, len(rows) > self.size or self.ahead


@dataclass(frozen=True, slots=True)
class Connected:
    """A page of the rows of an embed, with what is known of it."""

    column: str
    layout: "Layout"
    page: Page


@dataclass(frozen=True, slots=True)
class Edges:
    """The rows of a page, each with its cursor."""

    layout: "Layout"


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of a page; ``token`` makes cursors."""

    part: str
    token: Token


Member = Cell | Connected | Constant | Edges | Fact | Rows | Token | Within


@dataclass(frozen=True, slots=True)
class Layout:
    """An object that a field gives: its members by their names."""

    members: tuple[tuple[str, Member], ...]
    field: Selected


def shaper(layout: Layout, columns: Sequence[ResultColumn]) -> Shaper:
    """Make what turns rows of these columns into objects."""
    by_column = _object(layout, columns)
    return lambda rows: list(by_column(list(zip(*rows, strict=True)), len(rows)))


def is_plain(layout: Layout, columns: Sequence[ResultColumn]) -> bool:
    """Say whether objects have these columns as their members, in this order and under these names."""
    return [column.name for column in columns] == [
        name if isinstance(member, Cell) and member.column == name and not member.whole else None
        for name, member in layout.members
    ]


def _object(layout: Layout, columns: Sequence[ResultColumn]) -> _Column:
    places = {column.name: place for place, column in enumerate(columns)}
    make = _struct(tuple([name for name, _ in layout.members]))
    cells = [_cells(member, places, columns) for _, member in layout.members]
    if not cells:
        # All members may be skipped.
        return lambda _found, size: [make() for _ in range(size)]
    return lambda found, size: map(make, *[cell(found, size) for cell in cells])


@lru_cache(_MOST_CLASSES)
def _struct(names: tuple[str, ...]) -> Callable[..., Any]:
    fields = [f"f{place}" for place in range(len(names))]
    return msgspec.defstruct("Object", fields, rename=dict(zip(fields, names, strict=True)), gc=False)


def _cells(member: Member, places: Mapping[str, int], columns: Sequence[ResultColumn]) -> _Column:
    match member:
        case Constant(value):
            return lambda _found, size: repeat(value, size)
        case Within(layout):
            return _object(layout, columns)
        case Rows():
            place = places[member.column]
            return _nested(member, place, columns[place].nested or ())
        case Cell():
            place = places.get(member.column, -1)
            if place < 0:
                return lambda _found, size: repeat(None, size)
            return _values(place, _int if member.whole else columns[place].to_json)
        case Token(head, names):
            return _tokens(head, [_values(places[name], columns[places[name]].to_json) for name in names])
        case Connected():
            place = places[member.column]
            pages = connected(member, columns[place].nested or ())
            return lambda found, size: pages(found[place]) if size else ()
        case Edges() | Fact():
            raise AssertionError(member)


def _values(place: int, convert: Callable[[Any], Any] | None) -> _Column:
    if convert is None:
        return lambda found, size: found[place] if size else ()
    return lambda found, size: [None if cell is None else convert(cell) for cell in found[place]] if size else ()


def _int(value: Any) -> int:  # noqa: ANN401 - a number, or how it is spelled
    number = int(value)
    if number > _MOST_INT:
        raise GraphQLError(f"Int cannot represent non 32-bit signed integer value: {number}")
    return number


def _tokens(head: str, cells: Sequence[_Column]) -> _Column:
    def write(found: Sequence[Sequence[Any]], size: int) -> Iterable[str]:
        return [token_of(head, values) for values in zip(*[cell(found, size) for cell in cells], strict=True)]

    return write


def _nested(member: Rows, place: int, columns: Sequence[ResultColumn]) -> _Column:
    inner = shaper(member.layout, columns)

    def many(found: Sequence[Sequence[Any]], size: int) -> Iterable[Any]:
        cells = found[place] if size else ()
        shaped = iter(inner([row for rows in cells for row in rows or ()]))
        return [list(islice(shaped, len(rows or ()))) for rows in cells]

    def one(found: Sequence[Sequence[Any]], size: int) -> Iterable[Any]:
        cells = found[place] if size else ()
        shaped = iter(inner([row for row in cells if row is not None]))
        return [None if row is None else next(shaped) for row in cells]

    def only(found: Sequence[Sequence[Any]], size: int) -> Iterable[Any]:
        cells = found[place] if size else ()
        return inner([rows[0] if rows else none for rows in cells])

    counts = set(_counts(member.layout))
    none = tuple([0 if column.name in counts else None for column in columns])
    return {"many": many, "one": one, "only": only}[member.how]


# -- pages -----------------------------------------------------------------------------------------------

_Cut = Sequence[tuple[Sequence[Any], bool]]
_Paged = Callable[[_Cut], Iterable[Any]]
"""Gives something for each page."""


def connected(member: Connected, columns: Sequence[ResultColumn]) -> Callable[[Iterable[Sequence[Any]]], list[Any]]:
    """Make what turns lists of rows of these columns into connections."""
    make = _paged(member.layout, member.page, columns)
    return lambda lists: list(make([member.page.cut(rows or ()) for rows in lists]))


def _paged(layout: Layout, page: Page, columns: Sequence[ResultColumn]) -> _Paged:
    make = _struct(tuple([name for name, _ in layout.members]))
    parts = [_of_page(member, page, columns) for _, member in layout.members]
    if not parts:
        return lambda pages: [make() for _ in pages]
    return lambda pages: map(make, *[part(pages) for part in parts])


def _of_page(member: Member, page: Page, columns: Sequence[ResultColumn]) -> _Paged:
    match member:
        case Edges(layout):
            inner = shaper(layout, columns)

            def edges(pages: _Cut) -> Iterable[Any]:
                shaped = iter(inner([row for rows, _ in pages for row in rows]))
                return [list(islice(shaped, len(rows))) for rows, _ in pages]

            return edges
        case Within(layout):
            return _paged(layout, page, columns)
        case Fact(part, token):
            return _fact(part, token, page, columns)
    assert isinstance(member, Constant)  # noqa: S101 - there is nothing else in a connection
    return lambda pages: repeat(member.value, len(pages))


def _fact(part: str, token: Token, page: Page, columns: Sequence[ResultColumn]) -> _Paged:
    if part in ("hasNextPage", "hasPreviousPage"):
        if (part == "hasNextPage") != page.backward:
            return lambda pages: [more for _, more in pages]
        return lambda pages: repeat(page.behind, len(pages))
    write = _cells(token, {column.name: place for place, column in enumerate(columns)}, columns)
    end = 0 if part == "startCursor" else -1

    def cursors(pages: _Cut) -> Iterable[Any]:
        found = [rows[end] for rows, _ in pages if rows]
        tokens = iter(write(list(zip(*found, strict=True)), len(found)))
        return [next(tokens) if rows else None for rows, _ in pages]

    return cursors


def _counts(layout: Layout) -> Iterator[str]:
    """Name the columns that are zero where there are no rows."""
    for _, member in layout.members:
        if isinstance(member, Within):
            yield from _counts(member.layout)
        elif isinstance(member, Cell) and member.whole:
            yield member.column
