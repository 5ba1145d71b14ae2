"""Saved queries from the library."""

from collections.abc import Mapping, Sequence
from typing import Any

from synthdb.importing.bookkeeping import Target
from synthdb.library.session import Session
from synthdb.queries.parameters import ParameterSpec
from synthdb.queries.saved import SavedQuery
from synthdb.queries.store import QueryStore

__all__ = ["QueryMethods", "QuerySet"]

_Rows = list[dict[str, Any]]


class QuerySet:
    """The saved queries of a database at one of its states. They are rows, so each state has its own."""

    def __init__(self, target: Target) -> None:
        self._store = QueryStore(target)

    def save(
        self, name: str, sql: str, *, description: str | None = None,
        parameters: Mapping[str, ParameterSpec] | None = None,
    ) -> SavedQuery:  # fmt: skip
        """Keep a SQL statement under a name, in place of one that has it.

        Args:
            name: letters, digits, ``_`` and ``-``, beginning with a letter.
            sql: a statement that only reads, with ``:name`` for each parameter.
            description: what it is for.
            parameters: for each ``:name`` its type, or a mapping with ``type`` and perhaps ``required``, ``default``
                and ``description``. One with a default is optional.

        Returns:
            The query, with what it ``reads`` and ``gives``.

        Raises:
            InvalidSql: it cannot be run on the tables there are.
            InvalidParameter: a parameter is not described, or is not in the statement.
            InvalidName: it cannot have this name.

        Example:
            >>> sql = "SELECT name FROM people WHERE born > :year"
            >>> db.queries.save("born_after", sql, parameters={"year": "integer"}).reads
            {'people': ('name', 'born')}
        """
        return self._store.save(name, sql, description, parameters)

    def list(self) -> list[SavedQuery]:
        """Give all saved queries, by name; ``missing`` of each names what it reads and is not there any more."""
        return self._store.all()

    def usable(self) -> Sequence[SavedQuery]:
        """Give the saved queries that can be run, by name; what each ``gives`` is as the tables are now."""
        return self._store.usable()

    def get(self, name: str) -> SavedQuery:
        """Give one saved query.

        Raises:
            NotFound: there is none of this name.
        """
        return self._store.get(name)

    def run(self, name: str, parameters: Mapping[str, object] | None = None, *, limit: int | None = None) -> _Rows:
        """Run a saved query. Values are bound to its parameters, never pasted into the statement.

        Raises:
            NotFound: there is none of this name.
            InvalidParameter: a value is missing, or one is given that the query does not know.
            InvalidValue: a value is not of its parameter's type.
            InvalidSql: it cannot be run on these tables any more.
        """
        return self._store.run(name, parameters or {}, limit).python()

    def delete(self, name: str) -> None:
        """Remove a saved query; :meth:`restore` brings it back.

        Raises:
            NotFound: there is none of this name.
        """
        self._store.delete(name)

    def restore(self, name: str) -> SavedQuery:
        """Bring a saved query back as it was when it was deleted.

        Raises:
            NotFound: none of this name was deleted.
        """
        return self._store.restore(name)


class QueryMethods(Session):
    """The way to saved queries."""

    @property
    def queries(self) -> QuerySet:
        """The saved queries: save, run, list and remove them."""
        return QuerySet(self)
