"""Reading requests, and finding the documents that they name by hash."""

import asyncio
import json
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthdb.graphql.limits import Limits
from synthdb.graphql.persisted import Mode, Persisted
from synthdb.graphql.refusals import Refused, failure
from synthdb.graphql.requests import Sent, read_batch, read_body, read_query_string
from synthdb.queries.documents import digest_of, texts_of
from synthdb_host.errors import InvalidBody, InvalidParameter

LIMITS: Final = Limits()
TEXT: Final = "{ films { id } }"
HASH: Final = digest_of(TEXT)


def body(**members: object) -> Sent:
    """Read the body of one request."""
    asked = read_body(json.dumps(members).encode(), LIMITS)
    assert isinstance(asked, Sent)
    return asked


def automatic(digest: str = HASH) -> dict[str, Any]:
    """Give the extensions with which Apollo's clients send a hash."""
    return {"persistedQuery": {"version": 1, "sha256Hash": digest}}


def test_a_request_is_the_same_in_a_body_and_in_an_address() -> None:
    """In an address, variables and extensions are JSON."""
    variables, extensions = {"n": 1, "t": "ü"}, {"cost": True}
    text = urlencode(
        {"query": TEXT, "operationName": "A", "variables": json.dumps(variables), "extensions": json.dumps(extensions)}
    )
    asked = body(query=TEXT, operationName="A", variables=variables, extensions=extensions)

    assert Sent(TEXT, None, "A", variables, extensions) == asked == read_query_string(text, LIMITS)
    assert asked.wants_cost


def test_numbers_in_variables_keep_their_digits() -> None:
    """A float is given only where it means the same digits."""
    asked = read_body(b'{"query": "q", "variables": {"a": 12345678901234567890123, "b": 0.10, "c": 1.5}}', LIMITS)

    assert isinstance(asked, Sent)
    assert ["12345678901234567890123", "0.10", "1.5"] == [str(value) for value in asked.variables.values()]


MALFORMED: Final = {
    "no JSON": b"{",
    "no UTF-8": b'{"query": "\xff"}',
    "a string": b'"{ films }"',
    "null": b"null",
    "nothing": b"",
    "no document": b'{"variables": {}}',
    "no text": b'{"query": 1}',
    "variables": b'{"query": "q", "variables": []}',
    "extensions": b'{"query": "q", "extensions": "x"}',
    "operation name": b'{"query": "q", "operationName": {}}',
    "short hash": b'{"documentId": "sha256:abc"}',
    "no hash": b'{"documentId": "latest"}',
    "another version": b'{"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "a"}}}',
    "deep variables": b'{"query": "q", "variables": {"a": ' + b"[" * 65 + b"]" * 65 + b"}}",
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_request_is_refused(sent: bytes) -> None:
    """The status is 400, whatever form of answer is accepted."""
    with pytest.raises(Refused) as caught:
        read_body(sent, LIMITS)
    assert (True, 400) == (caught.value.malformed, caught.value.status)


@pytest.mark.parametrize("text", ["", "query=a&query=b", "query=q&variables=1", "query=q&variables={", "query=%FF"])
def test_an_address_that_is_no_request_is_refused(text: str) -> None:
    """A parameter twice is no request, because clients and proxies would not agree on which counts."""
    with pytest.raises(Refused) as caught:
        read_query_string(text, LIMITS)
    assert caught.value.malformed


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is slow
@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_any_json_is_a_request_or_refused(value: object) -> None:
    """Nothing else happens."""
    try:
        found = read_body(json.dumps({"query": value, "variables": {"a": value}}).encode(), LIMITS)
    except Refused:
        return
    assert isinstance(found, Sent)
    assert found.query == value


def test_arrays_are_refused_unless_they_are_switched_on() -> None:
    """Then they may be so long, and each item is a request."""
    items = read_body(json.dumps([{"query": "a"}, {"query": "b"}]).encode(), LIMITS)
    assert isinstance(items, list)

    with pytest.raises(Refused):
        read_batch(items, LIMITS)
    assert ["a", "b"] == [asked.query for asked in read_batch(items, Limits(batch=2))]
    for wrong in (items * 2, [], ["query"]):
        with pytest.raises(Refused):
            read_batch(wrong, Limits(batch=2))


def find(persisted: Persisted, asked: Sent, *registered: str) -> str:
    """Find the text of a request; gives the code of the error if it is refused."""

    async def lookup(digest: str) -> str | None:
        return next((text for text in registered if digest_of(text) == digest), None)

    try:
        return asyncio.run(persisted.text(asked, lookup))
    except Refused as error:
        described = failure(error.errors[0])
        return f"{described['extensions']['code']}: {described['message']}"


NAMED: Final = body(documentId=f"sha256:{HASH}")
ASKED: Final = body(extensions=automatic())


@pytest.mark.parametrize(
    ("mode", "asked", "registered", "answer"),
    [
        ("open", body(query=TEXT), [], TEXT),
        ("open", NAMED, [TEXT], "unknown_document: PersistedQueryNotSupported"),
        ("registered", body(query=TEXT), [], TEXT),
        ("registered", NAMED, [TEXT], TEXT),
        ("registered", body(documentId=HASH.upper()), [TEXT], TEXT),
        ("registered", NAMED, [], "unknown_document: There is no document with this hash here."),
        ("registered", ASKED, [], "unknown_document: PersistedQueryNotFound"),
        ("trusted", body(query=TEXT), [], "untrusted_document: This document is not registered here."),
        ("trusted", NAMED, [], "untrusted_document: This document is not registered here."),
        ("trusted", NAMED, [TEXT], TEXT),
        ("trusted", body(query=TEXT), [TEXT], TEXT),
        ("trusted", body(query="{ other }", documentId=HASH), [TEXT], TEXT),
    ],
)
def test_the_mode_says_which_documents_run(mode: Mode, asked: Sent, registered: list[str], answer: str) -> None:
    """In trusted mode the text that is sent does not matter; what runs is what is registered."""
    assert answer == find(Persisted(mode, 1_000), asked, *registered)


def test_a_text_that_was_sent_with_its_hash_is_remembered() -> None:
    """So goes Apollo's flow: ask by hash, be asked for the text, send both, and from then on the hash is enough."""
    persisted = Persisted("registered", 1_000)

    assert "unknown_document: PersistedQueryNotFound" == find(persisted, ASKED)
    assert TEXT == find(persisted, body(query=TEXT, extensions=automatic()))
    assert TEXT == find(persisted, ASKED)


def test_a_text_with_another_hash_is_refused() -> None:
    """Else one client could choose what others run."""
    persisted = Persisted("registered", 1_000)

    assert find(persisted, body(query="{ other }", extensions=automatic())).startswith("invalid_parameter: ")
    assert find(persisted, ASKED).startswith("unknown_document: ")


def test_what_is_remembered_is_bounded() -> None:
    """Long texts are not, and old ones are forgotten."""
    texts = ["{ films { id } }" + " " * (90_000 + number) for number in range(100)]
    persisted = Persisted("registered", 100_000)
    for text in [*texts, "x" * 100_001]:
        find(persisted, body(query=text, extensions=automatic(digest_of(text))))
    found = [find(persisted, body(extensions=automatic(digest_of(text)))) == text for text in [*texts, "x" * 100_001]]

    assert [False, True, False] == [found[0], found[-2], found[-1]]


def test_manifests_of_relay_and_apollo_are_read() -> None:
    """Relay's hashes may be of another kind; a SHA-256 must be right."""
    apollo = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id": HASH, "body": TEXT}]}

    assert [TEXT] == texts_of({HASH: TEXT}) == texts_of(apollo) == texts_of({"an md5": TEXT})
    with pytest.raises(InvalidParameter):
        texts_of({"0" * 64: TEXT})
    for wrong in ([TEXT], {HASH: 1}, {"operations": [1]}):
        with pytest.raises(InvalidBody):
            texts_of(wrong)
