"""Comparing rows of one table under two schemas: columns belong together by root, whatever they are called."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from synthdb.catalog.model import StoredColumn
from synthdb.engine.versions.images import Row
from synthdb.storage.codecs import Codec
from synthdb_host.errors import RequestError
from synthdb_host.values import convert

__all__ = ["UNFIT", "Reading", "reading_of", "same_form", "stored_default"]

_Convert = Callable[[Any], Any]


class _Unfit:
    """A value that the other schema cannot hold; equal to nothing but itself."""

    def __repr__(self) -> str:
        return "UNFIT"


UNFIT: Final = _Unfit()


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows under one schema become rows of ``columns`` of another.

    ``places`` are where in a row each column is; None: the schema does not have it, and ``constants`` say what
    stands there. ``converts`` turn stored values (None: they are right already).
    """

    columns: tuple[StoredColumn, ...]
    places: tuple[int | None, ...]
    constants: Row
    converts: tuple[_Convert | None, ...]
    is_plain: bool

    def __call__(self, row: Row) -> Row:
        """Give a row as the other schema has it."""
        if self.is_plain:
            return row
        cells = []
        for place, constant, converter in zip(self.places, self.constants, self.converts, strict=True):
            value = constant if place is None else row[place]
            cells.append(value if converter is None or value is None or place is None else converter(value))
        return tuple(cells)


def reading_of(source: Sequence[StoredColumn], target: Sequence[StoredColumn]) -> Reading:
    """Say how rows of ``source`` columns become rows of ``target`` columns; what is missing has its default."""
    places = {column.root: place for place, column in enumerate(source)}
    found = tuple(places.get(column.root) for column in target)
    converts = tuple(
        None if place is None else _converter(source[place].codec, column.codec)
        for place, column in zip(found, target, strict=True)
    )
    plain = found == tuple(range(len(source))) and not any(converts)
    return Reading(tuple(target), found, tuple(map(stored_default, target)), converts, plain)


def stored_default(column: StoredColumn) -> Any:  # noqa: ANN401 - stored
    """Give what rows that were never given a value have in a column."""
    return column.codec.encode(column.column.default)


def same_form(a: Codec, b: Codec) -> bool:
    """Say whether equal values of two types are stored alike."""
    return a.type == b.type


def _converter(source: Codec, target: Codec) -> _Convert | None:
    return None if same_form(source, target) else partial(_converted, source, target)


def _converted(source: Codec, target: Codec, stored: object) -> object:
    value = stored if source.to_python is None else source.to_python(stored)
    try:
        return target.encode(convert(value, source.type, target.type))
    except RequestError:
        return UNFIT
