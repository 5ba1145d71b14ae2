"""From rows to the objects of a response, whose members come in the order in which they were asked for."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any, Final, Literal

import msgspec
from graphql import GraphQLError

from synthdb.graphql.plans.collecting import Selected
from synthdb_host.encoding import ResultColumn

__all__ = ["Cell", "Constant", "Layout", "Member", "Rows", "Shaper", "Within", "shaper"]

Shaper = Callable[[Sequence[Sequence[Any]]], list[Any]]
"""Turns rows of a result into objects that msgspec encodes."""

_Column = Callable[[Sequence[Sequence[Any]], int], Iterable[Any]]
"""Gives something for each row of a result, whose columns and size are given."""

_MOST_INT: Final = 2**31 - 1


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


Member = Cell | Constant | Rows | Within


@dataclass(frozen=True, slots=True)
class Layout:
    """An object that a field gives: its members by their names."""

    members: tuple[tuple[str, Member], ...]
    field: Selected


def shaper(layout: Layout, columns: Sequence[ResultColumn]) -> Shaper:
    """Make what turns rows of these columns into objects."""
    by_column = _object(layout, columns)
    return lambda rows: list(by_column(list(zip(*rows, strict=True)), len(rows)))


def _object(layout: Layout, columns: Sequence[ResultColumn]) -> _Column:
    places = {column.name: place for place, column in enumerate(columns)}
    make = _struct([name for name, _ in layout.members])
    cells = [_cells(member, places, columns) for _, member in layout.members]
    if not cells:
        # All members may be skipped.
        return lambda _found, size: [make() for _ in range(size)]
    return lambda found, size: map(make, *[cell(found, size) for cell in cells])


def _struct(names: Sequence[str]) -> Callable[..., Any]:
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


def _values(place: int, convert: Callable[[Any], Any] | None) -> _Column:
    if convert is None:
        return lambda found, size: found[place] if size else ()
    return lambda found, size: [None if cell is None else convert(cell) for cell in found[place]] if size else ()


def _int(value: Any) -> int:  # noqa: ANN401 - a number, or how it is spelled
    number = int(value)
    if number > _MOST_INT:
        raise GraphQLError(f"Int cannot represent non 32-bit signed integer value: {number}")
    return number


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


def _counts(layout: Layout) -> Iterator[str]:
    """Name the columns that are zero where there are no rows."""
    for _, member in layout.members:
        if isinstance(member, Within):
            yield from _counts(member.layout)
        elif isinstance(member, Cell) and member.whole:
            yield member.column
