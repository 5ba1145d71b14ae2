"""PostgreSQL storage keeps every promise of the storage contract that it makes."""

import os
from pathlib import Path

import pytest

from plugins.core.tests.servers import schema_url
from synthdb.engine.postgresql import open_postgresql
from synthdb.settings import CoreSettings
from synthdb_host.contracts import Database, Placement
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.testing import StorageSuite
from synthdb_host.testing.places import PLACES

pytestmark = pytest.mark.slow


class TestPostgresqlStorage(StorageSuite):
    """The host's suite, on a schema of a server."""

    durable = True
    branches = True

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test on main, and in the long form at every place: how layers are read is tested on SQLite, too."""
        if "place" in metafunc.fixturenames:
            metafunc.parametrize("place", PLACES if os.environ.get("SOAK") else PLACES[:1])

    def make_database(self, tmp_path: Path) -> Database:
        """Open the schema that belongs to the test's folder."""
        placement = Placement("test", schema_url(tmp_path), create=True)
        return open_postgresql(placement, EmbeddedScheduler(), CoreSettings(durability="normal"))
