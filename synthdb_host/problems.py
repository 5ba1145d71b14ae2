"""Errors as answers: application/problem+json, with the fields that PostgREST clients look for."""

from collections.abc import Mapping
from http import HTTPStatus
from inspect import cleandoc
from typing import Final

import falcon
import msgspec

from synthdb_host import errors
from synthdb_host.errors import RequestError

__all__ = ["PROBLEM_TYPE", "encode", "error_codes", "meaning", "remedy", "translate"]

PROBLEM_TYPE: Final = "application/problem+json"

_OF_STATUS: Final[Mapping[int, type[RequestError]]] = {
    cls.status: cls for cls in RequestError.__subclasses__() if cls.__module__.startswith(f"{errors.__name__}.")
}
"""The general error of each status."""


def encode(error: RequestError, path: str, request_id: str) -> bytes:
    """Write an error as the body of a problem answer.

    ``message``, ``details`` and ``hint`` repeat it in PostgREST's words; ``details`` is the place in the
    input.
    """
    return msgspec.json.encode(
        {
            "type": f"/errors/{error.code}",
            "title": error.title,
            "status": error.status,
            "detail": error.detail,
            "instance": path,
            "code": error.code,
            "message": error.detail,
            "details": error.where,
            "hint": error.hint,
            "request_id": request_id,
            "data": error.data,
        },
        enc_hook=str,
    )


def translate(error: Exception) -> RequestError:
    """Turn Falcon's errors into ours; anything unforeseen becomes an internal error without its text."""
    if isinstance(error, RequestError):
        return error
    if not isinstance(error, falcon.HTTPError):
        return errors.InternalError("The server failed in a way it did not expect.")
    cls = _class_of(error)
    return cls(error.description or meaning(cls))


def error_codes() -> Mapping[str, type[RequestError]]:
    """Give every published code and the class that defines it, sorted by code."""
    found: dict[str, type[RequestError]] = {}
    waiting: list[type[RequestError]] = [RequestError]
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if "code" in vars(cls):
            found[cls.code] = errors.BadRequest if cls is RequestError else cls
    return dict(sorted(found.items()))


def meaning(cls: type[RequestError]) -> str:
    """Give the published meaning of a class's code: the first paragraph of its docstring."""
    return cleandoc(cls.__doc__ or cls.title).partition("\n\n")[0]


def remedy(cls: type[RequestError]) -> str:
    """Say what to do about a class's code: the second paragraph of its docstring."""
    return cleandoc(cls.__doc__ or "").partition("\n\n")[2]


def _class_of(error: falcon.HTTPError) -> type[RequestError]:
    if isinstance(error, falcon.MediaMalformedError | falcon.MediaNotFoundError):
        return errors.InvalidBody
    if isinstance(error, falcon.HTTPInvalidParam | falcon.HTTPMissingParam | falcon.HTTPInvalidHeader):
        return errors.InvalidParameter
    fallback = errors.BadRequest if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR else errors.InternalError
    return _OF_STATUS.get(error.status_code, fallback)
