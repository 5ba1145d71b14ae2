"""Rows have entity tags, and whoever writes can say which version of a row he has seen."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from synthdb.rest.tags import Tags, expected_of, row_tag
from synthdb_host.errors import InvalidParameter
from synthdb_host.expectations import ANY_VERSION, Expected

if TYPE_CHECKING:
    from plugins.core.tests.rest.conftest import Answer, Api

RETURN = {"Prefer": "return=representation"}
STALE = '"999999"'


def _tag(api: "Api", path: str, **headers: str) -> str:
    return api.get(path, **headers).headers["etag"]


def _refused(answer: "Answer") -> None:
    assert (answer.status, answer.code) == (412, "precondition_failed")


def test_a_tag_belongs_to_one_representation_of_one_version(api: "Api") -> None:
    """It changes with what is shown, and stays while that stays."""
    tag = _tag(api, "/films/1")
    assert tag == _tag(api, "/films/1")
    others = {_tag(api, "/films/1?select=id"), _tag(api, "/films/1", Accept="text/csv"), _tag(api, "/films/2")}
    assert tag not in others
    assert len(others) == 3
    api.send("PATCH", "/films/1", {"year": 1980})
    assert tag != _tag(api, "/films/1")


def test_what_the_caller_has_is_not_sent_again(api: "Api") -> None:
    """If-None-Match compares weakly, takes lists and a star; the answer has the headers of a full one, and no body."""
    full = api.get("/films/1")
    tag = full.headers["etag"]
    for sent in (tag, f"W/{tag}", f'"x", {tag}', "*", f"{STALE},{tag},"):
        answer = api.send("GET", "/films/1", headers={"If-None-Match": sent})
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
        assert answer.headers["vary"] == full.headers["vary"]
    for sent in (STALE, '"x"', f'"{tag[1:-1].partition("-")[0]}"'):
        assert api.send("GET", "/films/1", headers={"If-None-Match": sent}).body == full.body
    assert api.send("HEAD", "/films/1", headers={"If-None-Match": tag}).status == 304


def test_a_read_can_ask_for_one_version_only(api: "Api") -> None:
    """If-Match on a read compares strongly."""
    tag = _tag(api, "/films/1")
    assert api.send("GET", "/films/1", headers={"If-Match": tag}).status == 200
    for sent in (STALE, f"W/{tag}"):
        _refused(api.send("GET", "/films/1", headers={"If-Match": sent}))


@pytest.mark.parametrize("accept", ("application/json", "text/csv", "application/x-ndjson"))
@pytest.mark.parametrize("query", ("", "?select=id", "?select=title,people!films_director(name)"))
def test_a_tag_of_any_representation_will_do_to_write(api: "Api", accept: str, query: str) -> None:
    """The version is compared, not how the row was shown."""
    tag = _tag(api, f"/films/1{query}", Accept=accept)
    assert api.send("PATCH", "/films/1", {"year": 1980}, {"If-Match": tag}).status == 204
    _refused(api.send("PATCH", "/films/1", {"year": 1981}, {"If-Match": tag}))
    assert api.rows("/films/1?select=year") == {"year": 1980}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    (
        ("PATCH", "/roles/1,John", {"fee": 1}),
        ("PUT", "/roles/1,John", {"fee": 1}),
        ("PUT", "/roles?film_id=eq.1&actor=eq.John", {"fee": 1}),
        ("DELETE", "/roles/1,John", None),
    ),
    ids=["update", "replace", "replace by filters", "delete"],
)
def test_a_write_of_an_older_version_changes_nothing(api: "Api", method: str, path: str, body: object) -> None:
    """A tag that is stale, weak or of another row is refused, whatever else stands beside it."""
    tag = _tag(api, "/roles/1,John")
    for sent in (STALE, f"W/{tag}", '""', '"*"', f'W/{tag}, "x"'):
        _refused(api.send(method, path, body, {"If-Match": sent}))
    _refused(api.send(method, path, body, {"If-None-Match": f"W/{tag}"}))
    _refused(api.send(method, path, body, {"If-None-Match": "*"}))
    assert tag == _tag(api, "/roles/1,John")
    assert api.send(method, path, body, {"If-Match": f"{STALE}, {tag}"}).status == 204


def test_a_chain_of_writes_needs_no_reads(api: "Api") -> None:
    """Each answer has the tag that the next write takes, also if nothing was to change."""
    made = api.send("POST", "/films", {"id": 9, "title": "A"})
    tag = made.headers["etag"]
    for value in (1990, 1990, 1991):
        answer = api.send("PATCH", "/films/9", {"year": value}, {"If-Match": tag})
        assert answer.status == 204
        tag = answer.headers["etag"]
    answer = api.send("PUT", "/films/9", {"title": "B"}, {"If-Match": tag} | RETURN)
    assert (answer.status, answer.headers["etag"]) == (200, _tag(api, "/films/9"))
    answer = api.send("PATCH", "/films/9?select=id,title", {"title": "C"}, {"If-Match": _tag(api, "/films/9")} | RETURN)
    assert answer.headers["etag"] == _tag(api, "/films/9?select=id,title")
    answer = api.send("DELETE", "/films/9", headers={"If-Match": answer.headers["etag"]})
    assert (answer.status, answer.headers.get("etag")) == (204, None)


def test_a_put_can_demand_that_its_row_is_new_or_is_there(api: "Api") -> None:
    """The former with If-None-Match: *, the latter with If-Match: *."""
    _refused(api.send("PUT", "/films/9", {"title": "A"}, {"If-Match": "*"}))
    assert api.send("PUT", "/films/9", {"title": "A"}, {"If-None-Match": "*"}).status == 201
    _refused(api.send("PUT", "/films/9", {"title": "B"}, {"If-None-Match": "*"}))
    assert api.send("PUT", "/films/9", {"title": "B"}, {"If-Match": "*"}).status == 204
    assert api.rows("/films/9?select=title") == {"title": "B"}


@pytest.mark.parametrize("resolution", ("", "resolution=merge-duplicates", "resolution=ignore-duplicates"))
def test_a_post_can_demand_that_its_rows_are_new(api: "Api", resolution: str) -> None:
    """One that is there is enough to refuse all."""
    headers = {"If-None-Match": "*"} | ({"Prefer": resolution} if resolution else {})
    _refused(api.send("POST", "/films", [{"id": 9, "title": "A"}, {"id": 1, "title": "B"}], headers))
    assert api.rows("/films?id=eq.9") == []
    assert api.send("POST", "/films", [{"id": 9, "title": "A"}], headers).status == 201


def test_a_row_that_is_not_there_is_not_found(api: "Api") -> None:
    """Conditions count only where the request would succeed without them (RFC 9110, section 13.2.1)."""
    for method, body in (("PATCH", {"year": 1}), ("DELETE", None), ("GET", None)):
        assert api.send(method, "/films/99", body, {"If-Match": STALE}).status == 404


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    (
        ("PATCH", "/films?id=eq.1", {"If-Match": "*"}),
        ("DELETE", "/films?id=eq.1", {"If-None-Match": STALE}),
        ("POST", "/films", {"If-Match": STALE}),
        ("POST", "/films", {"If-None-Match": STALE}),
        ("PATCH", "/films/1", {"If-Match": "12"}),
        ("PATCH", "/films/1", {"If-Match": ""}),
        ("PATCH", "/films/1", {"If-Match": '"a" "b"'}),
        ("PATCH", "/films/1", {"If-Match": '*, "b"'}),
        ("PATCH", "/films/1", {"If-Match": 'w/"b"'}),
        ("GET", "/films/1", {"If-None-Match": "'a'"}),
    ),
)
def test_conditions_that_cannot_be_told_are_refused(
    api: "Api", method: str, path: str, headers: Mapping[str, str]
) -> None:
    """Nothing is written on a condition that was not understood."""
    before = api.get("/films").body
    answer = api.send(method, path, None if method in ("GET", "DELETE") else {"title": "x", "id": 9}, headers)
    assert (answer.status, answer.code) == (400, "invalid_parameter")
    assert before == api.get("/films").body


def test_a_dry_run_gives_no_tag(api: "Api") -> None:
    """What it would have written was never there; conditions are compared all the same."""
    headers = {"Prefer": "tx=rollback"}
    assert "etag" not in api.send("PATCH", "/films/1", {"year": 1}, headers).headers
    _refused(api.send("PATCH", "/films/1", {"year": 1}, headers | {"If-Match": STALE}))


def test_a_branch_has_its_own_versions(branched: "Api") -> None:
    """A tag from the branch's origin is good until the branch has written."""
    main, dev = "/rest/v1/db/films/1", "/rest/v1/db@dev/films/1"

    def patch(path: str, tag: str) -> int:
        headers = {"If-Match": tag, "Content-Type": "application/json"}
        return branched.raw("PATCH", path, "", b'{"seen": false}', headers).status

    tag = branched.raw("GET", main, "", None, {}).headers["etag"]
    assert tag == branched.raw("GET", dev, "", None, {}).headers["etag"]
    assert [patch(dev, tag), patch(dev, tag), patch(main, tag), patch(main, tag)] == [204, 412, 204, 412]


def test_a_read_of_groups_has_no_tag(api: "Api") -> None:
    """They are no rows."""
    answer = api.get("/films/1?select=count()")
    assert (answer.status, answer.headers.get("etag")) == (200, None)


@pytest.mark.parametrize(
    ("headers", "expected"),
    (
        ({}, None),
        ({"if-match": "*"}, Expected(match=frozenset({ANY_VERSION}))),
        ({"if-match": ' "1-a" ,"2" '}, Expected(match=frozenset({"1", "2"}))),
        ({"if-match": 'W/"1-a"'}, Expected(match=frozenset())),
        ({"if-none-match": 'W/"1-a","3"'}, Expected(none_match=frozenset({"1", "3"}))),
        ({"if-match": '"*"'}, Expected(match=frozenset())),
        ({"if-match": '"é"', "if-none-match": "*"}, Expected(frozenset({"é"}), frozenset({ANY_VERSION}))),
    ),
)
def test_headers_become_what_is_expected(headers: Mapping[str, str], expected: Expected | None) -> None:
    """Versions, without the hashes behind them."""
    assert expected == expected_of(headers)


def test_tags_are_compared_strongly_or_weakly() -> None:
    """A weak tag is equal only where weak comparison will do."""
    tags = Tags.of({"if-match": 'W/"1-a", "2-b"'}, "if-match")
    assert tags is not None
    assert [tags.has(tag, weakly=False) for tag in ('"1-a"', '"2-b"', '"3"')] == [False, True, False]
    assert [tags.has(tag, weakly=True) for tag in ('"1-a"', '"2-b"', '"3"')] == [True, True, False]


@pytest.mark.parametrize(
    "text", ("", ",", '"', '"a', 'a"', "**", '"a";"b"', "\x7f", '"a\x7f"', '"' * 7999, '", ' * 2600)
)
def test_rubbish_is_no_tag(text: str) -> None:
    """It is refused at once, however long it is."""
    with pytest.raises(InvalidParameter):
        Tags.of({"if-match": text}, "if-match")


def test_the_tag_of_no_representation_is_the_version() -> None:
    """No read has it, so it never says that a caller has what he has not read."""
    assert (row_tag("12"), row_tag("12", b"{}")[:4]) == ('"12"', '"12-')
