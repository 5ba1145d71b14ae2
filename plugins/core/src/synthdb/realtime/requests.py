"""What a request to follow changes asks for."""

from dataclasses import dataclass
from typing import Final

import falcon.asgi

from synthdb.rest.address import parse_address
from synthdb.rest.limits import Limits
from synthdb.rest.query import Level, Query, decode, parse_query
from synthdb.rest.shapes import raw_path
from synthdb_host.errors import InvalidParameter
from synthdb_host.filters import Filter, and_all
from synthdb_host.versions import Follow

__all__ = ["Asked", "read_request"]

_OWN: Final = ("since", "snapshot", "tables")
_FLAGS: Final = {"true": True, "false": False}
_LONGEST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A database and what is followed in it; ``snapshot``: what is there is wanted first."""

    database: str
    follow: Follow
    snapshot: bool


def read_request(req: falcon.asgi.Request, limits: Limits) -> Asked:
    """Read the address, the query and the Last-Event-ID of a request.

    Raises:
        BadRequest: a part of them cannot be read.
    """
    mount, raw = (req.uri_template or "").partition("/{")[0], raw_path(req)
    address = parse_address(raw, mount, None)
    parts = raw.removeprefix(f"{mount}/").rstrip("/").split("/")
    if address.ref.at is not None:
        raise InvalidParameter("What is followed is a branch, not a moment.", where="path")
    own, rest = _parameters(req.query_string)
    since = req.headers_lower.get("last-event-id") or own.get("since") or None
    tables = _tables(parts[2:], own, parse_query(rest, limits))
    return Asked(address.database, Follow(tables, address.ref.branch, since), _flag(own))


def _parameters(query: str) -> tuple[dict[str, str], str]:
    """Take out the parameters that are of following itself; the others are conditions."""
    if len(query) > _LONGEST:
        raise InvalidParameter(f"It is longer than {_LONGEST:,} characters.", where="query string")
    own, rest = {}, []
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        if name not in _OWN:
            rest.append(part)
        elif name in own:
            raise InvalidParameter("It is given twice.", where=f"query parameter {name!r}")
        else:
            own[name] = decode(value.replace("+", " "), f"query parameter {name!r}")
    return own, "&".join(rest)


def _flag(own: dict[str, str]) -> bool:
    text = own.get("snapshot", "false")
    if text not in _FLAGS:
        raise InvalidParameter("It is true or false.", where="query parameter 'snapshot'")
    return _FLAGS[text]


def _tables(path: list[str], own: dict[str, str], query: Query) -> dict[str, Filter | None]:
    where = query.root.where
    if query != Query(root=Level(where=where)):
        raise InvalidParameter(
            "Who follows is shown whole rows, in the order of commits.",
            hint="There are since, snapshot and conditions on the table's own columns.",
            where="query string",
        )
    if path:
        if "tables" in own:
            raise InvalidParameter("The path names the table.", where="query parameter 'tables'")
        return {decode("/".join(path), "path"): and_all(*where)}
    if where:
        raise InvalidParameter("Conditions are on one table.", hint="Name it: /changes/TABLE.", where="query string")
    return {name: None for name in own.get("tables", "").split(",") if name}
