"""A write that is sent again with its Idempotency-Key is not done again."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from plugins.core.tests.rest.conftest import Answer, Api

KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
RETURN = {"Prefer": "return=representation"}


def _twice(api: "Api", method: str, path: str, body: object, headers: dict[str, str]) -> "Answer":
    """Send a request twice; the second answer must be that of the first."""
    first = api.send(method, path, body, KEY | headers)
    assert first.status < 300, first.body
    assert "idempotent-replayed" not in first.headers
    again = api.send(method, path, body, KEY | headers)
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    for name in ("etag", "location", "content-range", "content-type", "preference-applied", "vary"):
        assert again.headers.get(name) == first.headers.get(name), name
    return again


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    (
        ("POST", "/films", {"title": "New"}, 201),
        ("POST", "/films?select=id,title", [{"title": "A"}, {"title": "B"}], 201),
        ("POST", "/shops", {"name": "made by the first write"}, 201),
        ("PATCH", "/films/1", {"year": 1980}, 204),
        ("PATCH", "/films?id=in.(1,2)&select=id&order=id", {"seen": False}, 204),
        ("PUT", "/films/9", {"title": "Put"}, 201),
        ("PUT", "/films/1", {"title": "Put"}, 204),
        ("DELETE", "/roles/1,John", None, 204),
    ),
)
@pytest.mark.parametrize("returns", (False, True), ids=("minimal", "representation"))
def test_every_write_is_answered_as_it_was(
    api: "Api", method: str, path: str, body: object, status: int, *, returns: bool
) -> None:
    """With status, headers and body, though nothing is done."""
    answer = _twice(api, method, path, body, RETURN if returns else {})
    assert answer.status == (200 if returns and status == 204 else status)


def test_a_replayed_write_is_not_done(api: "Api") -> None:
    """Not even where what it wrote was changed or taken away since."""
    assert api.send("POST", "/films", {"id": 9, "title": "A"}, KEY).status == 201
    api.send("DELETE", "/films/9")
    assert api.send("POST", "/films", {"id": 9, "title": "A"}, KEY).status == 201
    assert api.rows("/films?id=eq.9") == []


def test_a_replayed_write_does_not_ask_its_conditions_again(api: "Api") -> None:
    """The tag that it was sent with was right when it was done."""
    tag = api.get("/films/1").headers["etag"]
    _twice(api, "PATCH", "/films/1", {"year": 1980}, {"If-Match": tag})


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    (
        ("POST", "/films", {"title": "B"}, {}),
        ("POST", "/films?select=id", {"title": "A"}, {}),
        ("POST", "/people", {"title": "A"}, {}),
        ("POST", "/films", {"title": "A"}, RETURN),
        ("PATCH", "/films/1", {"title": "A"}, {}),
        ("DELETE", "/films/1", None, {}),
    ),
)
def test_a_key_is_of_one_request(api: "Api", method: str, path: str, body: object, headers: dict[str, str]) -> None:
    """Another method, address, preference or body is refused, and does nothing."""
    assert api.send("POST", "/films", {"title": "A"}, KEY).status == 201
    before = api.get("/films").body
    answer = api.send(method, path, body, KEY | headers)
    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert before == api.get("/films").body


def test_a_write_that_failed_is_done_when_it_can_be(api: "Api") -> None:
    """An error is not kept."""
    body = {"id": 9, "title": "Alien"}
    assert api.send("POST", "/films", body, KEY).code == "unique_violation"
    assert api.send("PATCH", "/films/99", {"year": 1}, KEY).code == "not_found"
    api.send("PATCH", "/films/1", {"title": "Alien (1979)"})
    _twice(api, "POST", "/films", body, {})


@pytest.mark.parametrize(
    "key", ("k", '"k"', "8e03978e-40d5-43dd-bc93-6894a57f9324", "a" * 255, '"a b,\\"c\\\\"', "clé".encode().hex())
)
def test_a_key_may_be_quoted_or_not(api: "Api", key: str) -> None:
    """The draft says quoted, many clients do not."""
    headers = {"Idempotency-Key": key}
    assert "idempotent-replayed" not in api.send("POST", "/films", {"title": "A"}, headers).headers
    assert api.send("POST", "/films", {"title": "A"}, headers).headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("key", ("", " ", '""', '"a', "a,b", "a b", "a" * 256, '"\\a"', "clé", '"a";p=1', "a\tb"))
def test_what_is_no_key_is_refused(api: "Api", key: str) -> None:
    """Rather than that a write is not as safe as its caller thinks."""
    answer = api.send("POST", "/films", {"title": "A"}, {"Idempotency-Key": key})
    assert (answer.status, answer.code) == (400, "invalid_parameter")
    assert api.rows("/films?title=eq.A") == []


def test_quotes_do_not_make_another_key(api: "Api") -> None:
    """A client that begins to quote its keys goes on with the same ones."""
    api.send("POST", "/films", {"title": "A"}, {"Idempotency-Key": "k"})
    assert api.send("POST", "/films", {"title": "A"}, {"Idempotency-Key": '"k"'}).headers["idempotent-replayed"]


def test_a_dry_run_is_not_kept(api: "Api") -> None:
    """The write that it tried is done with the same key."""
    for _ in range(2):
        answer = api.send("POST", "/films", {"title": "A"}, KEY | {"Prefer": "tx=rollback"})
        assert (answer.status, answer.headers.get("idempotent-replayed")) == (201, None)
    assert api.send("POST", "/films", {"title": "A"}, KEY).headers.get("idempotent-replayed") is None


def test_an_answer_too_large_to_be_kept_undoes_its_write(api: "Api") -> None:
    """Without the rows in the answer it can be done."""
    rows: list[dict[str, Any]] = [{"title": f"{number}{'x' * 10_000}"} for number in range(101)]
    answer = api.send("POST", "/films", rows, KEY | RETURN)
    assert (answer.status, answer.code) == (413, "too_large")
    assert api.rows("/films?select=id&title=like.*xxx*") == []
    assert api.send("POST", "/films", rows, KEY).status == 201


def test_a_read_ignores_the_key(api: "Api") -> None:
    """It may be sent again anyhow."""
    assert api.send("GET", "/films/1", headers=KEY).status == 200
    assert api.send("GET", "/films/2", headers=KEY).json["id"] == 2
