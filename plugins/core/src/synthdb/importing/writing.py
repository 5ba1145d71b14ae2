"""The second pass: writing a source's rows chunk by chunk, each chunk and the note of it one commit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from synthdb.importing.bookkeeping import Ledger, State, Target
from synthdb.importing.conversion import convert_chunk
from synthdb.importing.options import ImportOptions
from synthdb.importing.planning import TablePlan
from synthdb.importing.records import Reject
from synthdb.importing.report import Progress
from synthdb_host.catalog import Table
from synthdb_host.errors import Conflict, InvalidBody, RequestError
from synthdb_host.operations import AddColumn, Batch, Change, CreateTable, Define, DropTable, Insert

__all__ = ["COMMIT_ROWS", "RejectSink", "TableWriter", "stopped"]

COMMIT_ROWS = 8192
"""About how many rows are written in one commit."""

_Rows = Sequence[tuple[Any, ...]]


class RejectSink(Protocol):
    """Where records that were not imported are noted."""

    def write(self, rejects: Sequence[Reject]) -> None:
        """Note records, durably, before the chunk they stand in is committed."""


@dataclass(slots=True)
class _Group:
    """The rows of some chunks, to be written together; ``end`` is how many records they consume."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    end: int = 0
    fraction: float = 0.0


class TableWriter:
    """Writes one planned table."""

    def __init__(self, target: Target, plan: TablePlan, options: ImportOptions, rejects: RejectSink) -> None:
        self._target = target
        self._plan = plan
        self._options = options
        self._rejects = rejects
        self._ledger = Ledger(target)
        self._names = tuple(column.name for column in plan.columns)

    def begin(self) -> State:
        """Make the table, or find how far an earlier run has come.

        Raises:
            Conflict: rows that were appended to a table cannot be taken back to begin again.
        """
        self._ledger.prepare()
        plan, options = self._plan, self._options
        fingerprint = options.fingerprint(plan.intake.digest, plan.table)
        state = self._ledger.find(fingerprint)
        existing = self._target.catalog().tables.get(plan.table)
        if state and existing and not options.restart:
            return state
        if state and existing and state.begun == "append" and state.written:
            raise Conflict(f"{state.written} rows were appended to {plan.table!r} already; they are not taken back.")
        return self._first(State(fingerprint, plan.intake.source, plan.table), existing, again=state is not None)

    def _first(self, state: State, existing: Table | None, *, again: bool) -> State:
        replaces = self._options.existing == "replace" or (again and self._options.restart)
        begun = "new" if existing is None else ("replace" if replaces else "append")
        changes: list[Change] = self._additions(existing) if existing and not replaces else [self._creation()]
        if existing and replaces:
            changes.insert(0, DropTable(self._plan.table))
        state = State(state.fingerprint, state.source, state.target, begun)
        ref = self._target.ref
        definition = (Define(tuple(changes), ref),) if changes else ()
        self._target.execute(Batch((*definition, state.save(ref)), ref))
        return state

    def _creation(self) -> CreateTable:
        return CreateTable(self._plan.table, self._plan.columns, self._plan.key, mode=self._options.mode)

    def _additions(self, existing: Table) -> list[Change]:
        return [
            AddColumn(existing.name, column) for column in self._plan.columns if column.name not in existing.by_name
        ]

    def write(self, state: State, progress: Progress) -> State:
        """Write all rows behind ``state``, and give the state reached.

        Raises:
            InvalidBody: a record cannot be imported, and the options say to stop.
        """
        for group in self._groups(state.records):
            if group.rejects and self._options.on_error == "stop":
                raise stopped(group.rejects[0], state.written)
            state = self._commit(state, group)
            progress(self._plan.table, state.records, group.fraction)
        return state

    def _groups(self, skip: int) -> Iterator[_Group]:
        group = _Group()
        for chunk in self._plan.intake.reader.chunks(skip):
            typed = convert_chunk(chunk, self._plan.converters, self._plan.intake.source)
            group.rows += typed.rows
            group.lines += typed.lines
            group.rejects += typed.rejects
            group.end, group.fraction = chunk.end, chunk.fraction
            if len(group.rows) + len(group.rejects) >= COMMIT_ROWS:
                yield group
                group = _Group()
        if group.end:
            yield group

    def _commit(self, state: State, group: _Group) -> State:
        try:
            after = state.beyond(group.end, len(group.rows), len(group.rejects))
            self._rejects.write(group.rejects)
            insert = (self._insert(group.rows),) if group.rows else ()
            ref = self._target.ref
            self._target.execute(Batch((*insert, after.save(ref)), ref))
        except RequestError as error:
            if error.status not in (400, 409):
                raise
            return self._sift(state, group)
        return after

    def _sift(self, state: State, group: _Group) -> State:
        """Write a group that some of its rows keep from being written, without these."""
        with self._target.transaction():
            refused: list[Reject] = []
            self._try(group.rows, group.lines, refused)
            if refused and self._options.on_error == "stop":
                raise stopped(refused[0], state.written)
            self._rejects.write(refused)
            after = state.beyond(group.end, len(group.rows) - len(refused), len(group.rejects) + len(refused))
            self._target.execute(after.save(self._target.ref))
        return after

    def _try(self, rows: _Rows, lines: Sequence[int], refused: list[Reject]) -> None:
        if not rows or (refused and self._options.on_error == "stop"):
            return
        try:
            self._target.execute(self._insert(rows))
        except RequestError as error:
            if len(rows) == 1:
                column = error.data.get("column")
                name = column if isinstance(column, str) else None
                refused.append(Reject(self._plan.intake.source, lines[0], name, error.detail))
                return
            half = len(rows) // 2
            self._try(rows[:half], lines[:half], refused)
            self._try(rows[half:], lines[half:], refused)

    def _insert(self, rows: _Rows) -> Insert:
        return Insert(self._plan.table, self._names, rows, ref=self._target.ref)


def stopped(reject: Reject, committed: int) -> InvalidBody:
    """Say that an import stopped at a record, and how many rows are in the table already."""
    done = (
        f"{committed} rows are written, and the same command continues behind them"
        if committed
        else "nothing is written"
    )
    return InvalidBody(
        f"{reject}. The import stopped: {done}.",
        hint="Mend the record, or leave such records out with --on-error skip.",
        where=f"line {reject.line}",
        data={"file": reject.file, "line": reject.line, "column": reject.column, "committed": committed},
    )
