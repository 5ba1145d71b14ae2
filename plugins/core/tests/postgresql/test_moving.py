"""Databases that are moved between files and servers, and from server to server."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.core.tests.servers import other_server_url, schema_url, server_url
from synthdb.engine.moving.crossing import CrossRelocation
from synthdb.engine.moving.ends import end_of
from synthdb.engine.moving.tables import hash_of, own_tables, user_tables
from synthdb.plugin import plugin as core
from synthdb_host.access import PROCESS
from synthdb_host.contracts import Context, Placement, Result
from synthdb_host.control import Control
from synthdb_host.directory import Directory
from synthdb_host.directory_tables import PlacementRecord
from synthdb_host.errors import Conflict, Unavailable
from synthdb_host.manager import Host
from synthdb_host.moving import Mover
from synthdb_host.operations import ColumnRef, Comparison, Delete, Insert, Operation, Ref, Select, Update
from synthdb_host.placements import Placements
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.stepping import run
from synthdb_host.testing.hosting import build_host
from synthdb_host.versions import Branching, CreateBranch, CreateTag, Diff, History, Log, Merge

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

KINDS = ("file", "server", "shard")


class Place:
    """A host with a placement in files and one on each of two servers, and a database ``shop`` with a history."""

    def __init__(self, folder: Path, first: str) -> None:
        self.folder = folder
        self.directory = Directory(Control(folder / "data"))
        placements = Placements(self.directory)
        placements.create(PlacementRecord("file", f"sqlite:///{folder / 'files'}"))
        placements.create(PlacementRecord("server", server_url(), "schema"))
        placements.create(PlacementRecord("shard", other_server_url(), "schema"))
        self.host: Host = build_host(folder / "data", {"core": core()})
        self.host.start_worker(EmbeddedScheduler())
        self.mover = Mover(self.directory, self.host.databases)
        self.name = f"shop-{schema_url(folder)[-12:]}"
        self.host.databases.create(self.name, *(self.directory.place(self.name, first) or ()))
        for number in range(3):
            self(Insert.of("books", [{"title": f"book {number}", "price": "1.50", "tags": [number], "seen": True}]))
        self(Branching((CreateTag("v1"), CreateBranch("draft"))))
        self(Insert.of("books", [{"title": "draft", "isbn": "x"}], ref=Ref("draft")))
        self(Update("books", {"title": "changed"}, _by_id(1)))
        self(Delete("books", _by_id(2)))
        self(Insert.of("codes", [{"code": "a'b", "weight": 1.5}]))

    def __call__(self, operation: Operation) -> Result:
        return run(self.host.gate.execute(self.name, operation, Context(PROCESS)))

    @property
    def url(self) -> str:
        """Where it lies."""
        return self.directory.get(self.name).url

    def everything(self) -> Any:
        """Read all that there is."""
        asked = (
            Select("books"), Select("books", ref=Ref("draft")), Select("books", ref=Ref("main", "2")), Select("codes"),
            Select("books", ref=Ref("main", "v1")), Log(), Log(ref=Ref("draft")), Diff(Ref("main"), Ref("draft")),
            History("books", (1,)), History("books", (2,)),
        )  # fmt: skip
        return [self(operation).json() for operation in asked]


def _by_id(number: int) -> Comparison:
    return Comparison(ColumnRef("id"), "eq", number)


def hashed(url: str) -> str:
    """Give the hash of what lies at a URL."""
    end = end_of(Placement("db", url), 10.0)
    driver = end.driver
    driver.execute("BEGIN")
    parts = [part for name in user_tables(driver).values() for part in (name, f"_h_{name}")]
    found = hash_of(driver, [name for name in own_tables(driver) if name != "_meta"] + parts)
    end.close()
    return found


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str], Place]]:
    """Make a place with its database in one of the placements."""
    made: list[Place] = []

    def start(first: str) -> Place:
        made.append(Place(tmp_path, first))
        return made[-1]

    yield start
    for place in made:
        place.host.stop_worker()


@pytest.mark.parametrize(
    ("first", "then"), [("file", "server"), ("server", "file"), ("server", "shard"), ("shard", "file")]
)
def test_a_moved_database_is_what_it_was_and_goes_on(make: Callable[[str], Place], first: str, then: str) -> None:
    """Rows, history, branches, tags and differences; new rows, merges and tables go on behind what there was."""
    place = make(first)
    before, old = place.everything(), place.url
    moved = place.mover.move(place.name, then)
    assert moved.url == place.url != old
    assert hashed(old) == hashed(place.url)
    assert before == place.everything()
    written = place(Insert.of("books", [{"title": "later"}]))
    assert ("11", ((5,),)) == (written.commit, written.keys) or written.keys
    place(Merge(Ref("draft")))
    place(Branching((CreateBranch("other"),)))
    place(Insert.of("new", [{"a": 1}]))
    assert {"later", "draft"} <= {row["title"] for row in place(Select("books")).python()}
    place.mover.confirm(place.name)
    with pytest.raises(Exception, match=r"no (such|database|schema)|There is no"):
        hashed_or_gone(old)


def hashed_or_gone(url: str) -> None:
    """Raise UnknownDatabase if nothing lies there."""
    end = end_of(Placement("db", url), 10.0)
    try:
        end.require()
    finally:
        end.close()


def test_a_database_goes_to_a_server_and_comes_back_the_same(make: Callable[[str], Place]) -> None:
    """Byte for byte what was stored, by a hash of every table."""
    place = make("file")
    first, before = hashed(place.url), place.everything()
    for then in ("server", "shard", "file"):
        place.mover.move(place.name, then)
        assert first == hashed(place.url)
        place.mover.confirm(place.name)
    assert before == place.everything()


@pytest.mark.parametrize(("first", "then"), [("file", "server"), ("server", "file")])
def test_what_is_written_meanwhile_comes_along(make: Callable[[str], Place], first: str, then: str) -> None:
    """Rows, deletions, new columns and tables, on main and on a branch, between the copy and the end."""
    place = make(first)
    target = place.directory.placement(then).locate("", place.name)
    relocation = CrossRelocation(Placement("db", place.url), Placement("db", target), 10.0)
    relocation.copy(lambda _: None)
    place(Insert.of("books", [{"title": "meanwhile", "pages": 7}]))
    place(Update("books", {"title": "twice"}, _by_id(1)))
    place(Update("books", {"title": "thrice"}, _by_id(1)))
    place(Delete("books", _by_id(3)))
    place(Update("books", {"title": "on draft"}, _by_id(1), ref=Ref("draft")))
    place(Insert.of("novel", [{"a": 1}]))
    with relocation.pause():
        relocation.finish(fresh=False)
    relocation.close()
    assert hashed(place.url) == hashed(target)
    hashed_or_gone(target)


@pytest.mark.parametrize("then", ["server", "shard"])
@pytest.mark.parametrize("step", ["copy", "finish", "seal"])
def test_a_move_that_dies_leaves_the_database_in_use(
    make: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch, then: str, step: str
) -> None:
    """Wherever it was; the next one begins again and leaves nothing of the first."""
    place = make("file")
    before = place.everything()
    done = getattr(CrossRelocation, step)

    def dies(self: CrossRelocation, *arguments: Any, **options: Any) -> Any:
        done(self, *arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(CrossRelocation, step, dies)
    with pytest.raises(KeyboardInterrupt):
        place.mover.move(place.name, then)
    monkeypatch.undo()
    assert before == place.everything()
    place(Insert.of("books", [{"title": "still here"}]))
    place.mover.move(place.name, then)
    assert "still here" in {row["title"] for row in place(Select("books")).python()}


def test_a_place_that_is_taken_is_refused(make: Callable[[str], Place]) -> None:
    """Nothing that lies there is touched."""
    place = make("file")
    target = place.directory.placement("server").locate("", place.name)
    place.host.databases.create("other", target)
    with pytest.raises(Conflict):
        place.mover.move(place.name, "server")


def test_a_column_that_only_a_file_can_hold_is_refused(make: Callable[[str], Place]) -> None:
    """Before anything of it is moved; the database stays in use."""
    place = make("file")
    place(Insert.of("odd", [{"n": 1}]))
    place(Insert.of("odd", [{"n": 1.5}]))
    with pytest.raises(Unavailable, match="fractions"):
        place.mover.move(place.name, "server")
    assert [1, 1.5] == [row["n"] for row in place(Select("odd")).python()]
