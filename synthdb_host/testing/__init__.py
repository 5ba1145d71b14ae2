"""The kit for authors of plugins: conformance suites, and a host to try a plugin in.

Needs the extra ``synthdb-host[testing]``. Nothing of the running system imports it.
"""

import pytest

for _module in (
    "branches",
    "capabilities",
    "decisions",
    "feeds",
    "filters",
    "growing",
    "idempotency",
    "life",
    "merged_schemas",
    "merges",
    "moments",
    "needing",
    "places",
    "plugins",
    "reads",
    "recording",
    "records",
    "references",
    "restrictions",
    "row_versions",
    "schema",
    "session",
    "values",
    "writes",
):
    pytest.register_assert_rewrite(f"synthdb_host.testing.{_module}")

from synthdb_host.testing.plugins import PluginSuite  # noqa: E402 - its assertions are rewritten on import
from synthdb_host.testing.session import Session  # noqa: E402 - its assertions are rewritten on import
from synthdb_host.testing.storage import StorageSuite  # noqa: E402 - its assertions are rewritten on import

__all__ = ["PluginSuite", "Session", "StorageSuite"]
