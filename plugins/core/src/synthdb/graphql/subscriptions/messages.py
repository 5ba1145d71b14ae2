"""The messages of the protocol ``graphql-transport-ws``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from synthdb.rest.body import decode_json
from synthdb_host.encoding import to_text
from synthdb_host.errors import RequestError

__all__ = [
    "PROTOCOL",
    "Message",
    "Unreadable",
    "acknowledged",
    "complete",
    "failed",
    "following",
    "ping",
    "pong",
    "read",
]

PROTOCOL: Final = "graphql-transport-ws"

_LONGEST_ID: Final = 200
_TYPES: Final = frozenset({"connection_init", "ping", "pong", "subscribe", "complete"})
_WITH_ID: Final = frozenset({"subscribe", "complete"})
_ENCODER: Final = msgspec.json.Encoder(enc_hook=to_text, decimal_format="number")

acknowledged: Final = '{"type":"connection_ack"}'
ping: Final = '{"type":"ping"}'
pong: Final = '{"type":"pong"}'


class Unreadable(Exception):
    """Something was sent that is no message of the protocol; why is for the client to read."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a client sent. ``id`` is there where an operation is meant."""

    type: str
    id: str
    payload: Any


def read(text: str) -> Message:
    """Read a message.

    Raises:
        Unreadable: it is none.
    """
    try:
        value = decode_json(text.encode())
    except (RequestError, UnicodeEncodeError) as error:
        raise Unreadable("Not JSON") from error
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _TYPES:
        raise Unreadable("Not a message of graphql-transport-ws")
    ident, payload = value.get("id", ""), value.get("payload")
    if kind in _WITH_ID and not (isinstance(ident, str) and 0 < len(ident) <= _LONGEST_ID):
        raise Unreadable(f"A {kind} message has an id of at most {_LONGEST_ID} characters")
    if not isinstance(payload, dict) and (kind == "subscribe" or payload is not None):
        raise Unreadable(f"The payload of a {kind} message is an object")
    return Message(kind, ident if kind in _WITH_ID else "", payload)


def following(ident: str, body: bytes) -> str:
    """Write a result of an operation."""
    return (b'{"id":%b,"type":"next","payload":%b}' % (msgspec.json.encode(ident), body)).decode()


def failed(ident: str, errors: Sequence[object]) -> str:
    """Write that an operation is over because of errors."""
    return _ENCODER.encode({"id": ident, "type": "error", "payload": errors}).decode()


def complete(ident: str) -> str:
    """Write that an operation is over."""
    return _ENCODER.encode({"id": ident, "type": "complete"}).decode()
