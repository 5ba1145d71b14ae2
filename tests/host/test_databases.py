"""Databases: named, opened when first used, refused when a plugin is missing."""

from asyncio import CancelledError
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from synthdb_host.contracts import Placement, Scheduler, StorageBackend
from synthdb_host.control import Control
from synthdb_host.directory import Directory
from synthdb_host.directory_tables import DATABASES, MoveRecord
from synthdb_host.errors import (
    DatabaseArchived,
    DuplicateName,
    InvalidName,
    MissingPlugin,
    Unavailable,
    UnknownDatabase,
    UnknownTenant,
)
from synthdb_host.hookspecs import hookimpl
from synthdb_host.manager import Host
from synthdb_host.manifest import Manifest
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.settings import HostSettings, TenantSettings

pytestmark = pytest.mark.usefixtures("clean")


class Opened:
    """A database that knows how it was opened, and what it requires."""

    def __init__(self, placement: Placement) -> None:
        self.placement = placement
        self.requires = frozenset(placement.url.partition("?needs=")[2].split()) - {""}
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Files:
    """A storage plugin for two schemes that keeps what it opened."""

    manifest = Manifest(id="files", host_api=">=1.0,<2")

    def __init__(self) -> None:
        self.opened: list[Opened] = []

    def open(self, placement: Placement, scheduler: Scheduler) -> Any:
        if "broken" in placement.url:
            raise Unavailable("the file is broken")
        self.opened.append(Opened(placement))
        return self.opened[-1]

    @hookimpl
    def synthdb_storage_backends(self) -> list[StorageBackend]:
        return [StorageBackend("sqlite", self.open), StorageBackend("other", self.open)]


def started(databases: dict[str, str] | None = None) -> tuple[Host, Files]:
    """Start a host with the storage plugin; without databases, over the control database in ./data."""
    plugin = Files()
    settings = HostSettings(data=Path("data"))
    host = Host.build(settings, plugins={"files": plugin}, discover=False, databases=databases)
    host.start_worker(EmbeddedScheduler())
    return host, plugin


def test_a_database_is_opened_once_when_it_is_first_used() -> None:
    """However many threads ask for it at the same time."""
    host, plugin = started({"a": "other:a", "b": "other:b"})
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: host.databases.get("a"), range(64)))

    assert {id(plugin.opened[0])} == {id(database) for database in found}
    assert [Placement("a", "other:a", create=True)] == [one.placement for one in plugin.opened]


def test_an_unknown_database_is_refused() -> None:
    """The error names it; whether another name may be suggested, only the gate knows."""
    host, _ = started({"flights": "other:a"})
    with pytest.raises(UnknownDatabase, match="there is no database 'fligths'"):
        host.databases.get("fligths")


def test_a_database_whose_plugin_is_missing_is_refused() -> None:
    """Data protected by a plugin's rules is never served without them."""
    host, _ = started({"a": "other:a?needs=auth files"})
    with pytest.raises(MissingPlugin, match="database 'a' needs inactive plugins: auth"):
        host.databases.get("a")


def test_a_requirement_recorded_while_the_database_is_open_counts_at_once() -> None:
    """It is asked at every use, not when the database was opened."""
    host, plugin = started({"a": "other:a"})
    host.databases.get("a")
    plugin.opened[0].requires = frozenset({"auth"})

    with pytest.raises(MissingPlugin):
        host.databases.get("a")


@pytest.mark.parametrize("name", ["", "1a", "a b", "a/b", "../a", "/a", "a/", "a" * 64, "é", "a\n"])
def test_a_database_name_is_a_safe_file_name(name: str) -> None:
    """Nothing is written outside the data folder; what stands before a slash is a tenant, and there is none."""
    host, plugin = started()
    with pytest.raises((InvalidName, UnknownTenant)):
        host.databases.create(name)

    assert ([], ()) == (plugin.opened, host.databases.names())


def test_a_created_database_lives_in_the_data_folder_and_is_known_afterwards() -> None:
    """Also to the next process."""
    host, plugin = started()
    host.databases.create("shop")
    url = f"sqlite:///{Path('data/databases/shop.db').absolute()}"
    later, again = started()
    later.databases.get("shop")

    assert [Placement("shop", url, create=True)] == [one.placement for one in plugin.opened]
    assert [Placement("shop", url, create=False)] == [one.placement for one in again.opened]


def test_a_database_that_another_process_creates_is_visible_at_once() -> None:
    """A running server serves what an import has just made."""
    server, _ = started()
    assert () == server.databases.names()
    importer, _ = started()
    importer.databases.create("new", "other:new")

    assert ("new",) == server.databases.names()
    assert "other:new" == server.databases.get("new").placement.url  # type: ignore[attr-defined]  # our backend's


def test_a_name_is_created_once() -> None:
    """In this process and in another one."""
    one, plugin = started()
    one.databases.create("shop")
    other, _ = started()
    for host in (one, other):
        with pytest.raises(DuplicateName, match="database 'shop' exists"):
            host.databases.create("shop")

    assert 1 == len(plugin.opened)


def test_a_database_that_cannot_be_made_is_not_recorded() -> None:
    """There is no name without a database."""
    host, _ = started()
    with pytest.raises(Unavailable, match="the file is broken"):
        host.databases.create("shop", "other:broken")
    with pytest.raises(Unavailable, match="no active plugin opens 'mysql' databases; known schemes: other, sqlite"):
        host.databases.create("shop", "mysql://x")

    assert () == host.databases.names()


def test_stopping_a_worker_closes_its_databases_and_they_can_be_opened_again() -> None:
    """Nothing is held after the end."""
    host, plugin = started({"a": "other:a"})
    host.databases.get("a")
    host.stop_worker()
    host.databases.get("a")

    assert [True, False] == [one.closed for one in plugin.opened]


def test_a_host_that_was_not_started_opens_nothing() -> None:
    """A process that only looks at plugins never touches data."""
    host = Host.build(HostSettings(), plugins={"files": Files()}, discover=False, databases={"a": "other:a"})
    with pytest.raises(Unavailable, match="started worker"):
        host.databases.get("a")


def test_placements_in_memory_and_in_the_control_database_behave_alike() -> None:
    """The embedded library and the server know databases by the same rules."""
    memory, _ = started({})
    control, _ = started()
    for host in (memory, control):
        host.databases.create("b", "other:b")
        host.databases.create("a", "other:a")
        with pytest.raises(DuplicateName):
            host.databases.create("a", "other:c")

    assert ("a", "b") == memory.databases.names() == control.databases.names()


def test_embedded_use_makes_no_control_database() -> None:
    """``synthdb.connect`` leaves nothing behind but the file it was given."""
    host, _ = started({"a": "other:a"})
    host.databases.get("a")
    host.migrate()

    assert not Path("data").exists()


class Overtaken(Files):
    """A storage so slow that another process takes the name meanwhile."""

    def open(self, placement: Placement, scheduler: Scheduler) -> Any:
        Directory(Control(Path("data"))).add(placement.name, "other:theirs")
        return super().open(placement, scheduler)


def test_of_two_processes_that_create_one_name_one_wins() -> None:
    """The other is told, and keeps nothing open."""
    plugin = Overtaken()
    host = Host.build(HostSettings(data=Path("data")), plugins={"files": plugin}, discover=False)
    host.start_worker(EmbeddedScheduler())

    with pytest.raises(DuplicateName):
        host.databases.create("shop")
    assert [True] == [one.closed for one in plugin.opened]


def test_a_data_folder_without_databases_gets_one() -> None:
    """A new server can be written to at once; one that has databases gets no other."""
    plugin = Files()
    host = Host.build(HostSettings(data=Path("data")), plugins={"files": plugin}, discover=False)
    host.prepare()
    host.prepare()

    assert ("main",) == host.databases.names()
    assert [True] == [opened.closed for opened in plugin.opened]


# -- open at a time ---------------------------------------------------------------------------------------


def crowded(most: int = 2) -> tuple[Host, Files]:
    """Start a host that keeps so many databases open, over a control database with the databases a to e."""
    plugin = Files()
    settings = HostSettings(data=Path("data"), tenants=TenantSettings(max_open_databases=most))
    host = Host.build(settings, plugins={"files": plugin}, discover=False)
    directory = Directory(Control(Path("data")))
    for name in "abcde":
        directory.add(name, f"other:{name}")
    host.start_worker(EmbeddedScheduler())
    return host, plugin


def test_the_database_unused_for_longest_is_closed_when_there_are_too_many() -> None:
    """It is opened again when it is used again."""
    host, plugin = crowded()
    for name in "abacab":
        host.databases.get(name)

    opened = [(one.placement.name, one.closed) for one in plugin.opened]
    assert [("a", False), ("b", True), ("c", True), ("b", False)] == opened


def test_a_database_in_use_is_never_closed() -> None:
    """It is open beyond the limit, and closed with the next one that is opened."""
    host, plugin = crowded()
    held = [host.databases.hold(name) for name in "abc"]
    host.databases.get("d")
    used = [one.closed for one in plugin.opened]
    for one in held:
        one.release()
    host.databases.get("e")

    assert [False, False, False, False] == used
    assert [True, True, True, False, False] == [one.closed for one in plugin.opened]


def test_what_nobody_waits_for_any_more_may_go_on_before_its_database_is_closed() -> None:
    """A cancelled request leaves its write in the queue."""
    host, plugin = crowded(most=1)
    host.databases.hold("a").release(CancelledError())
    host.databases.get("b")

    assert [False, False] == [one.closed for one in plugin.opened]


def test_a_database_that_lies_elsewhere_now_is_opened_there() -> None:
    """At the next use, whoever moved it; who uses it at its old place does so to the end."""
    host, plugin = crowded()
    other = Directory(Control(Path("data")))
    held = host.databases.hold("a")
    other.relocate(MoveRecord(other.get("a").id, "other:a", "other:elsewhere", ""))
    host.databases.get("a")
    before = [(one.placement.url, one.closed) for one in plugin.opened]
    held.release()

    assert [("other:a", False), ("other:elsewhere", False)] == before
    assert [True, False] == [one.closed for one in plugin.opened]


def test_a_change_of_other_databases_closes_nothing() -> None:
    """It only costs a look at the control database."""
    host, plugin = crowded()
    host.databases.get("a")
    other = Directory(Control(Path("data")))
    other.set_state("b", "archived")
    host.databases.get("a")

    assert [("a", False)] == [(one.placement.name, one.closed) for one in plugin.opened]


def test_an_archived_database_is_closed_and_refused_and_a_new_one_of_its_name_is_another() -> None:
    """Also where both lie at the same place."""
    host, plugin = crowded()
    host.databases.get("a")
    other = Directory(Control(Path("data")))
    record = other.get("a")
    other.set_state("a", "archived")
    with pytest.raises(DatabaseArchived):
        host.databases.get("a")
    other.remove(record)
    with pytest.raises(UnknownDatabase):
        host.databases.get("a")
    other.add("a", record.url)
    host.databases.get("a")

    assert [True, False] == [one.closed for one in plugin.opened]


def test_while_something_is_being_changed_nothing_is_kept() -> None:
    """Whoever reads then reads what is recorded at that moment, each time."""
    host, plugin = crowded()
    other = Directory(Control(Path("data")))
    with other.change() as connection:
        host.databases.get("a")
        connection.execute(DATABASES.update().where(DATABASES.c.name == "a").values(url="other:new"))
    host.databases.get("a")

    assert ["other:a", "other:new"] == [one.placement.url for one in plugin.opened]
