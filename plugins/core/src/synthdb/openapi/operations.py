"""The parts that operations of all APIs are made of."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from synthdb.openapi.problems import references
from synthdb.openapi.scope import Scope

__all__ = [
    "HEADERS",
    "JSON",
    "READING",
    "WRITING",
    "answer",
    "body",
    "named",
    "operation",
    "shared",
    "shared_parameters",
]

JSON: Final = "application/json"

READING: Final = frozenset({400, 403, 404, 406, 410, 414, 503, 504})
"""The statuses of reads that are refused."""

WRITING: Final = READING | {409, 413, 415, 507}
"""The statuses of writes that are refused."""

_BEYOND_ASCII: Final = (
    "%(?:[2-7][0-9A-F]|(?:C[2-9A-F]|D[0-9A-F]|E[1-9A-C]%[89AB][0-9A-F]|F[1-3](?:%[89AB][0-9A-F]){2})%[89AB][0-9A-F])"
)

_TAG: Final = r'(?:W/)?"[!#-~]*"'
_TAGS: Final = rf"^(?:\*|{_TAG}(?:, ?{_TAG})*)$"

_MOST: Final = 999_999_999_999_999_999
_NUMBER: Final[dict[str, Any]] = {"type": "integer", "format": "int64", "minimum": 0, "maximum": _MOST}
_PAGE: Final[dict[str, dict[str, Any]]] = {
    "limit": {"description": "How many rows at most.", "schema": _NUMBER, "example": 20},
    "offset": {"description": "How many rows to pass over first.", "schema": _NUMBER},
    "cursor": {"description": "Where the page before ended, as its Link says.", "schema": {"type": "string"}},
}
"""Parameters that say which rows of many a page has, by their names."""

_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "Prefer": {
        "description": (
            "Preferences, with commas between them: `return=representation` answers a write with the rows written, "
            "`count=exact` counts, `resolution=merge-duplicates` or `ignore-duplicates` makes an insert an upsert, "
            "`max-affected=N` refuses to change more rows, `full-table=allow` allows a change without a filter, "
            "`tx=rollback` undoes everything after answering, `int64=string` writes large numbers as texts, "
            "`timezone=Europe/Berlin` shows moments as they are there, `snapshot=off` makes the next page one of what "
            "is there then. What is not understood is ignored, unless `handling=strict` is among them."
        ),
        "schema": {"type": "string"},
    },
    "Commit-Message": {
        "description": "Kept with the commit that is made. Characters beyond ASCII are percent-encoded UTF-8.",
        "schema": {"type": "string", "maxLength": 2_000, "pattern": rf"^(?:[\t -$&-~]|{_BEYOND_ASCII})*$"},
    },
    "If-Match": {
        "description": "Entity tags: write only if the row is of one of these versions, or for `*` if it is there.",
        "schema": {"type": "string", "pattern": _TAGS},
    },
    "If-None-Match": {
        "description": "Entity tags: answer 304 if the client has it. A write with `*` is done only if the row is new.",
        "schema": {"type": "string", "pattern": _TAGS},
    },
    "Range": {
        "description": "Which bytes: `bytes=0-99`, `bytes=100-`, `bytes=-50` for the last.",
        "schema": {"type": "string"},
        "example": "bytes=0-99",
    },
    "If-Range": {
        "description": "An entity tag: give all bytes if the client has another version.",
        "schema": {"type": "string"},
    },
    "Idempotency-Key": {
        "description": (
            "A new key for each write, so that it can be sent again until there is an answer, and is done once. Keys "
            "are kept for a day."
        ),
        "schema": {"type": "string", "pattern": r'^"(?:[ !#-\[\]-~]|\\["\\]){1,255}"$'},
        "example": '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
    },
}
"""Headers that requests of several operations may have, by their names."""

HEADERS: Final[dict[str, dict[str, Any]]] = {
    "Content-Range": {
        "description": "Which rows these are, and of how many if that was asked for: `0-24/573`, `0-24/*`, `*/0`.",
        "schema": {"type": "string"},
    },
    "Preference-Applied": {"description": "The preferences that were understood.", "schema": {"type": "string"}},
    "ETag": {"description": "The version of what is answered, and how it is shown.", "schema": {"type": "string"}},
    "Idempotent-Replayed": {
        "description": "`true`: this is the answer to an earlier request with the same key.",
        "schema": {"type": "string"},
    },
    "Location": {"description": "The address of what was made.", "schema": {"type": "string"}},
    "Accept-Ranges": {"description": "`bytes`: parts can be asked for.", "schema": {"type": "string"}},
    "Content-Disposition": {
        "description": "A name for the file, and whether a browser may show it.",
        "schema": {"type": "string"},
    },
    "Link": {"description": "The address of the next page, if this one is full.", "schema": {"type": "string"}},
}


def shared(*names: str) -> list[dict[str, Any]]:
    """Refer to parameters by their names."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def shared_parameters() -> dict[str, Any]:
    """Give the parameters to which :func:`shared` refers."""
    headers = {name: {"name": name, "in": "header", **found} for name, found in _PARAMETERS.items()}
    return headers | {name: {"name": name, "in": "query", **found} for name, found in _PAGE.items()}


def named(schema: str) -> dict[str, Any]:
    """Refer to a schema by its name."""
    return {"$ref": f"#/components/schemas/{schema}"}


def answer(description: str, content: dict[str, Any] | None = None, headers: Iterable[str] = ()) -> dict[str, Any]:
    """Describe an answer; ``content`` is a schema by media type, ``headers`` are names among ``HEADERS``."""
    found: dict[str, Any] = {"description": description}
    if names := list(headers):
        found["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    if content:
        found["content"] = {media_type: {"schema": schema} for media_type, schema in content.items()}
    return found


def body(content: dict[str, Any]) -> dict[str, Any]:
    """Describe a body that must be there; ``content`` is a schema by media type."""
    return {"required": True, "content": {media_type: {"schema": schema} for media_type, schema in content.items()}}


def operation(
    scope: Scope, name: str, tag: str, about: str, parameters: Sequence[dict[str, Any]], answers: dict[str, Any],
    refusals: Iterable[int], *, request: dict[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Describe an operation; ``request`` is its body, ``answers`` are its responses by status when it succeeds.

    The first sentence of ``about``, up to a colon or full stop, is the summary.
    """
    statuses = {*refusals, 401} if scope.server.security else {*refusals}
    summary = re.split(r"[.:;](?: |$)", about, maxsplit=1)[0]
    found: dict[str, Any] = {"operationId": name, "tags": [tag], "summary": summary, "description": about}
    if parameters:
        found["parameters"] = list(parameters)
    if request is not None:
        found["requestBody"] = request
    return found | {"responses": dict(sorted((answers | references(statuses)).items()))}
