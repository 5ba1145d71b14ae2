"""The saved queries that a caller may see and call at a ref, through the gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from synthdb.queries.saved import TABLE, SavedQuery
from synthdb.queries.store import Draft, select_all
from synthdb_host.catalog import Catalog
from synthdb_host.contracts import Context
from synthdb_host.errors import RequestError
from synthdb_host.gate import Gate
from synthdb_host.operations import Ref

__all__ = ["SeenQueries"]

_MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class SeenQueries:
    """The rows of the saved queries as a caller sees them, the first thousand by name.

    ``version`` is another one when they are others.
    """

    gate: Gate
    database: str
    ref: Ref
    rows: Sequence[Mapping[str, Any]] = ()
    version: bytes = b""

    @classmethod
    async def read(cls, gate: Gate, database: str, ref: Ref, catalog: Catalog, caller: Context) -> "SeenQueries":
        """Read the rows; there are none for who may not read them."""
        if TABLE not in catalog.tables:
            return cls(gate, database, ref)
        try:
            result = await gate.execute(database, replace(select_all(ref), limit=_MOST), caller)
        except RequestError:
            return cls(gate, database, ref)
        return cls(gate, database, ref, result.python(), result.json())

    async def usable(self, catalog: Catalog, caller: Context) -> tuple[SavedQuery, ...]:
        """Give the queries that the caller may call, with the columns and types that their rows have now."""
        queries = SavedQuery.of_rows(self.rows, catalog)
        found = [await self._explained(query, caller) for query in queries]
        return tuple(query for query in found if query is not None)

    async def _explained(self, query: SavedQuery, caller: Context) -> SavedQuery | None:
        draft = Draft(query.name, query.sql, query.description, query.parameters)
        try:
            return draft.checked((await self.gate.execute(self.database, draft.explanation(self.ref), caller)).python())
        except RequestError:
            return None
