"""Importing files: plan all tables, then write them, then declare their indexes and relations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from synthdb.importing.bookkeeping import Ledger, State, Target
from synthdb.importing.delimited import DelimitedReader
from synthdb.importing.names import usable_name
from synthdb.importing.objects import ObjectReader, json_tables
from synthdb.importing.options import ImportOptions
from synthdb.importing.planning import Intake, TablePlan, make_plan, own_column
from synthdb.importing.relations import declare_keys, declare_relations, list_relations, relate
from synthdb.importing.report import ImportReport, Progress, TableReport, silent
from synthdb.importing.sources import Source, digest, find_sources
from synthdb.importing.sqlite_source import sqlite_intakes
from synthdb.importing.writing import RejectSink, TableWriter, stopped
from synthdb_host.errors import DuplicateName, InvalidParameter, UnknownColumn

__all__ = ["ImportPlan", "plan_import", "run_import"]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import is going to do; ``begun`` says that an earlier run has done a part of it."""

    tables: tuple[TablePlan, ...]
    options: ImportOptions
    notes: tuple[str, ...] = ()
    begun: bool = False

    def report(self) -> ImportReport:
        """Give the report of a dry run."""
        return ImportReport([plan.report() for plan in self.tables], list(self.notes))

    def check(self) -> None:
        """Refuse to go on where a record cannot be imported and the options say to stop.

        Raises:
            InvalidBody: naming the record.
        """
        refused = next((table.rejects[0] for table in self.tables if table.rejects), None)
        if refused and self.options.on_error == "stop":
            raise stopped(refused, 0)


def plan_import(
    target: Target | None, paths: Sequence[Path], options: ImportOptions, progress: Progress = silent
) -> ImportPlan:
    """Read all sources once and plan their import; nothing is written.

    Args:
        target: the database, whose tables may exist already; None: it does not exist yet.
        paths: the files.
        options: how to import.
        progress: told how far the reading has come.

    Raises:
        InvalidParameter: a file is not there or its format is unknown, or the options contradict each other.
        InvalidBody: a source cannot be read at all.
        UnknownColumn: the options name a column that no source has.
        DuplicateName: a table exists, and the options do not say what to do about it.
    """
    intakes: list[Intake] = []
    notes: list[str] = []
    for path in paths:
        for source in find_sources(path, options.format):
            found, more = _intakes(source, options)
            intakes += found
            notes += more
    intakes = _named(intakes, options)
    begun = target is not None and _begun(target, intakes, options)
    appending = target.catalog().tables if target and options.existing == "append" else {}
    plans = tuple(make_plan(intake, options, appending.get(intake.table), progress) for intake in intakes)
    _check_columns(plans, options)
    return ImportPlan(plans, options, tuple(notes), begun)


def run_import(target: Target, plan: ImportPlan, rejects: RejectSink, progress: Progress = silent) -> ImportReport:
    """Write what was planned. A run that was stopped or killed is continued by the same import again.

    Raises:
        InvalidBody: a record cannot be imported, and the options say to stop.
        ForeignKeyViolation: a relation that the options ask for does not hold.
    """
    report = ImportReport(notes=list(plan.notes))
    written: list[tuple[TablePlan, TableReport, State]] = []
    plan.check()
    for table in plan.tables:
        writer = TableWriter(target, table, plan.options, rejects)
        begun = writer.begin()
        state = begun if begun.finished else writer.write(begun, progress)
        outcome = _outcome(table, begun, state)
        report.tables.append(outcome)
        written.append((table, outcome, state))
    fresh = [item for item in written if item[1].status != "unchanged"]
    for table, outcome, _ in fresh:
        declare_keys(target, table, outcome)
    for table, outcome, _ in fresh:
        declare_relations(target, table, outcome)
    for name, key in plan.options.foreign_keys:
        relate(target, name, key)
    for _, outcome, state in written:
        list_relations(target, outcome)
        if not state.finished:
            target.execute(replace(state, finished=True).save(target.ref))
    return report


def _outcome(plan: TablePlan, begun: State, state: State) -> TableReport:
    outcome = plan.report()
    outcome.rows, outcome.rejected = state.written, state.rejected
    if begun.finished:
        outcome.status = "unchanged"
    else:
        outcome.status = "resumed" if begun.records else "imported"
    return outcome


def _intakes(source: Source, options: ImportOptions) -> tuple[list[Intake], list[str]]:
    identity = f"{digest(source.path)}/{source.member or ''}"
    if source.format == "sqlite":
        return sqlite_intakes(source.path, identity)
    name = usable_name(source.name, "table")
    if source.format in ("csv", "tsv"):
        reader = DelimitedReader(source, options.delimiter, options.encoding)
        return [Intake(reader, source.label, name, identity, cells=True)], []
    members = json_tables(source)
    intakes = [
        Intake(
            ObjectReader(source, member), f"{source.label}:{member}" if member else source.label,
            usable_name(member, "table") if member else name, f"{identity}/{member or ''}",
        )
        for member in members
    ]  # fmt: skip
    return intakes, []


def _named(intakes: list[Intake], options: ImportOptions) -> list[Intake]:
    if options.table is not None:
        if len(intakes) != 1:
            raise InvalidParameter(f"The sources hold {len(intakes)} tables; one name for all of them does not do.")
        return [replace(intakes[0], table=options.table)]
    names = [intake.table.casefold() for intake in intakes]
    for intake in intakes:
        if names.count(intake.table.casefold()) > 1:
            raise DuplicateName(
                f"Several sources would be table {intake.table!r}.",
                hint="Import them one by one with --table.",
            )
    return intakes


def _begun(target: Target, intakes: Sequence[Intake], options: ImportOptions) -> bool:
    """Say whether an earlier run has begun this import.

    Raises:
        DuplicateName: it has not, and a table exists.
    """
    ledger, tables, begun = Ledger(target), target.catalog().tables, False
    for intake in intakes:
        known = ledger.find(options.fingerprint(intake.digest, intake.table)) is not None
        begun = begun or known
        if intake.table in tables and options.existing == "fail" and not known:
            raise DuplicateName(
                f"There is a table {intake.table!r} already.",
                hint="Use --table for another name, or --into-existing append or replace.",
            )
    return begun


def _check_columns(plans: Sequence[TablePlan], options: ImportOptions) -> None:
    for name in (*options.key, *options.types):
        if not any(own_column(name, plan.table) in {column.name for column in plan.columns} for plan in plans):
            hints = "; ".join(f"{plan.table}: {', '.join(column.name for column in plan.columns)}" for plan in plans)
            raise UnknownColumn(f"No source has a column {name!r}.", hint=f"Their columns are {hints}.")
