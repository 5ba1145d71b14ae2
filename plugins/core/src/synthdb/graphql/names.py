"""Names of GraphQL for the names of a catalog, which may hold any character.

A name that is fit keeps itself. Of others the unfit characters are replaced, and where the result would be taken for
another one, a digest of the name is added. So names depend on the catalog alone, and nothing is left out.
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from synthdb_host.catalog import Catalog, Relation, Table

__all__ = ["Names", "Renamed", "TableNames", "described", "distinct"]

_FIT: Final = re.compile(r"(?!__|(?:true|false|null)\Z)[A-Za-z_][A-Za-z0-9_]*")
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_]+")
_LONGEST: Final = 100

_SUFFIXES: Final = (
    "", "_aggregate", "_by_pk", "_stream", "_connection", "_edge", "_bool_exp", "_order_by", "_select_column",
    "_update_column", "_constraint", "_on_conflict", "_insert_input", "_set_input", "_inc_input", "_append_input",
    "_pk_columns_input", "_updates", "_mutation_response", "_obj_rel_insert_input", "_arr_rel_insert_input",
    "_aggregate_fields", "_aggregate_bool_exp", "_aggregate_bool_exp_count", "_aggregate_order_by",
    "_group", "_group_key", "_group_order_by",
    "_group_key_order_by", "_having",
    *(f"_{function}_{use}" for function in ("sum", "avg", "min", "max")
      for use in ("fields", "having", "group_order_by")),
    "_changes", "_change", "_image",
)  # fmt: skip
"""What is added to the name of a table to name its types and fields."""

_PREFIXES: Final = ("insert_", "update_", "delete_")

_RESERVED: Final = frozenset({
    "String", "Int", "Float", "Boolean", "ID", "bigint", "numeric", "date", "timestamptz", "uuid", "jsonb", "bytea",
    "query_root", "mutation_root", "subscription_root", "order_by", "at_input", "at_branch_input", "change_operation",
    "Node", "PageInfo",
})  # fmt: skip
"""Types that every schema has, beside comparisons, which end with ``_comparison_exp``."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """Something that is called otherwise in GraphQL; ``table`` holds it, and is None for a table."""

    table: str | None
    name: str
    called: str


@dataclass(frozen=True, slots=True)
class TableNames:
    """How a table, its columns and its relations are called."""

    table: str
    columns: Mapping[str, str]
    relations: tuple[tuple[str, Relation], ...]


class Names:
    """The names of all tables of a catalog.

    Args:
        catalog: the tables.
        taken: names that no table can have, because plugins have them.
    """

    def __init__(self, catalog: Catalog, taken: Collection[str] = ()) -> None:
        self._catalog = catalog
        self._tables = _table_names(catalog.tables, taken)

    @cached_property
    def tables(self) -> Mapping[str, TableNames]:
        """The names, by the catalog's names of the tables."""
        return {table.name: self._of(table) for table in self._catalog.tables.values()}

    @property
    def renamed(self) -> Iterator[Renamed]:
        """What is not called as in the catalog."""
        for name, names in sorted(self.tables.items()):
            if names.table != name:
                yield Renamed(None, name, names.table)
            for column, called in names.columns.items():
                if called != column:
                    yield Renamed(name, column, called)

    def _of(self, table: Table) -> TableNames:
        columns = distinct([column.name for column in table.columns], set())
        relations = _relations(self._catalog, table, set(columns.values()))
        return TableNames(self._tables[table.name], columns, relations)


def _table_names(names: Iterable[str], others: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    taken = {*_RESERVED, *others}
    for name in _in_order(names):
        found[name] = called = next(item for item in _candidates(name) if _is_free(item, taken))
        taken.update(_derived(called))
    return found


def _is_free(name: str, taken: set[str]) -> bool:
    return taken.isdisjoint(_derived(name)) and not name.endswith("_comparison_exp")


def _derived(name: str) -> Iterator[str]:
    yield from (name + suffix for suffix in _SUFFIXES)
    yield from (prefix + name for prefix in _PREFIXES)
    yield from (f"{prefix}{name}{suffix}" for prefix, suffix in (("insert_", "_one"), ("update_", "_by_pk")))
    yield from (f"{prefix}{name}{suffix}" for prefix, suffix in (("update_", "_many"), ("delete_", "_by_pk")))


def distinct(names: Iterable[str], taken: set[str]) -> dict[str, str]:
    """Give names that are fit, and none of those taken, which gain them."""
    found: dict[str, str] = {}
    for name in _in_order(names):
        found[name] = called = next(item for item in _candidates(name) if item not in taken)
        taken.add(called)
    return found


def _in_order(names: Iterable[str]) -> list[str]:
    """Sort names so that none that is fit gives way to one that is not, and a shorter one to none."""
    return sorted(names, key=lambda name: (not _FIT.fullmatch(name), len(name), name))


def _candidates(name: str) -> Iterator[str]:
    """Give what a name may be called, best first."""
    plain = name if _FIT.fullmatch(name) else _plain(name)
    yield plain
    for size in range(3, 33):
        yield f"{plain}_{hashlib.blake2b(name.encode(), digest_size=size).hexdigest()}"


def _plain(name: str) -> str:
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = _UNFIT.sub("_", text)[:_LONGEST].strip("_")
    return plain if plain[:1].isalpha() and _FIT.fullmatch(plain) else f"n{plain}"


def _relations(catalog: Catalog, table: Table, taken: set[str]) -> tuple[tuple[str, Relation], ...]:
    """Name relations by the other table where there is one way to it, else by the foreign key."""
    relations = catalog.relations.get(table.name, ())
    found: list[tuple[str, Relation]] = []
    for relation in sorted(relations, key=lambda item: (item.table, item.name, not item.many)):
        candidates = _relation_candidates(relation, relations, table)
        name = next(item for item in candidates if taken.isdisjoint(_fields_of(item, relation)))
        taken.update(_fields_of(name, relation))
        found.append((name, relation))
    return tuple(found)


def _fields_of(name: str, relation: Relation) -> tuple[str, ...]:
    """Name the fields of a relation: one to many has aggregates and a connection, too."""
    return (name, f"{name}_aggregate", f"{name}_connection") if relation.many else (name,)


def _relation_candidates(relation: Relation, relations: Iterable[Relation], table: Table) -> Iterator[str]:
    others = [item for item in relations if item.table == relation.table]
    pair = len(others) == 2 and relation.table == table.name and others[0].name == others[1].name  # noqa: PLR2004 - both ways of one key
    if len(others) == 1 or (pair and relation.many):
        yield next(_candidates(relation.table))
    if not relation.many or not pair:
        yield next(_candidates(relation.name))
    yield from _candidates(f"{relation.table}_by_{relation.name}")


def described(comment: str | None, name: str, called: str) -> str | None:
    """Describe something by its comment, and by the name that it has in the database where that is another one."""
    own = None if name == called else f"In the database it is called {name!r}."
    return "\n\n".join(part for part in (comment, own) if part) or None
