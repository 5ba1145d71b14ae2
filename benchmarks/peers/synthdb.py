"""SynthDB: host and core as installed, the data loaded by its own import command."""

import json
from collections.abc import Sequence
from typing import Any

from benchmarks.data import LIST_LIMIT, items, write_sqlite
from benchmarks.load import Exchange
from benchmarks.peers.base import (
    BULK,
    BULK_ROWS,
    GRAPHQL_LIST,
    GRAPHQL_POINT,
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
from benchmarks.peers.graphql import FIELDS, asked, found
from benchmarks.process import run_to_end

__all__ = ["SynthDB"]

_WHOLE = (("Prefer", "return=representation"),)
_MINIMAL = (("Prefer", "return=minimal"),)
_GRAPHQL = "/graphql/v1/bench"
_BY_KEY = f"query ($id: bigint!) {{ items_by_pk(id: $id) {{ {FIELDS} }} }}"
_DEAREST = f"""query ($active: Boolean!, $limit: Int!) {{
  items(where: {{active: {{_eq: $active}}}}, order_by: {{price: desc}}, limit: $limit) {{ {FIELDS} }}
}}"""


class SynthDB(Peer):
    """One worker, built-in access, full durability: the defaults."""

    name = "SynthDB"

    def prepare(self) -> None:
        """Import a SQLite file with the rows, keys and index.

        What is in this repository, too, but not in the distribution of core, is left out.
        """
        enabled = json.dumps(["core", "compression", "cors"])
        chosen = {"SYNTHDB_PLUGINS__AUTOLOAD": "false", "SYNTHDB_PLUGINS__ENABLED": enabled}
        self.environment = chosen | self.environment
        write_sqlite(self.folder / "source.db", items(self.rows))
        command = [str(SCRIPTS / "synthdb"), "import", "source.db", "--db", "bench", "--data", "data"]
        run_to_end(command, self.folder, self.environment)

    def command(self, port: int) -> Sequence[str]:
        """Serve as shipped."""
        options = ["--host", "127.0.0.1", "--port", str(port), "--data", "data"]
        return [str(SCRIPTS / "synthdb"), "serve", *options]

    def exchange(self, case: str, number: int) -> Exchange | None:
        """Ask the REST interface, or the GraphQL one."""
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
        if case == GRAPHQL_POINT:
            return asked(_GRAPHQL, _BY_KEY, id=number)
        if case == GRAPHQL_LIST:
            return asked(_GRAPHQL, _DEAREST, active=True, limit=LIST_LIMIT)
        return None

    def records(self, case: str, document: Any) -> list[dict[str, Any]]:
        """Find the rows."""
        return found(document) if case in {GRAPHQL_POINT, GRAPHQL_LIST} else super().records(case, document)

    def count(self) -> int:
        """Count the rows in its file, which is a plain SQLite table."""
        return count_rows(self.folder / "data" / "databases" / "bench.db")
