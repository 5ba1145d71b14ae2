"""How much room tables, their history and their branches take."""

import sqlite3
from typing import Final

from synthdb.catalog.model import StoredCatalog
from synthdb.engine.naming import quote
from synthdb.engine.versions.images import Row
from synthdb.engine.versions.results import result
from synthdb_host.contracts import Result

__all__ = ["report_storage"]

_COLUMNS: Final = (("table", "text"), ("kind", "text"), ("rows", "integer"), ("bytes", "integer"))


def report_storage(driver: sqlite3.Connection, catalog: StoredCatalog, hidden: frozenset[str]) -> Result:
    """Count rows and bytes of every table: its rows, their history, the rows of branches, and the indexes.

    Bytes are unknown where SQLite was built without its ``dbstat`` table.
    """
    sizes = _sizes(driver)
    lines: list[Row] = []
    for table in catalog.tables.values():
        if table.name not in hidden:
            kinds = {"rows": table.physical, "history": table.history, "branches": table.overlay}
            present = {kind: name for kind, name in kinds.items() if _exists(driver, name)}
            lines += [(table.name, kind, _count(driver, name), sizes.get(name)) for kind, name in present.items()]
            indexes = [name for part in present.values() for name in _indexes(driver, part)]
            lines.append((table.name, "indexes", None, sum(sizes.get(name, 0) for name in indexes) if sizes else None))
    return result(_COLUMNS, lines)


def _exists(driver: sqlite3.Connection, name: str) -> bool:
    return driver.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone() is not None


def _count(driver: sqlite3.Connection, name: str) -> int:
    return int(driver.execute(f"SELECT count(*) FROM {quote(name)}").fetchone()[0])


def _indexes(driver: sqlite3.Connection, table: str) -> list[str]:
    return [name for (name,) in driver.execute("SELECT name FROM pragma_index_list(?)", (table,))]


def _sizes(driver: sqlite3.Connection) -> dict[str, int]:
    if not driver.execute("SELECT 1 FROM pragma_module_list WHERE name = 'dbstat'").fetchone():
        return {}
    return dict(driver.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall())
