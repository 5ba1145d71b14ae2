"""The commands work on the data folder, say what they did, and exit with a code that says it too."""

import json
import os
import pty
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import synthdb
from synthdb.commands.opening import database_name
from synthdb.commands.progress import ProgressLine
from synthdb.commands.tables import aligned, stacked

Run = Callable[..., tuple[int, str, str]]


def test_an_import_makes_the_database_and_the_table(command: Run, people: Path) -> None:
    """Both are named after the source."""
    code, out, _ = command("import", "people.csv")

    assert (0, "people: 2 rows imported from people.csv\n") == (code, out)
    assert (0, '[\n{"id":1,"name":"Ada","born":1815},\n{"id":2,"name":"Grace","born":1906}\n]\n') == command(
        "export", "people", "--format", "json"
    )[:2]


def test_a_dry_run_makes_nothing(command: Run, people: Path, tmp_path: Path) -> None:
    """It reports what would be done, as a table or as JSON."""
    code, out, _ = command("import", "people.csv", "--dry-run", "--json")

    report = json.loads(out)
    assert (0, "people") == (code, report["database"])
    assert [("name", "text"), ("born", "integer")] == [
        (column["name"], column["type"]) for column in report["tables"][0]["columns"]
    ]
    assert not (tmp_path / "synthdb-data" / "databases").exists()
    assert "UnknownDatabase" not in command("sql", "SELECT 1", "--db", "people")[1]
    assert 1 == command("sql", "SELECT 1", "--db", "people")[0]


def test_an_import_that_stops_leaves_no_database(command: Run, tmp_path: Path) -> None:
    """What was wrong is named, and the folder is as it was."""
    (tmp_path / "bad.csv").write_text("a,b\n1\n")

    code, out, err = command("import", "bad.csv")

    assert (1, "") == (code, out)
    assert "bad.csv, line 2" in err
    assert not (tmp_path / "synthdb-data" / "databases").exists()


def test_skipped_records_have_an_exit_code_and_a_file_of_their_own(command: Run, tmp_path: Path) -> None:
    """A script can tell that something was left out, and what."""
    (tmp_path / "bad.csv").write_text("a,b\n1\n2,3\n")

    code, out, _ = command("import", "bad.csv", "--on-error", "skip", "--rejects", "left.csv", "--json")

    assert 3 == code
    assert ("left.csv", 1) == (json.loads(out)["rejects_file"], json.loads(out)["tables"][0]["rejected"])
    assert "file,line,column,reason\nbad.csv,2,,1 fields instead of 2: '1'\n" == (tmp_path / "left.csv").read_text()


def test_all_options_reach_the_import(command: Run, tmp_path: Path) -> None:
    """Each is worth its name."""
    (tmp_path / "a.txt").write_text("code;n;x\nk;1;-\n", encoding="latin-1")
    (tmp_path / "b.csv").write_text("code\nk\n")

    first = command(
        "import", "a.txt", "b.csv", "--db", "both", "--format", "csv", "--delimiter", ";", "--encoding", "latin-1",
        "--key", "b.code", "--types", "a.n=decimal(4,1)", "--null", "-", "--mode", "strict",
        "--foreign-key", "a.code=b.code", "--progress",
    )  # fmt: skip

    assert 0 == first[0], first[2]
    assert "reading a: 1 rows, 100%" in first[2]
    with synthdb.connect(tmp_path / "synthdb-data" / "databases" / "both.db") as db:
        assert ("strict", ("code",)) == (db.describe("a").mode, db.describe("b").key)
        assert "decimal(4,1)" == str(db.describe("a").by_name["n"].type)
        assert db.query("a")[0]["x"] is None
        assert "b" == db.describe("a").foreign_keys[0].table


@pytest.mark.parametrize(
    ("arguments", "code"),
    (
        (("import",), 2),
        (("import", "people.csv", "people.csv"), 2),
        (("import", "absent.csv"), 1),
        (("import", "people.csv", "--mode", "nope"), 2),
        (("import", "people.csv", "--types", "born"), 1),
        (("import", "people.csv", "--foreign-key", "born=x"), 1),
        (("import", "people.csv", "--delimiter", "ab"), 1),
        (("export", "people"), 1),
        (("sql", "SELECT 1"), 1),
    ),
    ids=str,
)
def test_wrong_usage_is_a_message(command: Run, people: Path, arguments: Sequence[str], code: int) -> None:
    """Never a traceback, and nothing is made."""
    found, out, err = command(*arguments)

    assert (code, "") == (found, out)
    assert "rror: " in err
    assert "Traceback" not in err


def test_an_export_goes_to_a_file_or_to_standard_output(command: Run, people: Path, tmp_path: Path) -> None:
    """The file's name tells the format, and a failed export leaves no file."""
    command("import", "people.csv")

    assert "id,name,born\n1,Ada,1815\n2,Grace,1906\n" == command("export", "people")[1]
    assert 0 == command("export", "people", "-o", "out.ndjson")[0]
    assert '{"id":1,"name":"Ada","born":1815}' == (tmp_path / "out.ndjson").read_text().splitlines()[0]
    assert 0 == command("export", "people", "-o", "out.db")[0]
    with sqlite3.connect(tmp_path / "out.db") as connection:
        assert [(1, "Ada", 1815), (2, "Grace", 1906)] == connection.execute("SELECT * FROM people").fetchall()
    connection.close()
    assert 1 == command("export", "nope", "-o", "nope.csv")[0]
    assert 1 == command("export", "people", "--format", "sqlite")[0]
    assert {"out.ndjson", "out.db", "people.csv", "synthdb-data"} == {path.name for path in tmp_path.iterdir()}


def test_sql_prints_a_table_json_or_csv(command: Run, people: Path) -> None:
    """Numbers stand right, text left."""
    command("import", "people.csv")
    statement = "SELECT name, born FROM people WHERE name = ?"

    assert "name  born\n----  ----\nAda   1815\n" == command("sql", statement, "Ada")[1]
    assert '[{"name":"Ada","born":1815}]\n' == command("sql", statement, "Ada", "--json")[1]
    assert "name,born\nAda,1815\n" == command("sql", statement, "Ada", "--csv")[1]


def test_sql_only_reads(command: Run, people: Path) -> None:
    """The database itself refuses a write."""
    command("import", "people.csv")

    code, _, err = command("sql", "DELETE FROM people")

    assert (1, True) == (code, "[invalid_sql]" in err)
    assert "2" in command("sql", "SELECT count(*) AS n FROM people")[1]


def test_a_database_must_be_named_when_there_are_several(command: Run, people: Path) -> None:
    """The message lists them."""
    command("import", "people.csv", "--db", "one")
    command("import", "people.csv", "--db", "two")

    code, _, err = command("sql", "SELECT 1")

    assert (1, True) == (code, "one, two" in err)


@pytest.mark.slow
def test_output_into_a_closed_pipe_ends_quietly(command: Run, people: Path, tmp_path: Path) -> None:
    """``| head`` is no error worth a traceback."""
    (tmp_path / "many.csv").write_text("n\n" + "".join(f"{number}\n" for number in range(50_000)))
    command("import", "many.csv")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        ["bash", "-c", "synthdb export many | head -2"], cwd=tmp_path, env={**os.environ, "PATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ("id,n\n1,0\n", "") == (done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("stem", "name"),
    (("flights", "flights"), ("My data (1)", "My_data_1"), ("2013", "db_2013"), ("é", "db"), ("x" * 99, "x" * 63)),
)
def test_a_database_is_named_after_its_source(stem: str, name: str) -> None:
    """Whatever the file is called, the name is a valid one."""
    assert name == database_name(stem)


def test_cells_never_break_the_table() -> None:
    """Line breaks and control characters are shown, long text is cut."""
    lines = list(aligned(("a", "b"), [("x\ny", "1"), ("\x1b[31mred", "22"), ("z" * 100, "")], (False, True)))

    assert ["a", "b"] == lines[0].split()
    assert [5, 60] == [len(lines), len(lines[4])]
    assert "x␊y" in lines[2]
    assert "\x1b" not in "".join(lines)


def test_a_database_taken_in_by_a_relative_path_is_the_same_from_every_folder(command: Run, tmp_path: Path) -> None:
    """What is kept is the whole path."""
    command("databases", "create", "one", "--url", "one.db")
    command("databases", "create", "two", "--url", "sqlite:///two.db")

    listed = json.loads(command("databases", "list", "--json")[1])
    assert [f"sqlite:///{tmp_path}/one.db", f"sqlite:///{tmp_path}/two.db"] == [row["url"] for row in listed]


def test_rows_too_wide_for_a_table_are_stacked() -> None:
    """One value a line, each beside its name."""
    lines = list(stacked(("id", "name"), [("1", "Ada\nL"), ("2", "")]))

    assert ["-- row 1", "id    1", "name  Ada␊L", "-- row 2", "id    2", "name"] == lines


@pytest.mark.slow
def test_a_wide_result_is_stacked_on_a_terminal_only(command: Run, people: Path, tmp_path: Path) -> None:
    """A file or a pipe gets the same table however wide it is."""
    command("import", "people.csv")
    statement = "SELECT '" + "x" * 50 + "' AS a, '" + "y" * 50 + "' AS b FROM people LIMIT 1"
    terminal, inner = pty.openpty()
    environ = os.environ | {"COLUMNS": "80"}
    line = [sys.executable, "-m", "synthdb_host", "sql", statement]

    subprocess.run(line, stdout=inner, check=True, env=environ, cwd=tmp_path)
    os.close(inner)
    shown = os.read(terminal, 10_000).decode()
    os.close(terminal)

    assert f"-- row 1\r\na  {'x' * 50}\r\nb  {'y' * 50}\r\n" == shown
    assert 3 == len(command("sql", statement)[1].splitlines())


def test_progress_is_silent_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """A script's error output stays clean."""
    for shown in (False, True):
        line = ProgressLine("reading", shown=shown)
        line("t", 1, 0.5)
        line("t", 2, 1.0)
        line.done()

    out, err = capsys.readouterr()
    assert "" == out
    assert 2 == err.count("reading t")


def test_the_rejects_file_is_about_the_last_import(command: Run, tmp_path: Path) -> None:
    """What an earlier import of another content left out is not mixed in; a repeated one changes nothing."""
    (tmp_path / "a.csv").write_text("a,b\n1\n2,3\n")
    command("import", "a.csv", "--on-error", "skip")
    (tmp_path / "a.csv").write_text("a,b\n2,3\n4\n")
    command("import", "a.csv", "--on-error", "skip", "--into-existing", "replace")
    first = (tmp_path / "a.rejects.csv").read_text()

    assert 3 == command("import", "a.csv", "--on-error", "skip")[0]
    assert "file,line,column,reason\na.csv,3,,1 fields instead of 2: '4'\n" == first
    assert first == (tmp_path / "a.rejects.csv").read_text()
