"""What is sent: the changes of a commit as messages, signed as Standard Webhooks says.

The messages of a commit follow from the commit alone, so that one that is sent again, by whatever process, has the same
id and says the same.
"""

import hashlib
import hmac
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from synthdb_host.encoding import format_timestamp, to_text

__all__ = ["Message", "messages_of", "sign", "test_message"]

_MOST_CHANGES: Final = 500
_MOST_BYTES: Final = 1_000_000
_ENCODER: Final = msgspec.json.Encoder(enc_hook=to_text, decimal_format="number")
_SHOWN: Final = ("table", "change", "key", "old", "new")


@dataclass(frozen=True, slots=True)
class Message:
    """One message; ``offset`` and ``part`` say which changes are in it."""

    id: str
    offset: str
    part: int
    changes: int
    body: bytes


def messages_of(database: str, webhook: str, changes: Sequence[Mapping[str, Any]]) -> list[Message]:
    """Make the messages of one commit; a large commit has several."""
    if not changes:
        return []
    first = changes[0]
    at = format_timestamp(first["at"]) if isinstance(first["at"], datetime) else str(first["at"])
    parts = list(_parts([_ENCODER.encode(_change(change)) for change in changes]))
    found = []
    for number, part in enumerate(parts):
        data = {
            "database": database,
            "branch": first["branch"],
            "commit": first["offset"],
            "author": first["author"],
            "message": first["message"],
            "part": number + 1,
            "parts": len(parts),
            "changes": [msgspec.Raw(change) for change in part],
        }
        body = _ENCODER.encode({"type": "rows.changed", "timestamp": at, "data": data})
        digest = hashlib.sha256(f"{database}\0{webhook}\0{first['offset']}\0{at}\0{number}".encode())
        found.append(Message(f"msg_{digest.hexdigest()[:32]}", first["offset"], number, len(part), body))
    return found


def test_message(database: str, webhook: str, at: str) -> Message:
    """Make a message that says only that somebody tries the webhook."""
    data = {"database": database, "webhook": webhook}
    digest = hashlib.sha256(f"{database}\0{webhook}\0{at}".encode())
    body = _ENCODER.encode({"type": "webhook.test", "timestamp": at, "data": data})
    return Message(f"msg_{digest.hexdigest()[:32]}", "", 0, 0, body)


def sign(message: Message, secrets: Sequence[str]) -> dict[str, str]:
    """Give the headers that prove who sent a message, and when; one signature for each secret."""
    moment = str(int(time.time()))
    content = f"{message.id}.{moment}.".encode() + message.body
    keys = [b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    signatures = [b64encode(hmac.digest(key, content, "sha256")).decode() for key in keys]
    return {
        "webhook-id": message.id,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def _parts(encoded: Sequence[bytes]) -> Iterator[list[bytes]]:
    part: list[bytes] = []
    size = 0
    for change in encoded:
        if part and (len(part) >= _MOST_CHANGES or size + len(change) > _MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(change)
        size += len(change)
    yield part


def _change(change: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(change[name]) for name in _SHOWN}


def _plain(value: Any) -> Any:  # noqa: ANN401 - a row, a key, or text
    """Write moments as every other interface does."""
    match value:
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case datetime():
            return format_timestamp(value)
        case _:
            return value
