"""Which columns of a table its keys and constraints hold on to."""

from synthdb_host.catalog import Catalog, Table
from synthdb_host.deciding import columns_of

__all__ = ["constrained", "fixed", "indexed"]


def indexed(table: Table) -> list[tuple[str, ...]]:
    """Give the columns of everything that has an index: keys, indexes, unique and foreign keys."""
    found = [(table.identity,), table.key, *(index.columns for index in table.indexes)]
    found += [key.columns for key in table.unique_keys]
    return [*found, *(key.columns for key in table.foreign_keys)]


def fixed(catalog: Catalog, table: Table) -> frozenset[str]:
    """Give the columns whose type stays: keys, foreign keys on both sides, and what checks compare."""
    referring = [name for key in table.foreign_keys for name in key.columns]
    referred = [
        name for other in catalog.tables.values() for key in other.foreign_keys if key.table == table.name
        for name in key.references
    ]  # fmt: skip
    checked = [name for check in table.checks for name in columns_of(check.condition)]  # type: ignore[arg-type]  # the catalog cannot import the filter tree
    return frozenset((table.identity, *table.key, *referring, *referred, *checked))


def constrained(catalog: Catalog, table: Table) -> frozenset[str]:
    """Give the columns that cannot be dropped as they are: the fixed ones and those with an index."""
    return fixed(catalog, table).union(*indexed(table))
