"""Limits and offsets."""

from dataclasses import replace
from typing import Any

from synthdb.graphql.plans.slots import Slot
from synthdb_host.errors import InvalidParameter

__all__ = ["limited", "skipped"]


def limited(given: Any, most: int) -> Any:  # noqa: ANN401 - a number, or a slot for one
    """Give how many rows are read: as many as are asked for, but no more than there may be.

    Raises:
        InvalidParameter: it is negative.
    """
    if given is None:
        return most
    if isinstance(given, Slot):
        return replace(given, most=most)
    return min(_positive("limit", given), most)


def skipped(given: Any) -> Any:  # noqa: ANN401 - a number, or a slot for one
    """Give how many rows are left out at the beginning.

    Raises:
        InvalidParameter: it is negative.
    """
    if given is None or isinstance(given, Slot):
        return given or 0
    return _positive("offset", given)


def _positive(name: str, given: int) -> int:
    if given < 0:
        raise InvalidParameter(f"{name} is {given}, not a whole number of at least 0.")
    return given
