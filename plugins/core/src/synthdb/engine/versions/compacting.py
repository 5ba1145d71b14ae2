"""Giving a branch rows of its own, so that fewer layers are read. What it shows stays the same."""

from dataclasses import replace

from synthdb.catalog.layering import layers_of
from synthdb.catalog.model import StoredTable
from synthdb.catalog.store import read_marks
from synthdb.engine.naming import quote
from synthdb.engine.overlay import make_overlay
from synthdb.engine.session import Session
from synthdb.engine.versions.branching import last_commit
from synthdb.storage.layout import MAIN
from synthdb_host.contracts import Result
from synthdb_host.errors import InvalidParameter
from synthdb_host.versions import Compact

__all__ = ["compact"]


def compact(session: Session, operation: Compact) -> Result:
    """Copy what a branch shows of the branches below it, and of main too if asked, into its own layer.

    The copies keep their commits, so that the past of the branch reads as before.

    Raises:
        InvalidParameter: the branch is main.
    """
    if session.branch == MAIN:
        raise InvalidParameter("The branch main has rows of its own already.")
    copied = sum(_copy(session, table, whole=operation.whole) for table in list(session.catalog.tables.values()))
    session.driver.execute("UPDATE _meta SET layout = layout + 1")
    session.marks.forget()
    session.reload()
    return Result(affected=copied)


def _copy(session: Session, table: StoredTable, *, whole: bool) -> int:
    driver = session.driver
    if len(session.parts(table.physical)) == 2:  # noqa: PLR2004 - rows and history, no overlay
        make_overlay(driver, table)
    layers = layers_of(session.catalog.place, read_marks(driver, session.catalog.place).get(table.id, {}))
    lower = [layer for layer in layers if layer.branch != session.branch and (whole or layer.branch != MAIN)]
    copied = 0
    if lower:
        columns = ", ".join(map(quote, table.stored))
        identity = quote(table.identity.physical)
        below = replace(table, layers=tuple(lower)).layered()
        overlay = quote(table.overlay)
        copied = driver.execute(
            f"INSERT INTO {overlay} ({columns}, branch, _del, _tx, _created) "
            f"SELECT {columns}, ?1, 0, _tx, _created FROM ({below}) AS _c "
            f"WHERE NOT EXISTS (SELECT 1 FROM {overlay} _o WHERE _o.{identity} = _c.{identity} AND _o.branch = ?1)",
            (session.branch,),
        ).rowcount
    if not whole:
        copied += _copy_deletions(session, table)
    driver.execute(
        "INSERT INTO _layer VALUES (?, ?, 0, ?, ?) ON CONFLICT (branch, table_id) DO UPDATE "
        "SET covers = CASE WHEN covers = 'all' THEN covers ELSE excluded.covers END, covered = excluded.covered",
        (table.id, session.branch, "all" if whole else "branches", last_commit(driver)),
    )
    return copied


def _copy_deletions(session: Session, table: StoredTable) -> int:
    """Copy what branches below have deleted: without them, main's rows would be seen again."""
    columns, overlay = ", ".join(map(quote, table.stored)), quote(table.overlay)
    identity = quote(table.identity.physical)
    copied = 0
    for branch, bound, _ in session.catalog.place.layers[1:]:
        places = {
            overlay: ("_tx", f"_d._tx <= {bound}"),
            quote(table.history): ("_from", f"_d._from <= {bound} AND _d._to > {bound}"),
        }
        for place, (commit, until) in places.items() if branch != MAIN else ():
            copied += session.driver.execute(
                f"INSERT INTO {overlay} ({columns}, branch, _del, _tx, _created) "
                f"SELECT {columns}, ?1, 1, {commit}, _created FROM {place} _d "
                f"WHERE _d.branch = ?2 AND _d._del = 1 AND {until} "
                f"AND NOT EXISTS (SELECT 1 FROM {overlay} _o WHERE _o.{identity} = _d.{identity} AND _o.branch = ?1)",
                (session.branch, branch),
            ).rowcount
    return copied
