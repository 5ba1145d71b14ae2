"""Binding: what was read from a request, and the catalog, become a select operation."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from synthdb.rest.address import Address
from synthdb.rest.query import Level, Query
from synthdb.rest.selection import EVERYTHING, EmbedItem, Selection
from synthdb_host.catalog import Catalog, Table
from synthdb_host.errors import InvalidParameter, InvalidSelect, NotFound
from synthdb_host.operations import (
    And,
    ColumnRef,
    Comparison,
    CountMode,
    Embed,
    EmbedExists,
    Filter,
    Literal,
    Not,
    Or,
    Order,
    Output,
    Select,
    and_all,
)

__all__ = ["Page", "bind", "key_filter", "needs_catalog"]

_NOTHING = Level()


def needs_catalog(address: Address, query: Query) -> bool:
    """Say whether binding needs the catalog: for a key in the address, embeds, or ``*`` beside columns."""
    return address.key is not None or not (query.selection is None or query.selection.is_plain)


@dataclass(frozen=True, slots=True)
class Page:
    """Which of the selected rows are wanted, whether to count them all, and whether to say where they end."""

    offset: int = 0
    limit: int | None = None
    count: CountMode | None = None
    positioned: bool = False


def bind(address: Address, query: Query, catalog: Catalog | None, page: Page) -> Select:
    """Make the select of a page. ``catalog`` may be None if it is not needed.

    Raises:
        BadRequest: a parameter names an embed that is not selected, or an embed cannot be used as asked.
        UnknownTable: the address needs the catalog, which has no such table.
        UnknownRelation: no foreign key leads to an embed.
        AmbiguousEmbed: several do.
    """
    selection = query.selection or EVERYTHING
    if catalog is not None:
        return _bind(address, query, catalog, page, selection)
    if query.embeds:
        _check_paths(query, set())
    root = query.root
    _check_orders(root.order, {})
    outputs = () if selection is EVERYTHING else _distinct(selection.outputs)
    return Select(
        address.table, outputs, (), and_all(*root.where), root.having, root.order, page.limit, page.offset,
        page.count, address.ref, positioned=page.positioned,
    )  # fmt: skip


def _bind(address: Address, query: Query, catalog: Catalog, page: Page, selection: Selection) -> Select:
    binder = _Binder(catalog, query)
    select = binder.select(address.table, selection, (), query.root)
    _check_paths(query, binder.paths)
    where = select.where
    if address.key is not None:
        where = and_all(key_filter(catalog.table(address.table), address.key), where)
    is_row = address.key is not None
    return replace(
        select, where=where, offset=page.offset, limit=page.limit, count=page.count, ref=address.ref, versions=is_row,
        positioned=page.positioned and not is_row,
    )  # fmt: skip


def key_filter(table: Table, values: tuple[str, ...]) -> Filter | None:
    """Make the condition that selects the row with a key.

    Raises:
        NotFound: the table's key has another number of parts.
    """
    if len(values) != len(table.key):
        raise NotFound(
            f"A key of {table.name!r} has {len(table.key)} parts, this address has {len(values)}.",
            hint="The key is " + ",".join(table.key) + "; a comma inside a value is written %2C.",
        )
    parts = zip(table.key, values, strict=True)
    return and_all(*(Comparison(ColumnRef(name), "eq", Literal(value)) for name, value in parts))


def _check_paths(query: Query, known: set[tuple[str, ...]]) -> None:
    for path in query.embeds:
        if path not in known:
            name = ".".join(path)
            raise InvalidParameter(
                f"{name!r} is not embedded in this request.",
                hint=f"Add {path[-1]}(...) to select, or quote a column whose name has a dot.",
                where=f"query parameter '{name}...'",
            )


def _distinct(outputs: Iterable[Output | None]) -> tuple[Output, ...]:
    by_name: dict[str, Output] = {}
    for output in outputs:
        if output is not None and by_name.setdefault(output.name, output) != output:
            raise _name_clash(output.name)
    return tuple(by_name.values())


def _name_clash(name: str) -> InvalidSelect:
    return InvalidSelect(
        f"Two items of the result would be named {name!r}.", hint="Give one of them an alias: alias:column.",
        where="query parameter 'select'",
    )  # fmt: skip


def _check_orders(orders: tuple[Order, ...], embeds: dict[str, Embed]) -> None:
    for order in orders:
        if order.embed is None:
            continue
        embed = embeds.get(order.embed)
        if embed is None or embed.many:
            problem = "is not embedded in this request" if embed is None else "has many rows for each row"
            raise InvalidParameter(
                f"Rows cannot be sorted by {order.embed!r}: it {problem}.", where="query parameter 'order'"
            )


@dataclass(slots=True)
class _Binder:
    catalog: Catalog
    query: Query
    paths: set[tuple[str, ...]] = field(default_factory=set)

    def select(self, table: str, selection: Selection, path: tuple[str, ...], level: Level) -> Select:
        self.paths.add(path)
        embeds = {item.name: self._embed(table, item, path) for item in selection.embeds}
        outputs = self._outputs(table, selection)
        _check_names(self._names(table, outputs, bare=not selection.outputs), embeds.values(), self)
        _check_orders(level.order, embeds)
        where = and_all(*level.where)
        if embeds and where is not None:
            where = _with_embeds(where, embeds)
        return Select(
            table, outputs, tuple(embeds.values()), where, level.having, level.order, level.limit, level.offset,
            bare=not selection.outputs,
        )  # fmt: skip

    def _outputs(self, table: str, selection: Selection) -> tuple[Output, ...]:
        if selection.outputs in ((), (None,)):
            return ()
        found: list[Output] = []
        for output in selection.outputs:
            if output is not None:
                found.append(output)
            else:
                columns = self.catalog.table(table).columns
                found.extend(Output(ColumnRef(column.name), column.name) for column in columns)
        return _distinct(found)

    def _embed(self, table: str, item: EmbedItem, path: tuple[str, ...]) -> Embed:
        relation = self.catalog.relation(table, item.target, item.hint)
        if item.spread and relation.many:
            raise InvalidSelect(
                f"{item.target!r} cannot be spread: it has many rows for each row of {table!r}.",
                where="query parameter 'select'",
            )
        inner_path = (*path, item.name)
        level = self.query.embeds.get(inner_path, _NOTHING)
        select = self.select(relation.table, item.selection, inner_path, level)
        hidden = item.selection == Selection()
        return Embed(item.name, relation.local, relation.remote, relation.many, select, item.inner, item.spread, hidden)

    def _names(self, table: str, outputs: tuple[Output, ...], *, bare: bool) -> list[str]:
        if outputs or bare:
            return [output.name for output in outputs]
        return [column.name for column in self.catalog.table(table).columns]

    def names_of(self, select: Select) -> list[str]:
        """Name everything that a select yields."""
        names = self._names(select.table, select.outputs, bare=select.bare)
        for embed in select.embeds:
            if not embed.hidden:
                names.extend(self.names_of(embed.select) if embed.spread else [embed.name])
        return names


def _check_names(names: list[str], embeds: Iterable[Embed], binder: _Binder) -> None:
    seen = set(names)
    for embed in embeds:
        if embed.hidden:
            continue
        for name in binder.names_of(embed.select) if embed.spread else (embed.name,):
            if name in seen:
                raise _name_clash(name)
            seen.add(name)


def _with_embeds(condition: Filter, embeds: dict[str, Embed]) -> Filter:
    """Turn ``embed=is.null`` into: the embed has no row."""
    match condition:
        case And(items):
            return And(tuple(_with_embeds(item, embeds) for item in items))
        case Or(items):
            return Or(tuple(_with_embeds(item, embeds) for item in items))
        case Not(item):
            inner = _with_embeds(item, embeds)
            return inner.item if isinstance(inner, Not) else Not(inner)
        case Comparison(ColumnRef(name, ()), "is", None) if name in embeds:
            return Not(EmbedExists(name))
    return condition
