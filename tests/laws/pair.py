"""The same operations on a database in SQLite and on full copies in memory, and whether both agree."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from synthdb_memory.versioned import open_versioned

from synthdb_host.contracts import Placement, Result
from synthdb_host.errors import RequestError
from synthdb_host.merge_reports import OpenConflict
from synthdb_host.operations import Delete, Insert, Operation, Ref, Update
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.testing.session import Session
from tests.laws.engine import AT_ONCE, contents, engine_in

__all__ = ["Outcome", "Pair", "model", "pair"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an operation: whether it was refused, its commit, rows written, and conflicts."""

    refused: bool
    commit: str | None = None
    affected: int | None = None
    rows: tuple[Any, ...] = ()
    conflicts: tuple[tuple[Any, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two databases that must not be told apart."""

    model: Session
    engine: Session

    def both(self, operation: Operation) -> Outcome:
        """Do the same on both, and check that the same comes of it."""
        expected, found = _outcome(self.model, operation), _outcome(self.engine, operation)
        assert expected == found, (operation, expected, found)
        return expected

    def check(self, *branches: str) -> None:
        """Check that schema and rows of branches are the same on both."""
        for name in branches:
            expected, found = contents(self.model, Ref(name)), contents(self.engine, Ref(name))
            assert expected == found, (name, expected, found)


@contextmanager
def model() -> Iterator[Session]:
    """Open an empty database that copies everything."""
    database = open_versioned(Placement("model", "versioned://model"), EmbeddedScheduler())
    yield Session(database)
    database.close()


@contextmanager
def pair(folder: Path, at_once: int = AT_ONCE) -> Iterator[Pair]:
    """Open two empty databases."""
    with model() as copies, engine_in(folder, at_once) as engine:
        yield Pair(copies, engine)


def _outcome(session: Session, operation: Operation) -> Outcome:
    try:
        result = session.execute(operation)
    except RequestError:
        return Outcome(refused=True)
    affected = result.affected if isinstance(operation, Insert | Update | Delete) else None
    return Outcome(False, result.commit, affected, _rows(result), _conflicts(result))


def _rows(result: Result) -> tuple[Any, ...]:
    return tuple(sorted((tuple(sorted(row.items())) for row in result.python()), key=repr))


def _conflicts(result: Result) -> tuple[tuple[Any, ...], ...]:
    """Give the open conflicts; what constraints say is of interest once nothing else is open."""
    found = [item for item in (result.report.conflicts if result.report else ()) if item.resolution is None]
    others = [item for item in found if item.kind != "constraint"]
    return tuple(sorted((_shown(item) for item in others or found), key=repr))


def _shown(item: OpenConflict) -> tuple[Any, ...]:
    if item.kind == "constraint":
        return item.table, item.key, item.kind
    if item.kind == "schema":
        return item.table, item.column, item.kind, item.detail
    return item.table, item.key, item.column, item.kind, *map(_plain, (item.base, item.ours, item.theirs))


def _plain(value: object) -> object:
    return msgspec.json.decode(msgspec.json.encode(value))
