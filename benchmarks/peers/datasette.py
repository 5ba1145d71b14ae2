"""Datasette: the stable release, which reads, and the next one, which writes too."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
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

__all__ = ["Datasette", "DatasetteGraphql", "DatasetteNext"]

# Counts, facets and suggestions cost a second on this table; they are switched off.
_LEAN = "_nocount=1&_nofacet=1&_nosuggest=1"
_BY_KEY = f"query ($id: Int!) {{ items_row(id: $id) {{ {FIELDS} }} }}"
_DEAREST = f"""query ($active: Int!, $limit: Int!) {{
  items(filter: {{active: {{eq: $active}}}}, sort_desc: price, first: $limit) {{ nodes {{ {FIELDS} }} }}
}}"""


class Datasette(Peer):
    """The stable release."""

    name = "Datasette 0.65"

    def prepare(self) -> None:
        """Write the SQLite file."""
        write_sqlite(self.folder / "bench.db", items(self.rows))

    def command(self, port: int) -> Sequence[str]:
        """Serve the file."""
        return [str(SCRIPTS / "datasette"), "serve", "bench.db", f"--port={port}"]

    def exchange(self, case: str, number: int) -> Exchange | None:
        """Ask for plain arrays of rows; there is nothing to write with."""
        if case == POINT:
            return Exchange("GET", f"/bench/items/{number}.json?_shape=objects")
        if case == LIST:
            shape = f"_shape=array&active=1&_sort_desc=price&_size={LIST_LIMIT}&{_LEAN}"
            return Exchange("GET", f"/bench/items.json?{shape}")
        return None

    def records(self, case: str, document: Any) -> list[dict[str, Any]]:
        """Find the rows."""
        return list(document) if case == LIST else list(document["rows"])

    def count(self) -> int:
        """Count the rows in the file."""
        return count_rows(self.folder / "bench.db")


@dataclass
class DatasetteNext(Datasette):
    """The next release, in an environment of its own; it has an API to write with."""

    name = "Datasette 1.0a"

    program: Path = SCRIPTS / "datasette"

    def command(self, port: int) -> Sequence[str]:
        """Serve the file to be written by anybody."""
        config = {"settings": {"max_insert_rows": BULK_ROWS}, "permissions": {"insert-row": True}}
        (self.folder / "datasette.json").write_text(json.dumps(config))
        return [str(self.program), "serve", "bench.db", f"--port={port}", "--config=datasette.json"]

    def exchange(self, case: str, number: int) -> Exchange | None:
        """Insert one row or many in one request."""
        address = "/bench/items/-/insert"
        if case == INSERT:
            return Exchange("POST", address, encoded({"row": fields(new_row(number))}))
        if case == BULK:
            rows = [fields(new_row(number * BULK_ROWS + n)) for n in range(BULK_ROWS)]
            return Exchange("POST", address, encoded({"rows": rows}))
        return super().exchange(case, number)


@dataclass
class DatasetteGraphql(Datasette):
    """The stable release with its GraphQL plugin, in an environment of its own."""

    name = "datasette-graphql"

    program: Path = SCRIPTS / "datasette"

    def command(self, port: int) -> Sequence[str]:
        """Serve the file."""
        return [str(self.program), "serve", "bench.db", f"--port={port}"]

    def exchange(self, case: str, number: int) -> Exchange | None:
        """Ask the plugin alone."""
        if case == GRAPHQL_POINT:
            return asked("/graphql", _BY_KEY, id=number)
        if case == GRAPHQL_LIST:
            return asked("/graphql", _DEAREST, active=1, limit=LIST_LIMIT)
        return None

    def records(self, case: str, document: Any) -> list[dict[str, Any]]:
        """Find the rows."""
        return found(document)
