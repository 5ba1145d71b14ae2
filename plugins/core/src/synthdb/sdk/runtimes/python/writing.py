"""Writing rows: statements that are put together step by step, and sent one by one or as a batch."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast, overload

from .conditions import quoted
from .filtering import Column, Filtered
from .replies import Answer, answer_rows
from .tables import Table
from .targets import key_path, query_string
from .transport import Request
from .values import Scalar, decode_row, encode

if TYPE_CHECKING:
    from .sessions import Session

__all__ = ["Inserting", "Narrowed", "Returning", "Statement"]

Row = TypeVar("Row")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Statement:
    """A write that was not sent yet."""

    session: "Session"
    table: Table[Any, Any, Any, Any, Any]
    method: str
    body: object = None
    preferences: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    parameters: tuple[tuple[str, str], ...] = ()

    def dry_run(self) -> Self:
        """Do everything and undo it, to see what would happen."""
        return self._prefer("tx=rollback")

    def message(self, text: str) -> Self:
        """Keep a message with the commit."""
        return self._header("Commit-Message", key_path([text]))

    def request(self) -> Request:
        """Give the request."""
        headers = {"Accept": "application/json", **self.headers}
        if self.preferences:
            headers["Prefer"] = ", ".join(self.preferences)
        body = None
        if self.body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = self.body if isinstance(self.body, bytes) else encode(self.body).encode()
        return Request(self.method, self._path() + query_string(self._query()), headers, body)

    def execute(self) -> Answer[None]:
        """Write; the answer has no rows.

        Raises:
            NotConnected: it is not known whether it was written.
            Refused: nothing was written.
        """
        return Answer.of(self.session.send(self.request()), None)

    def _path(self) -> str:
        return self.session.table(self.table.name)

    def _query(self) -> list[tuple[str, str]]:
        return list(self.parameters)

    def _prefer(self, *preferences: str) -> Self:
        return replace(self, preferences=(*self.preferences, *preferences))

    def _header(self, name: str, value: str) -> Self:
        return replace(self, headers={**self.headers, name: value})


@dataclass(frozen=True)
class Returning(Generic[Row]):
    """A write that gives the rows written."""

    statement: Statement

    def request(self) -> Request:
        """Give the request."""
        return self.statement.request()

    def execute(self) -> Answer[list[Row]]:
        """Write, and give the rows written.

        Raises:
            NotConnected: it is not known whether it was written.
            Refused: nothing was written.
        """
        return answer_rows(self.statement.session.send(self.request()), self.row)

    def single(self) -> Row:
        """Write, and give the one row written.

        Raises:
            ValueError: it was none, or several, which are written now.
        """
        rows = self.execute().data
        if len(rows) != 1:
            message = f"{len(rows)} rows of {self.statement.table.name!r} were written"
            raise ValueError(message)
        return rows[0]

    def row(self, row: dict[str, Any]) -> Row:
        """Turn the values of a row into what the types of their columns say."""
        return cast("Row", decode_row(row, self.statement.table.columns))


@dataclass(frozen=True)
class Inserting(Statement, Generic[Row, Found, Column]):
    """Rows to insert, or to upsert."""

    @overload
    def returning(self) -> Returning[Row]: ...
    @overload
    def returning(self, first: Column, /, *others: Column) -> Returning[Found]: ...
    def returning(self, *columns: Column) -> Any:
        """Give the rows that were written, with some of their columns or all."""
        return Returning[Any](_returning(self, columns))


@dataclass(frozen=True)
class Narrowed(Statement, Filtered[Column], Generic[Row, Found, Column]):
    """Rows to update or to delete: those that the conditions select, or the one with a key."""

    row_key: tuple[Scalar, ...] | None = None

    def key(self, *values: Scalar) -> Self:
        """Mean the one row with this key; that there is none is an error."""
        return replace(self, row_key=values)

    def if_match(self, etag: str | None) -> Self:
        """Write only if the row is still what it was when its ETag was read.

        Raises:
            ValueError: there is no ETag.
        """
        if etag is None:
            message = "the row was read without an ETag"
            raise ValueError(message)
        return self._header("If-Match", etag)

    def at_most(self, rows: int) -> Self:
        """Refuse to write more rows than these."""
        return self._prefer(f"max-affected={rows}")

    def every_row(self) -> Self:
        """Allow that all rows are written, without a condition."""
        return self._prefer("full-table=allow")

    @overload
    def returning(self) -> Returning[Row]: ...
    @overload
    def returning(self, first: Column, /, *others: Column) -> Returning[Found]: ...
    def returning(self, *columns: Column) -> Any:
        """Give the rows that were written, with some of their columns or all."""
        return Returning[Any](_returning(self, columns))

    def _path(self) -> str:
        path = self.session.table(self.table.name)
        return path if self.row_key is None else f"{path}/{key_path(self.row_key)}"

    def _query(self) -> list[tuple[str, str]]:
        return [*self.parameters, *(condition.parameters() for condition in self.conditions)]


def _returning(statement: Statement, columns: tuple[Any, ...]) -> Statement:
    chosen = (("select", ",".join(quoted(str(name)) for name in columns)),) if columns else ()
    preferences = (*statement.preferences, "return=representation")
    return replace(statement, parameters=(*statement.parameters, *chosen), preferences=preferences)
