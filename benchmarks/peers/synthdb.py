"""SynthDB: host and core as installed, the data loaded by its own import command."""

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
from benchmarks.process import run_to_end

__all__ = ["SynthDB"]

_WHOLE = (("Prefer", "return=representation"),)
_MINIMAL = (("Prefer", "return=minimal"),)


class SynthDB(Peer):
    """One worker, built-in access, full durability: the defaults."""

    name = "SynthDB"

    def prepare(self) -> None:
        """Import a SQLite file with the rows, keys and index."""
        write_sqlite(self.folder / "source.db", items(self.rows))
        command = [str(SCRIPTS / "synthdb"), "import", "source.db", "--db", "bench", "--data", "data"]
        run_to_end(command, self.folder, self.environment)

    def command(self, port: int) -> Sequence[str]:
        """Serve as shipped."""
        options = ["--host", "127.0.0.1", "--port", str(port), "--data", "data"]
        return [str(SCRIPTS / "synthdb"), "serve", *options]

    def exchange(self, case: str, number: int) -> Exchange | None:
        """Ask the REST interface."""
        table = "/rest/v1/bench/items"
        if case == POINT:
            return Exchange("GET", f"{table}/{number}")
        if case == LIST:
            return Exchange("GET", f"{table}?active=is.true&order=price.desc&limit={LIST_LIMIT}")
        if case == INSERT:
            return Exchange("POST", table, encoded(fields(new_row(number))), _WHOLE)
        if case == BULK:
            rows = [fields(new_row(number * BULK_ROWS + n)) for n in range(BULK_ROWS)]
            return Exchange("POST", table, encoded(rows), _MINIMAL)
        return None

    def count(self) -> int:
        """Count the rows in its file, which is a plain SQLite table."""
        return count_rows(self.folder / "data" / "databases" / "bench.db")
