"""Addresses that say at their end in which form the rows are to be."""

from typing import TYPE_CHECKING

import pytest

from synthdb_host.operations import CreateTable, Insert

if TYPE_CHECKING:
    from plugins.core.tests.rest.conftest import Api

FORMS = {
    "json": "application/json",
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "jsonl": "application/jsonl",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}


@pytest.mark.parametrize("accept", ["*/*", "text/html,application/xhtml+xml", "application/json", "text/csv;q=0.5"])
@pytest.mark.parametrize(("suffix", "media_type"), FORMS.items())
def test_the_suffix_says_the_form(shared: "Api", suffix: str, media_type: str, accept: str) -> None:
    """Whatever is accepted, the answer is that of the table's own address in this form."""
    query = "?select=id,title&order=id&id=lt.3"
    plain = shared.get(f"/films{query}", Accept=media_type)
    answer = shared.get(f"/films.{suffix}{query}", Accept=accept)

    assert (200, plain.body) == (answer.status, answer.body)
    assert plain.headers["content-type"] == answer.headers["content-type"]


def test_parameters_of_the_form_count(shared: "Api") -> None:
    """They cannot stand in the address."""
    answer = shared.get("/films.csv?select=id&id=eq.1", Accept="text/html, text/csv; header=absent; bom=present")

    assert b"\xef\xbb\xbf1\r\n" == answer.body


def test_head_query_and_options_know_suffixes_too(shared: "Api") -> None:
    """They are about what GET gives; nothing is written there."""
    head = shared.send("HEAD", "/films.csv?select=id")
    query = shared.send("QUERY", "/films.csv", {"select": "id", "id": "eq.1"})
    options = shared.send("OPTIONS", "/films.csv")

    assert (200, "text/csv; charset=utf-8", b"") == (head.status, head.headers["content-type"], head.body)
    assert (200, b"id\r\n1\r\n") == (query.status, query.body)
    assert (204, "GET, HEAD, QUERY, OPTIONS") == (options.status, options.headers["allow"])


def test_a_table_of_that_name_wins(empty: "Api") -> None:
    """As soon as there is one; writes always mean it."""
    empty.execute(Insert.of("notes", [{"id": 1}]))
    before = empty.get("/notes.csv")
    assert 201 == empty.send("POST", "/notes.csv", {"text": "of its own"}).status
    after = empty.get("/notes.csv?select=text")

    assert b"id\r\n1\r\n" == before.body
    assert [{"text": "of its own"}] == after.json
    assert "POST" in empty.send("OPTIONS", "/notes.csv").headers["allow"]
    assert b"text\r\nof its own\r\n" == empty.get("/notes.csv.csv?select=text").body


def test_names_of_tables_are_read_as_ever(empty: "Api") -> None:
    """Encoded, with dots, on branches."""
    empty.define(CreateTable("a b.c"))
    empty.execute(Insert.of("a b.c", [{"x": 1}]))

    assert b"x\r\n1\r\n" == empty.get("/a%20b.c.csv?select=x").body
    assert [{"x": 1}] == empty.rows("/a%20b.c?select=x")


def test_a_suffix_goes_with_branches(branched: "Api") -> None:
    """The ref stands in the address or in the profile."""
    branched.send("POST", "/films", {"title": "Stalker"}, {"Content-Profile": "dev"})

    assert b"Stalker" in branched.get("/films.csv", Accept_Profile="dev").body
    assert b"Stalker" in branched.get("@dev/films.csv").body
    assert b"Stalker" not in branched.get("/films.csv").body


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/flims.csv", 404, "unknown_table"),
        ("/films.xlsx", 404, "unknown_table"),
        ("/.csv", 404, "unknown_table"),
        ("/films.CSV", 404, "unknown_table"),
        ("/films.csv/1", 404, "unknown_table"),
        ("/films/1.csv", 400, None),
    ],
)
def test_what_is_no_suffix_is_a_name(shared: "Api", path: str, status: int, code: str | None) -> None:
    """A key has none, since it may end in anything."""
    answer = shared.get(path)

    assert (status, code or answer.code) == (answer.status, answer.code)


def test_a_form_that_is_refused_stays_refused(shared: "Api") -> None:
    """The address and the header contradict each other."""
    assert (406, "not_acceptable") == ((answer := shared.get("/films.csv", Accept="text/csv;q=0")).status, answer.code)


def test_pages_lead_on_at_the_same_address(shared: "Api") -> None:
    """The next page has the form of the first."""
    link = shared.get("/films.json?select=id&order=id&limit=2").headers["link"]
    path = link.partition("<")[2].partition(">")[0].removeprefix("/rest/v1/db")

    assert path.startswith("/films.json?")
    assert [{"id": 3}, {"id": 4}] == shared.get(path, Accept="text/csv").json
