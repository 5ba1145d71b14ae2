"""Behaviours that the tests of pg_graphql name, and no other test here does; docs/graphql-behaviours.md lists all."""

import re
from pathlib import Path
from typing import Final

import pytest

from plugins.core.tests.graphql.conftest import Api, column
from synthdb_host.catalog import ForeignKey, UniqueKey
from synthdb_host.operations import CreateTable, Insert

PAGE: Final = Path(__file__).parents[4] / "docs" / "graphql-behaviours.md"


def test_the_page_names_tests_that_are_there() -> None:
    """Each of the 121 has a test, or a reason why it has none."""
    text = PAGE.read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .+ \| `(test_\w+\.py)((?:::\w+)+)` \|$", text, flags=re.MULTILINE)
    reasons = re.findall(r"^\| [a-z].* \| (`.*`) \|$", text, flags=re.MULTILINE)
    without = [name for names in reasons for name in re.findall(r"`(\w+)`", names)]
    assert (121, 121) == (len(rows) + len(without), len({*without, *[title for title, _, _ in rows]}))
    for _, file, names in rows:
        tests = (Path(__file__).parent / file).read_text("utf-8")
        for name in names.split("::")[1:]:
            assert re.search(rf"^ *(?:def|class) {name}\b", tests, flags=re.MULTILINE), (file, name)


def test_fragments_stand_wherever_fields_do(written: Api) -> None:
    """On the roots of queries and of mutations, too."""
    query = "query { ...F } fragment F on query_root { films_by_pk(id: 1) { title } }"
    assert {"films_by_pk": {"title": "Alien"}} == written.data(query)
    query = (
        "mutation { ... on mutation_root { ...F } } fragment F on mutation_root { delete_films_by_pk(id: 4) { id } }"
    )
    assert {"delete_films_by_pk": {"id": 4}} == written.data(query)


def test_null_in_an_order_says_nothing(shared: Api) -> None:
    """As if its column were left out."""
    data = shared.data("{ films(order_by: [{id: desc, title: null}, {year: null}], limit: 1) { id } }")
    assert {"films": [{"id": 4}]} == data


def test_null_arguments_say_nothing(shared: Api) -> None:
    """Of lists, whether they are written or sent."""
    query = "query ($n: Int) { films(where: null, order_by: null, limit: $n, offset: null) { id } }"
    assert 4 == len(shared.data(query)["films"]) == len(shared.data(query, n=None)["films"])


@pytest.mark.parametrize(
    "query",
    [
        "{ films { a: id a: title } }",
        "{ films { roles(limit: 1) { fee } roles(limit: 2) { fee } } }",
        "{ films(limit: 1) { id } films(limit: 2) { id } }",
        "{ __typename } query A { __typename }",
        "{ __typename } { __typename }",
        "query A { __typename } query A { __typename }",
    ],
)
def test_what_does_not_fit_together_is_refused(shared: Api, query: str) -> None:
    """Fields of one response name, and operations of one name or of none."""
    answer = shared.send(query, operationName="A" if "query A" in query else None).json
    assert ["errors"] == list(answer)
    assert "invalid_document" == answer["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize(
    "query",
    [
        "{ nope { id } }",
        "{ films { nope } }",
        "{ films_connection { nope } }",
        "{ films_connection { edges { nope } } }",
        "{ films_connection { edges { node { nope } } } }",
        "mutation { nope { id } }",
    ],
)
def test_unknown_fields_are_refused(shared: Api, query: str) -> None:
    """With their name and the type that has none of it."""
    assert re.match(r"Cannot query field 'nope' on type '\w+'", shared.error(query)["message"])


def test_wide_tables_can_be_read_whole(empty: Api) -> None:
    """However many columns are asked for."""
    names = [f"c{place}" for place in range(150)]
    empty.define(
        CreateTable("wide", (column("id", "integer"), *[column(name, "integer") for name in names]), key=("id",))
    )
    empty.execute(Insert.of("wide", [{"id": 1, **dict.fromkeys(names, 7)}]))
    assert {"wide": [dict.fromkeys(names, 7)]} == empty.data(f"{{ wide {{ {' '.join(names)} }} }}")


def test_what_a_row_refers_to_may_be_null(empty: Api) -> None:
    """Also where the key has a value: who reads may not see the other row. What refers to a row is a list."""
    key = ForeignKey("cards_person", ("person",), "people", ("id",))
    empty.define(
        CreateTable("people", (column("id", "integer"),), key=("id",)),
        CreateTable(
            "cards",
            (column("id", "integer"), column("person", "integer", not_null=True)),
            key=("id",),
            unique_keys=(UniqueKey("one_card", ("person",)),),
            foreign_keys=(key,),
        ),
    )
    shape = "{ __type(name: %s) { fields { name type { kind } } } }"
    fields = {
        table: {item["name"]: item["type"]["kind"] for item in empty.data(shape % f'"{table}"')["__type"]["fields"]}
        for table in ("people", "cards")
    }
    assert ("OBJECT", "NON_NULL") == (fields["cards"]["people"], fields["people"]["cards"])


def test_json_is_json(shared: Api) -> None:
    """And no string that holds it."""
    assert (
        b'{"data":{"films_by_pk":{"data":{"tags":["drama"]}}}}'
        == shared.send("{ films_by_pk(id: 2) { data } }").content
    )


def test_a_table_without_a_declared_key_is_there(empty: Api) -> None:
    """Its rows have an identity, by which they are found."""
    empty.execute(Insert.of("notes", [{"text": "a"}]))
    (note,) = empty.data("{ notes { nodeId text } }")["notes"]
    found = empty.data("query ($id: ID!) { node(nodeId: $id) { ... on notes { text } } }", id=note["nodeId"])
    assert {"node": {"text": "a"}} == found


def test_the_schema_says_what_it_is(shared: Api) -> None:
    """Its roots and kinds of types, by name and as a whole."""
    data = shared.data(
        """{ __schema { queryType { name } mutationType { name } subscriptionType { name } }
             a: __type(name: "films") { kind interfaces { name } } b: __type(name: "Node") { possibleTypes { name } }
             c: __type(name: "nothing") { kind } }"""
    )
    roots = {"queryType": "query_root", "mutationType": "mutation_root", "subscriptionType": "subscription_root"}
    assert roots == {name: root["name"] for name, root in data["__schema"].items()}
    assert {"kind": "OBJECT", "interfaces": [{"name": "Node"}]} == data["a"]
    assert {"films", "people", "roles"} == {item["name"] for item in data["b"]["possibleTypes"]}
    assert data["c"] is None


@pytest.mark.parametrize("text", ["' or 1=1 --", '"', "'); drop table films; --", "%", "\\", "\x00", "aa\u2028"])
def test_hostile_values_are_values(shared: Api, text: str) -> None:
    """In conditions and cursors, written or sent."""
    query = "query ($t: String) { films(where: {title: {_eq: $t}}) { id } films_aggregate { aggregate { count } } }"
    answer = shared.ask(query, t=text)
    if "errors" in answer:
        # No text of the database holds it.
        assert ("\x00", "invalid_filter") == (text, answer["errors"][0]["extensions"]["code"])
        return
    assert {"films": [], "films_aggregate": {"aggregate": {"count": 4}}} == answer["data"]
