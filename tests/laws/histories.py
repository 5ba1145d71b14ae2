"""Random histories as lists of small steps; what a step is about is found out when it is taken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import strategies as st

from synthdb_host.catalog import Column, ColumnType, Table, UniqueKey
from synthdb_host.operations import (
    AddColumn,
    AddUniqueKey,
    AlterColumn,
    Comparison,
    CreateTable,
    Define,
    Delete,
    DropColumn,
    DropConstraint,
    DropTable,
    Insert,
    Operation,
    Ref,
    RenameColumn,
    RenameTable,
    RestoreColumn,
    Update,
)
from synthdb_host.testing.session import Session, where
from synthdb_host.versions import (
    Backfill,
    Branching,
    CherryPick,
    CreateBranch,
    DropBranch,
    Merge,
    Resolve,
    Restore,
    Revert,
)

__all__ = ["MERGES", "MOST", "NUMBERS", "ROWS", "SCHEMA", "START", "WIDENING", "WRITES", "Step", "World", "histories"]

MOST_BRANCHES: Final = 5
MOST: Final = 60
NUMBERS: Final = 8
_VALUES: Final[dict[str, tuple[Any, ...]]] = {
    "integer": (0, 1, 2, None),
    "real": (0.5, 1.0, 2.5, None),
    "text": ("x", "y", "z", None),
    "boolean": (True, False, None),
    "json": ([1], {"a": 1}, None),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what to do, and numbers that choose among what there is."""

    kind: str
    numbers: tuple[int, ...]


@dataclass
class World:
    """What the steps so far have made; ``session`` tells what there is to choose from."""

    session: Session
    branches: list[str] = field(default_factory=lambda: ["main"])
    commits: int = 0
    names: int = 0
    disputed: tuple[Ref, Ref] | None = None

    def operation(self, step: Step) -> Operation | None:
        """Turn a step into an operation; None: there is nothing to do it with."""
        return _STEPS[step.kind](self, _Numbers(step.numbers))

    def note(self, operation: Operation, commit: str | None, *, conflicts: bool) -> None:
        """Remember what later steps are about."""
        self.commits = max(self.commits, int(commit or 0))
        if isinstance(operation, Merge):
            self.disputed = (operation.source, operation.ref) if conflicts else None

    def fresh(self, letter: str) -> str:
        """Give a name that was never used."""
        self.names += 1
        return f"{letter}{self.names}"


class _Numbers:
    """Numbers that choose, one after the other."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._ahead = list(numbers)

    def of(self, choices: Sequence[Any]) -> Any:
        """Choose one."""
        return choices[(self._ahead.pop(0) if self._ahead else 0) % len(choices)]


def histories(*kinds: str, most: int = 30) -> st.SearchStrategy[list[Step]]:
    """Draw lists of steps."""
    numbers = st.tuples(*[st.integers(0, MOST)] * NUMBERS)
    return st.lists(st.builds(Step, st.sampled_from(kinds), numbers), min_size=1, max_size=most)


def _branch(world: World, numbers: _Numbers) -> Ref:
    return Ref(numbers.of(world.branches))


def _table(world: World, numbers: _Numbers, ref: Ref) -> Table | None:
    tables = world.session.at(ref).catalog().tables
    return tables[numbers.of(sorted(tables))] if tables else None


def _columns(table: Table) -> list[Column]:
    return [column for column in table.columns if column.name not in (table.identity, *table.key)]


def _on_table(make: Callable[[World, _Numbers, Ref, Table], Operation | None]) -> Any:
    def operation(world: World, numbers: _Numbers) -> Operation | None:
        ref = _branch(world, numbers)
        table = _table(world, numbers, ref)
        return make(world, numbers, ref, table) if table else None

    return operation


def _on_column(make: Callable[[World, _Numbers, Table, Column], Any]) -> Any:
    """Make a schema change of a column."""

    def operation(world: World, numbers: _Numbers, ref: Ref, table: Table) -> Operation | None:
        if not _columns(table):
            return None
        change = make(world, numbers, table, numbers.of(_columns(table)))
        return Define((change,), ref) if change else None

    return _on_table(operation)


# -- rows ------------------------------------------------------------------------------------------------


def _insert(world: World, numbers: _Numbers, ref: Ref, table: Table) -> Operation:
    values = {column.name: numbers.of(_VALUES.get(column.type.name, (None,))) for column in _columns(table)[:3]}
    if numbers.of((0, 1, 2)) == 0:
        values[table.identity] = numbers.of((1, 2, 3, 50))
    return Insert.of(table.name, [values], ref=ref)


def _grow(world: World, numbers: _Numbers, ref: Ref, table: Table) -> Operation:
    """Insert a row with a column that may be new, or too narrow."""
    name = numbers.of(("a", "b", "c"))
    value = numbers.of((1, 2, 0.5, 1.5, "x", "y", True))
    return Insert.of(table.name, [{name: value}], ref=ref)


def _update(world: World, numbers: _Numbers, ref: Ref, table: Table) -> Operation | None:
    one = _one(world, numbers, ref, table)
    if one is None or not _columns(table):
        return None
    column = numbers.of(_columns(table))
    return Update(table.name, {column.name: numbers.of(_VALUES.get(column.type.name, (None,)))}, one, ref=ref)


def _delete(world: World, numbers: _Numbers, ref: Ref, table: Table) -> Operation | None:
    one = _one(world, numbers, ref, table)
    return Delete(table.name, one, ref=ref) if one else None


def _one(world: World, numbers: _Numbers, ref: Ref, table: Table) -> Comparison | None:
    found = world.session.at(ref).values(table.name, table.identity)
    return where(table.identity, "eq", numbers.of(found)) if found else None


# -- schema ----------------------------------------------------------------------------------------------


def _create(world: World, numbers: _Numbers) -> Operation | None:
    ref = _branch(world, numbers)
    if len(world.session.at(ref).catalog().tables) > 2:
        return None
    name = numbers.of(("t", "u", world.fresh("t"), world.fresh("t")))
    columns = (Column("a", ColumnType("integer"), inferred=True), Column("b", ColumnType("text")))
    return Define((CreateTable(name, columns),), ref)


def _rename_table(world: World, numbers: _Numbers, ref: Ref, table: Table) -> Operation:
    return Define((RenameTable(table.name, world.fresh("t")),), ref)


def _drop_table(world: World, numbers: _Numbers, ref: Ref, table: Table) -> Operation:
    return Define((DropTable(table.name),), ref)


def _add_column(world: World, numbers: _Numbers, ref: Ref, table: Table) -> Operation:
    kind = numbers.of(("integer", "text", "real"))
    default = numbers.of(_VALUES[kind])
    name = numbers.of(("a", "b", "c", "d"))
    column = Column(name, ColumnType(kind), default=default, has_default=default is not None)
    return Define((AddColumn(table.name, column),), ref)


def _rename_column(world: World, numbers: _Numbers, table: Table, column: Column) -> Any:
    return RenameColumn(table.name, column.name, world.fresh("c"))


def _drop_column(world: World, numbers: _Numbers, table: Table, column: Column) -> Any:
    return DropColumn(table.name, column.name)


def _restore_column(world: World, numbers: _Numbers, ref: Ref, table: Table) -> Operation:
    return Define((RestoreColumn(table.name, numbers.of(("a", "b", "c", "d"))),), ref)


def _retype(world: World, numbers: _Numbers, table: Table, column: Column) -> Any:
    wider = {"integer": ("real", "text"), "real": ("text",), "boolean": ("text",), "text": ("json",)}
    kinds = wider.get(column.type.name)
    return AlterColumn(table.name, column.name, type=ColumnType(numbers.of(kinds))) if kinds else None


def _alter(world: World, numbers: _Numbers, table: Table, column: Column) -> Any:
    if numbers.of((True, False)):
        return AlterColumn(table.name, column.name, not_null=not column.not_null)
    default = numbers.of(_VALUES.get(column.type.name, (None,)))
    if column.has_default:
        return AlterColumn(table.name, column.name, drop_default=True)
    return AlterColumn(table.name, column.name, default=default)


def _unique(world: World, numbers: _Numbers, table: Table, column: Column) -> Any:
    if table.unique_keys:
        return DropConstraint(table.name, table.unique_keys[0].name)
    return AddUniqueKey(table.name, UniqueKey(numbers.of(("u", "v")), (column.name,)))


# -- versions --------------------------------------------------------------------------------------------


def _fork(world: World, numbers: _Numbers) -> Operation | None:
    if len(world.branches) >= MOST_BRANCHES:
        return None
    source = _branch(world, numbers)
    world.branches.append(world.fresh("branch"))
    return Branching((CreateBranch(world.branches[-1], source),))


def _drop(world: World, numbers: _Numbers) -> Operation | None:
    """Drop a branch; who takes the step takes it out of the world's."""
    if len(world.branches) == 1:
        return None
    return Branching((DropBranch(numbers.of(world.branches[1:])),))


def _merge(world: World, numbers: _Numbers) -> Operation:
    return Merge(_branch(world, numbers), _branch(world, numbers))


def _resolve(world: World, numbers: _Numbers) -> Operation | None:
    """Decide what the last merge found in conflict."""
    if world.disputed is None:
        return None
    return Resolve(world.disputed[0], numbers.of(("ours", "theirs")), ref=world.disputed[1])


def _past(world: World, numbers: _Numbers) -> str:
    return str(numbers.of(range(2, max(world.commits, 2) + 1)))


def _pick(world: World, numbers: _Numbers) -> Operation:
    ref = _branch(world, numbers)
    return CherryPick(str(max(2, world.commits - numbers.of(range(12)))), ref=ref)


def _revert(world: World, numbers: _Numbers) -> Operation:
    ref = _branch(world, numbers)
    return Revert(str(max(2, world.commits - numbers.of(range(12)))), ref=ref)


def _restore(world: World, numbers: _Numbers) -> Operation:
    ref = _branch(world, numbers)
    return Restore(Ref(_past(world, numbers)), ref=ref)


def _backfill(world: World, numbers: _Numbers) -> Operation:
    return Backfill(numbers.of((1, 2, 3, 5)))


_STEPS: Final[dict[str, Callable[[World, _Numbers], Operation | None]]] = {
    "insert": _on_table(_insert),
    "grow": _on_table(_grow),
    "update": _on_table(_update),
    "delete": _on_table(_delete),
    "create": _create,
    "rename table": _on_table(_rename_table),
    "drop table": _on_table(_drop_table),
    "add column": _on_table(_add_column),
    "rename column": _on_column(_rename_column),
    "drop column": _on_column(_drop_column),
    "restore column": _on_table(_restore_column),
    "retype": _on_column(_retype),
    "alter": _on_column(_alter),
    "unique": _on_column(_unique),
    "fork": _fork,
    "drop": _drop,
    "merge": _merge,
    "resolve": _resolve,
    "pick": _pick,
    "revert": _revert,
    "restore": _restore,
    "backfill": _backfill,
}

ROWS: Final = ("insert", "insert", "update", "update", "delete")
WRITES: Final = (*ROWS, "grow", "fork")
MERGES: Final = ("merge", "merge", "merge", "resolve", "pick", "revert", "restore")
START: Final = (Step("create", (0,)), Step("insert", (0, 0, 0, 0, 1)), Step("insert", (0, 0, 1, 1, 1)))
"""A table with two rows on the main branch."""

WIDENING: Final = (
    "grow", "retype", "retype", "retype", "drop column", "restore column", "add column", "alter", "backfill",
    "backfill",
)  # fmt: skip
SCHEMA: Final = (
    "create", "rename table", "drop table", "add column", "rename column", "drop column", "restore column", "retype",
    "alter", "unique",
)  # fmt: skip
