"""Conflicts that merges found, and what was decided on them."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from synthdb.catalog.places import Place
from synthdb.engine.session import Session
from synthdb.engine.versions.results import result
from synthdb.engine.versions.row_merging import RowImages
from synthdb_host.contracts import Result
from synthdb_host.errors import Conflict, Forbidden, InvalidParameter
from synthdb_host.merge_reports import OpenConflict
from synthdb_host.versions import Resolve

__all__ = ["Decisions", "close_conflicts", "list_conflicts", "resolve_conflicts", "store_conflicts"]

_COLUMNS: Final = (
    ("source", "text"), ("target", "text"), ("table", "text"), ("key", "json"), ("column", "text"), ("kind", "text"),
    ("base", "json"), ("ours", "json"), ("theirs", "json"), ("detail", "text"), ("resolution", "text"),
    ("value", "json"),
)  # fmt: skip
_CHOICES: Final = ("ours", "theirs", "value", "open")


def _text(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


@dataclass(frozen=True, slots=True)
class _Known:
    choice: str
    value: Any
    seen: tuple[str, str, str]


class Decisions:
    """What was decided on conflicts of merging one branch into another: on cells, whole rows, and the schema."""

    def __init__(self, driver: sqlite3.Connection, source: Place, target: Place) -> None:
        rows = driver.execute(
            "SELECT name, key, cell, kind, detail, choice, value, base, ours, theirs FROM _conflict "
            "WHERE source = ? AND target = ? AND choice IS NOT NULL",
            (source.branch, target.branch),
        )
        self._known = {
            row[:5]: _Known(row[5], msgspec.json.decode(row[6]) if row[6] else None, row[7:10]) for row in rows
        }

    def on(self, conflict: OpenConflict) -> OpenConflict:
        """Give the conflict with its resolution, if one was decided on the same three states."""
        known = self._known.get(_name(conflict))
        if known is None or known.seen != _states(conflict):
            return conflict
        return replace(conflict, resolution=known.choice)

    def has_rows(self, table: str) -> bool:
        """Say whether anything was decided on whole rows of a table."""
        return any(name == table and kind == "row" for name, _, _, kind, _ in self._known)

    def on_row(self, table: str, key: tuple[Any, ...], images: RowImages) -> str | None:
        """Give what was decided on a whole row, if the three states of it were the same then."""
        return self.on(OpenConflict(table, key, None, "row", *images)).resolution

    def value(self, conflict: OpenConflict) -> Any:  # noqa: ANN401 - JSON
        """Give the value that was decided on."""
        return self._known[_name(conflict)].value


def _name(conflict: OpenConflict) -> tuple[str, str | None, str | None, str, str]:
    key = None if conflict.key is None else _text(conflict.key)
    return conflict.table, key, conflict.column, conflict.kind, conflict.detail


def _states(conflict: OpenConflict) -> tuple[str, str, str]:
    return _text(conflict.base), _text(conflict.ours), _text(conflict.theirs)


def store_conflicts(
    session: Session, source: Place, target: Place, conflicts: Sequence[tuple[OpenConflict, RowImages | None]]
) -> None:
    """Keep conflicts, in place of those that are no longer there; decisions stay.

    Each has the row that it is in beside it, so that the whole row can be decided.
    """
    pair = (source.branch, target.branch)
    driver = session.driver
    driver.execute("DELETE FROM _conflict WHERE source = ? AND target = ? AND choice IS NULL", pair)
    driver.execute("UPDATE _conflict SET open = 1 WHERE source = ? AND target = ?", pair)
    for conflict, images in conflicts:
        _put(session, pair, conflict, images, None)


def _put(
    session: Session, pair: tuple[int, int], conflict: OpenConflict, images: RowImages | None, choice: str | None
) -> None:
    known = (*pair, *_name(conflict))
    where = "source = ? AND target = ? AND name = ? AND key IS ? AND cell IS ? AND kind = ? AND detail = ?"
    session.driver.execute(f"DELETE FROM _conflict WHERE {where}", known)
    session.driver.execute(
        "INSERT INTO _conflict (source, target, name, key, cell, kind, detail, base, ours, theirs, row, choice, open) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
        (*known, *_states(conflict), None if images is None else _text(images), choice),
    )


def close_conflicts(session: Session, source: Place, target: Place) -> None:
    """Take note that a merge was made: nothing is in conflict any more, and what was decided is remembered."""
    session.driver.execute(
        "UPDATE _conflict SET open = 0 WHERE source = ? AND target = ?", (source.branch, target.branch)
    )


def list_conflicts(
    driver: sqlite3.Connection, source: Place | None, target: Place, visible: frozenset[str] | None
) -> Result:
    """List the conflicts of merges into a branch that are not done yet, in the tables ``visible`` (None: all)."""
    rows = driver.execute(
        "SELECT s.name, t.name, c.name, c.key, c.cell, c.kind, c.base, c.ours, c.theirs, c.detail, c.choice, c.value "
        "FROM _conflict c JOIN _branch s ON s.id = c.source JOIN _branch t ON t.id = c.target "
        "WHERE c.open AND c.target = ?1 AND (?2 IS NULL OR c.source = ?2) ORDER BY s.name, c.name, c.key, c.cell",
        (target.branch, None if source is None else source.branch),
    )
    json = (3, 6, 7, 8, 11)
    shown = [
        tuple(
            msgspec.json.decode(cell) if place in json and cell is not None else cell for place, cell in enumerate(row)
        )
        for row in rows
        if visible is None or row[2] in visible
    ]
    return result(_COLUMNS, shown)


def resolve_conflicts(session: Session, operation: Resolve, source: Place) -> Result:
    """Decide conflicts: cells and properties one by one, whole rows where a row is named or breaks a constraint.

    Raises:
        InvalidParameter: there is no such choice.
        Conflict: no open conflict is meant.
    """
    if any(limit.rows is not None or limit.hidden for limit in session.restrictions.tables.values()):
        raise Forbidden("Some tables are restricted for you, so you cannot decide conflicts.")
    if operation.choice not in _CHOICES:
        raise InvalidParameter(f"{operation.choice!r} is no choice.", hint=f"Choose {', '.join(_CHOICES)}.")
    meant = _meant(session, operation, source)
    if not meant:
        raise Conflict("There is no such open conflict.", hint="List them first; a merge finds them.")
    choice = None if operation.choice == "open" else operation.choice
    value = _text(operation.value) if operation.choice == "value" else None
    for _, name, _, _, _, cell in meant if value is not None else ():
        # A value that does not fit would let every later merge fail.
        session.table(name).column(cell).codec.encode(operation.value)
    for conflict, name, key, kind, images, _ in meant:
        session.driver.execute("UPDATE _conflict SET choice = ?, value = ? WHERE id = ?", (choice, value, conflict))
        whole = kind == "constraint" or (operation.key is not None and operation.column is None)
        if whole and kind != "row" and images is not None:
            row = OpenConflict(name, tuple(msgspec.json.decode(key)), None, "row", *msgspec.json.decode(images))
            _put(session, (source.branch, session.branch), row, msgspec.json.decode(images), choice)
    return Result(affected=len(meant))


def _meant(session: Session, operation: Resolve, source: Place) -> list[tuple[int, str, str, str, str | None, str]]:
    where, parameters = "source = ? AND target = ? AND open", [source.branch, session.branch]
    chosen: list[tuple[str, Any]] = [("name", operation.table), ("cell", operation.column)]
    chosen.append(("key", None if operation.key is None else _text(list(operation.key))))
    for column, value in chosen:
        if value is not None:
            where += f" AND {column} = ?"
            parameters.append(value)
    if operation.choice == "value":
        where += " AND kind = 'cell'"
    return session.driver.execute(
        f"SELECT id, name, key, kind, row, cell FROM _conflict WHERE {where}", parameters
    ).fetchall()
