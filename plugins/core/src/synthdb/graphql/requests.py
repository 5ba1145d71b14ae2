"""Requests: what a body asks for."""

from typing import Any

import msgspec

from synthdb_host.errors import InvalidBody

__all__ = ["GraphQLRequest", "parse_body"]


class GraphQLRequest(msgspec.Struct, rename="camel"):
    """An operation as it is sent."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(GraphQLRequest)


def parse_body(body: bytes) -> GraphQLRequest:
    """Read a body.

    Raises:
        InvalidBody: it is none.
    """
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise InvalidBody(f"The body is no GraphQL request: {error}.") from error
