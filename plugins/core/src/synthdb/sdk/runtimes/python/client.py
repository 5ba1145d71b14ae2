"""The client of a database."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, Self, TypeVar, cast, overload

from .batches import Batch, Batchable
from .conditions import Condition, quoted
from .feed import Change, follow
from .following import Listening
from .reading import Query
from .replies import Answer, answer_rows
from .sessions import Options, Session
from .tables import Schema, Table
from .targets import key_path, query_string, segment
from .transport import Request
from .values import Scalar
from .versions import Branches, Tags
from .writing import Inserting, Narrowed

__all__ = ["Client", "TableClient"]

Row = TypeVar("Row")
Insert = TypeVar("Insert")
Update = TypeVar("Update")
Found = TypeVar("Found")
Column = TypeVar("Column")


class TableClient(Generic[Row, Insert, Update, Found, Column]):
    """One table of a database at one state."""

    def __init__(self, session: Session, table: Table[Row, Insert, Update, Found, Column], schema: Schema) -> None:
        self._session = session
        self._table = table
        self._schema = schema

    @overload
    def select(self) -> Query[Row, Found, Column]: ...
    @overload
    def select(self, first: Column, /, *others: Column) -> Query[Found, Found, Column]: ...
    def select(self, *columns: Column) -> Any:
        """Begin a query: of whole rows, or of some columns."""
        return Query(self._table, self._schema.tables, tuple(map(str, columns)), session=self._session)

    def get(self, *key: Scalar) -> Answer[Row]:
        """Read the row with a key; the answer has its ETag.

        Raises:
            NotFound: there is none.
        """
        reply = self._session.send(Request("GET", self._row(key), {"Accept": "application/json"}))
        query: Query[Row, Found, Column] = Query(self._table, self._schema.tables, session=self._session)
        found = answer_rows(reply, query.decoded)
        return Answer(cast("Row", found.data[0]), found.status, found.headers)

    def insert(self, rows: Insert | Sequence[Insert]) -> Inserting[Row, Found, Column]:
        """Insert a row, or several: all or none."""
        return Inserting(self._session, self._table, "POST", rows)

    def insert_csv(self, text: str | bytes) -> Inserting[Row, Found, Column]:
        """Insert rows of CSV whose first line names the columns."""
        body = text.encode() if isinstance(text, str) else text
        headers = {"Content-Type": "text/csv"}
        return Inserting(self._session, self._table, "POST", body, headers=headers)

    def upsert(
        self, rows: Insert | Update | Sequence[Insert | Update], *, on: Iterable[Column] = (), ignore: bool = False
    ) -> Inserting[Row, Found, Column]:
        """Insert rows, or update those that exist with the columns given.

        Args:
            rows: a row, or several with whichever keys.
            on: the unique columns by which a row is found; by default the key.
            ignore: leave rows that exist as they are.
        """
        parameters = (("on_conflict", ",".join(quoted(str(name)) for name in on)),) if on else ()
        preference = f"resolution={'ignore' if ignore else 'merge'}-duplicates"
        return Inserting(self._session, self._table, "POST", rows, preferences=(preference,), parameters=parameters)

    def update_each(self, rows: Sequence[Update], *, on: Iterable[Column] = ()) -> Inserting[Row, Found, Column]:
        """Set on each row, known by its key or the unique columns in ``on``, what is given for it; all or none.

        That there is no such row is an error.
        """
        parameters = (("on_conflict", ",".join(quoted(str(name)) for name in on)),) if on else ()
        return Inserting(self._session, self._table, "PATCH", rows, parameters=parameters)

    def update(self, values: Update) -> Narrowed[Row, Found, Column]:
        """Update the rows that are selected by what follows."""
        return Narrowed(self._session, self._table, "PATCH", values)

    def delete(self) -> Narrowed[Row, Found, Column]:
        """Delete the rows that are selected by what follows."""
        return Narrowed(self._session, self._table, "DELETE")

    def replace(self, row: Insert, *key: Scalar) -> Narrowed[Row, Found, Column]:
        """Put a row at its key: it is inserted, or takes the place of the one there."""
        return Narrowed(self._session, self._table, "PUT", row, row_key=key)

    def history(self, *key: Scalar, column: str | None = None) -> list[dict[str, Any]]:
        """Read the versions of a row, or of one cell, newest first."""
        path = f"history/{segment(self._table.name)}/{key_path(key)}"
        return cast("list[dict[str, Any]]", self._session.ask("GET", path + _query(column=column)))

    def listen(self, *conditions: Condition, since: str | None = None) -> Listening[Row]:
        """Be told of changes of the rows of which all conditions are true, before or after; see the client's."""
        parameters = [condition.parameters() for condition in conditions]
        return Listening(self._session, f"changes/{segment(self._table.name)}", parameters, since, self._table.columns)

    def _row(self, key: tuple[Scalar, ...]) -> str:
        return f"{self._session.table(self._table.name)}/{key_path(key)}"


class Client:
    """A database on a server, at one of its states.

    Args:
        url: the server's address.
        database: the database's name.
        schema: the tables that the client was generated from.
        options: how it behaves.
    """

    def __init__(self, url: str, database: str, schema: Schema, options: Options | None = None) -> None:
        self._schema = schema
        self._session = Session.open(url, database, schema.fingerprint, options or Options())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are kept."""
        self._session.transport.close()

    def at(self, ref: str | None) -> Self:
        """Give a client of another state: a branch, a tag, a commit, or ``branch@moment``; None: main.

        It shares connections with this one.
        """
        other = object.__new__(type(self))
        other._schema, other._session = self._schema, self._session.at(ref)
        return other

    def table(
        self, table: Table[Row, Insert, Update, Found, Column]
    ) -> TableClient[Row, Insert, Update, Found, Column]:
        """Give a table."""
        return TableClient(self._session, table, self._schema)

    def batch(self, *statements: Batchable, atomic: bool = True) -> Batch:
        """Put writes together that are done at once: all or none if ``atomic``."""
        return Batch(self._session, statements, atomic)

    def sql(self, statement: str, parameters: Sequence[Any] = (), *, limit: int | None = None) -> list[dict[str, Any]]:
        """Run SQL that only reads, at this state."""
        body: dict[str, Any] = {"statement": statement, "parameters": parameters}
        if limit is not None:
            body["limit"] = limit
        return cast("list[dict[str, Any]]", self._session.ask("POST", "sql", body)["rows"])

    def changes(
        self, since: str | None = None, *, tables: Sequence[str] = (), wait: float | None = None
    ) -> Iterator[Change]:
        """Read what commits changed, in their order, behind an offset that was kept.

        Args:
            since: the offset of the last change that was dealt with; None: from the beginning.
            tables: only changes of these tables.
            wait: seconds between two looks for more; None: end where there is nothing more now.
        """
        return follow(self._session, since, tables, wait)

    def listen(self, since: str | None = None, *, tables: Sequence[str] = ()) -> Listening[dict[str, Any]]:
        """Be told of changes as they are made, for ever; a connection that breaks is made again by itself.

        Values are as they are in JSON.

        Args:
            since: ``seq`` of the last change that was dealt with, of an earlier run; None: what comes from now on.
            tables: only changes of these tables.
        """
        parameters = [("tables", ",".join(tables))] if tables else []
        return Listening(self._session, "changes", parameters, since, {})

    @property
    def branches(self) -> Branches:
        """The branches of the database."""
        return Branches(self._session)

    @property
    def tags(self) -> Tags:
        """The tags of the database."""
        return Tags(self._session)

    def merge(self, source: str, *, dry_run: bool = False, message: str | None = None) -> dict[str, Any]:
        """Merge a branch into this one; conflicts are in ``data`` of the error.

        Raises:
            Conflict: the branches disagree; nothing was changed.
        """
        headers = {"Commit-Message": key_path([message])} if message else None
        body = {"source": source, "dry_run": dry_run}
        return cast("dict[str, Any]", self._session.ask("POST", "merge", body, headers=headers))

    def diff(self, base: str, target: str | None = None, **options: str | bool | int) -> list[dict[str, Any]]:
        """Compare two states; ``options`` are those of the meta interface: tables, detail, three_dot, limit."""
        path = f"diff{_query(base=base, target=target, **options)}"
        return cast("list[dict[str, Any]]", self._session.ask("GET", path))

    def commits(self, **options: str | int) -> list[dict[str, Any]]:
        """List commits, newest first; ``options`` are those of the meta interface: table, author, before, limit ..."""
        return cast("list[dict[str, Any]]", self._session.ask("GET", f"commits{_query(**options)}"))

    def schema(self) -> Mapping[str, Any]:
        """Describe the tables as they are now."""
        return cast("Mapping[str, Any]", self._session.ask("GET", "schema"))


def _query(**parameters: str | bool | int | None) -> str:
    given = {name: value for name, value in parameters.items() if value is not None}
    return query_string(
        (name, str(value).lower() if value in (True, False) else str(value)) for name, value in given.items()
    )
