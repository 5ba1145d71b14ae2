"""From rows to the objects of a response, whose members come in the order in which they were asked for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any

import msgspec

from synthdb_host.encoding import ResultColumn

__all__ = ["Cell", "Constant", "Layout", "Member", "Rows", "Shaper", "shaper"]

Shaper = Callable[[Sequence[Sequence[Any]]], list[Any]]
"""Turns rows of a result into objects that msgspec encodes."""

_Column = Callable[[Sequence[Sequence[Any]], int], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Cell:
    """The value of a column of the result."""

    column: str


@dataclass(frozen=True, slots=True)
class Constant:
    """The same in every row."""

    value: object


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of an embed, or its one row."""

    column: str
    layout: "Layout"
    many: bool


Member = Cell | Constant | Rows


@dataclass(frozen=True, slots=True)
class Layout:
    """An object: its members by their names."""

    members: tuple[tuple[str, Member], ...]


def shaper(layout: Layout, columns: Sequence[ResultColumn]) -> Shaper:
    """Make what turns rows of these columns into objects."""
    places = {column.name: place for place, column in enumerate(columns)}
    names = [name for name, _ in layout.members]
    cells = [_cells(member, places, columns) for _, member in layout.members]
    make = _struct(names)
    if not cells:
        return lambda rows: [make() for _ in rows]

    def shape(rows: Sequence[Sequence[Any]]) -> list[Any]:
        size = len(rows)
        found = list(zip(*rows, strict=True))
        return list(map(make, *[cell(found, size) for cell in cells]))

    return shape


def _struct(names: Sequence[str]) -> Callable[..., Any]:
    fields = [f"f{place}" for place in range(len(names))]
    return msgspec.defstruct("Object", fields, rename=dict(zip(fields, names, strict=True)), gc=False)


def _cells(member: Member, places: Mapping[str, int], columns: Sequence[ResultColumn]) -> _Column:
    if isinstance(member, Constant):
        value = member.value
        return lambda _found, size: repeat(value, size)
    place = places[member.column]
    if isinstance(member, Rows):
        return _nested(member, place, columns[place].nested or ())
    convert = columns[place].to_json
    if convert is None:
        return lambda found, size: found[place] if size else ()
    return lambda found, size: [None if cell is None else convert(cell) for cell in found[place]] if size else ()


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

    return many if member.many else one
