"""What the quick tests leave out, and a storage that writes down what surfaces ask it to do."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, get_args

import pytest

import synthdb
from synthdb.plugin import plugin as core
from synthdb_host.catalog import Catalog, Column, ColumnType, Table
from synthdb_host.contracts import (
    Capability,
    ChangeSet,
    Context,
    Placement,
    Restrictions,
    Result,
    RowStream,
    Scheduler,
    StorageBackend,
    Watch,
)
from synthdb_host.encoding import ResultColumn, RowEncoder
from synthdb_host.errors import UnknownRef, UnsupportedCapability
from synthdb_host.hookspecs import hookimpl
from synthdb_host.manager import Host
from synthdb_host.manifest import Manifest
from synthdb_host.operations import HEAD, Operation, Ref, Select
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.testing.hosting import build_host
from synthdb_host.versions import Offset

CAPABILITIES: Final[frozenset[Capability]] = frozenset(get_args(Capability))
PEOPLE: Final = Table(
    "people", (Column("id", ColumnType("integer")), Column("name", ColumnType("text"))), "id", ("id",)
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the conformance suite on main alone when only the quick tests are asked for."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        if callspec is not None and callspec.params.get("place", "main") != "main":
            item.add_marker(pytest.mark.slow)


def rows_result(*rows: dict[str, Any], **more: Any) -> Result:
    """Make a result of rows whose columns may hold anything."""
    names = list(rows[0]) if rows else []
    encoder = RowEncoder([ResultColumn.of_python(name, ColumnType("json")) for name in names])
    return Result(encoder, [tuple(row.values()) for row in rows], **more)


class Script:
    """Knows refs except ``nope``, answers what it is told to answer next, and writes down all it is asked."""

    manifest = Manifest(id="script", host_api=">=1.0,<2")
    capabilities = CAPABILITIES
    requires: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.asked: list[Operation] = []
        self.contexts: list[Context] = []
        self.begun: list[tuple[Ref, str | None]] = []
        self.answers: list[Result] = []

    @hookimpl
    def synthdb_storage_backends(self) -> Sequence[StorageBackend]:
        """Offer the scheme ``script``."""
        return [StorageBackend("script", self._open, CAPABILITIES)]

    def _open(self, placement: Placement, scheduler: Scheduler) -> "Script":
        return self

    async def catalog(self, ref: Ref = HEAD) -> Catalog:
        if ref.branch == "nope":
            raise UnknownRef("There is no ref 'nope'.")
        return Catalog(f"1/{ref}", {"people": PEOPLE})

    def recent_catalog(self, ref: Ref = HEAD) -> Catalog | None:
        return None

    async def execute(self, operation: Operation, restrictions: Restrictions, context: Context) -> Result:
        self.asked.append(operation)
        self.contexts.append(context)
        return self.answers.pop(0) if self.answers else Result(affected=1)

    async def stream(self, select: Select, restrictions: Restrictions, context: Context) -> RowStream:
        raise UnsupportedCapability("The script has no streams.")

    def watch(self, notify: Callable[[], None]) -> Watch:
        raise UnsupportedCapability("The script cannot be followed.")

    async def changes(self, branch: str, since: Offset | None, limit: int) -> ChangeSet:
        raise UnsupportedCapability("The script cannot be followed.")

    async def begin(self, context: Context, ref: Ref = HEAD) -> "Script":
        self.begun.append((ref, context.message))
        return self

    async def commit(self) -> str | None:
        return None

    async def rollback(self) -> None:
        return None

    def check(self) -> None:
        return None

    def close(self) -> None:
        return None

    @property
    def last(self) -> Operation:
        """What was asked last."""
        return self.asked[-1]

    def answer(self, *rows: dict[str, Any], **more: Any) -> None:
        """Answer the next operation with these rows."""
        self.answers.append(rows_result(*rows, **more))


@pytest.fixture
def script() -> Script:
    """The storage that writes down what it is asked."""
    return Script()


@pytest.fixture
def scripted(script: Script, tmp_path: Path) -> Iterator[synthdb.Connection]:
    """A connection to it."""
    host: Host = build_host(tmp_path, {"core": core(), "script": script}, databases={"db": "script:db"})
    host.start_worker(EmbeddedScheduler())
    yield synthdb.Connection(host, "db")
    host.stop_worker()


def pytest_sessionfinish() -> None:
    """Stop the PostgreSQL server of this process, if a test has started one."""
    from plugins.core.tests.servers import stop_server  # noqa: PLC0415 - tests of the host alone need no driver

    stop_server()
