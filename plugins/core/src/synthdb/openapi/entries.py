"""An operation of the meta interface as a record, and what parameters and members look like."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from synthdb.openapi.types import instant_pattern
from synthdb_host.contracts import Capability

__all__ = [
    "BOUND",
    "DEFINED",
    "LIMIT",
    "NAME",
    "OFFSET",
    "POSITION",
    "QUERY_NAME",
    "REF",
    "SHAPES",
    "STATE",
    "TABLES",
    "TEXT",
    "Entry",
]

_NAMED: Final = "[A-Za-z][A-Za-z0-9._-]{0,99}"
_MOMENT: Final = f"(?:[0-9]{{1,18}}|{instant_pattern()})"
_COMMIT: Final = {"pattern": "^[0-9]{1,18}$"}
_CONTROLS: Final = r"\u0000-\u001f\u007f-\u009f"

TEXT: Final[dict[str, Any]] = {"type": "string", "maxLength": 1_000}
STATE: Final = {"pattern": f"^(?:{_NAMED}(?:@{_MOMENT})?|{_MOMENT})$"}
SHAPES: Final[Mapping[str, Mapping[str, Any]]] = {
    "name": {"pattern": f"^{_NAMED}$"},
    "expires": {"pattern": f"^{instant_pattern()}$"},
    "before": {"pattern": f"^{_MOMENT}$"},
    "at": STATE,
    "source": STATE,
    "to": STATE,
    "first": _COMMIT,
    "last": _COMMIT,
}
"""What members of bodies look like, by their names: a state is a branch, a tag, a commit or a moment of one."""

_DEFINED_NAME: Final = {"pattern": rf"^[^\s_{_CONTROLS}](?:[^{_CONTROLS}]*[^\s{_CONTROLS}])?$"}
DEFINED: Final[Mapping[str, Mapping[str, Any]]] = {
    **dict.fromkeys(("name", "table", "column"), _DEFINED_NAME),
    "type": {"pattern": r"^(?:text|integer|real|boolean|date|timestamp|uuid|json|bytes|decimal(?:\([1-9][0-9]?\))?)$"},
}
"""The same for bodies that define tables, columns and queries; types have synonyms, and decimals a scale."""

NAME: Final[Mapping[str, Any]] = {"type": "string", **SHAPES["name"]}
QUERY_NAME: Final[Mapping[str, Any]] = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,62}$"}

# A parameter that may be left out may be empty, which means the same.
REF: Final[Mapping[str, Any]] = {"type": "string", "pattern": f"^(?:{_NAMED}(?:@{_MOMENT})?|{_MOMENT})?$"}
BOUND: Final[Mapping[str, Any]] = {"type": "string", "pattern": f"^{_MOMENT}?$"}
OFFSET: Final[Mapping[str, Any]] = {"type": "string", "pattern": "^[0-9]{0,18}$"}
POSITION: Final[Mapping[str, Any]] = {"type": "string", "pattern": r"^([0-9]{1,18}(\.[0-9]{1,18})?)?$"}
"""Behind a commit, or behind a change in it."""
TABLES: Final = ("tables", TEXT, "Only these tables; names have commas between them.")
LIMIT: Final = ("limit", None, "How many at most.")

_Parameter = tuple[str, Mapping[str, Any] | None, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation.

    ``action`` and ``capability`` are what it needs. ``answers`` is the schema of the answer, of which there is a list
    if ``many``; ``reads`` that of the body; ``needed`` are query parameters that must be there; ``statuses`` are those
    of success, where there is an answer. With ``conditional`` it is about the schema, whose version is in its ETag,
    and a write takes If-Match. ``takes`` are other headers by name, ``refusals`` further statuses.
    """

    method: str
    path: str
    name: str
    tag: str
    about: str
    action: str | None
    capability: Capability | None
    answers: str | None
    many: bool = False
    reads: str | None = None
    query: tuple[_Parameter, ...] = ()
    needed: frozenset[str] = frozenset()
    headers: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ("200",)
    conditional: bool = False
    takes: tuple[str, ...] = ()
    refusals: frozenset[int] = frozenset()
