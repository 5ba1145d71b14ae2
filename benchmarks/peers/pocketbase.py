"""PocketBase, its real binary, with the one table that its migration makes, open to everybody."""

import json
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, Final

from benchmarks.data import COLUMNS, INDEX, LIST_LIMIT, items
from benchmarks.load import Exchange
from benchmarks.peers.base import (
    BULK,
    BULK_ROWS,
    INSERT,
    LIST,
    POINT,
    SCRIPTS,
    Peer,
    encoded,
    fields,
    new_row,
)
from benchmarks.peers.files import count_rows

__all__ = ["PocketBase"]

_KINDS: Final = ("text", "text", "number", "number", "text", "bool", "text")
_MIGRATION: Final = """
migrate((app) => {
  app.save(new Collection(%s));
  const settings = app.settings();
  settings.batch.enabled = true;
  settings.batch.maxRequests = 1000;
  settings.batch.timeout = 30;
  app.save(settings);
}, (app) => {});
"""
_RECORDS: Final = "/api/collections/items/records"


class PocketBase(Peer):
    """One Go process on one CPU; its ids are texts of 15 characters."""

    name = "PocketBase"

    def prepare(self) -> None:
        """Let its own migration make the table, and fill it."""
        self.environment["GOMAXPROCS"] = "1"
        migrations = self.folder / "pb_migrations"
        migrations.mkdir()
        (migrations / "1_items.js").write_text(_MIGRATION % json.dumps(_collection()))
        command = [str(SCRIPTS / "pocketbase"), "migrate", "up", *self._folders()]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        names = ", ".join(COLUMNS)
        with closing(sqlite3.connect(self.folder / "pb_data" / "data.db")) as connection, connection:
            connection.executemany(
                f"INSERT INTO items ({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                ((f"{row[0]:015}", *row[1:]) for row in items(self.rows)),
            )

    def command(self, port: int) -> Sequence[str]:
        """Serve as shipped."""
        return [str(SCRIPTS / "pocketbase"), "serve", f"--http=127.0.0.1:{port}", *self._folders()]

    def exchange(self, case: str, number: int) -> Exchange | None:
        """Ask its records API; many rows go through its batch API."""
        if case == POINT:
            return Exchange("GET", f"{_RECORDS}/{number:015}")
        if case == LIST:
            query = f"filter=(active=true)&sort=-price&perPage={LIST_LIMIT}&skipTotal=1"
            return Exchange("GET", f"{_RECORDS}?{query}")
        if case == INSERT:
            return Exchange("POST", _RECORDS, encoded(fields(new_row(number))))
        if case == BULK:
            rows = (fields(new_row(number * BULK_ROWS + n)) for n in range(BULK_ROWS))
            requests = [{"method": "POST", "url": _RECORDS, "body": row} for row in rows]
            return Exchange("POST", "/api/batch", encoded({"requests": requests}))
        return None

    def records(self, case: str, document: Any) -> list[dict[str, Any]]:
        """Find the rows."""
        return list(document["items"]) if case == LIST else [document]

    def record(self, entry: dict[str, Any]) -> Mapping[str, object]:
        """Take the id that it made itself for no number, which it is not."""
        return entry if entry["id"].isdigit() else entry | {"id": 0}

    def count(self) -> int:
        """Count the rows in its file."""
        return count_rows(self.folder / "pb_data" / "data.db")

    def _folders(self) -> list[str]:
        return [f"--dir={self.folder / 'pb_data'}", f"--migrationsDir={self.folder / 'pb_migrations'}"]


def _collection() -> dict[str, Any]:
    columns = [{"name": name, "type": kind} for name, kind in zip(COLUMNS[1:], _KINDS, strict=True)]
    open_to_all = dict.fromkeys(("listRule", "viewRule", "createRule"), "")
    return {"type": "base", "name": "items", **open_to_all, "fields": columns, "indexes": [INDEX]}
