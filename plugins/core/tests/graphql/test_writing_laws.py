"""The same mutations by GraphQL and by the library leave the same rows, and those that fail leave none."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import synthdb
from plugins.core.tests.graphql.conftest import Api, fill, serving
from plugins.core.tests.servers import url_of
from synthdb_host.contracts import Result
from synthdb_host.errors import RequestError
from synthdb_host.operations import Operation, Select

IS_LONG: Final = bool(os.environ.get("SOAK"))
EXAMPLES: Final = 500 if IS_LONG else 20

Row = dict[str, Any]
Mutation = tuple[str, Any]

ids = st.integers(1, 4)
years = st.none() | st.integers(0, 2)
films = st.fixed_dictionaries({"id": ids, "title": st.sampled_from(["a", "b", None]), "year": years})
roles = st.fixed_dictionaries({"actor": st.sampled_from("xyz")}, optional={"fee": st.none() | st.integers(0, 3)})
mutations = st.one_of(
    st.tuples(st.just("insert"), st.lists(films, max_size=3)),
    st.tuples(st.just("upsert"), st.lists(films, max_size=3)),
    st.tuples(st.just("nested"), st.tuples(films, st.lists(roles, max_size=2))),
    st.tuples(st.just("role"), st.builds(lambda film, role: {"film_id": film, **role}, ids, roles)),
    st.tuples(st.just("update"), st.tuples(st.integers(0, 2), st.fixed_dictionaries({"year": years}))),
    st.tuples(st.just("fees"), st.tuples(st.integers(0, 2), st.integers(4, 9))),
    st.tuples(st.just("delete"), st.integers(0, 2)),
)

# How each is written in GraphQL: the types of its variables, its field, and their values.
GRAPHQL: Final[Mapping[str, tuple[tuple[str, ...], str, Callable[[Any], tuple[Any, ...]]]]] = {
    "insert": (("[films_insert_input!]!",), "insert_films(objects: $0) { affected_rows }", lambda rows: (rows,)),
    "upsert": (
        ("[films_insert_input!]!",),
        "insert_films(objects: $0, on_conflict: {update_columns: [title, year]}) { affected_rows }",
        lambda rows: (rows,),
    ),
    "nested": (
        ("films_insert_input!",),
        "insert_films_one(object: $0) { id roles { actor } }",
        lambda item: ({**item[0], "roles": {"data": item[1]}},),
    ),
    "role": (("roles_insert_input!",), "insert_roles_one(object: $0) { fee }", lambda row: (row,)),
    "update": (
        ("bigint!", "films_set_input!"),
        "update_films(where: {year: {_eq: $0}}, _set: $1) { affected_rows }",
        lambda item: item,
    ),
    "fees": (
        ("bigint!", "bigint"),
        "update_roles(where: {films: {year: {_eq: $0}}}, _set: {fee: $1}) { affected_rows }",
        lambda item: item,
    ),
    "delete": (("bigint!",), "delete_films(where: {year: {_eq: $0}}) { affected_rows }", lambda year: (year,)),
}


def by_graphql(api: Api, done: list[Mutation]) -> str | None:
    """Do them in one operation; gives the code of the error."""
    declared, fields, variables = [], [], dict[str, Any]()
    for number, (kind, given_) in enumerate(done):
        types, field, values = GRAPHQL[kind]
        for place, (type_, value) in enumerate(zip(types, values(given_), strict=True)):
            name = f"v{number}_{place}"
            declared.append(f"${name}: {type_}")
            variables[name] = value
            field = field.replace(f"${place}", f"${name}")
        fields.append(f"m{number}: {field}")
    answer = api.ask(f"mutation ({', '.join(declared)}) {{ {' '.join(fields)} }}", **variables)
    if "errors" not in answer:
        return None
    assert answer["data"] is None
    return str(answer["errors"][0]["extensions"]["code"])


def by_library(database: synthdb.Connection, done: list[Mutation]) -> str | None:
    """Do them in one transaction; gives the code of the error."""
    try:
        with database.transaction() as transaction:
            for kind, given_ in done:
                _do(transaction, kind, given_)
    except RequestError as error:
        return error.code
    return None


def _do(transaction: synthdb.Connection, kind: str, given_: Any) -> None:
    match kind, given_:
        case "insert", rows:
            transaction.insert("films", rows)
        case "upsert", rows:
            transaction.upsert("films", rows)
        case "nested", (film, rows):
            transaction.insert("films", film)
            transaction.insert("roles", [{"film_id": film["id"], **row} for row in rows])
        case "role", row:
            transaction.insert("roles", row)
        case "update", (year, values):
            transaction.update("films", values, {"year": year})
        case "fees", (year, fee):
            for film in transaction.query("films", where={"year": year}):
                transaction.update("roles", {"fee": fee}, {"film_id": film["id"]})
        case "delete", year:
            transaction.delete("films", {"year": year})


def rows(execute: Callable[[Operation], Result]) -> list[list[Row]]:
    """Give all that may have been written."""
    return [execute(Select(table)).python() for table in ("films", "roles")]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, synthdb.Connection]]:
    """Two databases of the same tables: one that is served, one that is opened."""
    folder = tmp_path_factory.mktemp("pair")
    with serving(url_of("sqlite", folder / ""), folder) as api, _opened(folder / "other.db") as database:
        fill(api)
        yield api, database


def _opened(file: Path) -> synthdb.Connection:
    with serving(f"sqlite:///{file}", file.parent) as api:
        fill(api)
    return synthdb.connect(file)


@settings(max_examples=EXAMPLES, derandomize=not IS_LONG, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(mutations, min_size=1, max_size=4), min_size=1, max_size=3))
def test_graphql_and_the_library_leave_the_same_rows(
    pair: tuple[Api, synthdb.Connection], history: list[list[Mutation]]
) -> None:
    """Operation by operation; one that fails fails with the same code, and changes nothing."""
    api, database = pair
    for table in ("roles", "films"):
        api.data(f"mutation {{ delete_{table}(where: {{}}) {{ affected_rows }} }}")
        database.delete(table, every_row=True)
    for done in history:
        before = rows(api.execute)
        code = by_graphql(api, done)
        assert code == by_library(database, done)
        assert rows(database.execute) == rows(api.execute)
        assert code is None or before == rows(api.execute)
