"""SQLite storage keeps every promise of the storage contract."""

from pathlib import Path

from synthdb.engine.sqlite import open_sqlite
from synthdb.settings import CoreSettings
from synthdb_host.contracts import Database, Placement
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.testing import StorageSuite


class TestSqliteStorage(StorageSuite):
    """The host's suite, on a file."""

    durable = True
    branches = True

    def make_database(self, tmp_path: Path) -> Database:
        """Open a file in the test's folder."""
        placement = Placement("test", f"sqlite:///{tmp_path / 'test.db'}", create=True)
        return open_sqlite(placement, EmbeddedScheduler(), CoreSettings(durability="normal"))
