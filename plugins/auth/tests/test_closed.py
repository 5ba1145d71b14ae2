"""A server with the plugin lets nobody in whom it does not know; over a storage in memory."""

from collections.abc import Callable
from typing import Any

import pytest
from synthdb_memory.plugin import MemoryPlugin

from synthdb_auth.plugin import AuthPlugin
from synthdb_host.access import PROCESS
from synthdb_host.contracts import Context
from synthdb_host.operations import Insert, Select

PROCESS_CONTEXT = Context(PROCESS)


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer x", "Basic YTpi", "bearer sdb_pat_x"])
def test_nobody_comes_in_unknown(make_client: Callable[..., Any], header: str) -> None:
    """Whatever is sent that is no credential of ours is answered by 401, on this machine, too."""
    client = make_client({"auth": AuthPlugin(), "memory": MemoryPlugin()}, databases={"db": "memory:db"})
    answer = client.get("/", headers={"Authorization": header} if header else {})
    assert (401, "unauthenticated") == (answer.status_code, answer.json["code"])
    assert 200 == client.get("/healthz/live").status_code


def test_the_process_itself_may_do_everything(make_client: Callable[..., Any]) -> None:
    """The command line and the jobs of whoever runs the server are not locked out."""
    client = make_client({"auth": AuthPlugin(), "memory": MemoryPlugin()}, databases={"db": "memory:db"})
    gate = client.host.gate
    client.run(gate.execute("db", Insert.of("people", [{"name": "Ada"}]), PROCESS_CONTEXT))
    assert ["Ada"] == [
        row["name"] for row in client.run(gate.execute("db", Select("people"), PROCESS_CONTEXT)).python()
    ]
