"""Making, changing and removing branches and tags: rows of metadata, however large the database is."""

import re
import sqlite3
from collections.abc import Callable
from typing import Any, Final

from synthdb.catalog.places import Place, branch_named, resolve
from synthdb.engine.numbers import keep_number
from synthdb.engine.session import Session
from synthdb.storage.layout import MAIN
from synthdb_host.catalog import ColumnType
from synthdb_host.contracts import Result
from synthdb_host.encoding import format_timestamp
from synthdb_host.errors import Conflict, DuplicateName, InvalidName, ProtectedBranch, UnknownRef
from synthdb_host.values import parse_text
from synthdb_host.versions import AlterBranch, Branching, CreateBranch, CreateTag, DropBranch, DropTag

__all__ = ["change_branches", "forget_branch", "forget_rows", "last_commit"]

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")
_TIMESTAMP: Final = ColumnType("timestamp")


def change_branches(session: Session, operation: Branching) -> Result:
    """Make all changes, in order.

    Raises:
        InvalidName, DuplicateName, UnknownRef, ProtectedBranch, Conflict: one cannot be made.
    """
    for change in operation.changes:
        _CHANGES[type(change)](session, change)
    return Result(affected=len(operation.changes))


def last_commit(driver: sqlite3.Connection) -> int:
    """Give the newest commit of all branches; 0 is none."""
    return int(driver.execute("SELECT coalesce(max(id), 0) FROM _tx").fetchone()[0])


def _checked(session: Session, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidName(
            f"{name[:100]!r} cannot be the name of a branch or tag.",
            hint="Names begin with a letter and have letters, digits, '.', '_' and '-', at most 100.",
        )
    taken = "SELECT 1 FROM _branch WHERE name = ?1 UNION ALL SELECT 1 FROM _tag WHERE name = ?1"
    if session.driver.execute(taken, (name,)).fetchone():
        raise DuplicateName(f"There is a branch or tag {name!r} already.", data={"ref": name})
    return name


def _changed(session: Session) -> None:
    """Let every process look again at what names mean and where rows are."""
    session.driver.execute("UPDATE _meta SET layout = layout + 1")
    session.marks.moved = True


def _pin(session: Session, place: Place) -> int:
    """Keep account, from now on, of what changes after a place; gives its last commit."""
    driver, newest = session.driver, last_commit(session.driver)
    for layer in place.layers:
        if layer.bound is not None and not layer.pinned:
            # What changed between that moment and now was not written down: take everything as changed.
            driver.execute(
                "INSERT INTO _layer (table_id, branch, mark) SELECT id, ?1, ?2 FROM _table "
                "WHERE ?1 = ?3 OR id IN (SELECT table_id FROM _layer WHERE branch = ?1) "
                "ON CONFLICT (branch, table_id) DO UPDATE SET mark = excluded.mark",
                (layer.branch, newest, MAIN),
            )
            _changed(session)
    driver.execute("UPDATE _meta SET pinned = ?", (newest,))
    session.marks.pin(newest)
    bound = place.layers[0].bound
    return newest if bound is None else bound


def _create_branch(session: Session, change: CreateBranch) -> None:
    if change.if_not_exists and branch_named(session.driver, change.name):
        return
    name = _checked(session, change.name)
    place = resolve(session.driver, change.at)
    fork = _pin(session, place)
    session.driver.execute(
        "INSERT INTO _branch (name, parent, fork, at, author, comment, expires, early) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            name, place.branch, fork, session.at, session.context.principal.id, change.comment,
            _moment(change.expires), place.is_early,
        ),
    )  # fmt: skip


def _moment(text: str | None) -> str | None:
    return format_timestamp(parse_text(_TIMESTAMP, text)) if text else None


def _branch(session: Session, name: str) -> int:
    found = branch_named(session.driver, name)
    if found is None:
        raise UnknownRef(f"There is no branch {name!r}.", data={"ref": name})
    return found.id


def _alter_branch(session: Session, change: AlterBranch) -> None:
    branch = _branch(session, change.branch)
    values: dict[str, Any] = {}
    if change.name is not None and change.name != change.branch:
        if branch == MAIN:
            raise Conflict("The branch main keeps its name.")
        values["name"] = _checked(session, change.name)
    if change.comment is not None:
        values["comment"] = change.comment or None
    if change.protected is not None:
        values["protected"] = int(change.protected)
    if change.expires is not None:
        values["expires"] = _moment(change.expires)
    for column, value in values.items():
        session.driver.execute(f"UPDATE _branch SET {column} = ? WHERE id = ?", (value, branch))
    _changed(session)


def _drop_branch(session: Session, change: DropBranch) -> None:
    found = branch_named(session.driver, change.branch)
    if found is None and change.if_exists:
        return
    branch = _branch(session, change.branch)
    driver = session.driver
    if branch == MAIN:
        raise Conflict("The branch main cannot be dropped.")
    if driver.execute("SELECT protected FROM _branch WHERE id = ?", (branch,)).fetchone()[0]:
        raise ProtectedBranch(f"Branch {change.branch!r} is protected.")
    needed = driver.execute(
        "SELECT name FROM _branch WHERE parent = ?1 AND name IS NOT NULL "
        "UNION ALL SELECT name FROM _tag WHERE branch = ?1 LIMIT 3",
        (branch,),
    ).fetchall()
    if needed:
        names = ", ".join(repr(name) for (name,) in needed)
        raise Conflict(f"Branch {change.branch!r} is the origin of {names}.", hint="Drop those first.")
    forget_branch(driver, branch)
    _changed(session)


def forget_branch(driver: sqlite3.Connection, branch: int) -> None:
    """Remove a branch, and its rows and schema unless later merges start from what was merged of it.

    Its commits stay in the log.
    """
    driver.execute("DELETE FROM _conflict WHERE source = ?1 OR target = ?1", (branch,))
    driver.execute("UPDATE _branch SET name = NULL WHERE id = ?", (branch,))
    driver.execute("UPDATE _meta SET swept = 0")
    merged = "SELECT 1 FROM _tx m JOIN _tx o ON o.id = m.parent2 WHERE m.parent2 IS NOT NULL AND o.branch = ? LIMIT 1"
    if driver.execute(merged, (branch,)).fetchone() is None:
        forget_rows(driver, branch)


def forget_rows(driver: sqlite3.Connection, branch: int) -> int:
    """Remove rows and schema of a branch that was dropped; gives how many versions of rows that were."""
    forgotten = 0
    touched = driver.execute(
        "SELECT t.id, t.physical FROM _layer l JOIN _table t ON t.id = l.table_id WHERE l.branch = ?", (branch,)
    ).fetchall()
    for table_id, physical in touched:
        keep_number(driver, table_id, physical)
        for place in (f"_o_{physical}", f"_h_{physical}"):
            name = place.replace('"', '""')
            forgotten += driver.execute(f'DELETE FROM "{name}" WHERE branch = ?', (branch,)).rowcount
    for table in ("_layer", "_table_version", "_column_version"):
        driver.execute(f"DELETE FROM {table} WHERE branch = ?", (branch,))
    driver.execute("UPDATE _branch SET forgotten = 1 WHERE id = ?", (branch,))
    return forgotten


def _create_tag(session: Session, change: CreateTag) -> None:
    name = _checked(session, change.name)
    place = resolve(session.driver, change.at)
    commit = _pin(session, place)
    session.driver.execute(
        "INSERT INTO _tag VALUES (?, ?, ?, ?, ?, ?)",
        (name, place.branch, commit, session.at, session.context.principal.id, change.comment),
    )


def _drop_tag(session: Session, change: DropTag) -> None:
    dropped = session.driver.execute("DELETE FROM _tag WHERE name = ?", (change.name,)).rowcount
    session.driver.execute("UPDATE _meta SET swept = 0")
    if not dropped and not change.if_exists:
        raise UnknownRef(f"There is no tag {change.name!r}.", data={"ref": change.name})
    _changed(session)


_CHANGES: Final[dict[type, Callable[[Session, Any], None]]] = {
    AlterBranch: _alter_branch,
    CreateBranch: _create_branch,
    CreateTag: _create_tag,
    DropBranch: _drop_branch,
    DropTag: _drop_tag,
}
