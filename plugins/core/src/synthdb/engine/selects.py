"""Selects: compiled to plans, with every table's restrictions applied wherever it is read."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from synthdb.catalog.model import StoredCatalog
from synthdb.engine.aggregates import aggregate_of
from synthdb.engine.binds import Encoder, Statement
from synthdb.engine.conditions import condition_of
from synthdb.engine.expressions import Expression, Scope, expression_of
from synthdb.engine.naming import quote
from synthdb.engine.orders import Term, order_terms
from synthdb.engine.plans import UNCHANGED, EmbedPlan, Plan, RowsPlan
from synthdb.engine.positions import Ending, Span, signature_of, spans_after
from synthdb.engine.scopes import Builder, Clause, Reading, check_pairs
from synthdb.engine.shapes import SelectLayout, layout_of
from synthdb_host.catalog import ColumnType
from synthdb_host.contracts import TableRestriction
from synthdb_host.encoding import ResultColumn
from synthdb_host.errors import InvalidFilter, InvalidParameter, InvalidSelect, UnknownRelation
from synthdb_host.operations import Aggregate, And, ColumnRef, Comparison, Embed, Filter, Select

__all__ = ["compile_rows", "compile_select"]

_MOST_ROWS: Final = 2**63 - 1
_NESTED: Final = ColumnType("json")


def compile_select(
    catalog: StoredCatalog,
    select: Select,
    restrictions: Mapping[str, TableRestriction],
    *,
    exact: bool = False,
) -> Plan:
    """Compile a select; the plan serves every select of the same shape under restrictions of the same shape.

    With ``exact``, sums may be larger than 64 bits.

    Raises:
        RequestError: the select does not fit the catalog.
    """
    layout = layout_of(select)
    reading = Reading.of(catalog, restrictions, select, layout.end, exact=exact)
    level = _Level(reading, select, layout, ())
    rows = level.compile()
    count = None if select.count is None else _count(reading, select, layout)
    limit = None if select.limit is None else layout.limit
    offset = layout.offset if select.offset else None
    return Plan(rows, count, limit, offset, level.ending, level.further)


def compile_rows(
    catalog: StoredCatalog, select: Select, restrictions: Mapping[str, TableRestriction]
) -> tuple[RowsPlan, tuple[int, ...]]:
    """Compile a select's rows alone, and tell where in them is what they are sorted by.

    Raises as :func:`compile_select` does.
    """
    layout = layout_of(select)
    level = _Level(Reading.of(catalog, restrictions, select, layout.end), select, layout, ())
    return level.compile(), level.sorted_by


def _rows_plan(
    reading: Reading, select: Select, layout: SelectLayout, keys: Sequence[str], *, batched: bool = False
) -> RowsPlan:
    """Compile one level; ``keys`` are the columns by which its rows are sought, ``batched``: many at once."""
    return _Level(reading, select, layout, keys, batched=batched).compile()


def _count(reading: Reading, select: Select, layout: SelectLayout) -> Statement:
    level = _Level(reading, select, layout, ())
    return level.builder.binds.compile(level.counting())


def _at_least_zero(name: str) -> Encoder:
    def encode(value: object) -> int:
        if type(value) is not int or value < 0:
            raise InvalidParameter(f"{name} is {value!r}, not a whole number of at least 0.")
        return min(value, _MOST_ROWS)

    return encode


class _Level:
    """One SELECT statement while it is built."""

    def __init__(
        self,
        reading: Reading,
        select: Select,
        layout: SelectLayout,
        keys: Sequence[str],
        *,
        batched: bool = False,
    ) -> None:
        self.reading = reading
        self.select = select
        self.layout = layout
        self.builder = Builder(reading)
        self.scope = self.builder.scope(select, layout)
        self.source: sa.FromClause = self.scope.source
        self._joined: dict[str, Scope] = {}
        self._keys = keys
        self._batched = batched
        self.ending: Ending | None = None
        self.further: tuple[Statement, ...] = ()
        self.sorted_by: tuple[int, ...] = ()
        self.outputs = [(self._output(output.source), output.name) for output in select.outputs]
        self.groups = self._groups()
        self._versioned = select.versions and self.groups is None

    def _output(self, source: ColumnRef | Aggregate) -> Expression:
        if isinstance(source, ColumnRef):
            return expression_of(self.scope, source, InvalidSelect)
        return self._aggregate(source)

    def _aggregate(self, aggregate: Aggregate) -> Expression:
        return aggregate_of(self.scope, aggregate, InvalidSelect, exact=self.reading.exact)

    def _groups(self) -> list[Clause] | None:
        """Give what the rows are grouped by, None if they are not grouped."""
        sources = [output.source for output in self.select.outputs]
        if not any(isinstance(source, Aggregate) for source in sources):
            if self.select.having is not None:
                raise InvalidFilter("'having' compares aggregates, and this select has none.")
            return None
        plain = zip(self.outputs, sources, strict=True)
        shown = [expression.sql for (expression, _), source in plain if isinstance(source, ColumnRef)]
        return shown + [self.scope.raw(self.scope.column(name)) for name in self._local_keys()]

    def _local_keys(self) -> list[str]:
        shown = [embed for embed in self.select.embeds if not embed.hidden]
        return list(dict.fromkeys(name for embed in shown for name in embed.local))

    # -- the statement -----------------------------------------------------------------------------------

    def compile(self) -> RowsPlan:
        """Give the plan of this level and of all below."""
        columns, sqls = self._shown()
        width = len(sqls)
        places: dict[str, int] = {}
        for name in self._local_keys():
            places[name] = len(sqls)
            sqls.append(self.scope.raw(self.scope.column(name)))
        order = self._order()
        self.sorted_by = self._sort_places(sqls, order)
        if self._batched:
            sqls.append(self.scope.raw(self.scope.column(self._keys[0])))
        if self._versioned:
            sqls.append(sa.literal_column(f'{quote(self.scope.stored.physical)}."_tx"'))
        embeds = self._embeds(places, columns)
        _check_names(columns)
        if self.select.positioned:
            self.ending = self._ending(order, self.sorted_by)
        first, *further = [
            self.builder.binds.compile(self._statement(sqls or [sa.literal_column("1")], order, span))
            for span in self._spans(order)
        ]
        self.further = tuple(further)
        trimmed = width == 0 or len(sqls) > width
        return RowsPlan(first, tuple(columns), width, embeds, trimmed, self._versioned)

    def _sort_places(self, sqls: list[Clause], order: Sequence[Term]) -> tuple[int, ...]:
        """Add what rows are sorted by to the columns where that is needed; gives its places among them."""
        if self.groups is not None or (self.scope.stored.is_plain and not self.select.positioned):
            return ()
        # SQLite merges the parts of a branch in the order of their indexes only by columns that it also gives.
        for term in order:
            if not any(term.sql is sql for sql in sqls):
                sqls.append(term.sql)
        return tuple(next(place for place, sql in enumerate(sqls) if sql is term.sql) for term in order)

    def _ending(self, order: Sequence[Term], places: tuple[int, ...]) -> Ending:
        hidden = self.scope.stored.table.identity in self.scope.hidden
        signature = signature_of(order, self.reading.catalog.place, self.scope.stored.id)
        return Ending(signature, None if self.groups is not None or hidden else places)

    def _spans(self, order: Sequence[Term]) -> list[Span | None]:
        """Give the spans of rows that are read one after the other; None: all rows."""
        after = self.select.after
        if after is None or not after.row:
            return [None]
        if not self.select.positioned or self.groups is not None or len(after.row) != len(order) + 1:
            raise InvalidParameter("This position does not belong to this select.", where="after")
        if self.select.offset:
            raise InvalidParameter("After a position there is no offset.", where="offset")
        nulls = [value is None for value in after.row[1:]]
        return list(spans_after(order, nulls, self._position_bind))

    def _position_bind(self, number: int) -> Clause:
        return self.builder.binds.bind(self.layout.after + 1 + number, _as_it_is, "after")

    def _shown(self) -> tuple[list[ResultColumn], list[Clause]]:
        if not self.outputs and not self.select.bare:
            visible = self.scope.visible()
            columns = [ResultColumn(c.name, c.codec.type, c.codec.to_json, c.codec.to_python) for c in visible]
            return columns, [self.scope.value(column) for column in visible]
        columns = [
            ResultColumn(name, found.type, found.codec.to_json, found.codec.to_python) for found, name in self.outputs
        ]
        return columns, [found.sql for found, _ in self.outputs]

    def _embeds(self, places: Mapping[str, int], columns: list[ResultColumn]) -> tuple[EmbedPlan, ...]:
        """Plan the embeds and add their columns."""
        plans = []
        for embed, layout in zip(self.select.embeds, self.layout.embeds, strict=True):
            if embed.hidden:
                continue
            check_pairs(embed)
            rows = _rows_plan(self.reading, embed.select, layout, embed.remote)
            columns += _embed_columns(embed, rows)
            batch = None
            if _is_batchable(embed):
                batch = _rows_plan(self.reading, embed.select, layout, embed.remote, batched=True)
            keys = tuple(places[name] for name in embed.local)
            plans.append(EmbedPlan(rows, keys, embed.many, embed.spread, batch))
        return tuple(plans)

    def _statement(self, sqls: list[Clause], order: Sequence[Term], span: Span | None) -> sa.Select[Any]:
        shortcut = self._shortcut()
        if shortcut is not None:
            return self._paged(sa.select(shortcut))
        clauses = self._clauses()
        statement = sa.select(*sqls).select_from(self.source).where(*clauses)
        by = [term.clause for term in order]
        if self.groups is not None:
            statement = self._grouped(statement, by)
        elif span is not None:
            statement = statement.where(*span.conditions).order_by(*span.order)
        elif order:
            statement = statement.order_by(*by)
        return self._paged(statement)

    def _shortcut(self) -> Clause | None:
        """Give a lone count, minimum or maximum of a branch in a way that does not look at all rows."""
        only = self.select.outputs[0].source if len(self.select.outputs) == 1 else None
        alone = self.groups == [] and self.select.having is None and not self.scope.stored.is_plain
        if not alone or not isinstance(only, Aggregate) or only.cast is not None:
            return None
        if only.function in ("min", "max") and only.column is not None:
            column = expression_of(self.scope, only.column, InvalidSelect).sql
            rows: sa.Select[Any] = sa.select(column).select_from(self.source)
            rows = rows.where(*self._clauses(), column.is_not(sa.null()))
            ends = column.desc() if only.function == "max" else column.asc()
            return rows.order_by(ends).limit(sa.literal_column("1")).offset(sa.literal_column("0")).scalar_subquery()
        return self._whole_count() if only.function == "count" and only.column is None else None

    def _whole_count(self) -> Clause | None:
        """Give the number of all rows of a branch if that is what is counted, and there is a cheap way."""
        restriction = self.reading.restrictions.get(self.select.table)
        restricted = restriction is not None and restriction.rows is not None
        inner = any(embed.inner for embed in self.select.embeds)
        if self._keys or self.select.where is not None or restricted or inner:
            return None
        counted = self.scope.stored.counted()
        return None if counted is None else sa.literal_column(counted)

    def _clauses(self) -> list[Clause]:
        bind = self.builder.binds.key
        columns = [self.scope.raw(self.scope.column(name)) for name in self._keys]
        if self._batched:
            listed: sa.Select[Any] = sa.select(sa.column("value")).select_from(sa.func.json_each(bind(self._keys[0])))
            keys: list[Clause] = [columns[0].in_(listed)]
        else:
            keys = [column == bind(name) for column, name in zip(columns, self._keys, strict=True)]
        return keys + self.builder.conditions(self.scope, self.select, self.layout)

    def _grouped(self, statement: sa.Select[Any], order: list[Clause]) -> sa.Select[Any]:
        groups = self.groups or []
        if groups:
            statement = statement.group_by(*groups).order_by(*order, *groups)
        if self.select.having is None:
            return statement
        having = condition_of(self.scope, self.select.having, self.builder.binds, self.layout.having, self._aggregate)
        return statement.having(having)

    def _paged(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        select, bind = self.select, self.builder.binds.bind
        one = _finds_one(select.where, self.scope.stored.table.identity)
        if select.limit is None and not select.offset and not one and self.groups != []:
            return statement
        # Both are written, because the dialect would bind a value of its own for the one left out.
        limit: Any = sa.literal_column("-1")
        offset: Any = sa.literal_column("0")
        if select.limit is not None:
            limit = bind(self.layout.limit, _at_least_zero("limit"), "limit")
        if select.offset:
            offset = bind(self.layout.offset, _at_least_zero("offset"), "offset")
        if select.limit is not None or one or self.groups == []:
            # Elsewhere a limit would keep SQLite from its fastest way to sort.
            limit = sa.case((sa.literal_column(UNCHANGED), limit), else_=sa.literal_column("0"))
        return statement.limit(limit).offset(offset)

    def counting(self) -> sa.Select[Any]:
        """Give the statement that counts the rows without limit and offset."""
        if self.groups is None:
            whole = self._whole_count()
            if whole is not None:
                return sa.select(whole)
            return sa.select(sa.func.count(sa.text("*"))).select_from(self.source).where(*self._clauses())
        groups: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(self.source).where(*self._clauses())
        if not self.groups:
            groups = (
                sa.select(*[found.sql for found, _ in self.outputs]).select_from(self.source).where(*self._clauses())
            )
        return sa.select(sa.func.count(sa.text("*"))).select_from(self._grouped(groups, []).order_by(None).subquery())

    # -- order -------------------------------------------------------------------------------------------

    def _order(self) -> list[Term]:
        if self.groups is None:
            select = self.select
            return order_terms(self.scope, select.order, select.where, self._join, total=select.positioned)
        sources = {output.source for output in self.select.outputs}
        aggregates = {
            ColumnRef(output.name): found
            for (found, _), output in zip(self.outputs, self.select.outputs, strict=True)
            if isinstance(output.source, Aggregate)
        }
        for order in self.select.order:
            if order.embed is not None or order.column not in sources | aggregates.keys():
                raise InvalidSelect(f"Groups cannot be sorted by {order.column.name!r}, which they are not made by.")
        return order_terms(self.scope, self.select.order, None, self._join, named=aggregates, ties=False)

    def _join(self, name: str) -> Scope:
        """Join a to-one embed, once, so that rows can be sorted by its columns."""
        if name in self._joined:
            return self._joined[name]
        pairs = zip(self.select.embeds, self.layout.embeds, strict=True)
        found = next(((embed, layout) for embed, layout in pairs if embed.name == name), None)
        if found is None:
            raise UnknownRelation(f"There is no embed {name!r} to sort by.")
        embed, layout = found
        if embed.many:
            raise InvalidSelect(f"The embed {name!r} has many rows; rows can only be sorted by a to-one embed.")
        scope = self.builder.scope(embed.select, layout, aliased=True)
        matching = self.builder.matching(self.scope, scope, embed)
        clauses = matching + self.builder.conditions(scope, embed.select, layout)
        self.source = self.source.outerjoin(scope.source, sa.and_(*clauses))
        self._joined[name] = scope
        return scope


def _finds_one(where: Filter | None, identity: str) -> bool:
    """Say whether a condition asks for one row by its identity."""
    if isinstance(where, And):
        return any(_finds_one(item, identity) for item in where.items)
    return isinstance(where, Comparison) and where.operator == "eq" and where.column == ColumnRef(identity)


def _is_batchable(embed: Embed) -> bool:
    select = embed.select
    grouped = any(isinstance(output.source, Aggregate) for output in select.outputs)
    return not (embed.many or len(embed.remote) != 1 or grouped or select.offset) and select.limit is None


def _as_it_is(value: object) -> object:
    return value


def _embed_columns(embed: Embed, rows: RowsPlan) -> list[ResultColumn]:
    if not embed.spread:
        return [ResultColumn(embed.name, _NESTED, nested=rows.columns, many=embed.many)]
    if embed.many:
        raise InvalidSelect(f"The embed {embed.name!r} has many rows; only a to-one embed can be spread.")
    return list(rows.columns)


def _check_names(columns: Sequence[ResultColumn]) -> None:
    seen: set[str] = set()
    for column in columns:
        if column.name in seen:
            raise InvalidSelect(f"Two columns of the result are called {column.name!r}.", hint="Give one an alias.")
        seen.add(column.name)
