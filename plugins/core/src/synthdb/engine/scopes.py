"""Table occurrences while a statement is built: conditions, restrictions and existence of embeds."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa

from synthdb.catalog.model import StoredCatalog
from synthdb.engine.binds import Binds
from synthdb.engine.conditions import condition_of
from synthdb.engine.expressions import Scope, source_of
from synthdb.engine.shapes import SelectLayout, size_of, tables_of
from synthdb_host.contracts import TableRestriction
from synthdb_host.errors import InvalidSelect
from synthdb_host.operations import Embed, Select

__all__ = ["Builder", "Clause", "Reading", "check_pairs"]

Clause = sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """What all statements of one read share.

    ``starts`` gives for a table the index of the first value of its restriction. With ``exact``, sums may be
    of any size.
    """

    catalog: StoredCatalog
    restrictions: Mapping[str, TableRestriction]
    starts: Mapping[str, int]
    exact: bool = False

    @classmethod
    def of(
        cls, catalog: StoredCatalog, restrictions: Mapping[str, TableRestriction], select: Select, start: int,
        *, exact: bool = False,
    ) -> "Reading":  # fmt: skip
        """Describe a read; the values of its tables' restrictions begin at index ``start``."""
        starts = {}
        for name in tables_of(select):
            starts[name] = start
            start += size_of(restrictions[name].rows) if name in restrictions else 0
        return cls(catalog, restrictions, starts, exact)


class Builder:
    """Builds one statement: makes scopes and their conditions, and collects the places of values."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.binds = Binds()
        self._aliases = itertools.count(1)

    def scope(self, select: Select, layout: SelectLayout, *, aliased: bool = False) -> Scope:
        """Make a scope for a select's table."""
        stored = self.reading.catalog.table(select.table)
        source = source_of(stored, self.binds, f"_e{next(self._aliases)}" if aliased else None)
        restriction = self.reading.restrictions.get(select.table)
        embeds: dict[str, Callable[..., Clause]] = {}
        scope = Scope(stored, source, restriction.hidden if restriction else frozenset(), embeds)
        for embed, place in zip(select.embeds, layout.embeds, strict=True):
            embeds[embed.name] = partial(self.exists, scope, embed, place)
        return scope

    def conditions(self, scope: Scope, select: Select, layout: SelectLayout) -> list[Clause]:
        """Give all that a row of the select's table must satisfy: filter, restriction, inner embeds."""
        found = []
        restriction = self.reading.restrictions.get(select.table)
        if restriction is not None and restriction.rows is not None:
            unhidden = Scope(scope.stored, scope.source)
            start = self.reading.starts[select.table]
            found.append(condition_of(unhidden, restriction.rows, self.binds, start))
        if select.where is not None:
            found.append(condition_of(scope, select.where, self.binds, layout.where))
        found += [scope.embeds[embed.name]() for embed in select.embeds if embed.inner]
        return found

    def exists(self, outer: Scope, embed: Embed, layout: SelectLayout, *, counted: bool = False) -> Clause:
        """Say that an embed has a row, or with ``counted`` how many it has."""
        inner = self.scope(embed.select, layout, aliased=True)
        clauses = [*self.matching(outer, inner, embed), *self.conditions(inner, embed.select, layout)]
        what: Clause = sa.func.count(sa.text("*")) if counted else sa.literal_column("1")
        rows: sa.Select[Any] = sa.select(what).select_from(inner.source).where(*clauses).correlate(outer.source)
        return rows.scalar_subquery() if counted else sa.exists(rows)

    def matching(self, outer: Scope, inner: Scope, embed: Embed) -> list[Clause]:
        """Say that a row of an embed belongs to the outer row."""
        check_pairs(embed)
        return [
            inner.raw(inner.column(remote)) == outer.raw(outer.column(local))
            for local, remote in zip(embed.local, embed.remote, strict=True)
        ]


def check_pairs(embed: Embed) -> None:
    """Check that an embed names pairs of columns.

    Raises:
        InvalidSelect: it does not.
    """
    if not embed.local or len(embed.local) != len(embed.remote):
        raise InvalidSelect(f"The embed {embed.name!r} needs as many local as remote columns, at least one.")
