"""Keeping saved queries in an ordinary table, so that branches, history and merges hold for them, too."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Self

from synthdb.importing.bookkeeping import Target
from synthdb.queries.parameters import ParameterSpec, QueryParameter, bound, named_parameters, numbered
from synthdb.queries.saved import TABLE, SavedQuery, table_definition
from synthdb_host.contracts import Result
from synthdb_host.errors import InvalidName, InvalidParameter, NotFound, RequestError
from synthdb_host.operations import (
    Batch,
    ColumnRef,
    Comparison,
    Define,
    Delete,
    Insert,
    OnConflict,
    Order,
    Ref,
    Select,
    Sql,
)
from synthdb_host.versions import Restore

__all__ = [
    "Draft",
    "QueryStore",
    "call_of",
    "keeping",
    "removing",
    "select_all",
    "select_named",
    "unknown_query",
]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")


class QueryStore:
    """The saved queries of one state of a database."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def save(
        self, name: str, sql: str, description: str | None = None, parameters: Mapping[str, ParameterSpec] | None = None
    ) -> SavedQuery:
        """Check a query against the tables there are, and keep it, in place of one of the same name.

        Raises:
            InvalidName: the name is not made of letters, digits, ``_`` and ``-``.
            InvalidParameter: a parameter is not described, or one is described that the statement does not have.
            InvalidSql: it cannot be run here.
        """
        draft = Draft.of(name, sql, description, parameters or {})
        query = draft.checked(self._target.execute(draft.explanation(self._target.ref)).python())
        self._target.execute(keeping(query, self._target.ref))
        return query

    def all(self) -> list[SavedQuery]:
        """Give all saved queries, by name."""
        catalog = self._target.catalog()
        if TABLE not in catalog.tables:
            return []
        rows = self._target.execute(select_all(self._target.ref)).python()
        return SavedQuery.of_rows(rows, catalog)

    def usable(self) -> list[SavedQuery]:
        """Give the queries that can be run, by name, with the types that the columns of their rows have now."""
        found = []
        for query in self.all():
            draft = Draft(query.name, query.sql, query.description, query.parameters)
            with suppress(RequestError):
                found.append(draft.checked(self._target.execute(draft.explanation(self._target.ref)).python()))
        return found

    def get(self, name: str) -> SavedQuery:
        """Give one saved query.

        Raises:
            NotFound: there is none of this name.
        """
        catalog = self._target.catalog()
        rows: list[dict[str, Any]] = []
        if TABLE in catalog.tables:
            rows = self._target.execute(select_named(name, self._target.ref)).python()
        found = SavedQuery.of_rows(rows, catalog)
        if not found:
            raise unknown_query(name, [query.name for query in self.all()])
        return found[0]

    def run(self, name: str, given: Mapping[str, object], limit: int | None = None) -> Result:
        """Run a saved query with values for its parameters.

        Raises:
            NotFound: there is none of this name.
            InvalidParameter, InvalidValue: the values do not fit its parameters.
            InvalidSql: it cannot be run on these tables any more.
        """
        return self._target.execute(call_of(self.get(name), given, limit, self._target.ref))

    def delete(self, name: str) -> None:
        """Remove a saved query; :meth:`restore` brings it back.

        Raises:
            NotFound: there is none of this name.
        """
        self.get(name)
        self._target.execute(removing(name, self._target.ref))

    def restore(self, name: str) -> SavedQuery:
        """Bring a saved query back as it was when it was deleted.

        Raises:
            NotFound: none of this name was ever deleted.
        """
        if TABLE in self._target.catalog().tables:
            self._target.execute(Restore(None, (TABLE,), ((name,),), self._target.ref))
        return self.get(name)


@dataclass(frozen=True, slots=True)
class Draft:
    """A query before the database has said what it reads and gives."""

    name: str
    sql: str
    description: str | None
    parameters: Mapping[str, QueryParameter]

    @classmethod
    def of(cls, name: str, sql: str, description: str | None, parameters: Mapping[str, ParameterSpec]) -> Self:
        """Check the name, and that each parameter of the statement is described.

        Raises:
            InvalidName: the name is not made of letters, digits, ``_`` and ``-``.
            InvalidParameter: a parameter is not described, or one is described that the statement does not have.
        """
        if not _NAME.fullmatch(name):
            raise InvalidName(
                f"A saved query cannot be called {name[:100]!r}.",
                hint="At most 63 letters, digits, _ and -, beginning with a letter.",
            )
        return cls(name, sql, description, _described(sql, parameters))

    def explanation(self, ref: Ref) -> Sql:
        """Give the operation that tells what the statement reads and gives; ``checked`` takes its rows."""
        return Sql(numbered(self.sql), (), None, ref, explain=True)

    def checked(self, steps: Sequence[Mapping[str, Any]]) -> SavedQuery:
        """Give the query as it can be kept."""
        reads = {step["table"]: tuple(step["columns"]) for step in steps[1:] if step["columns"] is not None}
        return SavedQuery(self.name, self.sql, self.description, self.parameters, reads, steps[0]["columns"])


def keeping(query: SavedQuery, ref: Ref) -> Batch:
    """Give the write that keeps a query, in place of one of the same name."""
    kept = Insert.of(TABLE, query.row(), OnConflict(("name",)), None, ref)
    return Batch((Define((table_definition(),), ref), kept), ref)


def removing(name: str, ref: Ref) -> Delete:
    """Give the write that removes a query."""
    return Delete(TABLE, _is(name), ref=ref)


def select_all(ref: Ref) -> Select:
    """Give the read of all queries' rows, by name."""
    return Select(TABLE, order=(Order(ColumnRef("name")),), ref=ref)


def select_named(name: str, ref: Ref) -> Select:
    """Give the read of a query's row in the table that keeps them."""
    return Select(TABLE, where=_is(name), ref=ref)


def call_of(query: SavedQuery, given: Mapping[str, object], limit: int | None, ref: Ref, offset: int = 0) -> Sql:
    """Give the statement of a query with values for its parameters.

    Raises:
        InvalidParameter, InvalidValue: the values do not fit its parameters.
    """
    return Sql(numbered(query.sql), bound(query.sql, query.parameters, given), limit, ref, offset=offset)


def unknown_query(name: str, known: Sequence[str]) -> NotFound:
    """Give the error that there is no query of a name, with one that may have been meant."""
    close = get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else None
    return NotFound(f"There is no saved query {name[:100]!r}.", hint=hint, data={"query": name[:100]})


def _described(sql: str, specs: Mapping[str, ParameterSpec]) -> dict[str, QueryParameter]:
    """Give the parameters in the order of the statement."""
    names = named_parameters(sql)
    unknown, silent = sorted(specs.keys() - set(names)), [name for name in names if name not in specs]
    if unknown:
        raise InvalidParameter(f"The statement has no parameter :{unknown[0]}.")
    if silent:
        raise InvalidParameter(
            f"The parameter :{silent[0]} has no type.",
            hint='Describe it, for example as {"' + silent[0] + '": "text"}.',
        )
    return {name: QueryParameter.of(name, specs[name]) for name in names}


def _is(name: str) -> Comparison:
    return Comparison(ColumnRef("name"), "eq", name)
