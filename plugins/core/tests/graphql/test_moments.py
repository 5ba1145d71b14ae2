"""Branches and past states, by the address and by the argument ``at``."""

from typing import Any

import pytest

from plugins.core.tests.graphql.conftest import Api, column
from synthdb_host.filters import ColumnRef, Comparison
from synthdb_host.operations import AddColumn, AlterColumn, DropColumn, Ref, Update
from synthdb_host.versions import Branching, CreateBranch, CreateTag

ALIEN = Comparison(ColumnRef("id"), "eq", 1)


@pytest.fixture
def branched(api: Api) -> Api:
    """A tag ``v1`` of the state as it was made, and a branch ``dev`` where one title is another."""
    api.execute(Branching((CreateTag("v1"), CreateBranch("dev"))))
    api.execute(Update("films", {"title": "Aliens"}, ALIEN, ref=Ref("dev")))
    return api


def test_a_field_names_the_state_that_it_reads(branched: Api) -> None:
    """Each root field its own; what is nested is of the same state."""
    query = """query($at: at_input) {
        a: films_by_pk(id: 1) { title }
        b: films_by_pk(id: 1, at: {branch: "dev"}) { title films_director { films_director(limit: 1) { title } } }
        c: films(at: $at, where: {id: {_eq: 1}}) { title }
        d: films_aggregate(at: {branch: "dev"}) { aggregate { max { title } } }
    }"""
    data = branched.data(query, at={"branch": "dev"})
    assert "Alien" == data["a"]["title"]
    assert {"title": "Aliens", "films_director": {"films_director": [{"title": "Aliens"}]}} == data["b"]
    assert [{"title": "Aliens"}] == data["c"]
    assert {"a": [{"title": "Alien"}]} == branched.data(
        "query($at: at_input) { a: films(at: $at, where: {id: {_eq: 1}}) { title } }", at={"branch": "v1"}
    )


def test_the_address_names_a_state_for_all_fields(branched: Api) -> None:
    """With its schema; a moment in a field is one of that branch."""
    branched.execute(Update("films", {"title": "Aliens 2"}, ALIEN, ref=Ref("dev")))
    branched.define(AddColumn("films", column("more", "text")))
    assert {"films_by_pk": {"title": "Aliens 2"}} == branched.data("{ films_by_pk(id: 1) { title } }", "@dev")
    assert "errors" in branched.ask("{ films { more } }", "@dev")
    assert "errors" not in branched.ask("{ films { more } }")
    assert "unknown_ref" == branched.error('{ films(at: {as_of: "x"}) { id } }', "@dev")["extensions"]["code"]


def test_a_state_without_what_the_schema_has_is_an_error_of_the_field(branched: Api) -> None:
    """Never one of the server."""
    branched.define(AddColumn("films", column("more", "text")))
    query = '{ films_by_pk(id: 1, at: {branch: "v1"}) { id more } other: films_by_pk(id: 1) { more } }'
    answer = branched.ask(query)
    assert {"films_by_pk": None, "other": {"more": None}} == answer["data"]
    assert [(["films_by_pk"], "unknown_column")] == [
        (error["path"], error["extensions"]["code"]) for error in answer["errors"]
    ]


def test_null_spreads_where_a_column_had_no_value_then(branched: Api) -> None:
    """To the next field that may be null, with the path of the column."""
    branched.define(AlterColumn("films", "year", not_null=False), AddColumn("films", column("grade", "integer")))
    branched.execute(Branching((CreateTag("v2"),)))
    branched.execute(Update("films", {"grade": 1}, every_row=True))
    branched.define(AlterColumn("films", "grade", not_null=True))
    query = """{ films_by_pk(id: 1, at: {branch: "v2"}) { id grade }
                 roles_by_pk(film_id: 1, actor: "John", at: {branch: "v2"}) { fee films { grade } } }"""
    answer = branched.ask(query)
    assert {"films_by_pk": None, "roles_by_pk": {"fee": 50, "films": None}} == answer["data"]
    assert [["films_by_pk", "grade"], ["roles_by_pk", "films", "grade"]] == [item["path"] for item in answer["errors"]]
    answer = branched.ask('{ films(at: {branch: "v2"}) { id grade } }')
    assert (None, [["films", 0, "grade"]]) == (answer["data"], [item["path"] for item in answer["errors"]])
    assert "Cannot return null for non-nullable field films.grade." == answer["errors"][0]["message"]


def test_a_column_of_another_type_is_an_error(branched: Api) -> None:
    """Values of another type than the schema's are not given."""
    branched.define(DropColumn("films", "year"), AddColumn("films", column("year", "text")))
    error: Any = branched.error('{ films(at: {branch: "v1"}) { year } }')
    assert "invalid_select" == error["extensions"]["code"]
