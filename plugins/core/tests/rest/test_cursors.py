"""A full page links to the next one, which is of the same state, by a token that nobody else can make."""

import base64
from typing import TYPE_CHECKING, Any

import pytest

from synthdb.rest.address import Address
from synthdb.rest.cursors import Cursor, Cursors
from synthdb_host.catalog import Column, ColumnType
from synthdb_host.errors import CursorExpired
from synthdb_host.operations import AddColumn, Position
from synthdb_host.signing import Signing
from synthdb_host.versions import Collect

if TYPE_CHECKING:
    from pathlib import Path

    from plugins.core.tests.rest.conftest import Answer, Api

BASE = "/rest/v1/db"


def next_page(answer: "Answer") -> str | None:
    """Give the path below the database of the next page, None if there is none."""
    link = answer.headers.get("link")
    if link is None:
        return None
    address, _, relation = link.partition(">; ")
    assert 'rel="next"' == relation
    assert address.startswith(f"<{BASE}"), address
    return address.removeprefix(f"<{BASE}")


def follow(api: "Api", answer: "Answer", **headers: str) -> "Answer":
    """Read the next page."""
    page = next_page(answer)
    assert page is not None, answer.headers
    return api.get(page, **headers)


def walk(api: "Api", path: str, **headers: str) -> list[Any]:
    """Read all pages; gives the body of each."""
    answer = api.get(path, **headers)
    found = [answer.json]
    while next_page(answer):
        answer = follow(api, answer, **headers)
        assert answer.status in (200, 206), answer.body
        found.append(answer.json)
    return found


@pytest.mark.parametrize(
    "query",
    [
        "select=title",
        "select=id,title&order=year",
        "order=year.desc.nullslast,title&select=id",
        "select=id&order=seen.desc,rating.nullsfirst",
        "select=title,director:director_id(name)&order=director(name).desc",
        "select=title,roles(actor)&roles.order=actor&order=title",
        "select=id&id=gt.1&or=(seen.is.true,year.is.null)&order=data->cost->usd,title.desc",
        "select=...people!films_director(name)&order=id.desc",
        "select=seen,count()&order=seen",
    ],
)
@pytest.mark.parametrize("size", [1, 2])
def test_the_pages_of_a_walk_are_the_whole(shared: "Api", query: str, size: int) -> None:
    """Whatever is selected, filtered and sorted by; the last page is short or empty."""
    whole = shared.rows(f"/films?{query}")
    pages = walk(shared, f"/films?{query}&limit={size}")
    assert whole == [row for page in pages for row in page]
    assert len(pages[-1]) < size


def test_only_a_full_page_has_a_link(shared: "Api") -> None:
    """One row is never a page."""
    assert next_page(shared.get("/films?limit=4"))
    for path in ("/films?limit=5", "/films", "/films?limit=0", "/films/1"):
        assert next_page(shared.get(path)) is None
    assert next_page(shared.get("/films?limit=1", Accept="application/vnd.pgrst.object+json")) is None


def test_a_page_says_which_rows_it_has(shared: "Api") -> None:
    """Counted from the first page on, of all rows that the walk will see."""
    first = shared.get("/films?select=id&offset=1&limit=2", Prefer="count=exact")
    second = follow(shared, first, Prefer="count=exact")
    assert ("1-2/4", "3-3/4") == (first.headers["content-range"], second.headers["content-range"])
    assert [{"id": 4}] == second.json


def test_a_range_gives_the_size_of_the_pages(shared: "Api") -> None:
    """The header may be sent again or not."""
    first = shared.get("/films?select=id", Range="0-1")
    assert [{"id": 3}, {"id": 4}] == follow(shared, first).json == follow(shared, first, Range="0-1").json


def test_every_representation_has_pages(shared: "Api") -> None:
    """The link is a header, so that any media type can be walked through."""
    first = shared.get("/films?select=id&limit=3", Accept="text/csv")
    assert b"id\r\n4\r\n" == follow(shared, first, Accept="text/csv").body


def test_the_size_of_a_page_can_be_changed(shared: "Api") -> None:
    """Nothing else of the request can."""
    page = next_page(shared.get("/films?select=id&order=year&limit=1"))
    assert page is not None
    assert 3 == len(shared.rows(page.replace("limit=1", "limit=3")))
    for other in (page.replace("order=year", "order=title"), f"{page}&id=gt.1", page.replace("films?", "people?")):
        answer = shared.get(other)
        assert (400, "invalid_cursor") == (answer.status, answer.code)


def test_what_a_server_did_not_sign_is_no_cursor(shared: "Api") -> None:
    """Changed, cut off, made up, or of another server."""
    page = next_page(shared.get("/films?limit=1"))
    assert page is not None
    start, _, token = page.partition("cursor=")
    changed = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    changed[-1] ^= 1
    for other in (base64.urlsafe_b64encode(changed).decode(), token[:-4], token[4:], "", "x", "é", "%00", "a" * 10_000):
        answer = shared.get(f"{start}cursor={other}")
        assert (400, "invalid_cursor") == (answer.status, answer.code), other


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/films/1?cursor=x"), ("GET", "/films?cursor=x&cursor=y"), ("PATCH", "/films?id=eq.1&cursor=x")],
)
def test_a_cursor_belongs_to_a_list(shared: "Api", method: str, path: str) -> None:
    """Elsewhere, and twice, it is an error."""
    answer = shared.send(method, path, {"year": 1} if method == "PATCH" else None)
    assert (400, "invalid_parameter") == (answer.status, answer.code)


def test_a_column_may_be_called_cursor(empty: "Api") -> None:
    """It is quoted, like those that are called like other parameters."""
    empty.send("POST", "/things", [{"cursor": "a"}, {"cursor": "b"}])
    assert [{"cursor": "b"}] == empty.rows('/things?"cursor"=eq.b&select=cursor')


# -- states ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ref", ["", "@dev", "@v1", "@0 seconds ago".replace("@", "@main@").replace(" ", "%20")])
def test_a_walk_is_of_the_state_of_its_first_page(branched: "Api", ref: str) -> None:
    """On any branch and at any moment, with all that is embedded; columns are those of then."""
    path = f"{ref}/films?select=*,director:director_id(name)&order=year&limit=1"
    whole = branched.rows(path.removesuffix("&limit=1"))
    answer = branched.get(path)
    found = answer.json
    for number in range(4):
        for branch in ("", "@dev"):
            branched.send("DELETE", f"{branch}/films?id=eq.{number}", None, {"Prefer": "full-table=allow"})
            branched.send("PATCH", f"{branch}/people?id=lt.9", {"name": f"n{number}"})
            branched.send("POST", f"{branch}/films", {"title": f"new {number}", "year": 1990, f"more{number}": 1})
        answer = follow(branched, answer)
        assert 200 == answer.status, answer.body
        found += answer.json
    assert whole == found


def test_pages_can_be_of_now(branched: "Api") -> None:
    """Rows that come and go are seen or not, each once."""
    live = {"Prefer": "snapshot=off"}
    first = branched.get("/films?select=id&order=title&limit=2", **live)
    assert ("snapshot=off", [1, 4]) == (first.headers["preference-applied"], [row["id"] for row in first.json])
    branched.send("DELETE", "/films?id=eq.4")
    branched.send("POST", "/films", [{"title": "AAA"}, {"title": "Metropolis"}])
    assert [6, 3] == [row["id"] for row in follow(branched, first, **live).json]


def test_a_branch_of_the_same_name_is_another_one(branched: "Api") -> None:
    """A walk does not go on there."""
    first = branched.get("@dev/films?limit=2")
    branched.meta("DELETE", "/branches/dev")
    branched.meta("POST", "/branches", {"name": "dev"})
    answer = follow(branched, first)
    assert (410, "cursor_expired") == (answer.status, answer.code)


def test_a_cursor_expires_with_the_state_that_it_leads_to(branched: "Api") -> None:
    """What is no longer kept cannot be walked on; nothing is kept for a walk."""
    branched.send("PATCH", "/films?id=gt.0", {"year": 0})
    first = branched.get("/films?limit=2")
    branched.send("PATCH", "/films?id=gt.0", {"year": 1})
    branched.send("PATCH", "/films?id=gt.0", {"year": 2})
    branched.execute(Collect(branched.meta("GET", "/commits?limit=1")[0]["id"]))
    answer = follow(branched, first)
    assert (410, "cursor_expired") == (answer.status, answer.code)


def test_a_changed_schema_does_not_end_a_walk(branched: "Api") -> None:
    """Its pages have the columns of its first page."""
    first = branched.get("/films?limit=2")
    branched.define(AddColumn("films", Column("more", ColumnType("text"))))
    assert first.json[0].keys() == follow(branched, first).json[0].keys()


def test_a_position_that_is_too_long_to_write_is_found_by_its_number(branched: "Api") -> None:
    """Long texts make no long address."""
    branched.send("POST", "/films", [{"title": "Z" * 5_000 + str(number)} for number in range(5)])
    path = "/films?select=id&order=title.desc&limit=2"
    page = next_page(branched.get(path))
    assert page is not None
    assert len(page) < 300
    assert [9, 8, 7, 6, 5] == [row["id"] for page in walk(branched, path) for row in page][:5]


def test_a_token_is_good_for_a_time_only(tmp_path: "Path") -> None:
    """Then it has expired, whatever it leads to."""
    address = Address("db", table="films")

    def written(seconds: float) -> str:
        cursors = Cursors(Signing(tmp_path), seconds)
        return cursors.link(Cursor(Position("7", ("x", 1)), 5), address, "id=gt.1", "/p", "", None)[len("/p?cursor=") :]

    reader = Cursors(Signing(tmp_path), 60)
    assert Cursor(Position("7", ("x", 1)), 5) == reader.read(written(60), address, "id=gt.1&limit=3")
    with pytest.raises(CursorExpired):
        reader.read(written(-60), address, "id=gt.1")
