"""Pages of rows: the Range header in, Content-Range and status out."""

import re
from dataclasses import dataclass

from synthdb_host.errors import InvalidParameter, RangeNotSatisfiable

__all__ = ["Window", "content_range", "page_status", "parse_range", "written_range"]

_RANGE = re.compile(r"(?:items=)?([0-9]{1,18})-([0-9]{0,18})")
_OTHER_UNIT = re.compile(r"[A-Za-z][A-Za-z0-9-]*=")


@dataclass(frozen=True, slots=True)
class Window:
    """A span of rows; ``limit=None`` reaches to the end."""

    offset: int = 0
    limit: int | None = None

    def within(self, other: "Window") -> "Window":
        """Give the rows that both spans hold."""
        offset = max(self.offset, other.offset)
        ends = [w.offset + w.limit for w in (self, other) if w.limit is not None]
        return Window(offset, max(0, min(ends) - offset) if ends else None)


def parse_range(header: str | None, unit: str | None) -> Window:
    """Read a Range header counted in items; ranges in another unit are ignored, as RFC 9110 asks.

    Raises:
        InvalidParameter: it is not of the form ``0-24`` or ``50-``.
        RangeNotSatisfiable: it ends before it begins.
    """
    if not header or (unit or "items") != "items" or (_OTHER_UNIT.match(header) and not header.startswith("items=")):
        return Window()
    found = _RANGE.fullmatch(header.strip())
    if found is None:
        raise InvalidParameter(
            f"Expected a range of rows, found {header[:40]!r}.",
            hint="A range reads like 0-24 or 50-.",
            where="header 'Range'",
        )
    first = int(found[1])
    if not found[2]:
        return Window(first)
    last = int(found[2])
    if last < first:
        raise RangeNotSatisfiable("The range ends before it begins.", where="header 'Range'")
    return Window(first, last - first + 1)


def content_range(offset: int, rows: int, total: int | None) -> str:
    """Write a Content-Range header: ``0-24/573``, ``0-24/*``, or ``*/0`` if there are no rows."""
    whole = "*" if total is None else str(total)
    return f"{offset}-{offset + rows - 1}/{whole}" if rows else f"*/{whole}"


def written_range(total: int | None) -> str:
    """Write the Content-Range header of an insert, which has no position."""
    return f"*/{'*' if total is None else total}"


def page_status(offset: int, rows: int, total: int | None) -> str:
    """Choose the status line of a read: 200, or 206 if the total is known and there are more rows than these.

    Raises:
        RangeNotSatisfiable: the page begins behind the end.
    """
    if total is None:
        return "200 OK"
    if offset > total:
        raise RangeNotSatisfiable(
            f"The page begins at row {offset}, but there are {total} rows.",
            data={"offset": offset, "total": total},
        )
    return "206 Partial Content" if rows < total else "200 OK"
