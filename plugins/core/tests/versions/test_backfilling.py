"""A column that gets a wider type is read as the new type at once, and its values are moved later."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from synthdb.engine.sqlite import open_sqlite
from synthdb.settings import CoreSettings
from synthdb_host.catalog import CheckConstraint, Column, ColumnType, Index, UniqueKey
from synthdb_host.contracts import Placement
from synthdb_host.errors import InvalidParameter, RequestError, UniqueViolation, UnsupportedCapability
from synthdb_host.operations import (
    AddCheck,
    AddIndex,
    AddUniqueKey,
    AlterColumn,
    Batch,
    CopyColumn,
    CopyTable,
    CreateTable,
    Define,
    Delete,
    DropColumn,
    DropConstraint,
    DropTable,
    Operation,
    RestoreColumn,
    Select,
)
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.testing.session import by, where
from synthdb_host.versions import (
    HEAD,
    Backfill,
    Collect,
    Compact,
    Log,
    Merge,
    Ref,
    Restore,
    Revert,
)

from .conftest import Ask
from .twins import Twins, asked, indexes, waiting

pytestmark = pytest.mark.slow

TEXT: Final = ColumnType("text")
JSON: Final = ColumnType("json")
DEV: Final = Ref("dev")
ROWS: Final = 12

VALUES: Final[Mapping[str, tuple[str, tuple[Any, ...]]]] = {
    "integer": ("integer", (5, -7, 0, 2**62)),
    "real": ("real", (1.0, -2.5, 1e300, 0.1)),
    "boolean": ("boolean", (True, False)),
    "text": ("text", ('a "quoted" \\ text', "", "tab\tnew\nline\x01", "ünïcödé \U0001f600")),
    "date": ("date", ("2024-02-29", "0001-01-01")),
    "timestamp": ("timestamp", ("2024-02-29T12:00:00.000001Z",)),
    "uuid": ("uuid", ("0190163d-8694-739b-aea5-966c26f8ad91",)),
    "decimal": ("decimal(10,2)", ("12.50", "-0.01")),
    "wide decimal": ("decimal(30,2)", ("12345678901234567890.50", "-0.01")),
    "json": ("json", ([1], {"b": 1, "a": None}, "text", 2)),
    "bytes": ("bytes", ("AAE=",)),
}
WIDER: Final = (
    *((kind, "text") for kind in VALUES if kind != "text"),
    *((kind, "json") for kind in ("integer", "real", "boolean", "text", "date", "timestamp", "uuid")),
    ("date", "timestamp"),
    ("integer", "decimal(25,3)"),
    ("decimal", "decimal(12,3)"),
    ("decimal", "decimal(40,4)"),
    ("wide decimal", "decimal(40,4)"),
)


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[Twins]:
    twins = Twins(tmp_path)
    yield twins
    twins.close()


def _fill_table(twins: Twins, kind: str, *, branch: bool = False) -> None:
    declared, values = VALUES[kind]
    twins(Define((CreateTable("things", (Column("v", ColumnType.parse(declared)), Column("n", TEXT))),)))
    twins.insert("things", *({"v": (*values, None)[n % (len(values) + 1)], "n": f"n{n}"} for n in range(ROWS)))
    twins.update(2, v=values[0])
    if branch:
        twins.branch("dev")
        twins.update(3, DEV, v=values[-1])


def _retype(target: ColumnType, ref: Ref = HEAD) -> Operation:
    return Define((AlterColumn("things", "v", type=target),), ref)


@pytest.mark.parametrize(("kind", "target"), WIDER, ids=[f"{kind} to {target}" for kind, target in WIDER])
def test_a_widened_column_is_read_as_if_it_were_converted(twins: Twins, kind: str, target: str) -> None:
    """Every read of every state, before, while and after its values move; NULL stays NULL."""
    _fill_table(twins, kind)
    twins(_retype(ColumnType.parse(target)))
    twins.stages(HEAD)


def test_what_is_written_meanwhile_counts(twins: Twins) -> None:
    """New rows, changed cells, cells set to NULL, deleted rows and other columns, wherever the backfill is by then."""
    _fill_table(twins, "integer")
    twins.insert("things", {"v": 5}, {"v": 6})
    twins(_retype(TEXT))
    for step in range(5):
        twins.insert("things", {"v": f"new {step}"}, {"v": None}, {"n": "only n"})
        twins.update(2 * step + 1, v=None)
        twins.update(2 * step + 2, v="5")
        twins.update(2 * step + 3, n="other")
        twins(Delete("things", where("id", "eq", 11 - step)))
        twins.agree(HEAD)
        twins.later(Backfill(3))
    twins.agree(HEAD)
    while twins.later(Backfill(3)).affected:
        pass
    twins.agree(HEAD)


def test_a_cell_with_the_value_it_had_is_no_change(twins: Twins) -> None:
    """What is written is compared with what is read, wherever it lies."""
    _fill_table(twins, "integer")
    twins(_retype(TEXT))
    commits = [ask.update("things", 1, v="5").commit for ask in (twins.at_once, twins.later)]
    assert [None, None] == commits
    assert waiting(twins.later)


def test_a_value_of_a_wider_type_moves_nothing_by_itself(twins: Twins) -> None:
    """The type of an inferred column follows what is written, again and again, and all of it is moved later."""
    twins.insert("things", *({"v": n} for n in range(ROWS)))
    twins.insert("things", {"v": "text"})
    assert ["v_2"] == waiting(twins.later)
    twins.insert("things", {"v": [1]})
    assert ["v_2", "v_3"] == waiting(twins.later)
    twins.update(3, v="was a number")
    twins.update(4, v=None)
    twins.stages(HEAD)


def test_branches_are_as_they_were(twins: Twins) -> None:
    """Those made before, in the middle and after, on which the column is widened or not, written to or not."""
    _fill_table(twins, "integer", branch=True)
    twins(_retype(TEXT))
    child = twins.branch("child")
    twins.update(5, v="main")
    twins.update(6, child, v="child")
    twins.update(7, child, v=None)
    twins.update(8, child, n="other")
    twins.update(5, DEV, v=50)
    twins(Delete("things", where("id", "eq", 9), ref=child))
    grandchild = twins.branch("grandchild", child)
    twins.update(1, grandchild, v="grandchild")
    twins.stages(HEAD, DEV, child, grandchild)
    twins.update(6, grandchild, v="later")
    twins.agree(HEAD, DEV, child, grandchild)


def test_a_branch_widens_a_column_for_itself(twins: Twins) -> None:
    """Main keeps its numbers, in the same physical rows, and goes on writing them."""
    _fill_table(twins, "integer", branch=True)
    twins.update(4, v=44)
    twins(_retype(TEXT, DEV))
    twins.update(4, DEV, v="dev")
    twins.update(5, v=55)
    twins.update(6, v=None)
    twins.insert("things", {"v": 77})
    child = twins.branch("child", DEV)
    twins.update(7, child, v="child")
    twins.stages(HEAD, DEV, child)


def test_both_sides_widen_a_column_in_their_own_ways(twins: Twins) -> None:
    """Each has a physical column of its own, filled from the same one."""
    _fill_table(twins, "integer", branch=True)
    twins(_retype(TEXT, DEV), _retype(JSON))
    twins.update(4, DEV, v="dev")
    twins.update(5, v=[5])
    assert 2 == len(waiting(twins.later))
    twins.stages(HEAD, DEV)


@pytest.mark.parametrize("target", [HEAD, DEV], ids=["into main", "into the branch"])
def test_a_widened_column_is_merged(twins: Twins, target: Ref) -> None:
    """The other side's column becomes as wide, and its values move later, too."""
    _fill_table(twins, "integer", branch=True)
    source = DEV if target == HEAD else HEAD
    twins(_retype(TEXT, source))
    twins.update(4, source, v="wide")
    twins.update(5, target, v=50)
    twins(Merge(source, target))
    twins.update(6, target, v=None)
    twins.stages(HEAD, DEV)


def test_merges_picks_and_reverts_read_what_has_not_moved(twins: Twins) -> None:
    """In both directions, and back to before the widening."""
    _fill_table(twins, "integer", branch=True)
    twins(_retype(TEXT))
    twins(Merge(HEAD, DEV))
    twins.update(4, DEV, v="dev")
    twins.update(5, v="main")
    twins(Merge(DEV), Merge(HEAD, DEV))
    twins.agree(HEAD, DEV)
    twins(Restore(Ref("dev", "3"), ref=DEV))
    last = twins.later(Log(limit=1)).python()[0]["id"]
    twins(Revert(str(last)))
    twins.stages(HEAD, DEV)


def test_a_column_that_is_dropped_meanwhile_can_be_restored(twins: Twins) -> None:
    """Before and after its values have moved, on main and on a branch that writes rows meanwhile."""
    _fill_table(twins, "integer", branch=True)
    twins(_retype(TEXT))
    child = twins.branch("child")
    for ref in (HEAD, child):
        twins(Define((DropColumn("things", "v"),), ref))
        twins.update(1, ref, n="while it was gone")
    twins.later(Backfill(5))
    twins.update(9, child, n="while it was gone")
    while twins.later(Backfill(3)).affected:
        twins.update(10, child, n="again")
    for ref in (HEAD, child):
        twins(Define((RestoreColumn("things", "v"),), ref))
    twins.agree(HEAD, DEV, child)


@pytest.mark.parametrize("gone", [DropColumn("things", "v", hard=True), DropTable("things", hard=True)])
def test_what_is_removed_for_good_is_filled_no_more(twins: Twins, gone: Any) -> None:
    """Also an index that was to be replaced goes with it."""
    _fill_table(twins, "integer")
    twins(Define((AddIndex("things", Index("i", ("v",))),)), _retype(TEXT))
    twins(Define((DropConstraint("things", "i"), gone)))
    assert [] == waiting(twins.later)
    assert [] == indexes(twins.later)
    assert 0 == twins.later(Backfill()).affected


def test_an_index_follows_when_the_column_is_full(twins: Twins) -> None:
    """Until then the old one stays; one that was dropped meanwhile is not built."""
    _fill_table(twins, "integer", branch=True)
    twins(Define((AddIndex("things", Index("i", ("v", "n"))), AddIndex("things", Index("j", ("v",))))))
    twins(_retype(TEXT))
    twins(Define((DropConstraint("things", "j"),)))
    assert [["v", "n"], ["v"]] == indexes(twins.later)
    twins.stages(HEAD, DEV)
    assert indexes(twins.at_once) == indexes(twins.later) == [["v_2", "n"]]
    assert indexes(twins.at_once, "_o_things") == indexes(twins.later, "_o_things")


def test_a_column_of_a_unique_key_is_converted_at_once(twins: Twins) -> None:
    """Its index must hold every value at each write."""
    _fill_table(twins, "integer")
    twins(Define((CreateTable("keyed", (Column("v", ColumnType("integer")),)),)))
    twins.insert("keyed", *({"v": n} for n in range(ROWS)))
    twins(Define((AddUniqueKey("keyed", UniqueKey("u", ("v",))),)))
    twins(Define((AlterColumn("keyed", "v", type=TEXT),)))
    assert [] == waiting(twins.later)


def test_a_unique_key_gets_its_column_filled(twins: Twins) -> None:
    """On main and on a branch; rows that are equal by then refuse it."""
    twins(Define((CreateTable("things", (Column("v", ColumnType("integer")), Column("n", TEXT))),)))
    twins.insert("things", *({"v": n} for n in range(ROWS)))
    twins(_retype(TEXT))
    twins.insert("things", {"v": "5"})
    key = Define((AddUniqueKey("things", UniqueKey("u", ("v",))),))
    twins(key)
    for ask in (twins.at_once, twins.later):
        with pytest.raises(UniqueViolation):
            ask(key)
    twins.update(6, v="free")
    assert waiting(twins.later)
    twins(key)
    assert [] == waiting(twins.later)
    for ask in (twins.at_once, twins.later):
        with pytest.raises(UniqueViolation):
            ask.insert("things", {"v": "7"})
    twins.agree(HEAD)


@pytest.mark.parametrize("change", [CopyColumn("things", "v", "w"), CopyTable("things", "copies")])
def test_copies_have_what_is_read(twins: Twins, change: Any) -> None:
    """Whether it has moved or not."""
    _fill_table(twins, "integer", branch=True)
    twins(_retype(TEXT))
    twins.later(Backfill(4))
    twins(Define((change,)))
    for _ in range(2):
        for table in ("things", "copies" if isinstance(change, CopyTable) else "things"):
            twins(Select(table, order=by("id")), *([Select(table, ref=DEV)] if table == "things" else []))
        while twins.later(Backfill(3)).affected:
            pass


def test_a_narrower_type_is_looked_at_at_once(twins: Twins) -> None:
    """Every value must fit, so each has to be read; those that have not moved are read from where they are."""
    _fill_table(twins, "integer")
    twins(_retype(TEXT), _retype(ColumnType("integer")), _retype(JSON))
    twins.update(1, v="text")
    twins(_retype(ColumnType("integer")))
    twins.stages(HEAD)


def test_checks_and_not_null_see_what_is_read(twins: Twins) -> None:
    """On rows that exist and on new ones."""
    _fill_table(twins, "integer")
    twins(_retype(TEXT))
    for value in ("zzz", "0"):
        check: Any = where("v", "gte", value)
        twins(Define((AddCheck("things", CheckConstraint("c", check)),)))
    twins(Define((AlterColumn("things", "v", not_null=True),)))
    twins(Define((AlterColumn("things", "v", default="none"),)))
    twins.insert("things", {"n": "default"})
    twins.stages(HEAD)


def test_flattening_and_forgetting_change_nothing(twins: Twins) -> None:
    """Rows are copied and versions removed while values are on their way."""
    _fill_table(twins, "integer", branch=True)
    twins(_retype(TEXT))
    child = twins.branch("child", DEV)
    twins.update(1, child, n="child")
    twins(Merge(HEAD, child))
    twins.later(Backfill(4))
    twins(Compact(child, whole=True), Compact(DEV))
    twins.stages(HEAD, DEV, child)
    for ask in (twins.at_once, twins.later):
        ask(Collect("0 seconds ago"))
    assert twins.at_once.rows("things", child) == twins.later.rows("things", child)


def test_a_step_is_of_some_rows_and_stands_alone(ask: Ask) -> None:
    """It is refused for none or very many, and as a part of a transaction."""
    for rows in (0, -1, 100_001):
        with pytest.raises(InvalidParameter):
            ask(Backfill(rows))
    with pytest.raises(UnsupportedCapability):
        ask(Batch((Backfill(),)))


def test_small_tables_are_converted_at_once(ask: Ask) -> None:
    """So that their reads stay plain."""
    ask.insert("things", *({"v": n} for n in range(ROWS)))
    ask.insert("things", {"v": "text"})
    assert [] == waiting(ask)


def test_an_undone_write_leaves_nothing_to_do(tmp_path: Path) -> None:
    """A dry run, or a write that fails later on; and one that is done is announced once."""
    told: list[int] = []
    placement = Placement("test", f"sqlite:///{tmp_path / 'told.db'}", create=True)
    settings = CoreSettings(durability="normal", backfill_above_rows=0)
    ask = Ask(open_sqlite(placement, EmbeddedScheduler(), settings, lambda: told.append(1)))
    ask.insert("things", {"v": 1}, {"v": 2})
    ask(_retype(TEXT), dry_run=True)
    with pytest.raises(RequestError):
        ask(Define((AlterColumn("things", "v", type=TEXT), DropColumn("things", "missing"))))
    assert ([], []) == (told, waiting(ask))
    ask.insert("things", {"v": "text"})
    ask.insert("things", {"v": "more"})
    assert ([1], ["v_2"]) == (told, waiting(ask))
    ask.database.close()


def test_a_file_from_before_backfills_is_opened(tmp_path: Path) -> None:
    """It gets the table that they need."""
    ask = asked(tmp_path / "old.db", 0)
    ask.insert("things", {"v": 1}, {"v": 2})
    ask.database.close()
    with closing(sqlite3.connect(tmp_path / "old.db")) as file, file:
        file.execute("DROP TABLE _backfill")
        file.execute("UPDATE _meta SET format = 1")
    ask = asked(tmp_path / "old.db", 0)
    ask.insert("things", {"v": "text"})
    assert ["v_2"] == waiting(ask)
    ask.database.close()


def test_a_column_that_is_widened_again_and_again_stays_readable(tmp_path: Path) -> None:
    """Values come through few columns at most: what SQLite reads in one expression has an end."""
    later, at_once = asked(tmp_path / "later.db", 0), asked(tmp_path / "once.db", 10_000)
    for ask in (later, at_once):
        ask.insert("things", {"v": "a"}, {"v": "b"})
        for kind in ("json", "text") * 6:
            ask(_retype(ColumnType(kind)))
    assert at_once.rows("things") == later.rows("things")
    assert 0 < len(waiting(later)) <= 9
    later.database.close()
    at_once.database.close()
