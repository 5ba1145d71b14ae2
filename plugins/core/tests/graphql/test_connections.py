"""Relay's connections and global ids: pages by cursors, in both directions, and a row of any table by its id."""
# ruff: noqa: UP031 - queries are full of braces

import base64
from typing import Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from plugins.core.tests.graphql.conftest import Api, fill, serving
from plugins.core.tests.graphql.generating import Database, databases
from plugins.core.tests.graphql.test_exactness import EXAMPLES, IS_LONG, served
from plugins.core.tests.servers import url_of
from synthdb_host.filters import ColumnRef, Comparison
from synthdb_host.operations import Delete, Insert, Update
from synthdb_host.versions import Branching, CreateTag

PAGE: Final = "edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


def ids(page: Any) -> list[int]:
    return [edge["node"]["id"] for edge in page["edges"]]


def cursors(page: Any) -> list[str]:
    return [edge["cursor"] for edge in page["edges"]]


class TestPages:
    def test_a_page_says_where_it_begins_and_ends(self, shared: Api) -> None:
        """And whether there is another one, in the direction that it is read in."""
        page = shared.data("{ films_connection(first: 2) { %s } }" % PAGE)["films_connection"]
        first, last = cursors(page)
        assert [1, 2] == ids(page)
        expected = {"hasNextPage": True, "hasPreviousPage": False, "startCursor": first, "endCursor": last}
        assert expected == page["pageInfo"]

    @pytest.mark.parametrize(
        ("arguments", "expected", "following", "previous"),
        [
            ("", [1, 2, 3, 4], False, False),
            ("first: 0", [], True, False),
            ("first: 4", [1, 2, 3, 4], False, False),
            ("last: 1", [4], False, True),
            ("last: 0", [], False, True),
            ("last: 9", [1, 2, 3, 4], False, False),
            ("first: 1, after: $two", [3], True, True),
            ("after: $two", [3, 4], False, True),
            ("before: $three", [1, 2], True, False),
            ("last: 1, before: $three", [2], True, True),
            ("first: 1, before: $three", [1], True, False),
            ("after: $two, before: $three", [], True, True),
            ("last: 5, after: $two", [3, 4], False, False),
            ("first: 2, order_by: {year: desc_nulls_last}", [2, 3], True, False),
            ("last: 2, order_by: {year: desc_nulls_last}", [1, 4], False, True),
            ("first: 2, where: {id: {_neq: 2}}", [1, 3], True, False),
            ("where: {id: {_gt: 9}}", [], False, False),
        ],
    )
    def test_arguments_choose_a_page(
        self, shared: Api, arguments: str, expected: list[int], *, following: bool, previous: bool
    ) -> None:
        """As the specification of connections says."""
        all_of_them = shared.data("{ films_connection { %s } }" % PAGE)["films_connection"]
        _, two, three, _ = cursors(all_of_them)
        text = arguments.replace("$two", f'"{two}"').replace("$three", f'"{three}"')
        page = shared.data("{ p: films_connection%s { %s } }" % (f"({text})" if text else "", PAGE))["p"]
        assert expected == ids(page)
        assert (following, previous) == (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"])

    def test_related_rows_have_connections(self, shared: Api) -> None:
        """Of each row its own page, whose cursors lead on; fields are asked for in any way."""
        query = """query ($after: String) { people(order_by: {id: asc}) {
            c: films_writer_connection(first: 1, after: $after) {
                __typename a: edges { cursor } e: edges { __typename node { title roles { fee } } }
                pageInfo { __typename hasNextPage end: endCursor } } } }"""
        _, jane, akira = [person["c"] for person in shared.data(query)["people"]]
        assert ("films_connection", []) == (akira["__typename"], akira["e"])
        assert {"__typename": "PageInfo", "hasNextPage": False, "end": None} == akira["pageInfo"]
        node = {"title": "Alien", "roles": [{"fee": 100}, {"fee": 50}]}
        assert [{"__typename": "films_edge", "node": node}] == jane["e"]
        assert {"__typename": "PageInfo", "hasNextPage": True, "end": jane["a"][0]["cursor"]} == jane["pageInfo"]
        following = shared.data(query, after=jane["a"][0]["cursor"])["people"][1]["c"]
        assert ["The Piano"] == [edge["node"]["title"] for edge in following["e"]]

    def test_written_rows_have_connections(self, written: Api) -> None:
        """What a mutation gives back can be asked for whatever a query can."""
        query = """mutation { update_people(where: {id: {_eq: 2}}, _set: {name: "J"}) {
            returning { nodeId films_writer_connection(last: 1) {
                edges { node { id } } pageInfo { hasPreviousPage } } } } }"""
        (row,) = written.data(query)["update_people"]["returning"]
        expected = {"edges": [{"node": {"id": 2}}], "pageInfo": {"hasPreviousPage": True}}
        assert expected == row["films_writer_connection"]
        found = written.data("query ($id: ID!) { node(nodeId: $id) { ... on people { name } } }", id=row["nodeId"])
        assert {"name": "J"} == found["node"]

    def test_a_walk_goes_on_where_it_was(self, written: Api) -> None:
        """Also if the row of its cursor is gone, or others came meanwhile."""
        query = "query ($after: String) { p: films_connection(first: 2, after: $after) { %s } }" % PAGE
        end = written.data(query)["p"]["pageInfo"]["endCursor"]
        written.execute(Delete("films", Comparison(ColumnRef("id"), "eq", 4)))
        written.execute(Insert.of("films", [{"id": 0, "title": "Before"}, {"id": 9, "title": "Behind"}]))
        assert [3, 9] == ids(written.data(query, after=end)["p"])

    def test_the_largest_page_is_that_of_lists(self, shared: Api, tmp_path: Any) -> None:
        """More is not read; the next page follows."""
        with serving(url_of("sqlite", tmp_path), tmp_path, limits={"max_rows": 2}) as api:
            fill(api)
            for arguments in ("", "(first: 100)"):
                page = api.data("{ films_connection%s { %s } }" % (arguments, PAGE))["films_connection"]
                assert ([1, 2], True) == (ids(page), page["pageInfo"]["hasNextPage"])

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            ("first: -1", "invalid_parameter"),
            ("last: -1", "invalid_parameter"),
            ("first: 1, last: 1", "invalid_parameter"),
            ("order_by: {data: asc}", "invalid_parameter"),
            ("order_by: {films_director: {name: asc}}", "invalid_parameter"),
            ('after: ""', "invalid_cursor"),
            ('after: "x"', "invalid_cursor"),
            ('before: "\\u00e9"', "invalid_cursor"),
            ('after: "$cursor", order_by: {id: desc}', "invalid_cursor"),
        ],
    )
    def test_what_cannot_be_is_refused(self, shared: Api, arguments: str, code: str) -> None:
        """With a documented code; a cursor is one of the same order."""
        (cursor,) = cursors(shared.data("{ c: films_connection(first: 1) { %s } }" % PAGE)["c"])
        text = arguments.replace("$cursor", cursor)
        assert code == shared.error("{ films_connection(%s) { edges { cursor } } }" % text)["extensions"]["code"]

    @pytest.mark.parametrize("texts", [[], ["1", "2"], ["x"], ["9" * 30], 1, [1]])
    def test_a_cursor_that_was_made_up_is_refused(self, shared: Api, texts: Any) -> None:
        """It may have the head of a right one."""
        (cursor,) = cursors(shared.data("{ c: films_connection(first: 1) { %s } }" % PAGE)["c"])
        head = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=="))[0]
        made = base64.urlsafe_b64encode(msgspec.json.encode([head, texts])).decode().rstrip("=")
        error = shared.error("query ($c: String) { films_connection(after: $c) { edges { cursor } } }", c=made)
        assert "invalid_cursor" == error["extensions"]["code"]


class TestNodes:
    def test_a_row_is_found_by_its_global_id(self, shared: Api) -> None:
        """Whatever table it is of, also with a key of two columns; only what is asked of its type is given."""
        found = shared.data("{ films(limit: 1) { nodeId } roles(limit: 1) { nodeId } }")
        query = """query ($id: ID!) {
                     node(nodeId: $id) { __typename nodeId ...F ... on roles { actor films { title } } } }
                   fragment F on films { title ... on Node { again: nodeId } }"""
        film, role = found["films"][0]["nodeId"], found["roles"][0]["nodeId"]
        for _ in range(2):
            expected = {"__typename": "films", "nodeId": film, "title": "Alien", "again": film}
            assert expected == shared.data(query, id=film)["node"]
            expected = {"__typename": "roles", "nodeId": role, "actor": "Sigourney", "films": {"title": "Alien"}}
            assert expected == shared.data(query, id=role)["node"]

    def test_what_is_not_there_is_null(self, shared: Api) -> None:
        """A row, a table; and a text that is no id is an error."""
        for token in (["films", ["99"]], ["no table", ["1"]]):
            text = base64.urlsafe_b64encode(msgspec.json.encode(token)).decode().rstrip("=")
            assert {"node": None} == shared.data('{ node(nodeId: "%s") { nodeId } }' % text)
        for text in ("x", base64.urlsafe_b64encode(b'["films",["x"]]').decode()):
            answer = shared.ask('{ node(nodeId: "%s") { nodeId } }' % text)
            assert {"node": None} == answer["data"]
            assert "invalid_cursor" == answer["errors"][0]["extensions"]["code"]

    def test_states_can_be_named(self, api: Api) -> None:
        """Of a connection, and by the address of a row that is found by its id."""
        api.execute(Branching((CreateTag("v1"),)))
        api.execute(Update("films", {"title": "New"}, Comparison(ColumnRef("id"), "eq", 1)))
        query = """query ($at: at_input, $id: ID!) {
            films_connection(first: 1, at: $at) { edges { node { title nodeId } } pageInfo { hasNextPage } }
            node(nodeId: $id) { ... on films { title } } }"""
        node_id = api.data("{ films(limit: 1) { nodeId } }")["films"][0]["nodeId"]
        data = api.data(query, at={"branch": "v1"}, id=node_id)
        assert "Alien" == data["films_connection"]["edges"][0]["node"]["title"]
        assert "New" == data["node"]["title"]
        there = api.data("query ($id: ID!) { node(nodeId: $id) { ... on films { title } } }", "@v1", id=node_id)
        assert "Alien" == there["node"]["title"]


class TestNames:
    def test_names_of_the_database_come_first(self, empty: Api) -> None:
        """A column or a table that is called as Relay would call something keeps its name."""
        empty.execute(Insert.of("node", [{"id": 1, "nodeId": "mine"}]))
        assert {"node": [{"nodeId": "mine"}]} == empty.data("{ node { nodeId } }")
        assert [1] == ids(empty.data("{ c: node_connection { edges { node { id } } } }")["c"])

    def test_they_can_be_switched_off(self, tmp_path: Any) -> None:
        """Then nothing of them is in the schema."""
        with serving(url_of("sqlite", tmp_path), tmp_path, graphql={"relay": False}) as api:
            api.execute(Insert.of("films", [{"title": "Alien"}]))
            names = [item["name"] for item in api.data("{ __schema { types { name } } }")["__schema"]["types"]]
            assert "films" in names
            assert {"Node", "PageInfo", "films_connection", "films_edge"}.isdisjoint(names)
            assert (
                "Cannot query field 'films_connection'"
                in api.error("{ films_connection { edges { cursor } } }")["message"]
            )


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(
    max_examples=EXAMPLES * 5,
    derandomize=not IS_LONG,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(databases(), st.data())
def test_walks_in_both_directions_are_the_list(database: Database, data: st.DataObject) -> None:
    """Whatever rows are sorted by, and however small a page is: nothing is left out, and nothing comes twice."""
    filled = [table for table in database.tables if database.rows[table.table]]
    table = data.draw(st.sampled_from(filled or database.tables))
    sortable = [column.name for column in table.columns if column.type.name not in ("json", "bytes")]
    pairs = st.tuples(st.sampled_from(sortable), st.sampled_from(["asc", "desc", "asc_nulls_first", "desc_nulls_last"]))
    order = ", ".join(f"{{{name}: {word}}}" for name, word in data.draw(st.lists(pairs, max_size=3)))
    size = data.draw(st.integers(1, 3))
    with served(database) as api:
        listed = [row["id"] for row in api.data(f"{{ {table.table}(order_by: [{order}]) {{ id }} }}")[table.table]]
        forward = walked(api, f"c: {table.table}_connection(first: {size}, after: $cursor, order_by: [{order}])")
        assert listed == [row for page in forward for row in page]
        backward = walked(api, f"c: {table.table}_connection(last: {size}, before: $cursor, order_by: [{order}])")
        assert listed == [row for page in reversed(backward) for row in page]
        assert {size} >= set(map(len, (*forward[:-1], *backward[:-1])))


def walked(api: Api, field: str) -> list[list[int]]:
    """Read page after page, as long as there is another one."""
    names = ("hasPreviousPage", "startCursor") if "last:" in field else ("hasNextPage", "endCursor")
    pages: list[list[int]] = []
    cursor, goes_on = None, True
    while goes_on:
        page = api.data(f"query ($cursor: String) {{ {field} {{ {PAGE} }} }}", cursor=cursor)["c"]
        pages.append(ids(page))
        goes_on, cursor = (page["pageInfo"][name] for name in names)
    return pages
