"""Strawberry with SQLAlchemy, run by uvicorn with one worker."""

from collections.abc import Sequence
from typing import Any

from benchmarks.data import LIST_LIMIT, items, write_sqlite
from benchmarks.load import Exchange
from benchmarks.peers.base import GRAPHQL_LIST, GRAPHQL_POINT, SCRIPTS, Peer
from benchmarks.peers.files import count_rows
from benchmarks.peers.graphql import asked, found

__all__ = ["Strawberry"]

_FIELDS = "id name email price qty created_at: createdAt active note"
_BY_KEY = f"query ($id: Int!) {{ item(id: $id) {{ {_FIELDS} }} }}"
_DEAREST = f"query ($active: Boolean!, $limit: Int!) {{ items(active: $active, limit: $limit) {{ {_FIELDS} }} }}"


class Strawberry(Peer):
    """The application of :mod:`benchmarks.peers.strawberry_app`."""

    name = "Strawberry + SQLAlchemy"

    def prepare(self) -> None:
        """Write the SQLite file and say where it is."""
        write_sqlite(self.folder / "items.db", items(self.rows))
        self.environment["DATABASE_URL"] = f"sqlite:///{self.folder / 'items.db'}"

    def command(self, port: int) -> Sequence[str]:
        """Start uvicorn; it takes uvloop by itself where it is installed."""
        options = ["--host=127.0.0.1", f"--port={port}", "--no-access-log"]
        return [str(SCRIPTS / "uvicorn"), *options, "benchmarks.peers.strawberry_app:app"]

    def exchange(self, case: str, number: int) -> Exchange | None:
        """Ask the application's own fields."""
        if case == GRAPHQL_POINT:
            return asked("/graphql", _BY_KEY, id=number)
        if case == GRAPHQL_LIST:
            return asked("/graphql", _DEAREST, active=True, limit=LIST_LIMIT)
        return None

    def records(self, case: str, document: Any) -> list[dict[str, Any]]:
        """Find the rows."""
        return found(document)

    def count(self) -> int:
        """Count the rows in the file."""
        return count_rows(self.folder / "items.db")
