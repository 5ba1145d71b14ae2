"""Reading and writing rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, overload

from synthdb.library.keys import Key, key_of
from synthdb.library.selecting import (
    ColumnList,
    Columns,
    EmbedSpec,
    Orders,
    Where,
    embeds_of,
    filter_of,
    orders_of,
    outputs_of,
)
from synthdb.library.session import Session
from synthdb_host.errors import FullTableWrite, InvalidBody
from synthdb_host.operations import (
    Aggregate,
    ColumnRef,
    Comparison,
    Delete,
    Filter,
    Insert,
    OnConflict,
    Output,
    Select,
    Sql,
    Update,
    and_all,
)

__all__ = ["Returning", "Row", "RowMethods"]

Row = Mapping[str, object]
"""A row to write: values by column name."""

_Rows = Iterable[Row]

Returning = bool | ColumnList
"""True for every column of the rows written, or which columns."""


class RowMethods(Session):
    """The methods that read and write rows."""

    # -- reading -----------------------------------------------------------------------------------------

    def query(
        self, table: str, where: Where = None, columns: Columns = None, order: Orders = None,
        limit: int | None = None, offset: int = 0, *, embed: EmbedSpec = None, having: Where = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Read rows as dictionaries.

        Args:
            table: the table.
            where: equalities by column (None: no value; a list: one of these), or ``col("age") > 30``.
            columns: names, or expressions and aggregates; with aggregates the other columns are grouped by.
            order: names, with a minus for the greatest first, or ``col("age").desc()``.
            limit: at most so many rows.
            offset: how many rows to pass over first.
            embed: tables related by a foreign key, whose rows are nested in each row under their name.
            having: a condition on the groups.

        Raises:
            UnknownTable, UnknownColumn, UnknownRelation: there is no such thing.

        Example:
            >>> db.query("flights", {"origin": "JFK"}, ["carrier", count().as_("n")])
        """
        embeds = embeds_of(self.catalog(), table, embed) if embed else ()
        select = Select(
            table,
            outputs_of(columns),
            embeds,
            filter_of(where),
            filter_of(having),
            orders_of(order),
            limit,
            offset,
            ref=self._ref,
        )
        return self.execute(select).python()

    def get(self, table: str, key: Key) -> dict[str, Any] | None:
        """Read the row with this key, None if there is none.

        ``key`` is the key's value, a tuple where the key has several columns, or a dictionary of key values.

        Raises:
            InvalidValue: the key has another number of columns.
        """
        where = filter_of(key) if isinstance(key, Mapping) else self._by_key(table, key)
        rows = self.execute(Select(table, where=where, limit=1, ref=self._ref)).python()
        return rows[0] if rows else None

    def count(self, table: str, where: Where = None) -> int:
        """Count the rows, or those that ``where`` selects."""
        number = Output(Aggregate("count"), "count")
        return int(self.execute(Select(table, (number,), where=filter_of(where), ref=self._ref)).rows[0][0])

    def execute_sql(self, sql: str, params: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Run one SQL statement that only reads, with ``?`` for each parameter.

        Raises:
            InvalidSql: it cannot be run, or would do more than read.
        """
        return self.execute(Sql(sql, tuple(params), ref=self._ref)).python()

    # -- writing -----------------------------------------------------------------------------------------

    @overload
    def insert(self, table: str, rows: Row, *, returning: None = None, message: str | None = None) -> Key: ...
    @overload
    def insert(self, table: str, rows: _Rows, *, returning: None = None, message: str | None = None) -> int: ...
    @overload
    def insert(self, table: str, rows: Row, *, returning: Returning, message: str | None = None) -> dict[str, Any]: ...
    @overload
    def insert(
        self, table: str, rows: _Rows, *, returning: Returning, message: str | None = None
    ) -> list[dict[str, Any]]: ...
    def insert(
        self, table: str, rows: Row | _Rows, *, returning: Returning | None = None, message: str | None = None
    ) -> Any:
        """Write a new row or rows; tables and columns that do not exist are made.

        ``message`` is kept with the commit.

        Returns:
            The key of a single row, or the number of several; with ``returning``, the row or rows as written.

        Raises:
            UniqueViolation, ForeignKeyViolation, NotNullViolation, CheckViolation: a row breaks a rule of the
                table.
            UnknownColumn: the table's mode does not let a write add a column.

        Example:
            >>> db.insert("people", {"name": "Ada"})
            1
            >>> db.insert("people", [{"name": "Bob"}, {"name": "Cyd"}], returning=["id"])
            [{'id': 2}, {'id': 3}]
        """
        return self._insert(table, rows, None, returning, message)

    @overload
    def upsert(
        self,
        table: str,
        rows: Row | _Rows,
        *,
        on: str | Sequence[str] = (),
        returning: None = None,
        message: str | None = None,
    ) -> int: ...
    @overload
    def upsert(
        self, table: str, rows: Row, *, on: str | Sequence[str] = (), returning: Returning, message: str | None = None
    ) -> dict[str, Any]: ...
    @overload
    def upsert(
        self, table: str, rows: _Rows, *, on: str | Sequence[str] = (), returning: Returning, message: str | None = None
    ) -> list[dict[str, Any]]: ...
    def upsert(
        self,
        table: str,
        rows: Row | _Rows,
        *,
        on: str | Sequence[str] = (),
        returning: Returning | None = None,
        message: str | None = None,
    ) -> Any:
        """Write rows, updating those that exist: with the same key, or the same values in the unique ``on``.

        Returns:
            How many rows were written; with ``returning``, the row or rows as written.
        """
        names = (on,) if isinstance(on, str) else tuple(on)
        written = self._insert(table, rows, OnConflict(names), returning, message)
        return 1 if returning is None and isinstance(rows, Mapping) else written

    def _insert(
        self,
        table: str,
        rows: Row | _Rows,
        on_conflict: OnConflict | None,
        returning: Returning | None,
        message: str | None,
    ) -> Any:  # noqa: ANN401 - as many kinds of answer as the overloads of its callers say
        single = isinstance(rows, Mapping)
        given = _rows_of(rows)
        if not given:
            return [] if returning else 0
        insert = Insert.of(table, given, on_conflict, _returning(table, returning), self._ref)
        result = self.execute(insert, message=message)
        if returning:
            written = result.python()
            return written[0] if single else written
        if not single or on_conflict:
            return result.affected
        return _bare(result.keys[0]) if result.keys else None

    @overload
    def update(
        self, table: str, values: Row, where: Where = None, *, every_row: bool = False, returning: None = None,
        message: str | None = None,
    ) -> int: ...  # fmt: skip
    @overload
    def update(
        self,
        table: str,
        values: Row,
        where: Where = None,
        *,
        every_row: bool = False,
        returning: Returning,
        message: str | None = None,
    ) -> list[dict[str, Any]]: ...
    def update(
        self,
        table: str,
        values: Row,
        where: Where = None,
        *,
        every_row: bool = False,
        returning: Returning | None = None,
        message: str | None = None,
    ) -> int | list[dict[str, Any]]:
        """Set values on the rows that ``where`` selects.

        Returns:
            How many rows it selected; with ``returning``, the rows as they are now.

        Raises:
            FullTableWrite: there is no ``where`` and ``every_row`` is not set.
        """
        which = _chosen(table, where, every_row=every_row)
        operation = Update(table, dict(values), which, every_row, None, _returning(table, returning), self._ref)
        result = self.execute(operation, message=message)
        return result.python() if returning else int(result.affected or 0)

    @overload
    def delete(
        self,
        table: str,
        where: Where = None,
        *,
        every_row: bool = False,
        returning: None = None,
        message: str | None = None,
    ) -> int: ...
    @overload
    def delete(
        self,
        table: str,
        where: Where = None,
        *,
        every_row: bool = False,
        returning: Returning,
        message: str | None = None,
    ) -> list[dict[str, Any]]: ...
    def delete(
        self,
        table: str,
        where: Where = None,
        *,
        every_row: bool = False,
        returning: Returning | None = None,
        message: str | None = None,
    ) -> int | list[dict[str, Any]]:
        """Delete the rows that ``where`` selects.

        Returns:
            How many rows there were; with ``returning``, the rows as they were.

        Raises:
            FullTableWrite: there is no ``where`` and ``every_row`` is not set.
        """
        which = _chosen(table, where, every_row=every_row)
        operation = Delete(table, which, every_row, None, _returning(table, returning), self._ref)
        result = self.execute(operation, message=message)
        return result.python() if returning else int(result.affected or 0)

    def _by_key(self, table: str, key: Key) -> Filter | None:
        described = self.catalog().table(table)
        pairs = zip(described.key, key_of(described, key), strict=True)
        return and_all(*(Comparison(ColumnRef(name), "eq", value) for name, value in pairs))


def _rows_of(rows: Row | _Rows) -> list[Row]:
    given = [rows] if isinstance(rows, Mapping) else list(rows)
    for row in given:
        if not isinstance(row, Mapping):
            raise InvalidBody(f"A row is a dictionary of values by column, not a {type(row).__name__}.")
    return given


def _chosen(table: str, where: Where, *, every_row: bool) -> Filter | None:
    chosen = filter_of(where)
    if chosen is None and not every_row:
        raise FullTableWrite(f"This would touch every row of {table!r}.", hint="Give where=..., or every_row=True.")
    return chosen


def _returning(table: str, returning: Returning | None) -> Select | None:
    if not returning:
        return None
    return Select(table, () if returning is True else outputs_of(returning))


def _bare(key: tuple[Any, ...]) -> Key:
    return key[0] if len(key) == 1 else key
