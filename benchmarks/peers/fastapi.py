"""FastAPI with SQLAlchemy, run by uvicorn with one worker."""

from collections.abc import Sequence

from benchmarks.data import LIST_LIMIT, items, write_sqlite
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

__all__ = ["FastApi"]


class FastApi(Peer):
    """The application of :mod:`benchmarks.peers.fastapi_app`."""

    name = "FastAPI + SQLAlchemy"

    def prepare(self) -> None:
        """Write the SQLite file and say where it is."""
        write_sqlite(self.folder / "items.db", items(self.rows))
        self.environment["DATABASE_URL"] = f"sqlite:///{self.folder / 'items.db'}"

    def command(self, port: int) -> Sequence[str]:
        """Start uvicorn; it takes uvloop by itself where it is installed."""
        options = ["--host=127.0.0.1", f"--port={port}", "--no-access-log"]
        return [str(SCRIPTS / "uvicorn"), *options, "benchmarks.peers.fastapi_app:app"]

    def exchange(self, case: str, number: int) -> Exchange | None:
        """Ask the application's own addresses."""
        if case == POINT:
            return Exchange("GET", f"/items/{number}")
        if case == LIST:
            return Exchange("GET", f"/items?active=true&limit={LIST_LIMIT}")
        if case == INSERT:
            return Exchange("POST", "/items", encoded(fields(new_row(number))))
        if case == BULK:
            rows = [fields(new_row(number * BULK_ROWS + n)) for n in range(BULK_ROWS)]
            return Exchange("POST", "/items/bulk", encoded(rows))
        return None

    def count(self) -> int:
        """Count the rows in the file."""
        return count_rows(self.folder / "items.db")
