"""Mutations: rows inserted, updated and deleted, each operation as one commit."""

from typing import Any

import pytest

from plugins.core.tests.graphql.conftest import Api, column
from synthdb_host.operations import HEAD, AddColumn, Define, DropColumn, Ref, RequirePreconditions, Select
from synthdb_host.versions import Branching, CreateBranch, Log


def commits(api: Api) -> int:
    """Count the commits on main."""
    return len(api.execute(Log(HEAD)).rows)


def titles(api: Api) -> list[str]:
    """Give the titles of all films."""
    return [row["title"] for row in api.execute(Select("films")).python()]


def test_rows_are_inserted_and_given_back(written: Api) -> None:
    """With whatever is asked of them, as often as it is asked; what an object lacks takes its default."""
    query = """mutation ($objects: [films_insert_input!]!) {
      insert_films(objects: $objects) {
        affected_rows returning { title year } more: returning { roles { actor } data __typename } __typename
      }
    }"""
    objects = [{"title": "Up", "year": "2009"}, {"title": "Her", "data": {"a": [1]}}]
    found = written.data(query, objects=objects)["insert_films"]
    assert [{"title": "Up", "year": 2009}, {"title": "Her", "year": None}] == found["returning"]
    assert {"roles": [], "data": {"a": [1]}, "__typename": "films"} == found["more"][1]
    assert (2, "films_mutation_response") == (found["affected_rows"], found["__typename"])


def test_one_object_stands_for_a_list_of_it(written: Api) -> None:
    """As the specification has it."""
    assert (
        1
        == written.data('mutation { insert_films(objects: {title: "X"}) { affected_rows } }')["insert_films"][
            "affected_rows"
        ]
    )
    assert {"title": "Y"} == written.data('mutation { insert_films_one(object: {title: "Y"}) { title } }')[
        "insert_films_one"
    ]
    empty = written.data("mutation { insert_films(objects: []) { affected_rows returning { id } } }")
    assert {"affected_rows": 0, "returning": []} == empty["insert_films"]


@pytest.mark.parametrize(
    "value",
    [
        '{title: "X", nothing: 1}',
        '{title: "X", year: "x"}',
        "{title: 1}",
        "{title: X}",
        "[null]",
        '{year: 1.5, title: ""}',
    ],
)
def test_what_is_no_row_is_refused(written: Api, value: str) -> None:
    """Before anything is run, because it does not fit the schema."""
    answer = written.ask(f"mutation {{ insert_films(objects: {value}) {{ affected_rows }} }}")
    assert ("data" not in answer, 1) == (True, len(answer["errors"]))


def test_null_is_null_and_what_is_absent_stays(written: Api) -> None:
    """In what is set, and in variables."""
    query = """mutation ($year: bigint, $title: String) {
      update_films_by_pk(pk_columns: {id: 1}, _set: {year: $year, title: $title}) { title year }
    }"""
    assert {"title": "Alien", "year": None} == written.data(query, year=None)["update_films_by_pk"]
    assert {"title": "New", "year": None} == written.data(query, title="New")["update_films_by_pk"]
    assert "invalid_parameter" == written.error(query)["extensions"]["code"]


def test_rows_are_updated_and_deleted_by_conditions(written: Api) -> None:
    """Also by conditions on related rows."""
    updated = written.data("""mutation {
      update_films(where: {roles: {fee: {_gte: 80}}}, _set: {seen: false}) { affected_rows returning { id seen } }
    }""")
    assert {"affected_rows": 2, "returning": [{"id": 1, "seen": False}, {"id": 2, "seen": False}]} == updated[
        "update_films"
    ]
    deleted = written.data("""mutation {
      delete_roles(where: {films: {title: {_eq: "Alien"}}}) { affected_rows returning { actor films { title } } }
    }""")["delete_roles"]
    assert (2, {"Alien"}) == (deleted["affected_rows"], {row["films"]["title"] for row in deleted["returning"]})
    assert 1 == written.data("mutation { delete_roles(where: {}) { affected_rows } }")["delete_roles"]["affected_rows"]


def test_a_row_is_known_by_its_key(written: Api) -> None:
    """One that is not there is null."""
    key = 'film_id: 1, actor: "John"'
    assert {"fee": 7} == written.data(
        f"mutation {{ update_roles_by_pk(pk_columns: {{{key}}}, _set: {{fee: 7}}) {{ fee }} }}"
    )["update_roles_by_pk"]
    delete = f"mutation {{ delete_roles_by_pk({key}) {{ fee }} }}"
    assert [{"fee": 7}, None] == [written.data(delete)["delete_roles_by_pk"] for _ in range(2)]


def test_several_updates_are_one_field(written: Api) -> None:
    """An error says by its path which it is of, and undoes all."""
    query = """mutation ($title: String) {
      update_films_many(updates: [
        {where: {id: {_eq: 1}}, _set: {year: 1}}, {where: {id: {_eq: 2}}, _set: {title: $title}}
      ]) { affected_rows }
    }"""
    error = written.error(query, title=None)
    assert (["update_films_many", 1], "not_null_violation") == (error["path"], error["extensions"]["code"])
    assert 1979 == written.data("{ films_by_pk(id: 1) { year } }")["films_by_pk"]["year"]
    assert [1, 1] == [item["affected_rows"] for item in written.data(query, title="T")["update_films_many"]]


# -- rows that are there already -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conflict", "affected", "title", "year"),
    [
        ("{}", 0, "Alien", 1979),
        ("{update_columns: []}", 0, "Alien", 1979),
        ("{constraint: films_pkey, update_columns: [title]}", 1, "New", 1979),
        ("{columns: [id], update_columns: [title, year]}", 1, "New", 1),
        ("{update_columns: year, where: {seen: {_eq: true}}}", 1, "Alien", 1),
        ("{update_columns: year, where: {seen: {_eq: false}}}", 0, "Alien", 1979),
    ],
)
def test_rows_that_are_there_are_updated_or_left_alone(
    written: Api, conflict: str, affected: int, title: str, year: int
) -> None:
    """As on_conflict says; those left alone are not given back."""
    query = f"""mutation {{ insert_films(objects: {{id: 1, title: "New", year: 1}}, on_conflict: {conflict}) {{
      affected_rows returning {{ id }} }} }}"""
    assert {"affected_rows": affected, "returning": [{"id": 1}] * affected} == written.data(query)["insert_films"]
    assert {"title": title, "year": year} == written.data("{ films_by_pk(id: 1) { title year } }")["films_by_pk"]


@pytest.mark.parametrize(
    "conflict",
    [
        "{constraint: films_pkey, columns: [id]}",
        "{columns: [title], update_columns: [year]}",
        "{where: {year: {_eq: 1}}}",
        "{update_columns: [year], where: {roles: {}}}",
    ],
)
def test_what_cannot_be_a_conflict_is_refused(written: Api, conflict: str) -> None:
    """With the code of every parameter that means nothing."""
    query = f'mutation {{ insert_films_one(object: {{title: "X"}}, on_conflict: {conflict}) {{ id }} }}'
    assert "invalid_parameter" == written.error(query)["extensions"]["code"]


# -- nested objects --------------------------------------------------------------------------------------


def test_objects_are_inserted_with_those_within_them(written: Api) -> None:
    """Those that they refer to first, those that refer to them last; keys are filled in."""
    query = """mutation ($films: [films_insert_input!]!) {
      insert_films(objects: $films) { affected_rows returning {
        title films_director { name people_boss { name } } roles(order_by: {actor: asc}) { actor fee }
      } }
    }"""
    boss = {"data": {"name": "Boss"}}
    films = [
        {"title": "Up", "films_director": {"data": {"name": "Pete", "people_boss": boss}},
         "roles": {"data": [{"actor": "b"}, {"actor": "a", "fee": 1}]}},
        {"title": "Her", "roles": {"data": []}},
    ]  # fmt: skip
    found = written.data(query, films=films)["insert_films"]
    assert 6 == found["affected_rows"]
    up = {
        "title": "Up",
        "films_director": {"name": "Pete", "people_boss": {"name": "Boss"}},
        "roles": [{"actor": "a", "fee": 1}, {"actor": "b", "fee": None}],
    }
    assert [up, {"title": "Her", "films_director": None, "roles": []}] == found["returning"]


def test_a_nested_object_may_be_there_already(written: Api) -> None:
    """Then the row of its key is the one that is meant."""
    query = """mutation { insert_films_one(object: {title: "Up", films_director: {
      data: {id: 1, name: "Scott"}, on_conflict: {constraint: people_pkey, update_columns: [name]}
    }}) { director_id films_director { name } } }"""
    expected = {"director_id": 1, "films_director": {"name": "Scott"}}
    assert expected == written.data(query)["insert_films_one"]


def test_nothing_of_nested_objects_stays_when_one_fails(written: Api) -> None:
    """The error is that of the field."""
    query = (
        """mutation { insert_films_one(object: {title: "Up", roles: {data: [{actor: "a"}, {actor: "a"}]}}) { id } }"""
    )
    error = written.error(query)
    assert (["insert_films_one"], "unique_violation") == (error["path"], error["extensions"]["code"])
    assert 4 == len(titles(written))


def test_a_nested_object_decides_on_the_columns_of_its_key(written: Api) -> None:
    """They are not given a second time."""
    for item in ("director_id: 1, films_director: {data: {}}", 'roles: {data: [{film_id: 1, actor: "a"}]}'):
        query = f'mutation {{ insert_films_one(object: {{title: "X", {item}}}) {{ id }} }}'
        assert "invalid_parameter" == written.error(query)["extensions"]["code"]


def test_objects_are_not_nested_without_end(written: Api) -> None:
    """Ten levels are enough."""
    deep: dict[str, Any] = {"name": "x"}
    for _ in range(10):
        deep = {"name": "x", "people_boss": {"data": deep}}
    query = "mutation ($deep: people_insert_input!) { insert_people_one(object: $deep) { id } }"
    assert "too_complex" == written.error(query, deep=deep)["extensions"]["code"]


# -- conditions that are meant ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "where"),
    [
        ("($x: bigint)", "{film_id: {_eq: $x}}"),
        ("($x: bigint_comparison_exp)", "{film_id: $x}"),
        ("", "{film_id: {}}"),
        ("", "{film_id: null}"),
        ("", "{_and: []}"),
        ("", "{_not: {}}"),
        ("", "{_or: [{}, {film_id: {_eq: 1}}]}"),
    ],
)
def test_a_condition_that_says_nothing_is_refused(written: Api, variables: str, where: str) -> None:
    """So that a variable without a value never means every row."""
    query = f"mutation {variables} {{ delete_roles(where: {where}) {{ affected_rows }} }}"
    assert "full_table_write" == written.error(query)["extensions"]["code"]


# -- one commit ------------------------------------------------------------------------------------------


def test_all_mutations_of_an_operation_are_one_commit(api: Api) -> None:
    """One after the other: each sees what those before did."""
    before = commits(api)
    found = api.data("""mutation {
      a: insert_films_one(object: {id: 50, title: "New"}) { title }
      b: update_films(where: {id: {_eq: 50}}, _set: {title: "Newer"}) { returning { title } }
      c: delete_films_by_pk(id: 50) { title }
      d: insert_films_one(object: {id: 51, title: "Last"}) { title }
      __typename
    }""")
    assert ["a", "b", "c", "d", "__typename"] == list(found)
    assert ({"title": "New"}, "Newer", {"title": "Newer"}) == (
        found["a"],
        found["b"]["returning"][0]["title"],
        found["c"],
    )
    assert before + 1 == commits(api)


def test_an_error_undoes_all_and_names_its_field(written: Api) -> None:
    """There is no data then."""
    answer = written.ask("""mutation {
      first: insert_films_one(object: {title: "New"}) { id }
      second: insert_films_one(object: {id: 1, title: "Alien"}) { id }
    }""")
    (error,) = answer["errors"]
    assert (None, ["second"], "unique_violation") == (answer["data"], error["path"], error["extensions"]["code"])
    assert "operation" not in str(error)
    assert 4 == len(titles(written))


def test_a_row_is_changed_only_at_the_version_that_was_read(api: Api) -> None:
    """With if_version, the entity tag that REST gives."""
    version = api.client.get("/rest/v1/db/films/1").headers["etag"].strip('"')
    query = (
        "mutation ($v: String) { update_films_by_pk(pk_columns: {id: 1}, _set: {year: 1}, if_version: $v) { year } }"
    )
    assert {"year": 1} == api.data(query, v=version)["update_films_by_pk"]
    assert "precondition_failed" == api.error(query, v=version)["extensions"]["code"]
    delete = 'mutation ($v: String) { delete_roles_by_pk(film_id: 2, actor: "Holly", if_version: $v) { actor } }'
    assert "precondition_failed" == api.error(delete, v="0")["extensions"]["code"]


def test_a_table_may_demand_versions(api: Api) -> None:
    """Then rows are changed one by one, each at a version."""
    api.define(RequirePreconditions("films"))
    key = "pk_columns: {id: 1}, _set: {year: 1}"
    for write in (
        "update_films(where: {id: {_eq: 1}}, _set: {year: 1}) { affected_rows }",
        "delete_films(where: {}) { affected_rows }",
        f"update_films_by_pk({key}) {{ year }}",
        'insert_films_one(object: {id: 1, title: "X"}, on_conflict: {update_columns: [title]}) { id }',
    ):
        assert "precondition_required" == api.error(f"mutation {{ {write} }}")["extensions"]["code"]
    version = api.client.get("/rest/v1/db/films/1").headers["etag"].strip('"')
    api.data(f'mutation {{ update_films_by_pk({key}, if_version: "{version}") {{ year }} }}')
    api.data('mutation { insert_films_one(object: {title: "New"}) { id } }')


def test_a_branch_is_written_to(api: Api) -> None:
    """By the address or by an argument, the same one for all mutations of an operation."""
    api.execute(Branching((CreateBranch("draft"),)))
    insert = 'insert_films_one(object: {title: "%s"}, at: {branch: "draft"}) { title }'
    api.data("mutation { " + insert % "One" + " }")
    api.data('mutation { insert_films_one(object: {title: "Two"}) { title } }', "@draft")
    assert {"One", "Two"} <= {row["title"] for row in api.execute(Select("films", ref=Ref("draft"))).python()}
    assert 4 == len(titles(api))
    mixed = "mutation { a: " + insert % "X" + ' b: insert_films_one(object: {title: "Y"}) { title } }'
    error = api.error(mixed)
    assert ("invalid_parameter", ["b"]) == (error["extensions"]["code"], error["path"])
    lost = 'mutation { insert_films_one(object: {title: "X"}, at: {branch: "none"}) { title } }'
    assert "unknown_ref" == api.error(lost)["extensions"]["code"]
    past = 'mutation { insert_films_one(object: {title: "X"}, at: {as_of: "1"}) { title } }'
    assert "data" not in api.ask(past)


def test_a_branch_with_another_schema_gets_nothing_that_this_one_does_not_promise(api: Api) -> None:
    """Whoever means it writes at the address of the branch."""
    api.execute(Branching((CreateBranch("draft"),)))
    api.execute(Define((DropColumn("films", "year"), AddColumn("films", column("new", "text"))), Ref("draft")))
    insert = 'mutation { insert_films_one(object: {title: "X", %s}, at: {branch: "draft"}) { title %s } }'
    assert {"title": "X"} == api.data(insert % ("seen: true", ""))["insert_films_one"]
    for query in (insert % ("year: 1", ""), insert % ("", "year")):
        assert "unknown_column" == api.error(query)["extensions"]["code"]
    assert "year" not in api.execute(Select("films", ref=Ref("draft"))).python()[0]
    here = 'mutation { insert_films_one(object: {title: "Y", new: "z"}) { new } }'
    assert {"new": "z"} == api.data(here, "@draft")["insert_films_one"]


def test_what_was_is_not_written_to(api: Api) -> None:
    """The schema of a past state has no mutations."""
    insert = 'mutation { insert_films_one(object: {title: "X"}) { title } }'
    assert "data" not in api.ask(insert, "@1")


# -- headers ---------------------------------------------------------------------------------------------


def test_a_write_can_be_tried(api: Api) -> None:
    """What would be is answered, and nothing stays."""
    insert = 'mutation { insert_films_one(object: {title: "X"}) { title } }'
    answer = api.send(insert, headers={"Prefer": "tx=rollback"})
    assert ("X", "tx=rollback") == (
        answer.json["data"]["insert_films_one"]["title"], answer.headers["preference-applied"],
    )  # fmt: skip
    assert 4 == len(titles(api))


def test_a_write_is_done_once(api: Api) -> None:
    """With an idempotency key; its answer is given again."""
    insert = 'mutation { insert_films_one(object: {title: "X"}) { id } }'
    key = {"Idempotency-Key": "a-key"}
    first, second = [api.send(insert, headers=key) for _ in range(2)]
    assert first.json == second.json
    assert (None, "true") == (first.headers.get("idempotent-replayed"), second.headers["idempotent-replayed"])
    assert 5 == len(titles(api))
    other = api.send(insert.replace("X", "Y"), headers=key)
    assert "idempotency_key_reused" == other.json["errors"][0]["extensions"]["code"]


def test_a_commit_has_the_message_of_its_request(api: Api) -> None:
    """Percent-encoded, as elsewhere."""
    api.send('mutation { insert_films_one(object: {title: "X"}) { id } }', headers={"Commit-Message": "From%20afar"})
    assert "From afar" in str(api.execute(Log(HEAD)).python()[0])


def test_rows_are_written_by_how_many_rows_refer_to_them(written: Api) -> None:
    """A condition that names no number says nothing, and is refused."""
    query = "mutation { delete_films(where: {roles_aggregate: %s}) { returning { title } } }"
    for nothing in ("{}", "{count: null}", "{count: {predicate: {}}}"):
        assert "full_table_write" == written.error(query % nothing)["extensions"]["code"]
    found = written.data(query % "{count: {predicate: {_eq: 0}}}")["delete_films"]["returning"]
    assert [{"title": "Ran, the film"}, {"title": "Lost"}] == found
