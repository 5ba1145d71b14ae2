"""Tables of one name that branches make independently of each other.

They are one table from the start: the branch that makes the second one takes over the id, the counter of identities
and, where name and type are the same, the columns of the first. So rows never share an identity by chance, and a merge
finds a table that both sides have. Tables with keys of another kind stay apart.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec.structs

from synthdb.catalog.places import place_of
from synthdb.catalog.records import ColumnRecord, TableRecord
from synthdb.catalog.store import read_records
from synthdb.engine.columns import COLUMNS_PER_TABLE, column_record, new_column
from synthdb.engine.naming import physical_column, quote
from synthdb.engine.session import Session
from synthdb.storage.codecs import codec_of
from synthdb_host.catalog import Column

__all__ = ["Namesake", "find_namesake", "take_over"]

_NAME: Final = "json_extract(definition, '$.name') = ? COLLATE NOCASE"
_NAMED: Final = f"SELECT DISTINCT table_id FROM _table_version WHERE {_NAME} ORDER BY 1"
_SHOWING: Final = (
    "SELECT v.branch FROM _table_version v JOIN _branch b ON b.id = v.branch WHERE v.table_id = ?1 "
    "AND b.name IS NOT NULL UNION SELECT b.id FROM _table_version v JOIN _branch b ON b.parent = v.branch "
    "AND b.fork >= v.from_tx AND b.fork < v.to_tx WHERE v.table_id = ?1 AND b.name IS NOT NULL ORDER BY 1 LIMIT 100"
)


@dataclass(frozen=True, slots=True)
class Namesake:
    """A table as another branch shows it; ``columns`` are its ids and records of columns by name."""

    id: int
    physical: str
    record: TableRecord
    columns: dict[str, tuple[int, ColumnRecord]]

    def is_like(self, columns: Sequence[Column], key: Sequence[str], generated: str) -> bool:
        """Say whether rows of a new table, the identity its first column, would be known in the same way."""
        wanted = {column.name: str(column.type) for column in columns}
        names = (columns[0].name, *(key or (columns[0].name,)))
        known = [self.columns.get(name, (0, None)) for name in names]
        return (
            self.record.generated == generated
            and (self.record.identity, *self.record.key) == tuple(number for number, _ in known)
            and all(record is not None and record.type == wanted[record.name] for _, record in known)
        )


def find_namesake(session: Session, name: str) -> Namesake | None:
    """Find a table of this name that another branch has, and that this one has never had."""
    if session.marks.pinned < 0:
        return None
    ids = [table_id for (table_id,) in session.driver.execute(_NAMED, (name,))]
    known = session.records().tables if ids else {}
    for table_id in ids:
        found = None if table_id in known else next(_shown(session.driver, table_id, name), None)
        if found is not None:
            return found
    return None


def _shown(driver: sqlite3.Connection, table_id: int, name: str) -> Iterator[Namesake]:
    for (branch,) in driver.execute(_SHOWING, (table_id,)).fetchall():
        records = read_records(driver, place_of(driver, branch))
        record = records.tables.get(table_id)
        if record is not None and not record.dropped and record.name.casefold() == name.casefold():
            own = records.columns[table_id].items()
            columns = {item.name: (number, item) for number, item in own if not item.dropped}
            yield Namesake(table_id, records.physical[table_id], record, columns)


def take_over(
    session: Session, namesake: Namesake, columns: Sequence[Column], record: TableRecord, key: Sequence[str]
) -> bool:
    """Make a table on this branch of what is there for another one; False if there is no room for its columns."""
    pragma = session.driver.execute("SELECT name FROM pragma_table_info(?)", (namesake.physical,))
    stored = [name for (name,) in pragma]
    if len(stored) + len(columns) > COLUMNS_PER_TABLE:
        return False
    ids = {column.name: _column(session, namesake, column, stored) for column in columns}
    identity = ids[columns[0].name]
    keys = tuple(ids[name] for name in key) or (identity,)
    session.versions.put_table(namesake.id, msgspec.structs.replace(record, identity=identity, key=keys))
    return True


def _column(session: Session, namesake: Namesake, column: Column, stored: list[str]) -> int:
    """Write down a column: the one of the same name and type, or a new one; gives its id."""
    number, known = namesake.columns.get(column.name, (0, None))
    if known is not None and known.type == str(column.type):
        session.versions.put_column(number, column_record(column, known.physical, known.affinity))
        return number
    physical = physical_column(column.name, stored)
    stored.append(physical)
    for part in session.parts(namesake.physical):
        kind = codec_of(column.type).declared
        session.driver.execute(f"ALTER TABLE {quote(part)} ADD COLUMN {quote(physical)} {kind}")
    return new_column(session, namesake.id, column, physical)
