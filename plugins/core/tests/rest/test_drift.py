"""Clients that were generated from another schema are told so."""

from plugins.core.tests.rest.conftest import Api
from synthdb.sdk.fingerprint import fingerprint_of
from synthdb_host.catalog import Column, ColumnType
from synthdb_host.operations import AddColumn


def fingerprint(api: Api) -> str:
    """Ask for the present fingerprint."""
    return api.get("/people", synthdb_schema="x").headers["schema-drift"]


def test_a_schema_that_still_fits_is_not_mentioned(api: Api) -> None:
    """Neither is it for a client that says nothing."""
    assert "schema-drift" not in api.get("/people", synthdb_schema=fingerprint(api)).headers
    assert "schema-drift" not in api.get("/people").headers


def test_another_schema_is_told_with_every_answer(api: Api) -> None:
    """Of reads, writes and refusals."""
    known = fingerprint(api)
    api.define(AddColumn("people", Column("born", ColumnType("date"))))
    now = fingerprint(api)
    headers = {"Synthdb-Schema": known}

    assert known != now
    for method, path, body, status in (
        ("GET", "/people/1", None, 200),
        ("GET", "/people?nothing=eq.1", None, 400),
        ("POST", "/people", {"id": 9}, 201),
        ("PATCH", "/people/9", {"name": "x"}, 204),
        ("PUT", "/people/9", {"name": "x"}, 200),
        ("DELETE", "/people/9", None, 204),
    ):
        answer = api.send(method, path, body, headers)
        assert (answer.headers["schema-drift"], answer.status in (status, 204)) == (now, True), method


def test_a_branch_has_its_own(branched: Api) -> None:
    """The schema is that of the state that the address names."""
    known = fingerprint(branched)
    branched.meta("POST", "/branches", {"name": "b"})
    branched.send("PATCH", "@b/people/1", {"brand_new": 1})

    assert "schema-drift" not in branched.get("/people", synthdb_schema=known).headers
    assert "schema-drift" in branched.get("@b/people", synthdb_schema=known).headers


def test_the_fingerprint_is_that_of_generated_clients(branched: Api) -> None:
    """The server and the generator make it the same way."""
    assert 32 == len(fingerprint(branched))
    assert fingerprint_of.__module__ == "synthdb.sdk.fingerprint"
