"""What a GraphQL request says, as a body or as a query string (GraphQL over HTTP)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from synthdb.graphql.limits import Limits
from synthdb.graphql.refusals import Refused, over
from synthdb.rest.body import decode_json
from synthdb_host.errors import InvalidBody, InvalidParameter, RequestError, TooComplex

__all__ = ["Sent", "read_batch", "read_body", "read_payload", "read_query_string"]

_KNOWN: Final = ("query", "documentId", "operationName", "variables", "extensions")
_MOST_PARAMETERS: Final = 20
_HASH: Final = 64
_HEXADECIMAL: Final = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request: the text of a document, the hash of one, or both; an operation of it, and its variables.

    ``automatic`` says that the hash was sent as Apollo's clients send it, who then expect to be asked for the text.
    """

    query: str | None = None
    digest: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)
    automatic: bool = False

    @property
    def wants_cost(self) -> bool:
        """Whether the answer shall say what the operation was estimated to cost."""
        return self.extensions.get("cost") is True


def read_body(body: bytes, limits: Limits) -> Sent | list[Any]:
    """Read the JSON body of a POST: one request, or an array for :func:`read_batch`.

    Raises:
        Refused: it is not a GraphQL request.
    """
    try:
        value = decode_json(body)
        return value if isinstance(value, list) else _sent(value, limits)
    except RequestError as error:
        raise Refused(error, malformed=True) from error


def read_payload(value: object, limits: Limits) -> Sent:
    """Read a request that is a part of a message.

    Raises:
        Refused: it is not a GraphQL request.
    """
    try:
        return _sent(value, limits)
    except RequestError as error:
        raise Refused(error, malformed=True) from error


def read_batch(items: list[Any], limits: Limits) -> list[Sent]:
    """Read the requests of an array.

    Raises:
        Refused: arrays are switched off or this one is too long, or one of the items is not a GraphQL request.
    """
    if not limits.batch:
        error = InvalidBody("A request is one object; arrays of them are not allowed here.", where="body")
        raise Refused(error, malformed=True)
    if not items:
        raise Refused(InvalidBody("The array holds no request.", where="body"), malformed=True)
    if len(items) > limits.batch:
        raise Refused(over("max_batch", "operations", limits.batch), malformed=True)
    try:
        return [_sent(item, limits) for item in items]
    except RequestError as error:
        raise Refused(error, malformed=True) from error


def read_query_string(text: str, limits: Limits) -> Sent:
    """Read the query string of a GET, in which variables and extensions are JSON.

    Raises:
        Refused: it is not a GraphQL request.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS, errors="strict")
    except (ValueError, UnicodeDecodeError) as error:
        raise Refused(InvalidParameter(f"The query string cannot be read: {error}."), malformed=True) from error
    members: dict[str, Any] = {}
    try:
        for name, value in pairs:
            if name in members and name in _KNOWN:
                raise InvalidParameter(f"The parameter {name} is given twice.", where=f"query parameter '{name}'")
            members[name] = value
        for name in ("variables", "extensions"):
            if name in members:
                members[name] = decode_json(members[name].encode(), f"query parameter '{name}'")
        return _sent(members, limits)
    except RequestError as error:
        raise Refused(error, malformed=True) from error


def _sent(value: object, limits: Limits) -> Sent:
    if not isinstance(value, dict):
        raise InvalidBody("A GraphQL request is an object.", hint='Send {"query": "..."}.', where="body")
    query, name = _text(value, "query"), _text(value, "operationName")
    variables, extensions = _map(value, "variables"), _map(value, "extensions")
    _check_depth(variables, limits)
    given, hashed = _text(value, "documentId"), _automatic(extensions)
    if query is None and given is None and hashed is None:
        raise InvalidBody("The request has no document.", hint="Send query, or documentId.", where="query")
    digest = hashed if given is None else _digest(given.removeprefix("sha256:"), "documentId")
    return Sent(query, digest, name or None, variables, extensions, automatic=hashed is not None and given is None)


def _text(value: Mapping[str, Any], name: str) -> str | None:
    found = value.get(name)
    if found is not None and not isinstance(found, str):
        raise InvalidParameter(f"{name} must be a string.", where=name)
    return found


def _map(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    if found is not None and not isinstance(found, dict):
        raise InvalidParameter(f"{name} must be an object.", where=name)
    return found or {}


def _automatic(extensions: Mapping[str, Any]) -> str | None:
    """Give the hash that is sent in the extensions, if it is (Apollo's automatic persisted queries)."""
    found = extensions.get("persistedQuery")
    if found is None:
        return None
    if not isinstance(found, dict) or found.get("version") != 1:
        raise InvalidParameter("Persisted queries are known in version 1.", where="extensions.persistedQuery")
    return _digest(found.get("sha256Hash"), "extensions.persistedQuery.sha256Hash")


def _digest(value: object, where: str) -> str:
    text = value.lower() if isinstance(value, str) else ""
    if len(text) != _HASH or not _HEXADECIMAL.issuperset(text):
        raise InvalidParameter("A document is named by the SHA-256 of its text, in 64 digits.", where=where)
    return text


def _check_depth(variables: Mapping[str, Any], limits: Limits) -> None:
    """Refuse values that are nested too deeply, before anything follows them down."""
    if not any(isinstance(value, dict | list) for value in variables.values()):
        return
    level: list[Any] = [variables]
    for _ in range(limits.variable_depth + 1):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise TooComplex(
        f"A variable is nested more than {limits.variable_depth} levels deep.",
        where="variables",
        data={"limit": "max_variable_depth", "allowed": limits.variable_depth},
    )
