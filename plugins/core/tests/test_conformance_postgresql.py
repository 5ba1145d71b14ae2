"""PostgreSQL storage keeps every promise of the storage contract that it makes."""

from pathlib import Path

import pytest

from plugins.core.tests.servers import schema_url
from synthdb.engine.postgresql import open_postgresql
from synthdb.settings import CoreSettings
from synthdb_host.contracts import Database, Placement
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.testing import StorageSuite

pytestmark = pytest.mark.slow


class TestPostgresqlStorage(StorageSuite):
    """The host's suite, on a schema of a server."""

    durable = True
    branches = True

    def make_database(self, tmp_path: Path) -> Database:
        """Open the schema that belongs to the test's folder."""
        placement = Placement("test", schema_url(tmp_path), create=True)
        return open_postgresql(placement, EmbeddedScheduler(), CoreSettings(durability="normal"))
