"""Saying how SQL would be run."""

from collections.abc import Sequence
from typing import Any

from synthdb.library.session import Session
from synthdb_host.operations import Sql

__all__ = ["ExplainMethods"]


class ExplainMethods(Session):
    """The method that explains SQL."""

    def explain(self, sql: str, params: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Say in words how a SQL statement would be run here, without running it.

        Args:
            sql: what :meth:`execute_sql` would run.
            params: a value for each ``?``; they may be left out.

        Returns:
            A row for each step: ``sentence``, and ``level`` for how deep it is nested. ``table``, ``index`` and
            ``rows`` say what is read, with which index, through how many rows. The first rows say which ``columns``
            are given and, by table, read, with their types where these are known. ``plan`` is SQLite's own line.

        Raises:
            InvalidSql: it could not be run.

        Example:
            >>> for step in db.explain("SELECT name FROM people WHERE id = ?"):
            ...     print(step["sentence"])
            Gives name (text).
            Reads id (integer) and name (text) of people.
            Finds rows of people by id.
        """
        return self.execute(Sql(sql, tuple(params), ref=self._ref, explain=True)).python()
