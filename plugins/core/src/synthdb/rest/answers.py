"""Answers to writes: made of results, and sent when the write is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import falcon
import falcon.asgi

from synthdb.rest.ranges import content_range, written_range
from synthdb.rest.shapes import Shape
from synthdb.rest.tags import row_tag
from synthdb.rest.writing import not_singular
from synthdb_host.contracts import Result
from synthdb_host.encoding import to_text
from synthdb_host.errors import NotFound

__all__ = ["VARY", "Answer", "changed", "check_found", "check_single", "deleted", "posted", "put"]

VARY: Final = "Accept, Accept-Profile, Authorization, Prefer, Range"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered."""

    status: str
    headers: Mapping[str, str]
    body: bytes | None = None

    def send(self, resp: falcon.asgi.Response) -> None:
        """Put it into the response."""
        resp.status = self.status
        resp.set_headers(dict(self.headers))
        resp.data = self.body


def posted(shape: Shape, path: str, result: Result) -> Answer:
    """Answer an insert or an upsert into the table at a path."""
    is_new = shape.preferences.resolution is None or result.inserted != 0
    headers = {"Content-Range": written_range(_counted(shape, result))}
    return _written(shape, path, result, headers, is_new=is_new)


def put(shape: Shape, path: str, result: Result) -> Answer:
    """Answer the writing of one row at its key, which the path may hold."""
    is_new = result.inserted != 0
    if not is_new and shape.preferences.returning != "representation":
        return _answer(shape, result, falcon.HTTP_204, {})
    return _written(shape, path, result, {}, is_new=is_new)


def _written(shape: Shape, path: str, result: Result, headers: dict[str, str], *, is_new: bool) -> Answer:
    if is_new and len(result.keys) == 1:
        headers["Location"] = path if shape.is_of_row else f"{path}/{_key_text(result.keys[0])}"
    return _answer(shape, result, falcon.HTTP_201 if is_new else falcon.HTTP_200, headers)


def _key_text(key: tuple[Any, ...]) -> str:
    return ",".join(quote(to_text(part), safe="") for part in key)


def changed(shape: Shape, result: Result) -> Answer:
    """Answer an update.

    Raises:
        NotFound: there is no row with the key in the address.
    """
    return _changed(shape, result, content_range(0, result.affected or 0, _counted(shape, result)))


def deleted(shape: Shape, result: Result) -> Answer:
    """Answer a deletion.

    Raises:
        NotFound: there is no row with the key in the address.
    """
    return _changed(shape, result, written_range(_counted(shape, result)))


def _changed(shape: Shape, result: Result, span: str) -> Answer:
    if shape.is_of_row:
        check_found(shape, result.affected or 0)
    returns = shape.preferences.returning == "representation"
    return _answer(shape, result, falcon.HTTP_200 if returns else falcon.HTTP_204, {"Content-Range": span})


def _answer(shape: Shape, result: Result, status: str, headers: dict[str, str]) -> Answer:
    body = None
    if shape.preferences.returning == "representation":
        check_single(shape, len(result.rows))
        body = shape.representation.encode(result)
        headers["Content-Type"] = shape.representation.content_type
    if len(result.versions) == 1 and not shape.preferences.rollback:
        # Only what is answered at a row's own address is a representation of it.
        headers["ETag"] = row_tag(result.versions[0], body if shape.is_of_row else None)
    headers["Vary"] = VARY
    if shape.preferences.applied:
        headers["Preference-Applied"] = shape.preferences.applied
    return Answer(status, headers, body)


def _counted(shape: Shape, result: Result) -> int | None:
    return result.affected if shape.preferences.count is not None else None


def check_found(shape: Shape, count: int) -> None:
    """Raise NotFound if no row was found at the key in the address."""
    if count == 0:
        key = ",".join(shape.address.key or ())
        raise NotFound(
            f"Table {shape.address.table!r} has no row with the key {key!r}.", data={"key": shape.address.key}
        )


def check_single(shape: Shape, count: int) -> None:
    """Raise NotSingular if one object is wanted and there is not one row."""
    if shape.representation.single and count != 1:
        raise not_singular(count, at_least=count > 1)
