"""Errors in GraphQL's form: what stands under ``errors`` in an answer."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from graphql import GraphQLError

from synthdb_host.encoding import to_text
from synthdb_host.errors import InvalidDocument, RequestError, TooComplex, TooLarge
from synthdb_host.problems import translate

__all__ = ["Refused", "failure", "over", "too_long"]

_LONGEST: Final = 1_000
"""Characters of a message, which may quote what was sent."""

_ENCODER: Final = msgspec.json.Encoder(enc_hook=to_text, decimal_format="number")


class Refused(Exception):
    """A request was refused before any of it was executed.

    Args:
        errors: what is wrong.
        malformed: whether it is no GraphQL request at all, so that its status is 400 whatever form is accepted.

    ``seconds`` is the time of the processor that it took to see that, where this was much.
    """

    def __init__(self, *errors: RequestError | GraphQLError, malformed: bool = False) -> None:
        super().__init__(*errors)
        self.errors = errors
        self.malformed = malformed
        self.seconds = 0.0

    @property
    def status(self) -> int:
        """The HTTP status of the first error."""
        first = self.errors[0]
        return first.status if isinstance(first, RequestError) else InvalidDocument.status

    @property
    def body(self) -> bytes:
        """The answer, which has no ``data``."""
        return _ENCODER.encode({"errors": [failure(error) for error in self.errors]})


def failure(error: Exception, path: Sequence[str | int] | None = None) -> dict[str, Any]:
    """Describe an error as a member of ``errors``; what was not foreseen is described without its text."""
    if isinstance(error, GraphQLError):
        return _located(error, path)
    shown = translate(error)
    extensions: dict[str, Any] = {**shown.data, "code": shown.code}
    extensions |= {key: text for key, text in (("hint", shown.hint), ("where", shown.where)) if text}
    described: dict[str, Any] = {"message": shown.detail}
    if path is not None:
        described["path"] = list(path)
    return described | {"extensions": extensions}


def _located(error: GraphQLError, path: Sequence[str | int] | None) -> dict[str, Any]:
    """Describe an error of a document or of a field, with where it is."""
    cause = error.original_error
    described: dict[str, Any] = {"message": error.message[:_LONGEST], "extensions": {"code": InvalidDocument.code}}
    if cause is not None and not isinstance(cause, GraphQLError):
        described = failure(cause)
    if error.locations:
        described["locations"] = [{"line": one.line, "column": one.column} for one in error.locations]
    place = path if path is not None else error.path
    if place is not None:
        described["path"] = list(place)
    described["extensions"] |= error.extensions or {}
    return described


def over(setting: str, what: str, allowed: int) -> TooComplex:
    """Give the error that something is over a limit that is a setting of GraphQL."""
    return TooComplex(
        f"The request has too many {what}; {allowed:,} are allowed.",
        hint=f"Ask for less at a time, or raise plugins.core.graphql.{setting}.",
        data={"limit": setting, "allowed": allowed},
    )


def too_long(setting: str, what: str, allowed: int) -> TooLarge:
    """Give the error that something has more bytes than a setting of GraphQL allows."""
    return TooLarge(
        f"{what} has more than {allowed:,} bytes.",
        hint=f"Ask for less at a time, or raise plugins.core.graphql.{setting}.",
        data={"limit": setting, "allowed": allowed},
    )
