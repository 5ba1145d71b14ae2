"""Messages follow from their commit alone, and are signed as Standard Webhooks verifies."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from synthdb.webhooks.messages import Message, messages_of, sign
from synthdb.webhooks.webhook import new_secret

AT = datetime(2026, 1, 2, 3, 4, 5, 60, UTC)


def change(number: int, **row: Any) -> dict[str, Any]:
    new = {"id": number, **row}
    return {
        "offset": "7", "at": AT, "branch": "main", "author": "ada", "message": "m", "table": "t", "change": "insert",
        "key": [number], "old": None, "new": new,
    }  # fmt: skip


@given(st.binary(min_size=24, max_size=64), st.binary(min_size=24, max_size=64), st.text(max_size=50))
def test_what_is_signed_is_verified_with_any_of_its_secrets(first: bytes, second: bytes, text: str) -> None:
    """And with no other, nor if a byte is another one."""
    secrets = ["whsec_" + base64.b64encode(key).decode() for key in (first, second)]
    message = Message("msg_1", "1", 0, 1, json.dumps({"text": text}).encode())
    headers = sign(message, secrets)

    for secret in secrets:
        assert {"text": text} == Webhook(secret).verify(message.body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(message.body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secrets[0]).verify(message.body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secrets[0]).verify(message.body, headers | {"webhook-id": "msg_2"})


def test_a_commit_gives_the_same_messages_each_time() -> None:
    """Of another database or webhook, or another commit of the same number, they have other ids."""
    changes = [change(1)]
    (message,) = messages_of("db", "hook", changes)
    other = [messages_of("db2", "hook", changes), messages_of("db", "hook2", changes)]
    other.append(messages_of("db", "hook", [{**changes[0], "at": datetime(2027, 1, 1, tzinfo=UTC)}]))

    assert [message] == messages_of("db", "hook", changes)
    assert 4 == len({message.id, *(one.id for (one,) in other)})
    assert [] == messages_of("db", "hook", [])


def test_a_large_commit_is_several_messages() -> None:
    """Each with some of its changes, in their order; a change that is large itself is one alone."""
    many = messages_of("db", "hook", [change(number) for number in range(1_201)])
    large = messages_of("db", "hook", [change(number, text="x" * 600_000) for number in range(3)])

    assert ([500, 500, 201], [0, 1, 2]) == ([one.changes for one in many], [one.part for one in many])
    assert [1, 1, 1] == [one.changes for one in large]
    bodies = [json.loads(one.body)["data"] for one in many]
    assert [(1, 3), (2, 3), (3, 3)] == [(one["part"], one["parts"]) for one in bodies]
    assert list(range(1_201)) == [found["new"]["id"] for one in bodies for found in one["changes"]]


def test_values_are_written_as_everywhere() -> None:
    """Moments in UTC with microseconds, bytes as Base64, numbers with every digit."""
    (message,) = messages_of("db", "hook", [change(1, at=AT, raw=b"\xff", big=2**53 + 1)])

    row = json.loads(message.body)["data"]["changes"][0]["new"]
    assert {"id": 1, "at": "2026-01-02T03:04:05.000060Z", "raw": "/w==", "big": 2**53 + 1} == row
