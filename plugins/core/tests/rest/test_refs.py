"""Rows on branches and at past states are read and written like any others."""

from typing import TYPE_CHECKING

import pytest

from synthdb_host.operations import Update
from synthdb_host.versions import AlterBranch, Branching

if TYPE_CHECKING:
    from plugins.core.tests.rest.conftest import Api

TITLES = "/films?select=id,title&id=lt.3&order=id"
ALIEN, PIANO = {"id": 1, "title": "Alien"}, {"id": 2, "title": "The Piano"}


def on(ref: str, path: str) -> str:
    """Give a path below the database at a ref."""
    return f"@{ref}{path}"


def test_what_is_written_on_a_branch_stays_there(branched: "Api") -> None:
    """Inserts, updates, puts and deletes alike; the address or the profile names the branch."""
    assert 201 == branched.send("POST", "@dev/films", {"title": "Dune", "year": 2021}).status
    assert 204 == branched.send("PATCH", "@dev/films/1", {"title": "Aliens"}).status
    assert 200 == branched.send("PUT", "@dev/films/2", {"title": "Piano"}, Prefer="return=representation").status
    assert 204 == branched.send("DELETE", "/films?id=eq.4", Content_Profile="dev").status

    assert [ALIEN, PIANO] == branched.rows(TITLES)
    assert [{"id": 1, "title": "Aliens"}, {"id": 2, "title": "Piano"}] == branched.rows(on("dev", TITLES))
    ids = [row["id"] for row in branched.get("/films?select=id&order=id", Accept_Profile="dev").json]
    assert ([1, 2, 3, 5], [1, 2, 3, 4]) == (ids, [row["id"] for row in branched.rows("/films?select=id&order=id")])


def test_embeds_and_aggregates_are_of_the_same_state(branched: "Api") -> None:
    """Nothing of another state is mixed in."""
    branched.send("PATCH", "@dev/people/1", {"name": "Ridley Scott"})
    branched.send("DELETE", "@dev/roles?film_id=eq.1")
    path = "/films?select=title,director:director_id(name),roles(actor)&id=eq.1"

    assert [{"title": "Alien", "director": {"name": "Ridley Scott"}, "roles": []}] == branched.rows(on("dev", path))
    assert {"name": "Ridley"} == branched.rows(path)[0]["director"]
    assert [{"count": 1}] == branched.rows(on("dev", "/roles?select=count()"))
    assert [{"count": 3}] == branched.rows("/roles?select=count()")


def test_a_past_state_is_read_by_tag_commit_and_time(branched: "Api") -> None:
    """Each names the state from before the update."""
    commit = branched.execute(Update("films", {"year": 1}, every_row=True)).commit
    branched.send("PATCH", "/films/1", {"title": "X"})

    assert [ALIEN, PIANO] == branched.rows(on("v1", TITLES))
    assert [ALIEN, PIANO] == branched.rows(on(str(commit), TITLES))
    assert [ALIEN, PIANO] == branched.rows(on(f"main@{commit}", TITLES))
    assert "X" == branched.rows(TITLES)[0]["title"]


@pytest.mark.parametrize("ref", ("v1", "main@1", "1"))
def test_a_past_state_is_not_written_to(branched: "Api", ref: str) -> None:
    """The problem says so."""
    answer = branched.send("POST", on(ref, "/films"), {"title": "Dune"})

    assert (403, "read_only") == (answer.status, answer.code)


def test_each_ref_has_its_own_columns(branched: "Api") -> None:
    """What a request means is kept by ref, never taken over from another one."""
    wanted = "/films?select=*,director:director_id(name)&id=eq.1"
    before = branched.rows(wanted)
    branched.send("POST", "@dev/films", {"title": "Dune", "studio": "Legendary"})

    assert {"studio", *before[0]} == {*branched.rows(on("dev", wanted))[0]}
    assert before == branched.rows(wanted) == branched.rows(on("v1", wanted))
    assert "unknown_column" == branched.get("/films?select=studio").code
    assert "studio" in {column["name"] for table in branched.rows("@dev") for column in table["columns"]}
    assert "studio" not in {column["name"] for table in branched.rows("@v1") for column in table["columns"]}


def test_a_past_state_can_have_the_columns_of_now(branched: "Api") -> None:
    """A column that was not there then has no value in it."""
    branched.send("PATCH", "/films/1", {"studio": "Fox"})

    assert "studio" not in branched.rows("@v1/films?id=eq.1")[0]
    answer = branched.get("@v1/films?select=title,studio&id=eq.1", Prefer="schema=now")
    assert ([{"title": "Alien", "studio": None}], "schema=now") == (answer.json, answer.headers["preference-applied"])


def test_an_unknown_ref_is_not_found(branched: "Api") -> None:
    """For reads and writes."""
    for answer in (branched.get("@nope/films"), branched.send("POST", "@nope/films", {"title": "x"})):
        assert (404, "unknown_ref") == (answer.status, answer.code)


def test_a_protected_branch_is_not_written_to(branched: "Api") -> None:
    """Its rows change by merges alone."""
    branched.execute(Branching((AlterBranch("dev", protected=True),)))

    answer = branched.send("DELETE", "@dev/films/1")

    assert (403, "protected_branch") == (answer.status, answer.code)


def test_a_message_is_kept_with_the_commit(branched: "Api") -> None:
    """Percent-encoded UTF-8 in the header Commit-Message."""
    branched.send("POST", "@dev/films", {"title": "Dune"}, {"Commit-Message": "Caf%C3%A9, second%0Aline"})
    branched.send("PATCH", "@dev/films/1", {"year": 1980}, {"Commit-Message": "a year later"})

    found = [(row["message"], row["kind"]) for row in branched.meta("GET", "@dev/commits?limit=2")]
    assert [("a year later", "write"), ("Café, second\nline", "write")] == found
    assert "invalid_parameter" == branched.send("POST", "/films", {"title": "x"}, {"Commit-Message": "%ff"}).code
