"""Queries: rows, what is related to them, and how an operation says what it wants."""

from typing import Any

import pytest

from plugins.core.tests.graphql.conftest import Api


class TestRows:
    def test_members_come_as_they_are_asked_for(self, shared: Api) -> None:
        """Columns, relations and the type's name stand in the response in the order of the query."""
        answer = shared.send("{ films(limit: 1) { roles { fee } title __typename id } }")
        expected = (
            b'{"data":{"films":[{"roles":[{"fee":100},{"fee":50}],"title":"Alien","__typename":"films","id":1}]}}'
        )
        assert expected == answer.content

    def test_relations_lead_both_ways_and_on(self, shared: Api) -> None:
        """A to-one relation gives an object or null, a to-many one a list with conditions of its own."""
        data = shared.data(
            """{ films(order_by: [{year: desc_nulls_last}], limit: 3) {
                 title films_director { name people_boss { name } } roles(where: {fee: {_gt: 60}}) { actor } } }"""
        )
        assert [
            {"title": "The Piano", "films_director": {"name": "Jane", "people_boss": {"name": "Ridley"}},
             "roles": [{"actor": "Holly"}]},
            {"title": "Ran, the film", "films_director": {"name": "Akira", "people_boss": {"name": "Ridley"}},
             "roles": []},
            {"title": "Alien", "films_director": {"name": "Ridley", "people_boss": None},
             "roles": [{"actor": "Sigourney"}]},
        ] == data["films"]  # fmt: skip

    def test_numbers_are_exact(self, shared: Api) -> None:
        """A decimal has its digits."""
        assert b'{"data":{"films_by_pk":{"rating":8.50}}}' == shared.send("{ films_by_pk(id: 1) { rating } }").content

    def test_a_key_finds_one_row_or_null(self, shared: Api) -> None:
        """Also a key of two columns."""
        data = shared.data(
            '{ a: roles_by_pk(film_id: 1, actor: "John") { fee } b: roles_by_pk(film_id: 9, actor: "John") { fee } }'
        )
        assert {"a": {"fee": 50}, "b": None} == data


class TestConditions:
    @pytest.mark.parametrize(
        ("where", "titles"),
        [
            ("{}", ["Alien", "The Piano", "Ran, the film", "Lost"]),
            ('{title: {_eq: "Alien"}}', ["Alien"]),
            ('{title: {_neq: "Alien"}, year: {_gt: 1980, _lt: 1990}}', ["Ran, the film"]),
            ("{year: {_is_null: true}}", ["Lost"]),
            ("{id: {_in: [1, 4]}}", ["Alien", "Lost"]),
            ("{id: {_nin: [1, 4]}}", ["The Piano", "Ran, the film"]),
            ("{id: {_in: []}}", []),
            ('{title: {_nlike: "%n%"}}', ["Lost"]),
            ('{title: {_iregex: "^the"}}', ["The Piano"]),
            ("{_or: [{id: {_eq: 1}}, {id: {_eq: 2}}], _not: {year: {_eq: 1979}}}", ["The Piano"]),
            ("{_or: []}", []),
            ('{films_director: {name: {_like: "R%"}}}', ["Alien"]),
            ("{_not: {films_director: {}}}", ["Lost"]),
            ("{roles: {fee: {_gt: 60}}}", ["Alien", "The Piano"]),
            ('{films_director: {people_boss: {films_director: {title: {_eq: "Alien"}}}}}',
             ["The Piano", "Ran, the film"]),
            ('{data: {_contains: {tags: ["drama"]}}}', ["The Piano"]),
            ('{data: {_has_key: "cost"}}', ["Alien"]),
            ('{data: {_has_keys_any: ["cost", "tags", "q"]}}', ["Alien", "The Piano"]),
            ('{data: {_has_keys_all: ["cost", "tags"]}}', ["Alien"]),
            ("{data: {_has_keys_any: []}}", []),
            ('{_not: {data: {_has_key: "cost"}}}', ["The Piano"]),
            ("{roles_aggregate: {count: {predicate: {_gt: 1}}}}", ["Alien"]),
            ("{roles_aggregate: {count: {predicate: {_in: [0, 1]}}}}", ["The Piano", "Ran, the film", "Lost"]),
            ("{roles_aggregate: {count: {filter: {fee: {_gt: 60}}, predicate: {_eq: 1, _is_null: false}}}}",
             ["Alien", "The Piano"]),
            ("{_not: {roles_aggregate: {count: {predicate: {_gte: 1}}}}}", ["Ran, the film", "Lost"]),
            ("{roles_aggregate: {}}", ["Alien", "The Piano", "Ran, the film", "Lost"]),
        ],
    )  # fmt: skip
    def test_a_condition_chooses_rows(self, shared: Api, where: str, titles: list[str]) -> None:
        """Written in the query or sent as a variable."""
        data = shared.data("{ films(where: %s, order_by: {id: asc}) { title } }" % where)  # noqa: UP031 - braces
        assert titles == [film["title"] for film in data["films"]]

    def test_variables_may_stand_anywhere(self, shared: Api) -> None:
        """For a value, for several, and for a whole condition."""
        for query, variables in (
            ("query($v: bigint) { films(where: {id: {_eq: $v}}) { id } }", {"v": 2}),
            ("query($v: [bigint!]) { films(where: {id: {_in: $v}}) { id } }", {"v": [2]}),
            ("query($v: bigint!) { films(where: {id: {_in: [$v]}}) { id } }", {"v": 2}),
            ("query($v: films_bool_exp) { films(where: $v) { id } }", {"v": {"id": {"_eq": "2"}}}),
            ("query($v: bigint_comparison_exp) { films(where: {id: $v}) { id } }", {"v": {"_eq": 2}}),
            ("query($v: [films_bool_exp!]) { films(where: {_and: $v}) { id } }", {"v": [{"id": {"_eq": 2}}]}),
            ("query($v: String!) { films(where: {data: {_has_key: $v}, id: {_eq: 2}}) { id } }", {"v": "tags"}),
            ("query($v: Int) { films(where: {roles_aggregate: {count: {predicate: {_eq: $v}}}}) { id } }", {"v": 1}),
            ("query($v: Int = 1, $o: Int) { films(limit: $v, offset: $o) { id } }", {"o": 1}),
        ):
            assert {"films": [{"id": 2}]} == shared.data(query, **variables), query

    def test_a_variable_that_is_left_out_leaves_its_condition_out(self, shared: Api) -> None:
        """As the specification says of input objects; null is another thing, and refused."""
        query = "query($v: bigint) { films(where: {id: {_eq: $v}}) { id } }"
        assert 4 == len(shared.data(query)["films"])
        assert "invalid_filter" == shared.error(query, v=None)["extensions"]["code"]
        assert {"films": [{"id": 3}]} == shared.data(query, v=3)

    def test_rows_are_sorted_by_columns_and_by_related_rows(self, shared: Api) -> None:
        """In the order of the list."""
        query = "query($o: [films_order_by!]) { films(order_by: $o) { id } }"
        for order, ids in (
            ([{"films_director": {"name": "asc"}}], [3, 2, 1, 4]),
            ([{"seen": "desc_nulls_last"}, {"id": "desc"}], [2, 1, 3, 4]),
            ({"year": "asc_nulls_first"}, [4, 1, 3, 2]),
        ):
            assert ids == [film["id"] for film in shared.data(query, o=order)["films"]]


class TestOperations:
    def test_fragments_and_equal_names_are_merged(self, shared: Api) -> None:
        """What several parts of an operation ask of a field is asked once."""
        query = """
            query A { films(where: {id: {_eq: 1}}) { ...F films_director { id } ... on films { year } } }
            fragment F on films { title films_director { name } }
            query B { __typename }
        """
        expected = {"title": "Alien", "films_director": {"name": "Ridley", "id": 1}, "year": 1979}
        answer = shared.send(query, operationName="A").json
        assert {"data": {"films": [expected]}} == answer
        assert {"data": {"__typename": "query_root"}} == shared.send(query, operationName="B").json

    @pytest.mark.parametrize("name", [None, "C"])
    def test_the_operation_must_be_known(self, shared: Api, name: str | None) -> None:
        """Of several one is named, and it is there."""
        answer = shared.send("query A { __typename } query B { __typename }", operationName=name).json
        assert ["errors"] == list(answer)

    def test_variables_decide_what_is_left_out(self, shared: Api) -> None:
        """Each choice has its plan."""
        query = "query($y: Boolean!) { films_by_pk(id: 1) { id title @skip(if: $y) year @include(if: $y) } }"
        for _ in range(2):
            assert {"films_by_pk": {"id": 1, "title": "Alien"}} == shared.data(query, y=False)
            assert {"films_by_pk": {"id": 1, "year": 1979}} == shared.data(query, y=True)

    def test_the_schema_can_be_asked_about(self, shared: Api) -> None:
        """Beside rows."""
        data = shared.data('{ t: __type(name: "films") { name } films_by_pk(id: 1) { id } __typename }')
        assert {"t": {"name": "films"}, "films_by_pk": {"id": 1}, "__typename": "query_root"} == data


class TestErrors:
    @pytest.mark.parametrize(
        ("query", "variables"),
        [
            ("{ films { name } }", {}),
            ("{ films", {}),
            ("query($v: Int) { films(limit: $v) { id } }", {"v": "x"}),
            ("query($v: bigint!) { films_by_pk(id: $v) { id } }", {}),
            ("query($v: bigint!) { films_by_pk(id: $v) { id } }", {"v": 2**70}),
        ],
        ids=["field", "syntax", "variable", "absent", "large"],
    )
    def test_what_cannot_be_run_has_no_data(self, shared: Api, query: str, variables: Any) -> None:
        """And says where it is wrong."""
        answer = shared.ask(query, **variables)
        assert ["errors"] == list(answer)
        assert answer["errors"][0]["locations"]

    def test_a_field_that_fails_says_so(self, shared: Api) -> None:
        """With its path and a documented code; a list cannot be null, so there is no data."""
        answer = shared.ask("{ a: films(limit: -1) { id } }")
        assert answer["data"] is None
        assert (["a"], "invalid_parameter") == (answer["errors"][0]["path"], answer["errors"][0]["extensions"]["code"])
