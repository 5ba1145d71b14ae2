"""Answers of more rows than fit into one body."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from synthdb_host.operations import Insert

if TYPE_CHECKING:
    from plugins.core.tests.rest.conftest import Answer, Api

MOST = 3_000
"""Rows of one body in these tests; a stream reads fewer at a time."""

ROWS = 9_001
NDJSON = {"Accept": "application/x-ndjson"}
CSV = {"Accept": "text/csv"}


def numbers(limited: "Callable[..., Api]", **limits: int) -> "Api":
    api = limited(max_rows=MOST, **limits)
    api.execute(Insert.of("numbers", [{"id": number, "word": f"w{number}"} for number in range(ROWS)]))
    return api


@pytest.fixture(scope="module")
def api(limited: "Callable[..., Api]") -> "Api":
    """The numbers under the usual limits of streams."""
    return numbers(limited)


def test_lines_have_no_end_at_a_page(api: "Api") -> None:
    """NDJSON and CSV give all rows, in order, where JSON gives a page."""
    lines = api.get("/numbers", **NDJSON)
    table = api.get("/numbers", **CSV)

    assert [f'{{"id":{number},"word":"w{number}"}}' for number in range(ROWS)] == lines.body.decode().splitlines()
    assert ["id,word", *(f"{number},w{number}" for number in range(ROWS))] == table.body.decode().splitlines()
    assert MOST == len(api.rows("/numbers"))


@pytest.mark.parametrize("accept", ["application/json", "application/vnd.pgrst.array+json"])
def test_an_array_is_as_long_as_it_is_asked_for(api: "Api", accept: str) -> None:
    """Beyond a page it is streamed, and is the same array."""
    whole = api.get(f"/numbers?limit={ROWS}", Accept=accept)
    span = api.get("/numbers?order=id.desc", Accept=accept, Range="0-4999", Prefer="count=exact")
    few = api.get(f"/numbers?limit={ROWS}&id=lt.2", Accept=accept)

    assert [{"id": number, "word": f"w{number}"} for number in range(ROWS)] == whole.json
    assert (200, None, accept) == (whole.status, _length(whole), whole.headers["content-type"])
    assert (206, f"0-4999/{ROWS}", 5_000) == (span.status, span.headers["content-range"], len(span.json))
    assert (b'[{"id":0,"word":"w0"},{"id":1,"word":"w1"}]', "0-1/*") == (few.body, few.headers["content-range"])
    assert [] == api.get(f"/numbers?limit={ROWS}&id=lt.0", Accept=accept).json


def test_long_pages_lead_to_each_other(api: "Api") -> None:
    """As short ones do, and of the same state, whatever is written meanwhile."""
    first = api.get("/numbers?select=id&order=word.desc&limit=5000")
    api.execute(Insert.of("numbers", [{"id": -1, "word": "w0"}, {"id": -2, "word": "w99999"}]))
    found, link = first.json, first.headers.get("link")
    while link is not None:
        page = api.get(link.partition("<")[2].partition(">")[0].removeprefix("/rest/v1/db"))
        found, link = found + page.json, page.headers.get("link")
    api.send("DELETE", "/numbers?id=lt.0")

    assert [number for number, _ in sorted(enumerate(range(ROWS)), key=lambda item: f"w{item[0]}", reverse=True)] == [
        row["id"] for row in found
    ]
    assert "link" not in api.get(f"/numbers?limit={ROWS + 1}").headers


def test_what_is_not_read_to_its_end_has_no_length_and_no_range(api: "Api") -> None:
    """Until all rows are read nobody knows how many they are, unless they are counted."""
    unknown = api.get("/numbers", **NDJSON)
    counted = api.get("/numbers?limit=5000&offset=10", **NDJSON, Prefer="count=exact")

    assert (200, None, None) == (unknown.status, unknown.headers.get("content-range"), _length(unknown))
    assert (206, f"10-5009/{ROWS}", None) == (counted.status, counted.headers["content-range"], _length(counted))
    assert 5000 == len(counted.body.splitlines())


@pytest.mark.parametrize("storage", ["sqlite", "memory"])
def test_every_storage_that_has_streams_is_streamed(limited: "Callable[..., Api]", storage: str) -> None:
    """Beyond the rows of one body."""
    api = limited(storage, max_rows=2)
    api.execute(Insert.of("numbers", [{"id": number} for number in range(5)]))

    assert [f'{{"id":{number}}}' for number in range(5)] == api.get("/numbers", **NDJSON).body.decode().splitlines()
    assert 2 == len(api.rows("/numbers"))


def test_a_short_answer_is_a_body_as_ever(api: "Api") -> None:
    """With its length, and with the range of its rows."""
    few = api.get("/numbers?id=lt.5", **CSV)
    none = api.get("/numbers?id=lt.0", **CSV)

    assert (200, "0-4/*", str(len(few.body))) == (few.status, few.headers["content-range"], _length(few))
    assert (200, "*/*", b"id,word\r\n") == (none.status, none.headers["content-range"], none.body)


def test_head_answers_as_get_does(api: "Api") -> None:
    """Without rows, and with a length only where there is one."""
    answer = api.send("HEAD", "/numbers", headers={**CSV, "Prefer": "count=exact"})

    assert (200, f"0-9000/{ROWS}", None, b"") == (
        answer.status, answer.headers["content-range"], _length(answer), answer.body,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?nothing=eq.1", 400, "unknown_column"),
        ("?id=eq.x", 400, "invalid_filter"),
        ("?offset=10000", 416, "range_not_satisfiable"),
    ],
)
def test_an_error_before_the_first_row_is_a_problem(api: "Api", query: str, status: int, code: str) -> None:
    """It is found before the answer begins."""
    answer = api.get(f"/numbers{query}", **CSV, Prefer="count=exact")

    assert (status, code) == (answer.status, answer.code)


def test_groups_and_embeds_are_streamed_too(api: "Api") -> None:
    """A sum beyond 64 bits included."""
    api.execute(Insert.of("large", [{"id": number, "value": 2**62} for number in range(4)]))

    assert f'{{"sum":{2**64}}}\n'.encode() == api.get("/large?select=value.sum()", **NDJSON).body


def test_an_answer_has_at_most_the_rows_of_a_stream(limited: "Callable[..., Api]") -> None:
    """That is a limit of its own."""
    api = numbers(limited, max_stream_rows=5_000)

    assert 5_000 == len(api.get("/numbers", **NDJSON).body.splitlines())


def test_streams_take_turns(api: "Api") -> None:
    """More of them than read at a time all come to their end, and a page is answered among them."""
    answers = api.at_once(*[("/numbers", NDJSON)] * 6, ("/numbers?limit=1", {}))

    assert [ROWS] * 6 == [len(answer.body.splitlines()) for answer in answers[:-1]]
    assert 1 == len(answers[-1].json)


def test_there_are_only_so_many_at_a_time(limited: "Callable[..., Api]") -> None:
    """One that has ended makes room, whichever way it ended."""
    api = numbers(limited, max_streams=1)

    for _ in range(3):
        assert 400 == api.get("/numbers?nothing=eq.1", **NDJSON).status
        assert 200 == api.send("HEAD", "/numbers", headers=NDJSON).status
        assert ROWS == len(api.get("/numbers", **NDJSON).body.splitlines())


def _length(answer: "Answer") -> str | None:
    return answer.headers.get("content-length")
