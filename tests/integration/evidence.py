"""What a database file shows, read with plain SQLite, against the books of its writers."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from tests.integration.load import BALANCE, Books, Pair

__all__ = ["commit_faults", "faults", "file_faults", "unanswered_but_there"]


def faults(database: Path, books: Sequence[Books]) -> list[str]:
    """List everything that is lost, doubled, half there or out of order; nothing if all is well."""
    with closing(sqlite3.connect(database)) as file:
        found = [*_file_faults(file), *_event_faults(file, books)]
        for number, writer in enumerate(books, start=1):
            found += _pair_faults(file, "accounts", "balance", "side", number, writer.accounts)
            found += _pair_faults(file, "panels", "turn", "place", number, writer.panel)
        total = file.execute("SELECT sum(balance) FROM accounts").fetchone()[0]
        if total != 2 * BALANCE * len(books):
            found.append(f"the balances add up to {total}")
        return found


def file_faults(database: Path) -> list[str]:
    """List what is wrong with a file in itself: its pages, its commits, and the history of its rows."""
    with closing(sqlite3.connect(database)) as file:
        return list(_file_faults(file))


def commit_faults(database: Path) -> list[str]:
    """List what is wrong with a file's pages and the order of its commits, of whatever branch."""
    with closing(sqlite3.connect(database)) as file:
        return list(_commit_faults(file))


def _commit_faults(file: sqlite3.Connection) -> Iterator[str]:
    integrity = file.execute("PRAGMA integrity_check").fetchall()
    if integrity != [("ok",)]:
        yield f"integrity: {integrity}"
    commits = file.execute("SELECT id, at FROM _tx ORDER BY id").fetchall()
    if [number for number, _ in commits] != list(range(1, len(commits) + 1)):
        yield "commit ids have gaps"
    if any(first[1] >= second[1] for first, second in pairwise(commits)):
        yield "commit times are not in the order of their ids"


def _file_faults(file: sqlite3.Connection) -> Iterator[str]:
    yield from _commit_faults(file)
    for table_id, physical in file.execute("SELECT id, physical FROM _table"):
        yield from _count_faults(file, table_id, physical)
        yield from _history_faults(file, physical)


def _count_faults(file: sqlite3.Connection, table_id: int, physical: str) -> Iterator[str]:
    """Compare the commits' tallies with the rows that are there."""
    tallies = [
        json.loads(tables or "{}").get(str(table_id), {}) for (tables,) in file.execute("SELECT tables FROM _tx")
    ]
    told = sum(tally.get("inserted", 0) - tally.get("deleted", 0) for tally in tallies)
    there = file.execute(f'SELECT count(*) FROM "{physical}"').fetchone()[0]
    if told != there:
        yield f"{physical}: the commits tell of {told} rows, there are {there}"


def _history_faults(file: sqlite3.Connection, physical: str) -> Iterator[str]:
    """Check that each row's versions follow each other without a gap, each written by a commit that exists."""
    spans: dict[object, list[tuple[int, int | None]]] = {}
    for id_, start, end in file.execute(f'SELECT id, _from, _to FROM "_h_{physical}" ORDER BY _from'):
        spans.setdefault(id_, []).append((start, end))
    for id_, start, created in file.execute(f'SELECT id, _tx, _created FROM "{physical}"'):
        versions = [*spans.get(id_, []), (start, None)]
        if versions[0][0] != created:
            yield f"{physical} {id_}: created by commit {created}, first version by {versions[0][0]}"
        if any(first[1] != second[0] for first, second in pairwise(versions)):
            yield f"{physical} {id_}: its versions do not follow each other: {versions}"
    last = file.execute("SELECT max(id) FROM _tx").fetchone()[0]
    beyond = file.execute(f'SELECT count(*) FROM "{physical}" WHERE _tx > ?', (last,)).fetchone()[0]
    if beyond:
        yield f"{physical}: {beyond} rows without a commit"


def unanswered_but_there(database: Path, books: Sequence[Books]) -> list[str]:
    """Name the inserts that took effect though their clients were never told."""
    with closing(sqlite3.connect(database)) as file:
        there = {request for (request,) in file.execute("SELECT DISTINCT request FROM events")}
    return sorted(there & {name for writer in books for name in writer.unknown})


def _event_faults(file: sqlite3.Connection, books: Sequence[Books]) -> Iterator[str]:
    """Acknowledged inserts are wholly there, refused ones are not, the others are there wholly or not at all."""
    groups = 'SELECT request, count(*), count(DISTINCT part), max("of") FROM events GROUP BY request'
    there = {request: tuple(counts) for request, *counts in file.execute(groups)}
    acknowledged = {name: count for writer in books for name, count in writer.acknowledged.items()}
    unknown = {name for writer in books for name in writer.unknown}
    for name, count in acknowledged.items():
        if there.get(name) != (count, count, count):
            yield f"event {name} of {count} rows was acknowledged; there are {there.get(name)}"
    for name, (rows, parts, wanted) in there.items():
        if not rows == parts == wanted:
            yield f"event {name} is there in part: {rows} rows, {parts} parts of {wanted}"
        if name not in acknowledged and name not in unknown:
            yield f"event {name} is there, but was refused or never sent"


def _pair_faults(
    file: sqlite3.Connection, table: str, column: str, order: str, writer: int, pair: Pair
) -> Iterator[str]:
    rows = file.execute(f"SELECT {column} FROM {table} WHERE writer = ? ORDER BY {order}", (writer,))
    state = tuple(value for (value,) in rows)
    if state not in (pair.known, pair.asked):
        yield f"{table} of writer {writer} hold {state}, neither {pair.known} nor {pair.asked}"
