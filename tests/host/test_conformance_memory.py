"""The in-memory backend keeps the storage contract; the suite itself cannot be bent."""

from pathlib import Path

import pytest
from synthdb_memory.database import MemoryDatabase, open_memory
from synthdb_memory.versioned import VersionedDatabase, open_versioned

from synthdb_host.contracts import Placement
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.testing import StorageSuite


class TestMemoryStorage(StorageSuite):
    """Nothing in the contract is about a dialect or a file."""

    def make_database(self, tmp_path: Path) -> MemoryDatabase:
        return open_memory(Placement("test", f"memory://{tmp_path.name}", create=True), EmbeddedScheduler())


class TestVersionedMemoryStorage(StorageSuite):
    """Nor are versions: a full copy of everything for each commit keeps the contract."""

    branches = True

    def make_database(self, tmp_path: Path) -> VersionedDatabase:
        return open_versioned(Placement("test", f"versioned://{tmp_path.name}", create=True), EmbeddedScheduler())


def test_a_suite_with_a_test_left_out_cannot_be_made() -> None:
    """Overriding a test of the suite fails when the class is made, and names the test."""
    name = "test_a_page_is_a_slice_of_the_whole"
    with pytest.raises(TypeError, match=name):
        type("TestBent", (StorageSuite,), {name: None})


def test_a_mixin_cannot_hide_a_test_either() -> None:
    """Whatever stands before the suite in the class is looked at too."""
    name = "test_embeds_nest"
    mixin = type("Mixin", (), {name: lambda self: None})
    with pytest.raises(TypeError, match=name):
        type("TestBent", (mixin, StorageSuite), {})
