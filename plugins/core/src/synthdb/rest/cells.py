"""One cell of a row as a file: its bytes with their media type, in whole or in part."""

import hashlib
import mimetypes
import re
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote

import falcon.asgi
import msgspec

from synthdb.rest.address import Address, parse_address
from synthdb.rest.allowing import CELL, allowed_of
from synthdb.rest.binding import key_filter
from synthdb.rest.body import decode_json
from synthdb.rest.message import with_message
from synthdb.rest.preferences import parse_preferences
from synthdb.rest.query import decode
from synthdb.rest.shapes import raw_path
from synthdb_host.catalog import Column, Table
from synthdb_host.contracts import Context
from synthdb_host.encoding import to_text
from synthdb_host.errors import (
    InvalidBody,
    InvalidParameter,
    NotAllowed,
    NotFound,
    PreconditionFailed,
    RangeNotSatisfiable,
)
from synthdb_host.expectations import ANY_VERSION, Expected
from synthdb_host.gate import Gate
from synthdb_host.operations import ColumnRef, Comparison, Filter, Literal, Output, Select, Update, and_all

__all__ = ["Cells", "not_of_cells"]

_READS: Final = frozenset({"GET", "HEAD"})

_TYPE_SUFFIX: Final = "_media_type"
_UNKNOWN: Final = "application/octet-stream"
_MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100}(?:;[ -~]{0,100})?")
_SHOWN: Final = re.compile(r"(?:image/(?!svg)|audio/|video/|text/plain|application/json|application/pdf).*")
"""Media types that a browser may show; all others it keeps as a file."""

_ROWS: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])

_SPAN: Final = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")


@dataclass(frozen=True, slots=True)
class _Cell:
    """Where a cell is. ``typed`` is the column that holds its media type, None: there is none."""

    address: Address
    key: Filter | None
    column: Column
    typed: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are read and written with it."""
        return (self.column.name,) if self.typed is None else (self.column.name, self.typed)


@dataclass(frozen=True, slots=True)
class _File:
    """What a cell holds: its bytes, its media type, and the values as they are in the row."""

    content: bytes
    media_type: str
    values: dict[str, Any]

    @property
    def tag(self) -> str:
        """The strong entity tag."""
        return f'"{hashlib.blake2b(self.content + self.media_type.encode(), digest_size=16).hexdigest()}"'


class Cells:
    """Reads and writes cells at ``/{db}/{table}/{key}/{column}``.

    Args:
        gate: the way to data.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def find(self, req: falcon.asgi.Request) -> _Cell | None:
        """Find the cell that an address names; None: it names a row, or nothing.

        Raises:
            RequestError: a part of the address cannot be read, or there is no such database or ref.
        """
        path = raw_path(req)
        template = req.uri_template or ""
        if path.count("/") <= template.count("/"):
            return None
        row, _, name = path.rpartition("/")
        if row.endswith("/"):
            return None
        profile = req.get_header("accept-profile" if req.method in _READS else "content-profile")
        address = parse_address(row, template.partition("/{")[0], profile)
        catalog = await self._gate.catalog(address.database, req.context.caller, address.ref)
        table = catalog.tables.get(address.table)
        column = table.by_name.get(decode(name, "path")) if table is not None else None
        if table is None or column is None or len(address.key or ()) != len(table.key):
            return None
        return _Cell(address, key_filter(table, address.key or ()), column, _typed(table, column))

    async def options(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, cell: _Cell) -> None:
        """Say which methods there are for the caller."""
        resp.set_header("Allow", await allowed_of(self._gate, req.context.caller, cell.address, CELL))
        resp.status = falcon.HTTP_204

    async def get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, cell: _Cell) -> None:
        """Answer with the bytes, or with the part of them that is asked for.

        Raises:
            NotFound: there is no such row, or the cell is NULL.
            RangeNotSatisfiable: the part begins behind the end.
        """
        file = await self._read(cell, req.context.caller)
        if file is None:
            raise NotFound("This cell is empty (NULL).", hint="PUT something there.")
        resp.set_header("ETag", file.tag)
        resp.set_header("Vary", "Accept-Profile, Authorization")
        resp.set_header("Cache-Control", "private, no-cache")
        if _has_tag(req.get_header("if-none-match"), file.tag):
            resp.status = falcon.HTTP_304
            return
        resp.content_type = file.media_type
        resp.set_header("Accept-Ranges", "bytes")
        # A page or a drawing that somebody stored is no page of this server, and runs nothing.
        resp.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        resp.set_header("Content-Disposition", _disposition(cell, file))
        resp.data = self._part(req, resp, file)

    def _part(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, file: _File) -> bytes:
        asked = req.get_header("range")
        span = _SPAN.fullmatch(asked.strip()) if asked else None
        if span is None or req.get_header("if-range") not in (None, file.tag):
            return file.content
        size = len(file.content)
        if span[3] is not None:
            first, last = max(0, size - int(span[3])), size - 1
        else:
            first, last = int(span[1]), min(int(span[2] or size), size - 1)
        if first > last:
            resp.set_header("Content-Range", f"bytes */{size}")
            raise RangeNotSatisfiable(f"The cell has {size:,} bytes.", where="header 'Range'", data={"size": size})
        resp.set_header("Content-Range", f"bytes {first}-{last}/{size}")
        resp.status = falcon.HTTP_206
        return file.content[first : last + 1]

    async def put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, cell: _Cell) -> None:
        """Write the body into the cell, and its media type beside it.

        Raises:
            NotFound: there is no such row.
            InvalidBody: the body is no value of the column.
            PreconditionFailed: the cell is not what If-Match or If-None-Match say.
        """
        content = await req.stream.readall()
        values: dict[str, object] = {cell.column.name: _value(cell.column, content)}
        if cell.typed is not None:
            values[cell.typed] = _checked(req.content_type)
        await self._write(req, resp, cell, values)

    async def delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, cell: _Cell) -> None:
        """Make the cell NULL, and what says its media type.

        Raises:
            NotFound, PreconditionFailed: as :meth:`put` does.
        """
        await self._write(req, resp, cell, dict.fromkeys(cell.names))

    async def _write(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, cell: _Cell, values: dict[str, object]
    ) -> None:
        caller = with_message(req, req.context.caller)
        preferences = parse_preferences(req.get_header("prefer"))
        if preferences.rollback:
            caller = replace(caller, dry_run=True)
        if preferences.applied:
            resp.set_header("Preference-Applied", preferences.applied)
        known = await self._expected(req, cell)
        where = and_all(cell.key, *(_equals(name, value) for name, value in known.items()))
        # What the cell must still be stands in the filter.
        expected = Expected(frozenset({ANY_VERSION})) if known else None
        update = Update(cell.address.table, values, where, ref=cell.address.ref, expected=expected, guarded=True)
        result = await self._gate.execute(cell.address.database, update, caller)
        if result.affected == 0:
            if known:
                raise PreconditionFailed("The cell was changed meanwhile.", where="header 'If-Match'")
            raise _no_row(cell)
        resp.status = falcon.HTTP_204

    async def _expected(self, req: falcon.asgi.Request, cell: _Cell) -> dict[str, Any]:
        """Check the conditions; gives the values that the cell must still have when it is written."""
        match, none_match = req.get_header("if-match"), req.get_header("if-none-match")
        if match is None and none_match is None:
            return {}
        file = await self._read(cell, req.context.caller)
        tag = None if file is None else file.tag
        if (match is not None and not _has_tag(match, tag)) or (none_match is not None and _has_tag(none_match, tag)):
            raise PreconditionFailed("The cell is not what the condition says.", data={"etag": tag})
        return {cell.column.name: None} if file is None else file.values

    async def _read(self, cell: _Cell, caller: Context) -> _File | None:
        outputs = tuple(Output(ColumnRef(name), name) for name in cell.names)
        select = Select(cell.address.table, outputs, where=cell.key, limit=1, ref=cell.address.ref)
        result = await self._gate.execute(cell.address.database, select, caller)
        if not result.rows:
            raise _no_row(cell)
        values = result.python()[0]
        value = values[cell.column.name]
        if value is None:
            return None
        if cell.column.type.name == "json":
            # Neither Python's numbers nor a second encoding are exact.
            (row,) = _ROWS.decode(result.json())
            values[cell.column.name], value = decode_json(bytes(row[cell.column.name])), row[cell.column.name]
        content, media_type = _content(value)
        declared = values.get(cell.typed) if cell.typed is not None else None
        if isinstance(declared, str) and _MEDIA_TYPE.fullmatch(declared):
            media_type = declared
        return _File(content, media_type, values)


def not_of_cells(resp: falcon.asgi.Response) -> NotAllowed:
    """Give the error that cells do not have a method, and say which they have."""
    resp.set_header("Allow", ", ".join([*CELL, "OPTIONS"]))
    return NotAllowed("A cell has no such method.", hint="PUT its content, or PATCH the row.")


def _no_row(cell: _Cell) -> NotFound:
    key = ",".join(cell.address.key or ())
    return NotFound(f"Table {cell.address.table!r} has no row with the key {key!r}.", data={"key": cell.address.key})


def _typed(table: Table, column: Column) -> str | None:
    """Name the column beside one of bytes or text that holds its media types, row by row."""
    found = table.by_name.get(column.name + _TYPE_SUFFIX)
    return found.name if found is not None and found.type.name == "text" else None


def _content(value: object) -> tuple[bytes, str]:
    if isinstance(value, bytes):
        return value, _UNKNOWN
    if isinstance(value, msgspec.Raw):
        return bytes(value), "application/json"
    return to_text(value).encode(), "text/plain; charset=utf-8"


def _value(column: Column, content: bytes) -> object:
    if column.type.name == "bytes":
        return content
    if column.type.name == "json":
        return decode_json(content)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise InvalidBody(f"The body is not UTF-8: {error.reason} at byte {error.start}.") from error
    return text if column.type.name == "text" else Literal(text)


def _checked(media_type: str | None) -> str:
    if media_type is None:
        return _UNKNOWN
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise InvalidParameter("This is not a media type.", where="header 'Content-Type'")
    return media_type


def _equals(name: str, value: object) -> Filter:
    return Comparison(ColumnRef(name), "is" if value is None else "eq", value)


def _has_tag(header: str | None, tag: str | None) -> bool:
    """Say whether a list of entity tags has this one; ``*`` stands for any that is there."""
    if header is None or tag is None:
        return False
    return header.strip() == "*" or tag in [part.strip().removeprefix("W/") for part in header.split(",")]


def _disposition(cell: _Cell, file: _File) -> str:
    kind = "inline" if _SHOWN.fullmatch(file.media_type) else "attachment"
    suffix = mimetypes.guess_extension(file.media_type.partition(";")[0].strip()) or ""
    name = "-".join([cell.address.table, *(cell.address.key or ()), cell.column.name]) + suffix
    return f"{kind}; filename*=UTF-8''{quote(name, safe='')}"
