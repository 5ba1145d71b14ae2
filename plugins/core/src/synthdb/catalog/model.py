"""The catalog as the engine sees it: logical tables and columns together with their physical places."""

from collections.abc import Container, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from synthdb.catalog.backfills import NONE, Unfilled
from synthdb.catalog.layering import Part, Rows
from synthdb.catalog.places import MAIN_HEAD, Layer, Place
from synthdb.catalog.records import compared_columns
from synthdb.storage.codecs import Codec
from synthdb.storage.layout import quote
from synthdb_host.catalog import Catalog, Column, ForeignKey, Table
from synthdb_host.errors import UnknownTable

__all__ = ["IncomingKey", "StoredCatalog", "StoredColumn", "StoredTable"]


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A logical column and the physical column that holds it.

    ``affinity`` is the declared SQL type of the physical column; after an integer column became real it is
    still INTEGER, so that reads must cast. ``root`` is the same for columns that a merge has taken for one.
    """

    id: int
    column: Column
    physical: str
    affinity: str
    codec: Codec
    root: int

    @property
    def name(self) -> str:
        """The logical name."""
        return self.column.name


@dataclass(frozen=True, slots=True)
class IncomingKey:
    """A foreign key of ``table`` that refers to the table at hand."""

    table: str
    key: ForeignKey


@dataclass(frozen=True)
class StoredTable:
    """A logical table at a place, and its physical tables: ``physical`` holds main's rows, ``history`` what they were.

    ``columns`` are by logical name, identity included, in logical order. The physical tables hold the
    engine's own columns too: ``_tx`` and ``_created`` (commit ids) in the first; ``branch``, ``_del``,
    ``_created``, ``_from``, ``_to`` and ``_op`` in the history. ``stored`` names every physical column that holds
    values, those of dropped and retyped columns too. ``layers`` are where the rows of this place are; any but
    main's are in ``overlay``, which is there once a branch has written (``has_overlay``). ``converted`` says how
    values of the past become what a column holds now, see :func:`synthdb.catalog.store.as_now`. ``unfilled`` are
    physical columns whose values may still be in others. ``part`` is set where only some of the rows are wanted.
    """

    id: int
    table: Table
    physical: str
    columns: Mapping[str, StoredColumn]
    stored: tuple[str, ...] = ()
    layers: tuple[Layer, ...] = MAIN_HEAD.layers
    has_overlay: bool = False
    converted: Mapping[str, str] = field(default_factory=dict)
    unfilled: Unfilled = NONE
    part: Part = "all"

    @property
    def name(self) -> str:
        """The logical name."""
        return self.table.name

    @property
    def history(self) -> str:
        """The name of the physical history table."""
        return f"_h_{self.physical}"

    @property
    def overlay(self) -> str:
        """The name of the physical table with the rows of branches."""
        return f"_o_{self.physical}"

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of all its physical tables."""
        return (self.physical, self.history, self.overlay) if self.has_overlay else (self.physical, self.history)

    @property
    def is_layered(self) -> bool:
        """Say whether the rows of this place are put together from several versions."""
        return self.layers != MAIN_HEAD.layers

    @property
    def is_plain(self) -> bool:
        """Say whether the rows of this place are just those of the physical table, as they lie there."""
        return self.layers == MAIN_HEAD.layers and not self.unfilled

    @property
    def is_past(self) -> bool:
        """Say whether some rows of this place may have to be looked for in the history."""
        return any(layer.bound is not None for layer in self.layers)

    def rows(self, alias: str | None = None, schema: str = "") -> str:
        """Give what stands behind FROM to read the rows of this place, called like the physical table or ``alias``."""
        called = quote(self.physical if alias is None else alias)
        if self.is_plain:
            table = f"{schema}{quote(self.physical)}"
            return table if alias is None else f"{table} AS {called}"
        return f"({self.layered(schema)}) AS {called}"

    def layered(self, schema: str = "", only: Container[str] | None = None) -> str:
        """Give a SELECT of the rows of this place: all physical columns, ``_tx`` and ``_created``, or ``only`` some."""
        return self._layered if not schema and only is None else self._rows(only).sql(self.layers, schema)

    @cached_property
    def _layered(self) -> str:
        return self._rows(None).sql(self.layers)

    def counted(self) -> str | None:
        """Give SQL for the number of rows of this place where that is cheaper than to count them, else None."""
        return self._rows(()).count(self.layers)

    def _rows(self, only: Container[str] | None) -> Rows:
        table, history, overlay = quote(self.physical), quote(self.history), quote(self.overlay)
        stored = tuple(quote(name) for name in self.stored if only is None or name in only)
        versions, identity = quote(f"_oi_{self.physical}"), quote(self.identity.physical)
        moving = {quote(name): self.unfilled.value(name, "_r.") for name in self.unfilled}
        converted = {**moving, **self.converted}
        commits = only is None or "_tx" in only
        return Rows(table, history, overlay, versions, identity, stored, converted, commits, self.part)

    @cached_property
    def identity(self) -> StoredColumn:
        """The column by which rows are known for ever; in the physical table it is the primary key."""
        return self.columns[self.table.identity]

    def column(self, name: str) -> StoredColumn:
        """Find a column by its logical name.

        Raises:
            UnknownColumn: the table has none of this name.
        """
        found = self.columns.get(name)
        return found if found is not None else self.columns[self.table.column(name).name]


@dataclass(frozen=True)
class StoredCatalog:
    """All tables of a database at one version, as a place shows them."""

    version: int
    layout: int
    tables: Mapping[str, StoredTable]
    requires: frozenset[str]
    place: Place = MAIN_HEAD
    schema: str = "then"
    dropped: tuple[str, ...] = ()

    @cached_property
    def key(self) -> Hashable:
        """What compiled statements depend on: the schema, and where the rows are."""
        if self.place.layers == MAIN_HEAD.layers:
            return self.version
        layers = [(table.id, *table.layers) for table in self.tables.values() if not table.is_plain]
        # A string keeps its hash.
        return f"{self.version} {self.place} {self.schema} {layers}"

    @cached_property
    def logical(self) -> Catalog:
        """What the outside sees."""
        place = "" if self.place.layers == MAIN_HEAD.layers else f"@{self.place}"
        place += "" if self.schema == "then" else f"/{self.schema}"
        tables = {name: table.table for name, table in self.tables.items()}
        return Catalog(f"{self.version}{place}", tables, self.dropped)

    @cached_property
    def incoming(self) -> Mapping[str, tuple[IncomingKey, ...]]:
        """The foreign keys that refer to each table, by that table's name."""
        found: dict[str, list[IncomingKey]] = {}
        for table in self.tables.values():
            for key in table.table.foreign_keys:
                found.setdefault(key.table, []).append(IncomingKey(table.name, key))
        return {name: tuple(keys) for name, keys in found.items()}

    @cached_property
    def fixed(self) -> Mapping[str, frozenset[str]]:
        """The columns of each table that others know its rows by or that refer to rows: their types stay."""
        found = {}
        for name, stored in self.tables.items():
            table = stored.table
            referring = [column for key in table.foreign_keys for column in key.columns]
            referred = [column for item in self.incoming.get(name, ()) for column in item.key.references]
            found[name] = frozenset((table.identity, *table.key, *referring, *referred))
        return found

    @cached_property
    def checked(self) -> Mapping[str, frozenset[str]]:
        """The columns of each table that its checks compare."""
        return {
            name: frozenset(column for check in stored.table.checks for column in compared_columns(check.condition))
            for name, stored in self.tables.items()
        }

    def table(self, name: str) -> StoredTable:
        """Find a table by its logical name.

        Raises:
            UnknownTable: there is none of this name.
        """
        found = self.tables.get(name)
        if found is None:
            self.logical.table(name)
            raise UnknownTable(f"There is no table {name!r}.")
        return found
