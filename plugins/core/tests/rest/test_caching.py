"""What a caller has is not read again for him, and never taken for what is there now."""

from typing import TYPE_CHECKING

import pytest

from synthdb_host.operations import RenameColumn
from synthdb_host.versions import Collect

if TYPE_CHECKING:
    from plugins.core.tests.rest.conftest import Answer, Api

LISTS = (
    "/films",
    "/films?select=id&year=gt.1980&order=id",
    "/films?select=title,people!films_director(name)",
    "/films?select=count()",
    "/films?id=eq.99",
    "/films?limit=1&offset=1",
)


def _again(api: "Api", path: str, tag: str, **headers: str) -> "Answer":
    return api.get(path, If_None_Match=tag, **headers)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_sent_again_when_anything_was_written(api: "Api", path: str) -> None:
    """Not before; a row in another table may be in it."""
    first = api.get(path)
    tag = first.headers["etag"]
    again = _again(api, path, f'"x", W/{tag}')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    for name in ("cache-control", "vary"):
        assert again.headers[name] == first.headers[name]
    assert api.send("HEAD", path, headers={"If-None-Match": tag}).status == 304
    api.send("PATCH", "/people/1", {"name": "Sir Ridley"})
    changed = _again(api, path, tag)
    assert changed.status == 200
    assert changed.headers["etag"] != tag


def test_forms_of_a_list_have_tags_of_their_own(api: "Api") -> None:
    """What a cache has of one is nothing for another."""
    forms: list[dict[str, str]] = [
        {},
        {"Accept": "text/csv"},
        {"Accept": "application/vnd.pgrst.array+json;nulls=stripped"},
        {"Range": "0-1"},
        {"Prefer": "count=exact"},
    ]
    tags = [api.get("/films", **form).headers["etag"] for form in forms]
    assert len(set(tags)) == len(forms)
    for form, tag in zip(forms, tags, strict=True):
        found = [_again(api, "/films", other, **form).status == 304 for other in tags]
        assert [tag == other for other in tags] == found


def test_a_change_of_schema_is_seen(api: "Api") -> None:
    """Though no row has changed."""
    tag = api.get("/films").headers["etag"]
    api.define(RenameColumn("films", "seen", "watched"))
    assert _again(api, "/films", tag).status == 200


def test_a_star_is_any_list(api: "Api") -> None:
    """There always is one."""
    assert _again(api, "/films", "*").status == 304
    assert _again(api, "/nowhere", "*").status == 404


def test_a_list_can_be_asked_for_as_it_was(api: "Api") -> None:
    """If-Match on a read of a list compares the whole tag."""
    tag = api.get("/films").headers["etag"]
    assert api.get("/films", If_Match=tag).status == 200
    api.send("PATCH", "/films/1", {"year": 1980})
    assert api.get("/films", If_Match=tag).status == 412


def test_errors_are_answered_as_ever(api: "Api") -> None:
    """A tag of another read does not hide them."""
    assert _again(api, "/films?nonsense=eq.1", '"1-2"').status == 400
    assert _again(api, "/films?id=gt.1", '"1-2"', Accept="application/vnd.pgrst.object+json").status == 406
    assert _again(api, "/films", "nonsense").code == "invalid_parameter"


def test_only_commits_are_for_ever(branched: "Api") -> None:
    """Branches and tags are asked about each time, and so is a commit with the columns of now."""

    def caching(ref: str, table: str, **headers: str) -> str:
        answer = branched.raw("GET", f"/rest/v1/db{ref}/{table}", "", None, headers)
        assert answer.status == 200, answer.body
        return answer.headers["cache-control"]

    ever, now = "private, max-age=31536000, immutable", "private, no-cache"
    for table in ("films", "films/1"):
        found = [caching(ref, table) for ref in ("", "@main", "@dev", "@v1", "@main@3", "@3")]
        assert [*[now] * 5, ever] == found
        assert caching("@3", table, Prefer="schema=now") == now


def test_the_past_is_not_read_again_because_of_what_comes_later(branched: "Api") -> None:
    """Nor is a branch because of what is written to its origin."""
    for ref in ("@v1", "@3", "@dev"):
        path = f"/rest/v1/db{ref}/films"
        # The first write after a tag or branch changes how the rows lie.
        branched.send("PATCH", "/films/1", {"year": 1})
        tag = branched.raw("GET", path, "", None, {}).headers["etag"]
        branched.send("PATCH", "/films/1", {"year": 2})
        assert branched.raw("GET", path, "", None, {"If-None-Match": tag}).status == 304


def test_two_branches_do_not_share_what_was_read(branched: "Api") -> None:
    """Though the address is the same, and only a header tells them apart."""
    branched.raw("PATCH", "/rest/v1/db@dev/films/1", "", b'{"year": 1}', {"Content-Type": "application/json"})
    main = branched.get("/films").headers["etag"]
    assert _again(branched, "/films", main, Accept_Profile="dev").status == 200


def test_a_forgotten_state_is_gone(branched: "Api") -> None:
    """A tag does not bring it back."""
    tag = branched.raw("GET", "/rest/v1/db@3/films", "", None, {}).headers["etag"]
    for year in (1, 2, 3):
        branched.send("PATCH", "/films/1", {"year": year})
    branched.execute(Collect("0 seconds ago"))
    assert branched.raw("GET", "/rest/v1/db@3/films", "", None, {"If-None-Match": tag}).status == 410
