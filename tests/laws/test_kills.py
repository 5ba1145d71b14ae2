"""A process that is killed in the middle of a long work has done all of it or nothing."""

import hashlib
import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from synthdb_host.catalog import ColumnType
from synthdb_host.operations import AlterColumn, Define, Ref
from synthdb_host.testing.session import Session, where
from synthdb_host.versions import Branches, Branching, CreateTag
from tests.integration.evidence import commit_faults
from tests.laws.conftest import IS_LONG
from tests.laws.engine import contents, engine_of
from tests.laws.processes import WorkerProcess
from tests.laws.worker import WORKS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]

_KILLS: Final = 20 if IS_LONG else 2
_ROWS: Final = 20_000 if IS_LONG else 2_000


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a database with a past and a branch, on which every work is long."""
    file: Path = tmp_path_factory.mktemp("kills") / "template.db"
    with engine_of(file) as session:
        session.insert("things", *({"number": number, "text": f"row {number}"} for number in range(_ROWS)))
        session.execute(Branching((CreateTag("start"),)))
        dev = session.fork("dev")
        dev.update("things", {"text": "dev"}, where("id", "gt", _ROWS // 2))
        dev.delete("things", where("id", "lt", _ROWS // 10))
        dev.insert("things", *({"number": number} for number in range(_ROWS // 4)))
        deep = dev.fork("deep")
        deep.update("things", {"text": "deep"}, where("id", "gt", _ROWS // 4))
        for turn in range(5):
            session.update("things", {"text": f"turn {turn}"}, where("id", "lt", _ROWS // 3))
    return file


@pytest.mark.parametrize("work", WORKS)
def test_a_killed_work_is_done_or_not(
    work: str, template: Path, tmp_path: Path, seed: str, record_property: Callable[[str, object], None]
) -> None:
    """The file is whole, every branch is as before or as after, and the work can be done again."""
    record_property("seed", seed)
    chance = random.Random(f"{seed} {work}")
    seconds, after = _undisturbed(work, template, tmp_path / "undisturbed.db")
    before, found = _hash(template), []
    for kill in range(_KILLS):
        file = _copy(template, tmp_path / f"{kill}.db")
        _kill_in(file, chance.uniform(0, 1.2 * seconds), "work", work)
        found.append(_hash(file))
        assert [] == commit_faults(file)
        with WorkerProcess(file) as worker:
            if found[-1] == before:
                worker.ask("work", work)
        assert after == _hash(file)
    record_property("done", sum(state == after for state in found))
    assert {before, after}.issuperset(found)


@pytest.fixture(scope="module")
def widened(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the same with columns that were widened on main and on a branch, and written to since."""
    file = _copy(template, tmp_path_factory.mktemp("kills") / "widened.db")
    with engine_of(file, at_once=0) as session:
        dev = session.at(Ref("dev"))
        for place, name in ((session, "number"), (dev, "number"), (session, "text")):
            wider = ColumnType("json" if name == "text" else "text")
            place.execute(Define((AlterColumn("things", name, type=wider),), ref=place.ref))
        for place in (session, dev):
            place.update("things", {"number": "new"}, where("id", "lt", _ROWS // 4))
            place.update("things", {"number": None}, where("id", "gt", _ROWS - 5))
    return file


def test_a_killed_backfill_goes_on_where_it_was(
    widened: Path, tmp_path: Path, seed: str, record_property: Callable[[str, object], None]
) -> None:
    """Every branch is as before, wherever the backfill was; it can go on, and gives the same bytes in every cell."""
    record_property("seed", seed)
    chance = random.Random(f"{seed} backfill")
    before, whole = _hash(widened), _copy(widened, tmp_path / "undisturbed.db")
    seconds = _seconds(whole, "backfill")
    left = []
    for kill in range(_KILLS):
        file = _copy(widened, tmp_path / f"{kill}.db")
        _kill_in(file, chance.uniform(0, seconds), "backfill")
        left.append(_left(file))
        assert ([], before) == (commit_faults(file), _hash(file))
        _seconds(file, "backfill")
        assert (0, before) == (_left(file), _hash(file))
        assert _cells(whole) == _cells(file)
    record_property("columns left", left)


def _left(file: Path) -> int:
    """Count the columns that are still to be filled."""
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM _backfill").fetchone()[0])


def _cells(file: Path) -> list[list[Any]]:
    """Read everything that lies in the tables of rows."""
    with closing(sqlite3.connect(file)) as connection:
        return [connection.execute(f"SELECT * FROM {name}").fetchall() for name in ("things", "_h_things", "_o_things")]


def _undisturbed(work: str, template: Path, file: Path) -> tuple[float, str]:
    """Do a work; gives how long it takes and what comes of it."""
    _copy(template, file)
    return _seconds(file, "work", work), _hash(file)


def _seconds(file: Path, *command: str) -> float:
    with WorkerProcess(file) as worker:
        start = time.monotonic()
        worker.ask(*command)
        return time.monotonic() - start


def _kill_in(file: Path, seconds: float, *command: str) -> None:
    with WorkerProcess(file) as worker:
        worker.tell(*command)
        time.sleep(seconds)
        worker.kill()


def _copy(source: Path, target: Path) -> Path:
    shutil.copyfile(source, target)
    return target


def _hash(file: Path) -> str:
    """Give one number for all that the branches of a file hold, and for how much is stored for it."""
    with engine_of(file) as session:
        everything = _everything(session)
    return hashlib.sha256(repr((everything, _stored(file))).encode()).hexdigest()


def _stored(file: Path) -> dict[str, Any]:
    """Count what works on the storage change, though no branch shows it: old versions, copies, what covers what."""
    connection = sqlite3.connect(file)
    try:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB '_[ho]_*'")
        counts = {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in names.fetchall()
        }
        layers = connection.execute("SELECT branch, covers FROM _layer ORDER BY branch, table_id").fetchall()
        return counts | {"layers": layers, "horizon": connection.execute("SELECT horizon FROM _meta").fetchone()}
    finally:
        connection.close()


def _everything(session: Session) -> dict[str, Any]:
    names = [row["name"] for row in session.execute(Branches()).python()]
    return {name: contents(session, Ref(name)) for name in names}
