"""Keeping saved queries in an ordinary table, so that branches, history and merges hold for them, too."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from synthdb.importing.bookkeeping import Target
from synthdb.queries.parameters import ParameterSpec, QueryParameter, bound, named_parameters, numbered
from synthdb.queries.saved import TABLE, SavedQuery, table_definition
from synthdb_host.contracts import Result
from synthdb_host.errors import InvalidName, InvalidParameter, NotFound
from synthdb_host.operations import (
    Batch,
    ColumnRef,
    Comparison,
    Define,
    Delete,
    Insert,
    OnConflict,
    Order,
    Select,
    Sql,
)
from synthdb_host.versions import Restore

__all__ = ["QueryStore"]

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
        if not _NAME.fullmatch(name):
            raise InvalidName(
                f"A saved query cannot be called {name!r}.",
                hint="At most 63 letters, digits, _ and -, beginning with a letter.",
            )
        known = _described(sql, parameters or {})
        steps = self._target.execute(Sql(numbered(sql), (), None, self._target.ref, explain=True)).python()
        reads = {step["table"]: tuple(step["columns"]) for step in steps[1:] if step["columns"] is not None}
        query = SavedQuery(name, sql, description, known, reads, steps[0]["columns"])
        made = Define((table_definition(),), self._target.ref)
        kept = Insert.of(TABLE, query.row(), OnConflict(("name",)), None, self._target.ref)
        self._target.execute(Batch((made, kept), self._target.ref))
        return query

    def all(self) -> list[SavedQuery]:
        """Give all saved queries, by name."""
        catalog = self._target.catalog()
        if TABLE not in catalog.tables:
            return []
        select = Select(TABLE, order=(Order(ColumnRef("name")),), ref=self._target.ref)
        return [SavedQuery.of_row(row, catalog) for row in self._target.execute(select).python()]

    def get(self, name: str) -> SavedQuery:
        """Give one saved query.

        Raises:
            NotFound: there is none of this name.
        """
        catalog = self._target.catalog()
        rows: list[dict[str, Any]] = []
        if TABLE in catalog.tables:
            rows = self._target.execute(Select(TABLE, where=_is(name), ref=self._target.ref)).python()
        if not rows:
            raise self._unknown(name)
        return SavedQuery.of_row(rows[0], catalog)

    def run(self, name: str, given: Mapping[str, object], limit: int | None = None) -> Result:
        """Run a saved query with values for its parameters.

        Raises:
            NotFound: there is none of this name.
            InvalidParameter, InvalidValue: the values do not fit its parameters.
            InvalidSql: it cannot be run on these tables any more.
        """
        query = self.get(name)
        values = bound(query.sql, query.parameters, given)
        return self._target.execute(Sql(numbered(query.sql), values, limit, self._target.ref))

    def delete(self, name: str) -> None:
        """Remove a saved query; :meth:`restore` brings it back.

        Raises:
            NotFound: there is none of this name.
        """
        self.get(name)
        self._target.execute(Delete(TABLE, _is(name), ref=self._target.ref))

    def restore(self, name: str) -> SavedQuery:
        """Bring a saved query back as it was when it was deleted.

        Raises:
            NotFound: none of this name was ever deleted.
        """
        if TABLE in self._target.catalog().tables:
            self._target.execute(Restore(None, (TABLE,), ((name,),), self._target.ref))
        return self.get(name)

    def _unknown(self, name: str) -> NotFound:
        close = get_close_matches(name, [query.name for query in self.all()], n=1)
        hint = f"Did you mean {close[0]!r}?" if close else None
        return NotFound(f"There is no saved query {name!r}.", hint=hint, data={"query": name})


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
