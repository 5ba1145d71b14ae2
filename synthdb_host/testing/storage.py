"""The conformance suite of storage backends."""

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from synthdb_host.contracts import Database
from synthdb_host.testing.batches import EachRowTests, ReferenceTests
from synthdb_host.testing.branches import BranchTests
from synthdb_host.testing.capabilities import CapabilityTests
from synthdb_host.testing.combining import CombiningRightTests
from synthdb_host.testing.decisions import DecidingTests, RepeatingTests
from synthdb_host.testing.feeds import FeedTests
from synthdb_host.testing.filters import FilterTests
from synthdb_host.testing.following import FollowTests
from synthdb_host.testing.growing import GrowingTests
from synthdb_host.testing.idempotency import IdempotencyTests
from synthdb_host.testing.life import LifeTests
from synthdb_host.testing.merged_schemas import MergedSchemaTests
from synthdb_host.testing.merged_tables import MergedTableTests
from synthdb_host.testing.merges import MergeTests
from synthdb_host.testing.moments import AsOfTests
from synthdb_host.testing.places import PLACES, working_at
from synthdb_host.testing.positions import PositionTests
from synthdb_host.testing.reads import AggregateTests, EmbedTests, PagingTests
from synthdb_host.testing.records import RecordTests
from synthdb_host.testing.references import ForeignKeyTests
from synthdb_host.testing.restrictions import RestrictionTests
from synthdb_host.testing.row_versions import RowVersionTests, StateTests
from synthdb_host.testing.schema import DefiningTests
from synthdb_host.testing.session import Session
from synthdb_host.testing.streams import StreamTests
from synthdb_host.testing.values import ValueTests
from synthdb_host.testing.writes import BatchTests, WritingTests

__all__ = ["StorageSuite"]


class StorageSuite(
    ValueTests,
    FilterTests,
    PagingTests,
    PositionTests,
    AggregateTests,
    EmbedTests,
    GrowingTests,
    WritingTests,
    BatchTests,
    ReferenceTests,
    EachRowTests,
    DefiningTests,
    ForeignKeyTests,
    RestrictionTests,
    CombiningRightTests,
    RowVersionTests,
    StateTests,
    CapabilityTests,
    BranchTests,
    AsOfTests,
    MergeTests,
    MergedSchemaTests,
    MergedTableTests,
    DecidingTests,
    RepeatingTests,
    FeedTests,
    FollowTests,
    IdempotencyTests,
    StreamTests,
    RecordTests,
    LifeTests,
):
    """Everything that a storage backend promises, as tests. Subclass it and say how to open a database.

    A subclass cannot leave a test out: overriding one is an error when the class is made. What a storage does
    not offer it does not declare in its capabilities; the suite then checks that it is refused.

    Example::

        class TestMyStorage(StorageSuite):
            durable = True

            def make_database(self, tmp_path):
                placement = Placement("test", f"mine:///{tmp_path}/test", create=True)
                return open_mine(placement, EmbeddedScheduler())
    """

    durable: ClassVar[bool] = False
    """Whether a database that is closed and opened again has kept its data."""

    branches: ClassVar[bool] = False
    """Whether the storage declares ``branches``. If so, every test runs on branches too, not on main only."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        names = [name for name in dir(StorageSuite) if name.startswith("test_")]
        changed = [name for name in names if getattr(cls, name, None) is not getattr(StorageSuite, name)]
        if changed:
            raise TypeError(f"{cls.__name__} may not change tests of the suite: {', '.join(changed)}.")

    @abstractmethod
    def make_database(self, tmp_path: Path) -> Database:
        """Open the database that belongs to this folder, empty if it is not there yet."""
        raise NotImplementedError

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test at every place that the storage has."""
        if "place" in metafunc.fixturenames:
            metafunc.parametrize("place", PLACES if self.branches else PLACES[:1])

    @pytest.fixture
    def session(self, tmp_path: Path, place: str) -> Iterator[Session]:
        """Give a session at a place of a new database, and close it after the test."""
        database = self.make_database(tmp_path)
        with working_at(place, database) as session:
            yield session
        database.close()
