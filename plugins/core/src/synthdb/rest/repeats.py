"""Names that an object has twice: JSON does not say which of the values counts, so neither do we."""

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from synthdb_host.errors import InvalidBody, TooComplex

__all__ = ["check_names"]

_NAME: Final = re.compile(rb'"[ \t\r\n]*:')
_SPACED: Final = (b" :", b"\t:", b"\r:", b"\n:")


def check_names(body: bytes, value: object, where: str | None = None) -> None:
    """Refuse a body of JSON in which an object has a name twice.

    Args:
        body: the valid JSON.
        value: what it was decoded to, where the last one of such names counts.
        where: the place to name.

    Raises:
        InvalidBody: a name is there twice.
        TooComplex: it is nested too deeply to be looked at.
    """
    names = _count(value)
    if names == body.count(b":"):
        return
    # Texts may hold what looks like a name, so there are at most so many, if none has a space before its colon.
    if names == body.count(b'":') and not any(space in body for space in _SPACED):
        return
    try:
        if names != len(_NAME.findall(body)):
            json.loads(body, object_pairs_hook=_unique, parse_int=str, parse_float=str)
    except _Repeated as error:
        raise InvalidBody(f"An object has the name {str(error)[:100]!r} twice.", where=where) from error
    except RecursionError as error:
        raise TooComplex("The JSON body is nested too deeply.", where=where) from error


class _Repeated(Exception):
    """A name is there twice."""


def _count(value: object) -> int:
    """Count the names of all objects in a value."""
    found = 0
    waiting: list[Any] = [value] if isinstance(value, dict | list) else []
    while waiting:
        item = waiting.pop()
        inner: Iterable[object] = item
        if isinstance(item, dict):
            found += len(item)
            inner = item.values()
        waiting += [part for part in inner if part.__class__ is dict or part.__class__ is list]
    return found


def _unique(pairs: list[tuple[str, Any]]) -> None:
    names = set[str]()
    for name, _ in pairs:
        if name in names:
            raise _Repeated(name)
        names.add(name)
