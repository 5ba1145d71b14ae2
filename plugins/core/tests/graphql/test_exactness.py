"""Plans and graphql-core's executor answer every operation with the same bytes."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from graphql import parse, validate
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from plugins.core.tests.graphql.conftest import Api, serving
from plugins.core.tests.graphql.generating import Database, databases, operation
from plugins.core.tests.graphql.oracle import Oracle
from plugins.core.tests.servers import url_of
from synthdb.graphql.answering import Answering, Asked
from synthdb.graphql.documents import Documents
from synthdb.graphql.limits import Limits
from synthdb.graphql.schemas import Schemas
from synthdb_host.access import LOCAL
from synthdb_host.catalog import Column, ColumnType
from synthdb_host.contracts import Context
from synthdb_host.operations import CreateTable, Insert, Select

LIMITS = Limits(document_bytes=10**6, tokens=10**6, depth=100, aliases=10**4, fields=10**5, comparisons=10**7)
IS_LONG = bool(os.environ.get("SOAK"))
EXAMPLES = 200 if IS_LONG else 4
REFUSED = b'"extensions":{"code"'

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class Pair:
    """The two ways to an answer, over one database."""

    def __init__(self, api: Api) -> None:
        self._run, gate = api.client.run, api.client.host.gate
        self._answering, self._documents = Answering(gate, 10_000), Documents(LIMITS)
        self.schema = self._run(Schemas(gate).get("db", None, Context(LOCAL)))
        tables = self._run(gate.catalog("db", Context(LOCAL))).tables
        rows = {name: api.execute(Select(name)).python() for name in tables}
        self._oracle = Oracle(self.schema.graphql, rows)

    def check(self, query: str, variables: dict[str, Any], name: str | None = None) -> None:
        """Ask both, the plans twice."""
        document = parse(query)
        if validate(self.schema.graphql, document):
            return
        expected = self._oracle.answer(document, name, variables)
        read = self._documents.get(self.schema.graphql, self.schema.key, query, suggest=True)
        asked = Asked("db", None, self.schema, self._run(read), name, variables, Context(LOCAL))
        for _ in range(2):
            answer = self._run(self._answering.answer(asked))
            if REFUSED in answer.body:
                # An argument that is refused is an error of the root field, whose plan it is part of, whether or not
                # the executor would have come to it.
                continue
            if answer.executed:
                assert expected == answer.body, f"{query}\n{variables}\n{expected.decode()}\n{answer.body.decode()}"
            else:
                errors = msgspec.json.decode(answer.body)["errors"]
                plain = [{name: item[name] for name in item if name != "extensions"} for item in errors]
                assert msgspec.json.decode(expected) == {"data": None, "errors": plain}


@contextmanager
def served(database: Database) -> Iterator[Api]:
    """Make a database, and serve it."""
    with tempfile.TemporaryDirectory() as folder, serving(url_of("sqlite", Path(folder)), Path(folder)) as api:
        api.define(*database.tables)
        for table, rows in database.rows.items():
            if rows:
                api.execute(Insert.of(table, rows))
        yield api


@settings(
    max_examples=EXAMPLES,
    derandomize=not IS_LONG,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(databases(), st.lists(st.integers(0, 2**32), min_size=12, max_size=12))
def test_generated_operations_are_answered_like_the_executor_does(database: Database, seeds: list[int]) -> None:
    """Of any schema: arguments, variables, directives, fragments, aliases, merged fields and errors."""
    with served(database) as api:
        pair = Pair(api)
        for seed in seeds:
            query, variables = operation(seed, pair.schema.graphql)
            pair.check(query, variables)


OPERATIONS = """
    query One($n: Int = 1) { t0(limit: $n, order_by: {id: desc}) { id ...F } }
    query Two($id: bigint!) { a: t0_by_pk(id: $id) { ...F } b: t0_by_pk(id: $id) { id } }
    query Three($if: Boolean!) { t0 @skip(if: $if) { id } ... @include(if: $if) { __typename } }
    query Four($w: t0_bool_exp!, $o: [t0_order_by!]) { t0(where: $w, order_by: $o) { id c0 } }
    fragment F on t0 { c0 __typename }
"""

CASES: Final[tuple[tuple[str | None, dict[str, Any]], ...]] = (
    (None, {}), ("Five", {}), ("", {}), ("One", {}), ("One", {"n": None}), ("One", {"n": 2.0}), ("One", {"n": 2.5}),
    ("One", {"n": "2"}), ("One", {"n": 2**31}), ("One", {"n": True}), ("One", {"more": 1}), ("Two", {}),
    ("Two", {"id": None}), ("Two", {"id": "1"}), ("Two", {"id": "x"}), ("Two", {"id": 1.0}), ("Two", {"id": [1]}),
    ("Two", {"id": 2**63}), ("Three", {}), ("Three", {"if": True}), ("Three", {"if": "true"}), ("Four", {"w": {}}),
    ("Four", {"w": {"id": {"_in": 1}}}), ("Four", {"w": {"id": {"_in": [1, None]}}}), ("Four", {"w": {"no": 1}}),
    ("Four", {"w": {"_or": {"id": {"_eq": 1}}}, "o": {"c0": "desc"}}), ("Four", {"w": {}, "o": [{"c0": "up"}]}),
    ("Four", {"w": {}, "o": [None]}), ("Four", {"w": []}),
)  # fmt: skip


def test_operations_are_chosen_and_variables_coerced_like_the_executor_does() -> None:
    """Also names that are unknown, and values of other kinds."""
    table = CreateTable("t0", (Column("id", ColumnType("integer")), Column("c0", ColumnType("text"))), key=("id",))
    with served(Database((table,), {"t0": [{"id": 1, "c0": "a"}, {"id": 2, "c0": None}]})) as api:
        pair = Pair(api)
        for name, variables in CASES:
            pair.check(OPERATIONS, variables, name)
