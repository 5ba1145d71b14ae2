"""Saved queries are kept, run and checked at each state of the database."""

import json
from collections.abc import Iterator

import pytest

import synthdb
from synthdb.queries.parameters import ParameterSpec
from synthdb_host.errors import InvalidName, InvalidParameter, InvalidSql, NotFound

BORN = "SELECT name, born, count(*) OVER () AS n FROM people WHERE born > :year AND name LIKE :pattern ORDER BY born"
PARAMETERS: dict[str, ParameterSpec] = {
    "year": "integer",
    "pattern": {"type": "text", "default": "%", "description": "of the name"},
}


@pytest.fixture
def db() -> Iterator[synthdb.Connection]:
    """A database with people and a saved query."""
    with synthdb.connect(":memory:") as connection:
        connection.insert("people", [{"name": "Ada", "born": 1815}, {"name": "Grace", "born": 1906}])
        connection.queries.save("born", BORN, description="who came later", parameters=PARAMETERS)
        yield connection


def test_a_query_runs_with_values_for_its_parameters(db: synthdb.Connection) -> None:
    """What has a default may be left out; nothing is pasted into the statement."""
    assert [{"name": "Grace", "born": 1906, "n": 1}] == db.queries.run("born", {"year": 1900})
    assert ["Ada"] == [row["name"] for row in db.queries.run("born", {"year": "0", "pattern": "A%"})]
    assert [] == db.queries.run("born", {"year": 0, "pattern": "' OR 1=1 --"})
    assert 1 == len(db.queries.run("born", {"year": 0}, limit=1))


def test_a_query_says_what_it_reads_and_gives(db: synthdb.Connection) -> None:
    """The description is JSON, ready for an API that publishes the query."""
    described = db.queries.get("born").as_dict()

    assert described == json.loads(json.dumps(described))
    assert {"people": ["name", "born"]} == described["reads"]
    assert [
        {"name": "name", "type": "text"}, {"name": "born", "type": "integer"}, {"name": "n", "type": None}
    ] == described["gives"]  # fmt: skip
    assert ["year", "pattern"] == [item["name"] for item in described["parameters"]]


def test_a_query_is_kept_as_it_was_saved_last(db: synthdb.Connection) -> None:
    """Saving is one commit, and the table's history has what was before."""
    before = int(db.log(limit=1)[0]["id"])

    saved = db.queries.save("born", "SELECT count(*) AS n FROM people")

    assert [saved] == db.queries.list()
    assert {"people": ()} == saved.reads
    assert before + 1 == int(db.log(limit=1)[0]["id"])
    assert [BORN] == [row["row"]["sql"] for row in db.history("synthdb_queries", "born")[1:]]


def test_a_removed_query_comes_back(db: synthdb.Connection) -> None:
    """As it was."""
    query = db.queries.get("born")

    db.queries.delete("born")

    assert [] == db.queries.list()
    with pytest.raises(NotFound):
        db.queries.run("born")
    assert query == db.queries.restore("born")
    assert [query] == db.queries.list()


def test_every_state_has_its_own_queries(db: synthdb.Connection) -> None:
    """They are rows, so they are branched, merged and read as of then."""
    then = db.log(limit=1)[0]["id"]
    db.branches.create("dev")
    dev = db.branch("dev")
    dev.insert("people", {"name": "Edsger", "born": 1930})
    dev.queries.save("all", "SELECT name FROM people")
    db.queries.delete("born")

    assert ["all", "born"] == [query.name for query in dev.queries.list()]
    assert ["Grace", "Edsger"] == [row["name"] for row in dev.queries.run("born", {"year": 1900})]
    assert ["Grace"] == [row["name"] for row in db.at(then).queries.run("born", {"year": 1900})]
    db.merge("dev")
    assert ["all"] == [query.name for query in db.queries.list()]
    with pytest.raises(synthdb.RequestError):
        db.at(then).queries.save("x", "SELECT 1")


def test_branches_that_save_their_first_queries_can_be_merged() -> None:
    """Each makes the table of saved queries, and it is the same one."""
    with synthdb.connect(":memory:") as db:
        db.insert("people", [{"name": "Ada"}])
        for name in ("one", "two"):
            db.branches.create(name)
            db.branch(name).queries.save(f"of-{name}", "SELECT name FROM people")
        db.queries.save("mine", "SELECT name FROM people")
        db.merge("one")
        db.merge("two")

        assert ["mine", "of-one", "of-two"] == [query.name for query in db.queries.list()]


def test_a_query_whose_columns_are_gone_is_told(db: synthdb.Connection) -> None:
    """It stays, and says what it misses."""
    db.rename_column("people", "born", "year")

    assert ("people.born",) == db.queries.get("born").missing
    with pytest.raises(InvalidSql):
        db.queries.run("born", {"year": 1})
    db.drop_table("people")
    assert ("people",) == db.queries.get("born").missing


@pytest.mark.parametrize(
    ("name", "sql", "parameters", "error"),
    (
        ("1st", "SELECT 1", {}, InvalidName),
        ("a b", "SELECT 1", {}, InvalidName),
        ("q", "SELECT nothing FROM people", {}, InvalidSql),
        ("q", "SELECT 1 FROM nowhere", {}, InvalidSql),
        ("q", "DELETE FROM people", {}, InvalidSql),
        ("q", "SELECT :a", {}, InvalidParameter),
        ("q", "SELECT 1", {"a": "text"}, InvalidParameter),
        ("q", "SELECT ?", {}, InvalidParameter),
    ),
)
def test_what_could_not_be_run_is_not_saved(
    db: synthdb.Connection, name: str, sql: str, parameters: dict[str, str], error: type[Exception]
) -> None:
    """The error comes when the query is saved."""
    with pytest.raises(error):
        db.queries.save(name, sql, parameters=parameters)
    assert ["born"] == [query.name for query in db.queries.list()]


def test_a_name_that_is_nearly_right_is_suggested(db: synthdb.Connection) -> None:
    """A typo costs no search."""
    with pytest.raises(NotFound) as caught:
        db.queries.get("bron")

    assert "Did you mean 'born'?" == caught.value.hint


def test_a_database_without_saved_queries_has_no_table_for_them() -> None:
    """Reading makes nothing."""
    with synthdb.connect(":memory:") as db:
        assert [] == db.queries.list()
        with pytest.raises(NotFound):
            db.queries.restore("x")
        assert [] == db.list_tables()
