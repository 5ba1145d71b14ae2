"""A copy of a database at a place of another kind, made while others use it, that then takes its place.

Both kinds of storage keep the same values in the same tables. So the tables are copied as they are at one moment, and
read again and compared by a hash; what commits have changed since is brought over by what the log and the histories
say; the last of it with writers kept out. What no commit says, such as what forgetting removes, has marks in the
engine's tables: where those have changed, the users' tables are copied anew.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg

from synthdb.engine.moving.ends import end_of
from synthdb.engine.moving.tables import copy_rows, hash_of, make, own_tables, shape_of, user_tables
from synthdb.engine.naming import quote
from synthdb.storage.connections import is_sqlite
from synthdb.storage.layout import create_layout
from synthdb_host.contracts import Placement
from synthdb_host.errors import InternalError, Unavailable

__all__ = ["CrossRelocation"]

_ROUNDS: Final = 5
_FEW: Final = 20
_LEFT_OUT: Final = ("_record", "_answer")
_MARKS: Final = (
    "SELECT horizon, swept FROM _meta", "SELECT table_id, branch, covers, covered FROM _layer ORDER BY 1, 2",
    "SELECT id, part, position FROM _backfill ORDER BY 1", "SELECT id, forgotten FROM _branch WHERE forgotten <> 0",
)  # fmt: skip
_NUMBERING: Final = (
    "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
    "WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND a.attidentity = 'd'"
)


class CrossRelocation:
    """Implements :class:`synthdb_host.contracts.Relocation` between files and schemas of servers.

    Args:
        source: the database.
        target: where its copy will be.
        seconds: how long others are waited for.

    Raises:
        UnknownDatabase: there is no source.
    """

    def __init__(self, source: Placement, target: Placement, seconds: float) -> None:
        self._source, self._target = end_of(source, seconds), end_of(target, seconds)
        self._head = 0
        self._known: list[Any] = []
        self._is_paused = False
        with _translated():
            self._source.require()

    def check(self) -> None:
        """Refuse a target at which something lies."""
        with _translated():
            self._target.require_free()

    def copy(self, progress: Callable[[float], None]) -> str:
        """Copy one state, durable, while others go on, and what they did; gives the hash of what was copied."""
        with _translated():
            self._target.grow()
            source, target = self._source.driver, self._target.driver
            with _moment(source), _writing(target):
                digest = self._whole(source, target, progress)
            with _moment(target):
                found = hash_of(target, [*own_tables(target), *_parts(target)])
            if digest != found:
                raise InternalError("The copy is not what was copied.")
            for _ in range(_ROUNDS):
                if self._follow() < _FEW:
                    break
        return digest

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Keep all writers out."""
        with self._source.pause():
            self._is_paused = True
            try:
                yield
            finally:
                self._is_paused = False

    def finish(self, *, fresh: bool) -> None:
        """Make the copy what the source is now, and give it its name; writers must be kept out."""
        with _translated():
            self._follow()
            target = self._target.driver
            if _head(target) != _head(self._source.driver):
                raise InternalError("The copy is not at the commit that the database is at.")
            with _writing(target):
                for table in _LEFT_OUT if fresh else ():
                    target.execute(f"DELETE FROM {table}")
                _number(target)
            self._target.settle()

    def seal(self) -> None:
        """Let nobody write to the source, or read it, ever again; writers must be kept out."""
        with _translated():
            self._source.seal(sealed=True, paused=True)

    def unseal(self) -> None:
        """Let the source be used again, if it was sealed."""
        with _translated():
            self._source.seal(sealed=False, paused=self._is_paused)

    def discard(self) -> None:
        """Remove what there is of an unfinished copy."""
        with _translated():
            self._target.discard()

    def close(self) -> None:
        """Let go of both."""
        self._source.close()
        self._target.close()

    def _whole(self, source: Any, target: Any, progress: Callable[[float], None]) -> str:  # noqa: ANN401 - drivers
        create_layout(target)
        tables = list(user_tables(source).values())
        _copy_own(source, target, _all)
        for number, table in enumerate(tables, start=1):
            _copy_table(source, target, table)
            progress(number / (len(tables) + 1))
        self._head, self._known = _newest(source), _marks(source)
        digest = hash_of(source, [*own_tables(source), *_parts(source)])
        progress(1.0)
        return digest

    def _follow(self) -> int:
        """Bring over what has changed; gives how many commits that were."""
        source, target = self._source.driver, self._target.driver
        with _moment(source), _writing(target):
            since, head = self._head, _newest(source)
            old, new = user_tables(target), user_tables(source)
            for number in old.keys() - new.keys():
                _drop(target, old[number])
            marks = _marks(source)
            changed = new.keys() if marks != self._known else _changed(source, since)
            _copy_own(source, target, lambda table: f" WHERE id > {since}" if table == "_tx" else "")
            for number, table in new.items():
                if number not in old or marks != self._known or shape_of(source, table) != shape_of(target, table):
                    if number in old:
                        _drop(target, table)
                    _copy_table(source, target, table)
                elif number in changed:
                    _bring(source, target, table, since)
            self._head, self._known = head, marks
        return head - since


def _all(_table: str) -> str:
    return ""


def _copy_own(source: Any, target: Any, where: Callable[[str], str]) -> None:  # noqa: ANN401 - drivers
    for table in own_tables(source):
        target.execute(f"DELETE FROM {quote(table)}{where(table)}")
        copy_rows(source, target, table, where(table))


def _copy_table(source: Any, target: Any, table: str) -> None:  # noqa: ANN401 - drivers
    make(source, target, table)
    for part in (table, f"_h_{table}", f"_o_{table}"):
        if shape_of(source, table).overlay or not part.startswith("_o_"):
            copy_rows(source, target, part)


def _drop(driver: Any, table: str) -> None:  # noqa: ANN401 - a driver
    for part in (table, f"_h_{table}", f"_o_{table}"):
        driver.execute(f"DROP TABLE IF EXISTS {quote(part)}")


def _bring(source: Any, target: Any, table: str, since: int) -> None:  # noqa: ANN401 - drivers
    """Bring over the rows of a table that commits have written since, or replaced."""
    shape = shape_of(source, table)
    identity = next(quote(name) for name, _, is_key in shape.columns if is_key)
    has_overlay = bool(shape.overlay)
    ids = f"SELECT {identity} FROM {quote(table)} WHERE _tx > {since}"
    ids += f" UNION SELECT {identity} FROM {quote(f'_h_{table}')} WHERE _to > {since}"
    if has_overlay:
        ids += f" UNION SELECT {identity} FROM {quote(f'_o_{table}')} WHERE _tx > {since}"
    found = [row[0] for row in source.execute(ids).fetchall()]
    copy_rows(source, target, f"_h_{table}", f" WHERE _to > {since}")
    for part in (table, *([f"_o_{table}"] if has_overlay else [])):
        for start in range(0, len(found), _FEW * 25):
            listed = ", ".join(_constant(value) for value in found[start : start + _FEW * 25])
            where = f" WHERE {identity} IN ({listed})"
            target.execute(f"DELETE FROM {quote(part)}{where}")
            copy_rows(source, target, part, where)


def _constant(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def _changed(driver: Any, since: int) -> set[int]:  # noqa: ANN401 - a driver
    """Give the ids of the tables that commits have changed."""
    rows = driver.execute(f"SELECT tables FROM _tx WHERE id > {since}").fetchall()
    return {int(number) for (tables,) in rows for number in json.loads(tables or "{}")}


def _parts(driver: Any) -> list[str]:  # noqa: ANN401 - a driver
    found: list[str] = []
    for table in user_tables(driver).values():
        found += [table, f"_h_{table}", *([f"_o_{table}"] if shape_of(driver, table).overlay else [])]
    return found


def _newest(driver: Any) -> int:  # noqa: ANN401 - a driver
    return int(driver.execute("SELECT coalesce(max(id), 0) FROM _tx").fetchone()[0])


def _marks(driver: Any) -> list[Any]:  # noqa: ANN401 - a driver
    return [[tuple(row) for row in driver.execute(question).fetchall()] for question in _MARKS]


def _head(driver: Any) -> object:  # noqa: ANN401 - a driver
    newest = driver.execute("SELECT id, at, tables FROM _tx ORDER BY id DESC LIMIT 1").fetchone()
    return newest, driver.execute("SELECT * FROM _meta").fetchone()


def _number(driver: Any) -> None:  # noqa: ANN401 - a driver
    """Let the numbers that a server gives go on behind those that were copied."""
    if is_sqlite(driver):
        return
    for table, column in driver.ask(_NUMBERING).fetchall():
        name = quote(table).replace("'", "''")
        newest = f"SELECT max({quote(column)}) FROM {quote(table)}"
        driver.ask(f"SELECT setval(pg_get_serial_sequence('{name}', '{column}'), n) FROM ({newest}) m (n) WHERE n > 0")


@contextmanager
def _moment(driver: Any) -> Iterator[None]:  # noqa: ANN401 - a driver
    """Read one state."""
    driver.execute("BEGIN")
    try:
        yield
    finally:
        driver.rollback()


@contextmanager
def _writing(driver: Any) -> Iterator[None]:  # noqa: ANN401 - a driver
    driver.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        driver.rollback()
        raise
    driver.execute("COMMIT")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, psycopg.Error, OSError) as error:
        raise Unavailable(f"The database cannot be copied: {error}.") from error
