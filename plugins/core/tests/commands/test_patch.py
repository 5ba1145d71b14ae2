"""A patch makes of a plain copy of one state what a plain copy of the other is."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import synthdb
from synthdb.commands.diff import difference_of
from synthdb.commands.patch import sql_patch
from synthdb.importing.exporting import export_sqlite
from synthdb_host.operations import Ref

Contents = dict[str, tuple[list[str], list[tuple[Any, ...]]]]
Change = Callable[[synthdb.Connection], object]


@pytest.fixture
def db() -> Iterator[synthdb.Connection]:
    """A database with a table of every type, one with a key of its own, and one of a column each."""
    with synthdb.connect(":memory:") as connection:
        connection.create_table(
            "people",
            {
                "name": "text", "born": "integer", "paid": "boolean", "price": "decimal(6,2)", "data": "json",
                "raw": "bytes", "day": "date", "at": "timestamp", "size": "real",
            },
        )  # fmt: skip
        connection.insert("people", [_person("Ada", 1), _person("O'Hara", 2), {"name": "Nobody"}])
        connection.create_table("pets", {"code": "text", "name": "text"}, key="code")
        connection.insert("pets", [{"code": "a", "name": "Rex"}, {"code": "b", "name": "Tom"}])
        connection.create_table("plain", {"x": "integer"})
        yield connection


def _person(name: str, number: int) -> dict[str, Any]:
    return {
        "name": name, "born": number, "paid": number == 1, "price": f"{number}.10", "data": {"a": [number, None]},
        "raw": bytes([0, number]), "day": f"2026-01-0{number}", "at": f"2026-01-0{number}T10:00:00.5Z",
        "size": number + 0.25,
    }  # fmt: skip


def _rows(db: synthdb.Connection) -> None:
    db.update("people", {"data": {"b": 2}, "price": "9.99", "raw": None}, {"name": "Ada"})
    db.delete("people", {"name": "Nobody"})
    db.insert("people", [_person("Eve", 3)])
    db.insert("pets", [{"code": "c", "name": "it's"}])


def _swapped_tables(db: synthdb.Connection) -> None:
    db.rename_table("people", "passing")
    db.rename_table("pets", "people")
    db.rename_table("passing", "pets")


def _swapped_columns(db: synthdb.Connection) -> None:
    db.rename_column("people", "name", "passing")
    db.rename_column("people", "size", "name")
    db.rename_column("people", "passing", "size")


def _made_again(db: synthdb.Connection) -> None:
    db.drop_table("pets")
    db.create_table("pets", {"kind": "text"})
    db.insert("pets", [{"kind": "cat"}])


def _columns_made_again(db: synthdb.Connection) -> None:
    db.drop_column("people", "born")
    db.add_columns("people", {"born": synthdb.column("text")})


def _added_table(db: synthdb.Connection) -> None:
    db.create_table("t", {"n": "integer"})
    db.insert("t", [{"n": 1}])


def _added_columns(db: synthdb.Connection) -> None:
    db.add_columns("people", {"a": synthdb.column("text"), "b": synthdb.column("real", default=1.5)})
    db.update("people", {"a": "x"}, {"name": "O'Hara"})


CHANGES: dict[str, Change] = {
    "nothing": lambda db: None,
    "rename a table": lambda db: db.rename_table("people", "folk"),
    "rename tables in a circle": _swapped_tables,
    "rename a column": lambda db: db.rename_column("people", "born", "year"),
    "rename a key": lambda db: db.rename_column("pets", "code", "tag"),
    "rename columns in a circle": _swapped_columns,
    "drop a table": lambda db: db.drop_table("people"),
    "drop a table and make another": _made_again,
    "drop a column": lambda db: db.drop_column("people", "born"),
    "drop a column and add another": _columns_made_again,
    "add a table": _added_table,
    "add columns": _added_columns,
    "add a required column": lambda db: db.add_columns("plain", {"y": synthdb.column("text", not_null=True)}),
    "integers become text": lambda db: db.alter_column("people", "born", column_type="text"),
    "integers become reals": lambda db: db.alter_column("people", "born", column_type="real"),
    "reals become text": lambda db: db.alter_column("people", "size", column_type="text"),
    "booleans become text": lambda db: db.alter_column("people", "paid", column_type="text"),
    "decimals become wider": lambda db: db.alter_column("people", "price", column_type="decimal(30,3)"),
    "timestamps become text": lambda db: db.alter_column("people", "at", column_type="text"),
    "a column becomes required": lambda db: db.alter_column("people", "name", not_null=True),
    "a unique key": lambda db: db.add_unique("people", ["name"]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("back", (False, True), ids=["there", "back"])
def test_a_patched_copy_is_like_a_copy_of_the_other_state(
    db: synthdb.Connection, tmp_path: Path, change: Change, *, back: bool
) -> None:
    """Tables, columns, their types, and rows; in both directions."""
    db.tags.create("then")
    _rows(db)
    change(db)
    base, target = (Ref(), Ref("then")) if back else (Ref("then"), Ref())

    patched = _copy(db, base, tmp_path / "base.db")
    with closing(sqlite3.connect(tmp_path / "base.db")) as connection:
        connection.executescript("\n".join(sql_patch(difference_of(db, base, target, (), three_dot=False))))
        patched = _contents(connection)

    assert _copy(db, target, tmp_path / "target.db") == patched


def _copy(db: synthdb.Connection, ref: Ref, path: Path) -> Contents:
    state = db.at(ref)
    for table in state.catalog().tables:
        export_sqlite(state, table, path)
    with closing(sqlite3.connect(path)) as connection:
        return _contents(connection)


def _contents(connection: sqlite3.Connection) -> Contents:
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
    return {name: _table(connection, name) for name in names}


def _table(connection: sqlite3.Connection, name: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Give columns with their types, and rows, in an order that does not depend on that of the columns."""
    described = sorted((row[1], row[2]) for row in connection.execute("SELECT * FROM pragma_table_info(?)", (name,)))
    columns = ", ".join(f'"{column}"' for column, _ in described)
    return [" ".join(item) for item in described], sorted(
        connection.execute(f'SELECT {columns} FROM "{name}"'), key=repr
    )
