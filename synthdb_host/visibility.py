"""What a caller may know of a catalog."""

import hashlib
from collections.abc import Mapping
from typing import Final

from synthdb_host.catalog import Catalog, CheckConstraint, Table
from synthdb_host.contracts import TableRestriction
from synthdb_host.deciding import columns_of
from synthdb_host.operations import Or

__all__ = ["NO_ROWS", "visible"]

NO_ROWS: Final = Or(())
"""The restriction to no rows at all; a table with it does not exist for the caller."""


def visible(catalog: Catalog, limits: Mapping[str, TableRestriction]) -> Catalog:
    """Give the catalog without the columns that are hidden, and without tables of which no rows may be read."""
    gone = {name for name, limit in limits.items() if limit.rows is NO_ROWS}
    hidden = {name: limit.hidden for name, limit in limits.items() if limit.hidden}
    if not gone and not hidden:
        return catalog
    tables = {name: _without(table, hidden, gone) for name, table in catalog.tables.items() if name not in gone}
    # Plans are kept by version: another view of the same catalog needs another one.
    seen = sorted(gone), sorted((name, sorted(columns)) for name, columns in hidden.items())
    digest = hashlib.blake2b(repr(seen).encode(), digest_size=8).hexdigest()
    return Catalog(f"{catalog.version}/{digest}", tables, whole=catalog.whole or catalog.version)


def _without(table: Table, hidden: Mapping[str, frozenset[str]], gone: set[str]) -> Table:
    own = hidden.get(table.name, frozenset())
    return Table(
        table.name,
        tuple(column for column in table.columns if column.name not in own),
        table.identity,
        () if own.intersection(table.key) else table.key,
        table.generated,
        table.mode,
        tuple(key for key in table.unique_keys if own.isdisjoint(key.columns)),
        tuple(
            key
            for key in table.foreign_keys
            if key.table not in gone
            and own.isdisjoint(key.columns)
            and hidden.get(key.table, frozenset()).isdisjoint(key.references)
        ),
        tuple(index for index in table.indexes if own.isdisjoint(index.columns)),
        tuple(check for check in table.checks if own.isdisjoint(_named(check))),
        table.comment,
        table.preconditions,
    )


def _named(check: CheckConstraint) -> set[str]:
    return set(columns_of(check.condition))  # type: ignore[arg-type] # the catalog cannot import the filter tree
