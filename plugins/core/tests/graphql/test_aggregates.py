"""Aggregates: over rows that are chosen, over related rows, and over groups."""

from plugins.core.tests.graphql.conftest import Api


class TestAll:
    def test_functions_are_over_the_rows_chosen(self, shared: Api) -> None:
        """Nulls are left out; sums and averages of decimals are exact."""
        data = shared.data(
            """{ films_aggregate(where: {id: {_lt: 4}}) {
                 aggregate { count rated: count(columns: [rating]) sum { rating } min { year title } } } }"""
        )
        expected = {"count": 3, "rated": 3, "sum": {"rating": 24.20}, "min": {"year": 1979, "title": "Alien"}}
        assert {"aggregate": expected} == data["films_aggregate"]

    def test_different_values_are_counted(self, shared: Api) -> None:
        """Of one column, that is no json."""
        query = "{ films_aggregate { aggregate { count(columns: [%s], distinct: %s) } } }"
        for column, distinct, count in (("seen", "true", 2), ("seen", "false", 3), ("writer_id", "true", 1)):
            found = shared.data(query % (column, distinct))
            assert {"films_aggregate": {"aggregate": {"count": count}}} == found
        assert "invalid_select" == shared.error(query % ("data", "true"))["extensions"]["code"]

    def test_no_rows_have_a_count_and_nothing_else(self, shared: Api) -> None:
        """As in SQL."""
        query = "{ films_aggregate(where: {id: {_eq: 99}}) { aggregate { count max { year } } nodes { id } } }"
        expected = {"aggregate": {"count": 0, "max": {"year": None}}, "nodes": []}
        assert expected == shared.data(query)["films_aggregate"]

    def test_the_rows_are_there_too(self, shared: Api) -> None:
        """Sorted and paged by themselves, beside names of types."""
        query = """{ a: films_aggregate {
            __typename n: nodes(order_by: {id: desc}, limit: 1) { id } aggregate { __typename } } }"""
        expected = b'{"data":{"a":{"__typename":"films_aggregate","n":[{"id":4}],'
        assert expected + b'"aggregate":{"__typename":"films_aggregate_fields"}}}}' == shared.send(query).content

    def test_a_row_has_aggregates_of_what_is_related(self, shared: Api) -> None:
        """Zero rows are counted as such."""
        data = shared.data(
            """query($fee: bigint) { films(order_by: {id: asc}) {
                 roles_aggregate(where: {fee: {_gt: $fee}}) { aggregate { count sum { fee } } nodes { actor } } } }""",
            fee=60,
        )
        assert [
            {"aggregate": {"count": 1, "sum": {"fee": 100}}, "nodes": [{"actor": "Sigourney"}]},
            {"aggregate": {"count": 1, "sum": {"fee": 80}}, "nodes": [{"actor": "Holly"}]},
            {"aggregate": {"count": 0, "sum": {"fee": None}}, "nodes": []},
            {"aggregate": {"count": 0, "sum": {"fee": None}}, "nodes": []},
        ] == [film["roles_aggregate"] for film in data["films"]]


class TestGroups:
    def test_rows_are_grouped_by_columns(self, shared: Api) -> None:
        """Groups are chosen by having, sorted by aggregates and by what they are made by, and paged."""
        query = """query($n: Int, $by: [films_select_column!]!) { films_aggregate {
          groups(group_by: $by, having: {count: {_gte: $n}}, order_by: [{count: desc}, {key: {seen: asc}}], limit: 9) {
                key { seen title } aggregate { count max { year } } } } }"""
        groups = shared.data(query, n=1, by=["seen"])["films_aggregate"]["groups"]
        assert [
            {"key": {"seen": True, "title": None}, "aggregate": {"count": 2, "max": {"year": 1993}}},
            {"key": {"seen": False, "title": None}, "aggregate": {"count": 1, "max": {"year": 1985}}},
            {"key": {"seen": None, "title": None}, "aggregate": {"count": 1, "max": {"year": None}}},
        ] == groups
        assert 1 == len(shared.data(query, n=2, by="seen")["films_aggregate"]["groups"])

    def test_related_rows_are_grouped_too(self, shared: Api) -> None:
        """Each row has its own groups."""
        query = """{ people(order_by: {id: asc}) {
            films_writer_aggregate { groups(group_by: [seen]) { aggregate { count } } } } }"""
        found = [row["films_writer_aggregate"]["groups"] for row in shared.data(query)["people"]]
        assert [[], [{"aggregate": {"count": 2}}], []] == found

    def test_what_groups_are_made_by_is_named(self, shared: Api) -> None:
        """Else there would be one group."""
        error = shared.error("{ films_aggregate { groups(group_by: []) { aggregate { count } } } }")
        assert "invalid_parameter" == error["extensions"]["code"]
