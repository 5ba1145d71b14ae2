"""Answers: made of results, and sent when everything is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import falcon
import falcon.asgi

from synthdb.rest.queries import ACCEPTED
from synthdb.rest.ranges import content_range, page_status, written_range
from synthdb.rest.shapes import Shape
from synthdb.rest.tags import row_tag
from synthdb.rest.writing import not_singular
from synthdb_host.contracts import Result
from synthdb_host.encoding import to_text
from synthdb_host.errors import NotFound

__all__ = ["VARY", "Answer", "changed", "check_found", "check_single", "common", "deleted", "listed", "posted", "put"]

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


def listed(shape: Shape, result: Result, offset: int) -> Answer:
    """Answer a read of rows, or of the row at a key.

    Raises:
        NotFound, NotSingular: there is not the one row that was asked for.
        RangeNotSatisfiable: the page begins behind the end.
    """
    count, status, headers = len(result.rows), falcon.HTTP_200, common(shape)
    if shape.is_of_row:
        check_found(shape, count)
    else:
        check_single(shape, count)
        headers["Content-Range"] = content_range(offset, count, result.total)
        status = page_status(offset, count, result.total)
    headers["Content-Type"] = shape.representation.content_type
    return Answer(status, headers, shape.representation.encode(result))


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


def changed(shape: Shape, _path: str, result: Result) -> Answer:
    """Answer an update.

    Raises:
        NotFound: there is no row with the key in the address.
    """
    return _changed(shape, result, content_range(0, result.affected or 0, _counted(shape, result)))


def deleted(shape: Shape, _path: str, result: Result) -> Answer:
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
    return Answer(status, headers | common(shape), body)


def common(shape: Shape) -> dict[str, str]:
    """Say what an answer depends on, which preferences it follows, and of a read of rows how else it can be asked."""
    applied, target = shape.preferences.applied, shape.target
    headers = {"Vary": VARY, "Preference-Applied": applied} if applied else {"Vary": VARY}
    if target.window is not None and target.address.key is None:
        headers["Accept-Query"] = ACCEPTED
    return headers


def _counted(shape: Shape, result: Result) -> int | None:
    return result.affected if shape.preferences.count is not None else None


def check_found(shape: Shape, count: int) -> None:
    """Check that there is a row at the key of the address.

    Raises:
        NotFound: there is none.
    """
    if count == 0:
        key = ",".join(shape.address.key or ())
        raise NotFound(
            f"Table {shape.address.table!r} has no row with the key {key!r}.", data={"key": shape.address.key}
        )


def check_single(shape: Shape, count: int) -> None:
    """Check that there is one row where one object is asked for.

    Raises:
        NotSingular: there are several or none.
    """
    if shape.representation.single and count != 1:
        raise not_singular(count, at_least=count > 1)
