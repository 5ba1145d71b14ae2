"""Databases that are moved and cloned: nothing is lost, whoever dies in the middle, and the old place is sealed."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from synthdb import connect
from synthdb.plugin import plugin as core
from synthdb.storage.relocation import FileRelocation
from synthdb_host.access import PROCESS
from synthdb_host.contracts import Context, Result
from synthdb_host.control import Control
from synthdb_host.directory import Directory
from synthdb_host.directory_tables import PlacementRecord
from synthdb_host.errors import Conflict, DuplicateName, Moving, RequestError, Unavailable, UnknownPlacement
from synthdb_host.manager import Host
from synthdb_host.moving import Mover
from synthdb_host.operations import Insert, Operation, Select
from synthdb_host.placements import Placements
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.stepping import run
from synthdb_host.testing.hosting import ApiClient, build_host
from synthdb_host.versions import Branching, CreateBranch, Follow, Log


class Place:
    """A host with two placements, ``one`` and ``two``, and a database ``shop`` in the first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.directory = Directory(Control(folder / "data"))
        for name in ("one", "two"):
            Placements(self.directory).create(PlacementRecord(name, f"sqlite:///{folder / name}"))
        self.host: Host = build_host(folder / "data", {"core": core()})
        self.host.start_worker(EmbeddedScheduler())
        self.mover = Mover(self.directory, self.host.databases)
        self.host.databases.create("shop", *(self.directory.place("shop", "one") or ()))
        for number in range(3):
            self(Insert.of("books", [{"title": f"book {number}"}]))
        self(Branching((CreateBranch("draft"),)))

    def __call__(self, operation: Operation, database: str = "shop") -> Result:
        return run(self.host.gate.execute(database, operation, Context(PROCESS)))

    def titles(self, database: str = "shop") -> list[str]:
        """Read all books."""
        return [row["title"] for row in self(Select("books"), database).python()]

    def file(self, placement: str) -> Path:
        """Give the file of the database in a placement."""
        return self.folder / placement / "shop.db"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place of its own for each test."""
    found = Place(tmp_path)
    yield found
    found.host.stop_worker()


def test_a_moved_database_is_what_it_was_and_goes_on_elsewhere(place: Place) -> None:
    """Its rows, history and branches; whoever has it open uses the new place with the next operation."""
    log = place(Log()).python()
    progress: list[float] = []
    moved = place.mover.move("shop", "two", progress.append)
    place(Insert.of("books", [{"title": "later"}]))

    assert f"sqlite:///{place.file('two')}" == moved.url == place.directory.get("shop").url
    assert "two" == place.directory.get("shop").placement
    assert 1.0 == progress[-1]
    assert ["book 0", "book 1", "book 2", "later"] == place.titles()
    assert log == place(Log()).python()[1:]


def test_the_old_copy_is_kept_sealed_until_the_move_is_confirmed(place: Place) -> None:
    """Nobody writes to it by mistake, whatever it is opened with."""
    place.mover.move("shop", "two")
    with pytest.raises(Moving), connect(place.file("one")) as old:
        old.insert("books", {"title": "lost"})
    with pytest.raises(Conflict, match="was not confirmed"):
        place.mover.move("shop", "one")
    kept = place.file("one").is_file()
    place.mover.confirm("shop")
    with pytest.raises(Conflict, match="no move to confirm"):
        place.mover.confirm("shop")

    assert (True, []) == (kept, list(place.file("one").parent.iterdir()))
    assert ["book 0", "book 1", "book 2"] == place.titles()


def test_a_database_moves_there_and_back(place: Place) -> None:
    """Each move begins with a folder that has nothing of it."""
    for number, placement in enumerate(("two", "one", "two")):
        place.mover.move("shop", placement)
        place.mover.confirm("shop")
        place(Insert.of("books", [{"title": f"move {number}"}]))

    assert ["book 0", "book 1", "book 2", "move 0", "move 1", "move 2"] == place.titles()


def test_what_is_written_while_the_file_is_copied_comes_along(place: Place) -> None:
    """It is in the log, which is copied last."""

    def write(part: float) -> None:
        place(Insert.of("books", [{"title": f"at {part:.0%}"}]))

    place.mover.move("shop", "two", write)

    assert ["book 0", "book 1", "book 2", "at 100%"] == place.titles()


def test_a_clone_is_another_database_with_the_same_past(place: Place) -> None:
    """What is written to one is not in the other."""
    place.mover.clone("shop", "copy", *(place.directory.place("copy", "two") or ("", "")))
    place(Insert.of("books", [{"title": "mine"}]), "copy")
    place(Insert.of("books", [{"title": "yours"}]))
    with pytest.raises(DuplicateName):
        place.mover.clone("shop", "copy", f"sqlite:///{place.folder}/third.db", "")

    assert ["book 0", "book 1", "book 2", "mine"] == place.titles("copy")
    assert ["book 0", "book 1", "book 2", "yours"] == place.titles()
    assert place(Log()).python()[1:] == place(Log(), "copy").python()[1:]


@pytest.mark.parametrize("prepare", ["file", "placement", "same", "storage"])
def test_a_move_that_cannot_be_is_refused_and_leaves_nothing(place: Place, prepare: str) -> None:
    """Neither a row nor a file, and what was there before stays."""
    target, error = "two", cast("type[RequestError]", Conflict)
    if prepare == "file":
        place.file("two").parent.mkdir()
        place.file("two").write_text("mine")
    elif prepare == "placement":
        target, error = "three", UnknownPlacement
    elif prepare == "same":
        target = "one"
    else:
        Placements(place.directory).create(PlacementRecord("pg", "postgresql://h/d", "schema"))
        target, error = "pg", Unavailable
    with pytest.raises(error):
        place.mover.move("shop", target)

    assert place.directory.move_of(place.directory.get("shop").id) is None
    assert prepare != "file" or "mine" == place.file("two").read_text()
    assert ["book 0", "book 1", "book 2"] == place.titles()


def _dying(step: str, *, after: bool) -> Callable[..., Any]:
    original = getattr(Directory if step == "relocate" else FileRelocation, step)

    def die(*arguments: Any, **options: Any) -> Any:
        if after:
            original(*arguments, **options)
        os._exit(9)

    return die


def die_in_a_move(place: Place, step: str, *, after: bool) -> None:
    """Let a process of its own move the database, and end at a step."""
    child = os.fork()
    if child == 0:
        setattr(Directory if step == "relocate" else FileRelocation, step, _dying(step, after=after))
        other = build_host(place.folder / "data", {"core": core()})
        Mover(Directory(Control(place.folder / "data")), other.databases).move("shop", "two")
    assert 9 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


STEPS = [(step, after) for step in ("copy", "finish", "seal", "relocate") for after in (False, True)]


@pytest.mark.parametrize(("step", "after"), STEPS, ids=[f"{'after' if after else 'before'} {s}" for s, after in STEPS])
def test_a_process_that_dies_in_a_move_loses_nothing(place: Place, step: str, after: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Others go on, at the old place or at the new one, and the move can be begun again or given up."""
    place.titles()
    die_in_a_move(place, "seal", after=True)
    place.mover.cancel("shop")

    assert [] == list(place.file("two").parent.iterdir())
    assert ["book 0", "book 1", "book 2"] == place.titles()


def test_who_follows_changes_is_cut_off_by_a_move_and_goes_on_behind_it(tmp_path: Path) -> None:
    """Nothing is missed, and nothing is told twice."""
    setup = Place(tmp_path)
    setup.host.stop_worker()
    with ApiClient(setup.host) as client:

        async def follow(since: str | None, ready: asyncio.Event) -> tuple[list[str], str | None]:
            feed = await client.host.gate.follow("shop", Follow({}, "main", since), Context(PROCESS))
            ready.set()
            found = [row async for page in feed for row in page.result.python()]
            feed.close()
            return [row["new"]["title"] for row in found], str(feed.offset)

        async def insert(title: str) -> None:
            await client.host.gate.execute("shop", Insert.of("books", [{"title": title}]), Context(PROCESS))

        async def moved() -> tuple[list[str], list[str]]:
            ready = asyncio.Event()
            first = asyncio.create_task(follow(None, ready))
            await ready.wait()
            await insert("before")
            await asyncio.to_thread(setup.mover.move, "shop", "two")
            seen, offset = await first
            await insert("after")
            again = asyncio.create_task(follow(offset, ready))
            await asyncio.to_thread(setup.mover.confirm, "shop")
            await insert("later")
            await asyncio.to_thread(setup.mover.move, "shop", "one")
            return seen, (await again)[0]

        assert (["before"], ["after", "later"]) == client.run(moved())
