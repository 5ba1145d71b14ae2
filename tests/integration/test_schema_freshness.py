"""No worker answers from a schema that another process has changed."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

import synthdb
from tests.integration.client import Client
from tests.integration.conftest import IS_LONG
from tests.integration.serving import Server, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

WORKERS: Final = 4
PAIRS: Final = 1_000 if IS_LONG else 60


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of four workers."""
    with synthdb.connect(tmp_path / "db.db") as database:
        database.insert("things", {"a": 1})
    with serving(tmp_path, tmp_path / "db.db", workers=WORKERS) as server:
        yield server


@pytest.fixture
def clients(server: Server) -> Iterator[list[Client]]:
    """Connections to different workers, as the kernel deals them out; each has read the table already."""
    with ExitStack() as stack:
        found = [stack.enter_context(server.client()) for _ in range(3 * WORKERS)]
        for client in found:
            assert 200 == client.ask("GET", f"{server.address}/things").status
        yield found


def columns_of(client: Client, address: str, pair: int) -> set[str]:
    """Name the columns of the one row, which is read in the list and by its key in turn."""
    if pair % 2:
        return set(client.ask("GET", f"{address}/things/1").data)
    (row,) = client.ask("GET", f"{address}/things").data
    return set(row)


def test_a_change_by_another_process_is_seen_by_the_next_request(
    server: Server, clients: list[Client], tmp_path: Path
) -> None:
    """A column that was added, renamed or dropped is answered at once as it is now, by all workers."""
    stale: list[Any] = []
    with synthdb.connect(tmp_path / "db.db") as database:
        for pair in range(PAIRS):
            name = f"c{pair}"
            if pair % 3 == 0:
                database.add_columns("things", {name: "integer"})
            elif pair % 3 == 1:
                database.rename_column("things", f"c{pair - 1}", name)
            else:
                database.drop_column("things", f"c{pair - 1}")
            expected = {"id", "a"} | ({name} if pair % 3 < 2 else set())
            found = columns_of(clients[pair % len(clients)], server.address, pair)
            stale += [] if expected == found else [(pair, expected, found)]
    assert [] == stale


def test_a_change_over_http_is_seen_by_the_next_request_to_any_worker(server: Server, clients: list[Client]) -> None:
    """Whichever worker has made it."""
    meta, stale = server.address.replace("/rest/", "/meta/"), []
    for pair in range(PAIRS):
        writer, reader = clients[pair % len(clients)], clients[(pair * 5 + 1) % len(clients)]
        if pair % 2 == 0:
            body = {"name": f"c{pair}", "type": "text"}
            assert 201 == writer.ask("POST", f"{meta}/schema/tables/things/columns", body).status
        else:
            assert 204 == writer.ask("DELETE", f"{meta}/schema/tables/things/columns/c{pair - 1}").status
        expected = {"id", "a"} | ({f"c{pair}"} if pair % 2 == 0 else set())
        found = columns_of(reader, server.address, pair // 2)
        stale += [] if expected == found else [(pair, expected, found)]
    assert [] == stale


def test_a_relation_of_another_process_is_known_to_the_next_request(
    server: Server, clients: list[Client], tmp_path: Path
) -> None:
    """A request that the schema seen last would refuse is read with the schema of now, and the other way round."""
    statuses: list[int] = []
    with synthdb.connect(tmp_path / "db.db") as database:
        database.insert("parts", {"thing_id": 1})
        for client in clients:
            database.add_foreign_key("parts", ["thing_id"], "things.id", name="thing")
            statuses.append(client.ask("GET", f"{server.address}/parts?select=id,things(a)").status)
            database.drop_constraint("parts", "thing")
            statuses.append(client.ask("GET", f"{server.address}/parts?select=id,things(a)").status)
    assert [200, 400] * len(clients) == statuses
