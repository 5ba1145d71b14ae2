"""What a database looks like at one ref: tables, columns, keys and relations.

A storage backend builds a :class:`Catalog`; API generators read it. All names are logical names. The
records say nothing about how or where rows are stored.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, Self

from synthdb_host.errors import AmbiguousEmbed, InvalidValue, UnknownColumn, UnknownRelation, UnknownTable

__all__ = [
    "TYPE_NAMES",
    "Catalog",
    "CheckConstraint",
    "Column",
    "ColumnType",
    "ForeignKey",
    "Index",
    "OnDelete",
    "Relation",
    "Table",
    "TableMode",
    "UniqueKey",
]

TYPE_NAMES = ("text", "integer", "real", "decimal", "boolean", "date", "timestamp", "uuid", "json", "bytes")
"""The column types. Their Python values are str, int, float, Decimal, bool, date, datetime (aware, UTC,
microseconds), UUID, any JSON value, and bytes."""

TableMode = Literal["flexible", "strict", "locked"]
"""``flexible``: writes may add columns and widen inferred ones. ``strict``: only define operations change
the schema. ``locked``: nothing does until the mode is changed."""

OnDelete = Literal["no_action", "restrict", "cascade", "set_null"]

_MOST_DIGITS = 100
_TYPE = re.compile(r"\s*([a-z]+)\s*(?:\(\s*(\d{1,9})\s*(?:,\s*(\d{1,9})\s*)?\))?\s*", re.IGNORECASE)
_SYNONYMS = {
    "int": "integer", "int4": "integer", "int8": "integer", "bigint": "integer", "smallint": "integer",
    "float": "real", "double": "real", "float8": "real", "numeric": "decimal", "bool": "boolean",
    "varchar": "text", "string": "text", "str": "text", "datetime": "timestamp", "timestamptz": "timestamp",
    "jsonb": "json", "blob": "bytes", "bytea": "bytes",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A column's type; ``precision`` and ``scale`` are digits in all and after the point, decimal only."""

    name: str
    precision: int | None = None
    scale: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``integer``, ``decimal(10,2)`` or a common SQL synonym.

        Raises:
            InvalidValue: the text names no type.
        """
        match = _TYPE.fullmatch(text)
        name = match[1].lower() if match else ""
        name = _SYNONYMS.get(name, name)
        if not match or name not in TYPE_NAMES:
            raise InvalidValue(f"There is no column type {text!r}.", hint=f"The types are {', '.join(TYPE_NAMES)}.")
        if name != "decimal":
            return cls(name)
        precision = int(match[2] or 18)
        scale = int(match[3] or (0 if match[2] else 6))
        if not 1 <= precision <= _MOST_DIGITS or scale > precision:
            raise InvalidValue(f"{text!r} is not a decimal: it needs 1 to 100 digits, no more of them after the point.")
        return cls(name, precision, scale)

    def __str__(self) -> str:
        return f"{self.name}({self.precision},{self.scale})" if self.name == "decimal" else self.name


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    ``inferred`` says that the type was taken from data, so a flexible table may still widen it; a declared
    type is a promise and stays. ``default`` is a value of the column's type, used where an insert gives none.
    """

    name: str
    type: ColumnType
    not_null: bool = False
    default: object = None
    has_default: bool = False
    inferred: bool = False
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """Columns whose values together are unique."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """An index that makes reads by its columns fast."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns that refer to unique columns of ``table``."""

    name: str
    columns: tuple[str, ...]
    table: str
    references: tuple[str, ...]
    on_delete: OnDelete = "no_action"


@dataclass(frozen=True, slots=True)
class CheckConstraint:
    """A condition that every row satisfies; ``condition`` is a :data:`synthdb_host.operations.Filter`."""

    name: str
    condition: object


@dataclass(frozen=True)
class Table:
    """A table at one ref.

    ``identity`` is the one column by which the engine knows a row for ever. ``key`` is what its users call a
    row by: the declared key, else the identity. ``generated`` says that the identity is an engine integer or
    uuid7 that an insert may leave out. ``dropped`` columns can be restored. With ``preconditions``, who writes over
    HTTP must name the version of the row that he changes.
    """

    name: str
    columns: tuple[Column, ...]
    identity: str
    key: tuple[str, ...]
    generated: Literal["integer", "uuid7"] = "integer"
    mode: TableMode = "flexible"
    unique_keys: tuple[UniqueKey, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[Index, ...] = ()
    checks: tuple[CheckConstraint, ...] = ()
    comment: str | None = None
    preconditions: bool = False
    dropped: tuple[Column, ...] = field(default=(), compare=False)

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by their name."""
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> Column:
        """Find a column.

        Raises:
            UnknownColumn: the table has none of this name.
        """
        found = self.by_name.get(name)
        if found is None:
            raise UnknownColumn(
                f"Table {self.name!r} has no column {name!r}.",
                hint="Its columns are " + ", ".join(self.by_name) + ".",
                data={"table": self.name, "column": name},
            )
        return found


@dataclass(frozen=True, slots=True)
class Relation:
    """One way from a table to another over a foreign key.

    ``many`` is False from the referring table to the one referred to, True the other way round. Rows belong
    together where the values of ``local`` equal those of ``remote``, pairwise.
    """

    name: str
    table: str
    local: tuple[str, ...]
    remote: tuple[str, ...]
    many: bool


@dataclass(frozen=True)
class Catalog:
    """All tables at one ref. ``version`` changes whenever anything in here does; ``dropped`` tables can be restored.

    ``whole`` is the version of the catalog of which this is what a caller may see; empty: this is it.
    """

    version: str
    tables: Mapping[str, Table] = field(default_factory=dict)
    dropped: tuple[str, ...] = field(default=(), compare=False)
    whole: str = ""

    def table(self, name: str) -> Table:
        """Find a table.

        Raises:
            UnknownTable: there is none of this name.
        """
        found = self.tables.get(name)
        if found is None:
            raise UnknownTable(f"There is no table {name!r}.", hint=_nearest(name, self.tables), data={"table": name})
        return found

    def of(self, mark: str) -> "Catalog":
        """Give the same with a version that holds a mark, so that it is not taken for that of another database."""
        found: Catalog | None = self.__dict__.get("_of")
        if found is None or not found.version.endswith(mark):
            found = replace(self, version=f"{self.version}/{mark}", whole=self.whole or self.version)
            # As a cached property would be: a catalog of one database gets one mark.
            self.__dict__["_of"] = found
        return found

    @cached_property
    def relations(self) -> Mapping[str, tuple[Relation, ...]]:
        """Every relation, by the table it starts from: foreign keys forwards and backwards."""
        found: dict[str, list[Relation]] = {name: [] for name in self.tables}
        for table in self.tables.values():
            for key in table.foreign_keys:
                found[table.name].append(Relation(key.name, key.table, key.columns, key.references, many=False))
                found.setdefault(key.table, []).append(
                    Relation(key.name, table.name, key.references, key.columns, many=True)
                )
        return {name: tuple(relations) for name, relations in found.items()}

    def relation(self, source: str, target: str, hint: str | None = None) -> Relation:
        """Find the one relation from ``source`` to what ``target`` names.

        ``target`` is the other table's name, or that of a foreign key or of its single column. ``hint`` chooses
        among several: a foreign key's name or a column of it. Between the two ways of a table's one foreign key
        to itself, the table's name means the referring rows; the column's name leads to the row referred to.

        Raises:
            UnknownTable: there is no table ``source``.
            UnknownRelation: there is none.
            AmbiguousEmbed: there are several; ``data["candidates"]`` lists them.
        """
        found = [r for r in self.relations.get(source, ()) if _is_called(r, target) and (not hint or _hinted(r, hint))]
        if len(found) == 2 and found[0].table == source and found[0].name == found[1].name:  # noqa: PLR2004 - a pair
            found = [r for r in found if r.many]
        if len(found) == 1:
            return found[0]
        if not found:
            related = sorted({r.table for r in self.relations.get(self.table(source).name, ())})
            raise UnknownRelation(
                f"No foreign key connects {source!r} with {target!r}.",
                hint=f"Related: {', '.join(related) or 'none'}.",
            )
        names = [f"{r.table}!{r.name}" for r in found]
        raise AmbiguousEmbed(
            f"{len(found)} relations lead from {source!r} to {target!r}.",
            hint="Name one of them: " + ", ".join(names) + ".",
            data={"candidates": names},
        )


def _is_called(relation: Relation, target: str) -> bool:
    by_column = not relation.many and len(relation.local) == 1 and target == relation.local[0]
    return target in (relation.table, relation.name) or by_column


def _hinted(relation: Relation, hint: str) -> bool:
    return hint == relation.name or hint in relation.local or hint in relation.remote


def _nearest(name: str, known: Mapping[str, object]) -> str | None:
    from difflib import get_close_matches  # noqa: PLC0415 - only on the way to an error

    close = get_close_matches(name, list(known), n=1)
    return f"Did you mean {close[0]!r}?" if close else None
