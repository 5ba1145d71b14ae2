"""The control database: migrated once, by one process at a time, each plugin by itself."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from synthdb_host.control import Control
from synthdb_host.directory import Directory
from synthdb_host.errors import ConfigurationError, DuplicateName
from synthdb_host.manager import Host
from synthdb_host.settings import HostSettings

pytestmark = pytest.mark.usefixtures("clean")

REVISION = """
import time

import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {down!r}


def upgrade():
    op.create_table({table!r}, sa.Column("id", sa.Integer, primary_key=True))
    {then}
"""


def revision(folder: Path, name: str, down: str | None = None, then: str = "pass") -> Path:
    """Write a migration that makes a table of its own name."""
    folder.mkdir(parents=True, exist_ok=True)
    text = REVISION.format(revision=name, down=down, table=name, then=then)
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


OWN = {"databases", "moves", "placements", "tenants", "tenant_hosts", "jobs", "job_schedules", "alembic_version_host"}


def tables() -> set[str]:
    """Name the tables of the control database, but for SQLite's own."""
    with sqlite3.connect("data/control.db") as connection:
        found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {name for name in found if not name.startswith("sqlite_")}


def test_each_plugin_has_a_version_table_of_its_own() -> None:
    """Plugins migrate independently of each other and of the host."""
    migrations = {"auth": revision(Path("auth"), "users"), "billing": revision(Path("bill%ing"), "plans")}
    Control(Path("data"), migrations).upgrade()

    assert OWN | {"alembic_version_auth", "alembic_version_billing", "users", "plans"} == tables()


def test_upgrading_again_changes_nothing_and_later_revisions_are_added() -> None:
    """A new version of a plugin brings its tables up to date, and keeps what is in them."""
    folder = revision(Path("auth"), "users")
    Control(Path("data"), {"auth": folder}).upgrade()
    Control(Path("data"), {"auth": folder}).upgrade()
    Directory(Control(Path("data"))).add("kept", "other:kept")
    revision(folder, "teams", "users")
    Control(Path("data"), {"auth": folder}).upgrade()

    assert {"users", "teams"} <= tables()
    assert "other:kept" == Directory(Control(Path("data"))).get("kept").url


def test_a_start_that_has_nothing_to_upgrade_imports_no_alembic() -> None:
    """It looks at the files and the version tables itself, and starts at once."""
    folder = revision(revision(Path("auth"), "users"), "teams", "users")
    code = (
        "import sys; from pathlib import Path; from synthdb_host.control import Control; "
        f"Control(Path('data'), {{'auth': Path({str(folder)!r})}}).upgrade(); print('alembic' in sys.modules)"
    )
    starts = [subprocess.check_output([sys.executable, "-c", code], text=True) for _ in range(2)]

    assert ["True\n", "False\n"] == starts


def test_tables_of_a_newer_version_of_a_plugin_are_refused() -> None:
    """Who goes back to an older version learns it at the start, not by a wrong column."""
    folder = revision(revision(Path("auth"), "users"), "teams", "users")
    Control(Path("data"), {"auth": folder}).upgrade()
    (folder / "teams.py").unlink()

    with pytest.raises(ConfigurationError, match=r"for 'auth'.*'teams'"):
        Control(Path("data"), {"auth": folder}).upgrade()


def test_a_migration_that_fails_leaves_the_tables_as_they_were() -> None:
    """The error names the plugin; its migration is undone as a whole, those before it stay."""
    folder = revision(Path("auth"), "users", then="op.execute('nonsense')")
    with pytest.raises(ConfigurationError, match="migrating the control database for 'auth'"):
        Control(Path("data"), {"auth": folder}).upgrade()

    assert OWN == tables() - {"alembic_version_auth"}


@pytest.mark.slow
def test_two_processes_that_upgrade_at_once_are_both_safe() -> None:
    """One waits for the other and finds everything done."""
    folder = revision(Path("auth"), "users", then="time.sleep(0.3)")
    code = (
        "from pathlib import Path; from synthdb_host.control import Control; "
        f"Control(Path('data'), {{'auth': Path({str(folder)!r})}}).upgrade()"
    )
    running = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) for _ in range(3)]

    assert [(0, "")] * 3 == [(process.wait(30), process.communicate()[1]) for process in running]
    assert {"users", "databases"} <= tables()


def test_a_process_forked_after_the_upgrade_uses_the_same_database() -> None:
    """No connection is shared across the fork."""
    placements = Directory(Control(Path("data")))
    placements.add("before", "other:1")
    child = os.fork()
    if child == 0:
        placements.add("within", "other:2")
        os._exit(0)
    os.waitpid(child, 0)

    assert ("before", "within") == placements.names()


def test_a_name_is_recorded_once() -> None:
    """The database, not a check before it, keeps names unique."""
    placements = Directory(Control(Path("data")))
    placements.add("a", "other:1")
    with pytest.raises(DuplicateName, match="database 'a' exists"):
        placements.add("a", "other:2")

    assert "other:1" == placements.get("a").url


def test_a_data_folder_that_cannot_be_made_is_an_error_naming_it() -> None:
    """Not a traceback."""
    Path("data").write_text("a file")
    with pytest.raises(ConfigurationError, match="data folder data: "):
        Control(Path("data")).upgrade()


def test_a_plugins_migrations_are_found_in_its_package(site: Any) -> None:
    """The manifest names the folder; nothing else is to be configured."""
    project = site.add("ledger", manifest='migrations = "migrations"')
    revision(project.source / "ledger" / "migrations", "entries")
    settings = HostSettings(data=Path("data"), plugins={"autoload": False, "enabled": ("ledger",)})
    Host.build(settings).migrate()

    assert {"entries", "alembic_version_ledger"} <= tables()
