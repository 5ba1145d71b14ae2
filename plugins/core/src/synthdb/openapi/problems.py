"""Refusals as OpenAPI describes them: one schema, and one response per HTTP status with the codes it may have."""

import inspect
from collections.abc import Iterable
from typing import Any, Final

from synthdb_host import errors
from synthdb_host.errors import RequestError

__all__ = ["PROBLEM", "problem_responses", "references"]

_TEXT: Final[dict[str, Any]] = {"type": "string"}
_NOTE: Final[dict[str, Any]] = {"type": ["string", "null"]}
_MEMBERS: Final[dict[str, dict[str, Any]]] = {
    "type": _TEXT | {"format": "uri-reference", "description": "The address of a page that explains the code."},
    "title": _TEXT,
    "status": {"type": "integer", "minimum": 300, "maximum": 599},
    "detail": _TEXT | {"description": "What was wrong."},
    "instance": _TEXT | {"description": "The path that was asked for."},
    "code": _TEXT | {"description": "What went wrong, for programs; a code never changes its meaning."},
    "message": _TEXT | {"description": "The same as detail."},
    "details": _NOTE | {"description": "The place in the request."},
    "hint": _NOTE | {"description": "What to do about it."},
    "request_id": _TEXT,
    "data": {"type": "object", "additionalProperties": {}, "description": "Facts about the error."},
}
PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457).",
    "properties": _MEMBERS,
    "required": list(_MEMBERS),
}

_HEADERS: Final[dict[int, dict[str, Any]]] = {
    401: {"WWW-Authenticate": {"schema": _TEXT}},
    503: {"Retry-After": {"description": "Seconds after which to try again.", "schema": _TEXT}},
}


def references(statuses: Iterable[int]) -> dict[str, Any]:
    """Give the responses of an operation that may be refused with these statuses."""
    return {str(status): {"$ref": f"#/components/responses/{_name(status)}"} for status in sorted(statuses)}


def problem_responses() -> dict[str, Any]:
    """Describe every status of a refusal, by the name that references use."""
    return {_name(status): _response(status, classes) for status, classes in sorted(_by_status().items())}


def _name(status: int) -> str:
    return f"Problem{status}"


def _by_status() -> dict[int, list[type[RequestError]]]:
    classes = [getattr(errors, name) for name in errors.__all__]
    found: dict[int, list[type[RequestError]]] = {}
    for cls in classes:
        if issubclass(cls, RequestError) and cls is not RequestError:
            found.setdefault(cls.status, []).append(cls)
    return found


def _response(status: int, classes: list[type[RequestError]]) -> dict[str, Any]:
    codes = {cls.code: _meaning(cls) for cls in sorted(classes, key=lambda cls: cls.code)}
    lines = [f"- [`{code}`](/errors/{code}): {meaning}" for code, meaning in codes.items()]
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    title = _general(classes).title
    response = {"description": "\n".join([f"{title}. The code is one of these:", "", *lines]), "content": content}
    return response | ({"headers": _HEADERS[status]} if status in _HEADERS else {})


def _general(classes: list[type[RequestError]]) -> type[RequestError]:
    return min(classes, key=lambda cls: len(cls.__mro__))


def _meaning(cls: type[RequestError]) -> str:
    return " ".join((inspect.getdoc(cls) or cls.title).split("\n\n")[0].split())
