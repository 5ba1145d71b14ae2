"""A short way to talk to a database in tests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pytest

from synthdb_host.catalog import Catalog, Column, ColumnType, Table
from synthdb_host.contracts import (
    UNRESTRICTED,
    Context,
    Database,
    Principal,
    Restrictions,
    Result,
    TableRestriction,
    Transaction,
)
from synthdb_host.errors import RequestError, UnsupportedCapability
from synthdb_host.operations import (
    HEAD,
    Aggregate,
    AggregateFunction,
    Batch,
    Change,
    ColumnRef,
    Comparison,
    CreateTable,
    Define,
    Delete,
    Embed,
    Filter,
    Insert,
    Operation,
    Order,
    Output,
    Ref,
    Select,
    Update,
)
from synthdb_host.stepping import run
from synthdb_host.versions import Branching, CreateBranch, Merge

__all__ = ["CALLER", "Place", "Session", "aggregate", "by", "column", "columns", "embed", "where"]

CALLER = Context(Principal("tester"))
"""Who asks in the tests."""


def where(name: str, operator: str, value: object, **options: Any) -> Comparison:
    """Compare a column with a value."""
    return Comparison(ColumnRef(name), operator, value, **options)


def by(name: str, *, descending: bool = False, nulls: Literal["first", "last"] | None = None) -> tuple[Order, ...]:
    """Sort by one column."""
    return (Order(ColumnRef(name), descending, nulls),)


def column(name: str, type_name: str, **options: Any) -> Column:
    """Describe a declared column; a default given is meant."""
    if "default" in options:
        options["has_default"] = True
    return Column(name, ColumnType.parse(type_name), **options)


def columns(*names: str) -> tuple[Output, ...]:
    """Select columns under their own names."""
    return tuple(Output(ColumnRef(name), name) for name in names)


def aggregate(function: AggregateFunction, name: str | None = None, alias: str | None = None) -> Output:
    """Select an aggregate over a column, or the number of rows."""
    return Output(Aggregate(function, ColumnRef(name) if name else None), alias or function)


def embed(name: str, local: str, remote: str, select: Select, *, many: bool, **options: Any) -> Embed:
    """Put related rows into each row, matched by one column on each side."""
    return Embed(name, (local,), (remote,), many, select, **options)


class Place:
    """Where a session works: operations that name no ref of their own are about this one."""

    def __init__(self, ref: Ref = HEAD) -> None:
        self.ref = ref

    def wrote(self) -> None:
        """Hear that something was written here."""

    def stay(self) -> None:
        """Hear that states are compared from now on, so that the place must not change."""

    def of(self, operation: Operation) -> Operation:
        """Give the operation, about this place unless it names another."""
        if isinstance(operation, Batch):
            operation = replace(operation, operations=tuple(self.of(part) for part in operation.operations))
        if getattr(operation, "ref", None) == HEAD:
            operation = replace(operation, ref=self.ref)  # type: ignore[arg-type] # it has one
        return operation


@dataclass(frozen=True)
class Session:
    """A database, a place in it and a caller: operations run at once, on the calling thread."""

    database: Database
    restrictions: Restrictions = UNRESTRICTED
    context: Context = CALLER
    place: Place = field(default_factory=Place)

    @property
    def ref(self) -> Ref:
        """The ref of the place where the session works."""
        return self.place.ref

    def at(self, ref: Ref) -> "Session":
        """Give a session of the same caller that works at a ref."""
        return replace(self, place=Place(ref))

    def restricted(self, *, may_define: bool = True, **tables: TableRestriction) -> "Session":
        """Give a session of a caller with limits."""
        return replace(self, restrictions=Restrictions(tables, may_define=may_define))

    def combining(self, *actions: str, may_define: bool = False) -> "Session":
        """Give a session of a caller who may only do these actions on rows where states are combined."""
        return replace(self, restrictions=Restrictions({}, may_define, {None: frozenset(actions)}))

    def trying(self) -> "Session":
        """Give a session in which everything is answered and undone."""
        return replace(self, context=replace(self.context, dry_run=True))

    def execute(self, operation: Operation) -> Result:
        """Run an operation."""
        result = run(self.database.execute(self.place.of(operation), self.restrictions, self.context))
        if result.affected is not None or result.commit is not None:
            self.place.wrote()
        return result

    def begin(self) -> Transaction:
        """Start an interactive transaction."""
        self.place.stay()
        return run(self.database.begin(self.context, self.ref))

    def within(self, transaction: Transaction, operation: Operation) -> Result:
        """Run an operation inside a transaction."""
        return run(transaction.execute(self.place.of(operation), self.restrictions, self.context))

    def insert(self, table: str, *rows: Mapping[str, object], **options: Any) -> Result:
        """Insert rows given as mappings."""
        return self.execute(Insert.of(table, rows, **options))

    def update(
        self, table: str, values: Mapping[str, object], condition: Filter | None = None, **options: Any
    ) -> Result:
        """Update the rows that a condition selects."""
        return self.execute(Update(table, values, condition, **options))

    def delete(self, table: str, condition: Filter | None = None, **options: Any) -> Result:
        """Delete the rows that a condition selects."""
        return self.execute(Delete(table, condition, **options))

    def define(self, *changes: Change) -> Result:
        """Change the schema."""
        return self.execute(Define(changes))

    def create(self, table: str, *described: Column, **options: Any) -> Result:
        """Make a table."""
        return self.define(CreateTable(table, described, **options))

    def rows(self, table: str, *names: str, **options: Any) -> list[dict[str, Any]]:
        """Select rows as dictionaries of Python values."""
        return self.execute(Select(table, columns(*names), **options)).python()

    def values(self, table: str, name: str, condition: Filter | None = None, **options: Any) -> list[Any]:
        """Select the values of one column."""
        return [row[name] for row in self.rows(table, name, where=condition, **options)]

    def fork(self, name: str, at: Ref | None = None) -> "Session":
        """Make a branch, of what is here now unless told otherwise, and give a session on it."""
        self.place.stay()
        self.execute(Branching((CreateBranch(name, at=at or self.ref),)))
        return self.at(Ref(name))

    def merge(self, source: "Session") -> Result:
        """Merge another session's place into the branch of this one."""
        return self.execute(Merge(source.ref, self.ref))

    def catalog(self) -> Catalog:
        """Describe the database."""
        self.place.stay()
        return run(self.database.catalog(self.ref))

    def table(self, name: str) -> Table:
        """Describe a table."""
        return self.catalog().table(name)

    def types(self, table: str) -> dict[str, str]:
        """Name the types of a table's columns, without the engine's identity."""
        described = self.table(table)
        return {item.name: item.type.name for item in described.columns if item.name != described.identity}

    def everything(self) -> tuple[Mapping[str, Table], str, dict[str, list[dict[str, Any]]]]:
        """Give all that the database holds, to compare before and after."""
        everyone = replace(self, restrictions=UNRESTRICTED, context=CALLER)
        catalog = everyone.catalog()
        return catalog.tables, catalog.version, {name: everyone.rows(name) for name in catalog.tables}

    @contextmanager
    def refused(self, *codes: str) -> Iterator[None]:
        """Check that the operation inside is refused with one of the codes and leaves nothing behind."""
        before = self.everything()
        with pytest.raises(RequestError) as caught:
            yield
        if isinstance(caught.value, UnsupportedCapability):
            raise caught.value
        assert caught.value.code in codes, f"{caught.value.code}: {caught.value.detail}"
        assert before == self.everything()
