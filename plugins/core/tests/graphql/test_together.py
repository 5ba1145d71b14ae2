"""All fields of a query are of one state, however much is written meanwhile."""

import asyncio
from typing import Any

import msgspec
import pytest

from plugins.core.tests.graphql.conftest import Api, column
from synthdb.graphql.together import read_together
from synthdb_host.access import LOCAL
from synthdb_host.contracts import Context, Result
from synthdb_host.errors import CatalogChanged, UnknownTable
from synthdb_host.filters import ColumnRef, Comparison
from synthdb_host.operations import HEAD, Batch, CreateTable, Insert, Operation, Select, Update

QUERY = "{ a { n } b { n } a_aggregate { aggregate { max { n } } nodes { n } } }"
FIRST = Comparison(ColumnRef("id"), "eq", 1)


@pytest.fixture
def pair(api: Api) -> Api:
    """Two tables with a row each, whose numbers are the same."""
    for table in ("a", "b"):
        api.define(CreateTable(table, (column("id", "integer"), column("n", "integer")), key=("id",)))
        api.execute(Insert.of(table, [{"id": 1, "n": 0}]))
    return api


def test_fields_of_a_query_are_of_one_state(pair: Api) -> None:
    """While others write both tables again and again, nobody sees one without the other."""
    gate = pair.client.host.gate

    async def write(numbers: range) -> None:
        for number in numbers:
            updates = tuple([Update(table, {"n": number}, FIRST) for table in ("a", "b")])
            await gate.execute("db", Batch(updates), Context(LOCAL))
            await asyncio.sleep(0)

    async def ask(writing: "asyncio.Task[None]") -> list[Any]:
        found = []
        body, headers = msgspec.json.encode({"query": QUERY}), {"Content-Type": "application/json"}
        while not writing.done():
            answer = await pair.client.begin("POST", "/graphql/v1/db", body=body, headers=headers)
            found.append(answer.json["data"])
        return found

    async def both() -> list[Any]:
        writing = asyncio.ensure_future(write(range(1, 60)))
        found = await ask(writing)
        await writing
        return found

    for data in pair.client.run(both()):
        (number,) = {row["n"] for row in data["a"]}
        nodes = [{"n": number}]
        aggregate = {"aggregate": {"max": {"n": number}}, "nodes": nodes}
        assert {"a": nodes, "b": nodes, "a_aggregate": aggregate} == data


class Moving:
    """Answers selects at a state that is another one each time, for so many reads."""

    def __init__(self, changes: int) -> None:
        self.changes = changes
        self.reads = 0
        self.batches: list[Batch] = []

    async def execute(self, operation: Operation) -> Result:
        """Answer."""
        if isinstance(operation, Batch):
            self.batches.append(operation)
            return Result(parts=tuple([Result(rows=((0,),)) for _ in operation.operations]))
        assert isinstance(operation, Select)
        self.reads += 1
        if operation.table == "nowhere":
            raise UnknownTable("There is no such table.")
        if operation.table == "changed":
            raise CatalogChanged("It changed.")
        return Result(state=str(min(self.reads, self.changes)))


@pytest.mark.parametrize(("changes", "reads", "batches"), [(0, 2, 0), (2, 4, 0), (100, 8, 1)])
def test_selects_are_read_again_and_at_last_in_one_transaction(changes: int, reads: int, batches: int) -> None:
    """Only as often as they were of different states."""
    storage = Moving(changes)
    found = asyncio.run(read_together(storage.execute, [Select("a"), Select("b")], HEAD))

    assert (reads, batches, 2) == (storage.reads, len(storage.batches), len(found))


def test_what_cannot_be_read_does_not_keep_others_from_it() -> None:
    """Its place has the error, also where the rest is read in a transaction; another schema is for the caller."""
    storage = Moving(100)
    found = asyncio.run(read_together(storage.execute, [Select("a"), Select("nowhere"), Select("b")], HEAD))

    assert [Result, UnknownTable, Result] == [type(one) for one in found]
    with pytest.raises(CatalogChanged):
        asyncio.run(read_together(storage.execute, [Select("a"), Select("changed")], HEAD))
