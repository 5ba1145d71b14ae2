"""A connection opens one database in this process, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

import synthdb
from synthdb_host.errors import Conflict, InvalidParameter, MissingPlugin, StartupError, Unavailable, UniqueViolation
from synthdb_host.operations import Define, RequirePlugin


@pytest.mark.parametrize("form", ("{}/a.db", "sqlite:///{}/a.db"), ids=["path", "url"])
def test_a_database_is_found_again_under_its_path_or_url(tmp_path: Path, form: str) -> None:
    """Both name the same file."""
    with synthdb.connect(form.format(tmp_path)) as db:
        db.insert("t", {"a": 1})
    with synthdb.connect(tmp_path / "a.db") as db:
        assert [{"id": 1, "a": 1}] == db.query("t")


def test_a_database_in_memory_is_gone_after_the_close() -> None:
    """It leaves nothing behind."""
    with synthdb.connect(":memory:") as db:
        db.insert("t", {"a": 1})
        assert "<synthdb.Connection :memory:>" == repr(db)
    with synthdb.connect(":memory:") as db:
        assert [] == db.list_tables()


def test_two_databases_live_side_by_side(tmp_path: Path) -> None:
    """Connections know nothing of each other."""
    with synthdb.connect(tmp_path / "a.db") as one, synthdb.connect(tmp_path / "b.db") as two:
        one.insert("t", {"a": 1})
        assert (["t"], []) == (one.list_tables(), two.list_tables())


def test_two_connections_to_a_file_see_each_others_commits(tmp_path: Path) -> None:
    """What one wrote the other reads at once."""
    with synthdb.connect(tmp_path / "a.db") as one, synthdb.connect(tmp_path / "a.db") as two:
        one.insert("t", {"a": 1})
        assert 1 == two.count("t")
        two.insert("t", {"a": 2, "b": "new"})
        assert [None, "new"] == [row["b"] for row in one.query("t")]


def test_a_closed_connection_does_nothing_more(tmp_path: Path) -> None:
    """Closing twice is harmless, using it is an error."""
    db = synthdb.connect(tmp_path / "a.db")
    db.close()
    db.close()

    assert "closed" in repr(db)
    with pytest.raises(Conflict, match="closed"):
        db.insert("t", {"a": 1})
    with pytest.raises(Conflict, match="closed"):
        db.list_tables()


def test_a_transaction_is_one_commit(tmp_path: Path) -> None:
    """All of it is there at its end, and it sees its own writes before."""
    with synthdb.connect(tmp_path / "a.db") as db, synthdb.connect(tmp_path / "a.db") as other:
        db.insert("t", {"a": 0})
        with db.transaction("two rows") as same:
            same.insert("t", {"a": 1})
            db.insert("t", {"a": 2})
            assert (3, 1) == (db.count("t"), other.count("t"))
        assert (3, 3) == (db.count("t"), other.count("t"))
        db.insert("t", {"a": 3})
        assert 4 == other.count("t")


def write_twice(db: synthdb.Connection) -> None:
    """Break a rule of the table in the middle of a transaction."""
    with db.transaction():
        db.insert("t", {"a": 1})
        db.insert("t", {"a": 1})


def write_and_fail(db: synthdb.Connection) -> None:
    """Fail for a reason of one's own in the middle of a transaction."""
    with db.transaction():
        db.insert("t", {"a": 1})
        _ = 1 / 0


def test_an_exception_undoes_the_whole_transaction(tmp_path: Path) -> None:
    """Whatever raised it, nothing of the block remains, and the connection goes on."""
    with synthdb.connect(tmp_path / "a.db") as db:
        db.create_table("t", {"a": "integer"}, unique=["a"])
        with pytest.raises(UniqueViolation):
            write_twice(db)
        with pytest.raises(ZeroDivisionError):
            write_and_fail(db)

        assert 0 == db.count("t")
        db.insert("t", {"a": 1})
        assert 1 == db.count("t")


def test_an_error_caught_inside_undoes_its_own_write_only(tmp_path: Path) -> None:
    """The rest of the transaction is committed."""
    with synthdb.connect(tmp_path / "a.db") as db:
        db.create_table("t", {"a": "integer"}, unique=["a"])
        with db.transaction():
            db.insert("t", {"a": 1})
            with pytest.raises(UniqueViolation):
                db.insert("t", [{"a": 2}, {"a": 1}])

        assert [1] == [row["a"] for row in db.query("t")]


def test_transactions_do_not_nest(tmp_path: Path) -> None:
    """An inner one could not be undone alone, so it is refused."""
    with synthdb.connect(tmp_path / "a.db") as db, db.transaction(), pytest.raises(Conflict), db.transaction():
        pass


@pytest.mark.parametrize("target", ("", "."), ids=["nothing", "folder"])
def test_what_is_no_file_is_refused(target: str) -> None:
    """The message names it."""
    with pytest.raises(InvalidParameter):
        synthdb.connect(target)


def test_a_file_of_another_kind_is_refused_and_kept(tmp_path: Path) -> None:
    """The message says what is wrong with it; an empty file becomes a database."""
    (tmp_path / "notes.db").write_text("some text")
    (tmp_path / "empty.db").touch()

    with pytest.raises(InvalidParameter, match=r"notes\.db' is not a SQLite database"):
        synthdb.connect(tmp_path / "notes.db")
    assert "some text" == (tmp_path / "notes.db").read_text()
    with synthdb.connect(tmp_path / "empty.db") as db:
        assert [] == db.list_tables()


def test_none_is_no_path() -> None:
    """A variable that is not set makes no file of that name."""
    with pytest.raises(TypeError):
        synthdb.connect(None)  # type: ignore[arg-type]  # what an untyped caller may do


def test_an_unknown_kind_of_storage_is_refused() -> None:
    """The message names the kinds there are."""
    with pytest.raises(Unavailable, match="sqlite"):
        synthdb.connect("nosuch://host/db")


def test_a_plugin_that_is_not_installed_is_refused(tmp_path: Path) -> None:
    """The caller asked for it, so going on without it would be wrong."""
    with pytest.raises(StartupError, match="nosuch"):
        synthdb.connect(tmp_path / "a.db", plugins=["nosuch"])


def test_a_database_that_needs_a_plugin_is_not_opened_without_it(tmp_path: Path) -> None:
    """The rules of that plugin would not hold."""
    with synthdb.connect(tmp_path / "a.db") as db:
        db.execute(Define((RequirePlugin("guard"),)))

    with pytest.raises(MissingPlugin, match="guard"):
        synthdb.connect(tmp_path / "a.db")


LIGHT = """
import sys, synthdb
assert not any(name.startswith(("synthdb.", "synthdb_host")) for name in sys.modules), "import synthdb is not lazy"
with synthdb.connect(":memory:") as db:
    db.insert("t", [{"a": 1}, {"a": 2}])
    db.query("t", synthdb.col("a") > 1)
    db.export_file("t", sys.argv[1])
    db.import_file(sys.argv[1], "again")
heavy = {"falcon", "gunicorn", "strawberry", "alembic", "click"} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.mark.slow
def test_the_library_loads_no_server_and_no_api(tmp_path: Path) -> None:
    """Who embeds the engine pays for the engine alone."""
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, str(tmp_path / "t.csv")], capture_output=True, text=True, check=False
    )

    assert (0, "") == (done.returncode, done.stderr)


def test_public_names_are_complete_and_resolve() -> None:
    """Each name in ``__all__`` exists, is listed, and no other does."""
    assert sorted(synthdb.__all__) == synthdb.__all__
    assert [] == [name for name in synthdb.__all__ if getattr(synthdb, name) is None]
    assert set(synthdb.__all__) < set(dir(synthdb))
    assert synthdb.__version__[0].isdigit()
    with pytest.raises(AttributeError):
        _ = synthdb.nothing_of_this_name
