"""The seal of a database that lies elsewhere: a plugin that it needs and that is nowhere."""

from typing import Any

import msgspec

from synthdb_host.contracts import ELSEWHERE

__all__ = ["mark"]


def mark(driver: Any, *, sealed: bool) -> None:  # noqa: ANN401 - SQLite's connection, or one that does what it does
    """Seal a database or take the seal off; every process hears of it before it does anything else there."""
    if not driver.in_transaction:
        driver.execute("BEGIN IMMEDIATE")
    names = frozenset(msgspec.json.decode(driver.execute("SELECT requires FROM _meta").fetchone()[0]))
    if (changed := names | {ELSEWHERE} if sealed else names - {ELSEWHERE}) != names:
        text = msgspec.json.encode(sorted(changed)).decode()
        driver.execute("UPDATE _meta SET requires = ?, catalog = catalog + 1, layout = layout + 1", (text,))
    driver.execute("COMMIT")
