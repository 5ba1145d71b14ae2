"""Reading rows: queries that are put together step by step, and sent when they are asked for rows."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, cast

from .conditions import quoted
from .filtering import Column, Filtered
from .replies import Answer, answer_rows, next_page
from .tables import Table
from .targets import query_string
from .transport import Request
from .values import decode, decode_row

if TYPE_CHECKING:
    from .sessions import Session

__all__ = ["Embed", "Query"]

Row = TypeVar("Row")
Found = TypeVar("Found")

_Count = Literal["exact", "planned", "estimated"]
_Nulls = Literal["first", "last"]
_Parameter = tuple[str, str]

_PAGE = 500
_LONGEST = 4_000


@dataclass(frozen=True)
class _Selecting(Filtered[Column]):
    """What a query and an embed have in common: columns, embeds, order and a part of the rows."""

    table: Table[Any, Any, Any, Any, Any]
    tables: Mapping[str, Table[Any, Any, Any, Any, Any]]
    columns: tuple[str, ...] = ()
    raw: str | None = None
    embeds: "tuple[tuple[str, Embed], ...]" = ()
    terms: tuple[str, ...] = ()
    most: int | None = None
    first: int | None = None

    def order(self, column: Column, *, descending: bool = False, nulls: _Nulls | None = None) -> Self:
        """Sort by a column; without ``nulls`` rows without a value come last ascending, first descending."""
        term = quoted(str(column)) + (".desc" if descending else "") + (f".nulls{nulls}" if nulls else "")
        return replace(self, terms=(*self.terms, term))

    def limit(self, rows: int) -> Self:
        """Give at most so many rows."""
        return replace(self, most=rows)

    def offset(self, rows: int) -> Self:
        """Leave out so many rows at the beginning."""
        return replace(self, first=rows)

    def _with_embed(self, relation: str, build: "_Build | None") -> Self:
        found = self.table.relations.get(relation)
        if found is None:
            message = f"{self.table.name!r} has no relation {relation!r}; it has {', '.join(self.table.relations)}"
            raise ValueError(message)
        embed = Embed(self.tables[found.table], self.tables)
        return replace(self, embeds=(*self.embeds, (relation, build(embed) if build else embed)))

    def selection(self) -> str:
        """Write what is selected."""
        if self.raw is not None:
            return self.raw
        items = [quoted(name) for name in self.columns] or ["*"]
        return ",".join([*items, *(embed.item(self.table, name) for name, embed in self.embeds)])

    def level(self, prefix: str = "") -> Iterator[_Parameter]:
        """Write conditions, order and part of the rows, and those of the embeds."""
        yield from (condition.parameters(prefix) for condition in self.conditions)
        if self.terms:
            yield f"{prefix}order", ",".join(self.terms)
        if self.most is not None:
            yield f"{prefix}limit", str(self.most)
        if self.first is not None:
            yield f"{prefix}offset", str(self.first)
        for name, embed in self.embeds:
            yield from embed.level(f"{prefix}{quoted(name)}.")

    def decoded(self, row: dict[str, Any]) -> dict[str, Any]:
        """Turn the values of a row, and of the rows in it, into what the types of their columns say."""
        if self.raw is not None:
            return row
        for name, embed in self.embeds:
            inner = row.get(name)
            for item in inner if isinstance(inner, list) else [inner] if inner else []:
                embed.decoded(item)
        return decode_row(row, self.table.columns)


@dataclass(frozen=True)
class Embed(_Selecting[str]):
    """Related rows in a query."""

    inner: bool = False

    def select(self, *columns: str) -> "Embed":
        """Choose columns; without a name all of them."""
        return replace(self, columns=columns)

    def embed(self, relation: str, build: "_Build | None" = None) -> "Embed":
        """Put rows related to these into them.

        Raises:
            ValueError: the table has no such relation.
        """
        return self._with_embed(relation, build)

    def required(self) -> "Embed":
        """Leave out rows that have no such related row."""
        return replace(self, inner=True)

    def item(self, table: Table[Any, Any, Any, Any, Any], name: str) -> str:
        """Write it as an item of a selection."""
        relation = table.relations[name]
        return f"{quoted(name)}:{relation.target}{'!inner' if self.inner else ''}({self.selection()})"


@dataclass(frozen=True)
class Query(_Selecting[Column], Generic[Row, Found, Column]):
    """A query of a table. Every method that narrows it gives a new one."""

    session: "Session" = field(kw_only=True)
    counting: _Count | None = field(default=None, kw_only=True)

    def embed(self, relation: str, build: "_Build | None" = None) -> "Query[Found, Found, Column]":
        """Put related rows into each row.

        Args:
            relation: a relation of the table.
            build: says which of their columns, which of them and in which order:
                ``lambda films: films.select("title").order("year").limit(3)``.

        Raises:
            ValueError: the table has no such relation.
        """
        return cast("Query[Found, Found, Column]", self._with_embed(relation, build))

    def select_raw(self, selection: str) -> "Query[dict[str, Any], dict[str, Any], Column]":
        """Select by the grammar of the REST interface: aliases, casts, JSON paths, aggregates, spreads.

        Numbers in such rows are int or Decimal, everything else is as it is in JSON.
        """
        return cast("Query[dict[str, Any], dict[str, Any], Column]", replace(self, raw=selection))

    def with_count(self, kind: _Count = "exact") -> Self:
        """Ask how many rows there are in all."""
        return replace(self, counting=kind)

    def execute(self) -> Answer[list[Row]]:
        """Read the rows, at most as many as the server gives at once.

        Raises:
            NotConnected, Refused: there are no rows.
        """
        return answer_rows(self.session.send(self._request()), self._row)

    def all(self) -> list[Row]:
        """Read all rows, a page at a time if no limit is set."""
        return self.execute().data if self.most is not None else list(self.rows())

    def single(self) -> Row:
        """Read the one row there is.

        Raises:
            Refused: there is none, or more than one; the code is ``not_singular``.
        """
        reply = self.session.send(self._request("application/vnd.pgrst.object+json"))
        return self._row(decode(reply.body))

    def maybe_single(self) -> Row | None:
        """Read the one row there is, or None.

        Raises:
            ValueError: there are more.
        """
        rows = (self if self.most is not None else self.limit(2)).execute().data
        if len(rows) > 1:
            message = f"more than one row of {self.table.name!r} was found"
            raise ValueError(message)
        return rows[0] if rows else None

    def count(self, kind: _Count = "exact") -> int:
        """Count the rows without reading them."""
        request = self.with_count(kind).limit(1)._request()  # noqa: SLF001 - another one of this class
        if request.method == "GET":
            request = replace(request, method="HEAD")
        total = Answer.of(self.session.send(request), None).total
        return total or 0

    def rows(self, page: int = _PAGE) -> Iterator[Row]:
        """Read all rows one after another, so many with each request."""
        for found in self.pages(page):
            yield from found

    def pages(self, size: int = _PAGE) -> Iterator[list[Row]]:
        """Read all rows page by page.

        A page begins where the one before ended, as the database was when the first page was read. Without an order
        of its own the query is sorted by the key.
        """
        query = self
        if not self.terms and self.raw is None:
            query = replace(self, terms=tuple(map(quoted, self.table.key)))
        query, first = query.limit(size), self.first or 0
        request = query._request()  # noqa: SLF001 - another one of this class
        while True:
            reply = self.session.send(request)
            rows: list[Row] = answer_rows(reply, self._row).data
            if rows:
                yield rows
            following = next_page(reply, self.session.base)
            if following is not None:
                request = replace(request, target=following)
            elif len(rows) == size:
                first += size
                request = query.offset(first)._request()  # noqa: SLF001 - another one of this class
            else:
                return

    def stream(self) -> Iterator[Row]:
        """Read the rows of one answer as they come, without holding all of them.

        Raises:
            NotConnected: the answer broke off.
        """
        for line in self.session.lines(self._request("application/x-ndjson")):
            if line.strip():
                yield self._row(decode(line))

    def csv(self) -> str:
        """Read the rows as CSV."""
        return self.session.send(self._request("text/csv")).body.decode()

    def _request(self, accept: str = "application/json") -> Request:
        parameters = list(self.level())
        selection = self.selection()
        if selection != "*":
            parameters.insert(0, ("select", selection))
        headers = {"Accept": accept, **({"Prefer": f"count={self.counting}"} if self.counting else {})}
        path, query = self.session.table(self.table.name), query_string(parameters)
        if len(query) <= _LONGEST:
            return Request("GET", path + query, headers)
        # Servers and what stands before them take no longer addresses; in a body it means the same.
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return Request("POST", f"{path}/query", headers, query.removeprefix("?").encode(), reads=True)

    def _row(self, row: dict[str, Any]) -> Row:
        return cast("Row", self.decoded(row))


_Build = Callable[[Embed], Embed]
