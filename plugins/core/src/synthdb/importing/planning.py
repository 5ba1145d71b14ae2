"""The first pass: reading a source once to learn its schema, and every record that cannot be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from synthdb.importing.conversion import CellConverter, Converter, ObjectConverter, convert_chunk
from synthdb.importing.options import ImportOptions
from synthdb.importing.records import Chunk, Reader, Reject
from synthdb.importing.report import ColumnReport, Progress, TableReport
from synthdb.importing.scanning import AUTO_NULLS, ColumnScan, Finding
from synthdb_host.catalog import Column, ColumnType, ForeignKey, Index, Table, UniqueKey

__all__ = ["IDENTITY", "SHOWN_REJECTS", "Intake", "TablePlan", "make_plan", "own_column"]

IDENTITY = "id"
"""What the engine calls its own key, and takes a column of this name for."""

SHOWN_REJECTS = 100
"""How many rejects a report lists; a rejects file has them all."""

_MOST_IDS = 20_000_000
_TEXT = ColumnType("text")


@dataclass(frozen=True, slots=True)
class Intake:
    """One table to be read: from which reader, under which name, and ``cells`` if its values are CSV cells.

    ``digest`` identifies the content. ``declared`` is given where the source itself declares the table.
    """

    reader: Reader
    source: str
    table: str
    digest: str
    cells: bool = False
    declared: Table | None = None
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class TablePlan:
    """How a table is going to be imported: its columns, and in the same order their converters by source name."""

    intake: Intake
    table: str
    columns: tuple[Column, ...]
    converters: Mapping[str, Converter]
    key: tuple[str, ...] = ()
    unique_keys: tuple[UniqueKey, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[Index, ...] = ()
    records: int = 0
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    findings: Mapping[str, Finding] = field(default_factory=dict)

    def refuse(self, rejects: Sequence[Reject]) -> None:
        """Count records that cannot be read."""
        self.rejected += len(rejects)
        self.rejects += rejects[: SHOWN_REJECTS - len(self.rejects)]

    def report(self) -> TableReport:
        """Begin the report on this table."""
        names = zip(self.columns, self.converters, strict=True)
        columns = tuple(self._column_report(column, source) for column, source in names)
        report = TableReport(self.table, self.intake.source, columns, self.key, records=self.records)
        report.rejected, report.rejects = self.rejected, list(self.rejects)
        report.notes = [*self.notes]
        return report

    def _column_report(self, column: Column, source: str) -> ColumnReport:
        finding = self.findings.get(source)
        nullable = finding.nullable if finding else not column.not_null
        return ColumnReport(column.name, str(column.type), nullable, finding.notes if finding else ())


def make_plan(intake: Intake, options: ImportOptions, existing: Table | None, progress: Progress) -> TablePlan:
    """Read a source once and plan its import into a new table, or into an ``existing`` one.

    The types of an existing table hold; other types are given by the options or found from the values.

    Raises:
        InvalidValue: the options name a type that does not exist.
    """
    if intake.declared is not None:
        plan = _declared_plan(intake, intake.declared)
        for chunk in intake.reader.chunks():
            plan.refuse(convert_chunk(chunk, plan.converters, intake.source).rejects)
            plan.records += chunk.size
            progress(intake.table, plan.records, chunk.fraction)
        return plan
    survey = _Survey(intake, options, _fixed_types(intake.table, options, existing))
    for chunk in intake.reader.chunks():
        survey.add(chunk)
        progress(intake.table, survey.records, chunk.fraction)
    return survey.plan(existing)


def _declared_plan(intake: Intake, table: Table) -> TablePlan:
    converters = {column.name: ObjectConverter(column.type) for column in table.columns}
    return TablePlan(
        intake, intake.table, table.columns, converters, table.key, table.unique_keys, table.foreign_keys,
        table.indexes, notes=list(intake.notes),
    )  # fmt: skip


def _fixed_types(table: str, options: ImportOptions, existing: Table | None) -> dict[str, ColumnType]:
    fixed = {column.name: column.type for column in existing.columns} if existing else {}
    for name, text in options.types.items():
        own = own_column(name, table)
        if own is not None:
            fixed.setdefault(own, ColumnType.parse(text))
    return fixed


class _Survey:
    """What has been learnt about a source so far."""

    def __init__(self, intake: Intake, options: ImportOptions, fixed: Mapping[str, ColumnType]) -> None:
        self._intake = intake
        self._options = options
        self._fixed = fixed
        self._scans: dict[str, ColumnScan] = {}
        self._checks: dict[str, Converter] = {}
        self._ids: set[object] = set()
        self._ids_differ = True
        self.records = 0
        self._rejected = 0
        self._rejects: list[Reject] = []

    def add(self, chunk: Chunk) -> None:
        for name, values in chunk.columns.items():
            scan = self._scans.get(name)
            if scan is None:
                scan = self._new_column(name)
            scan.add(values, chunk.lines)
        for name in self._scans.keys() - chunk.columns.keys():
            self._scans[name].miss()
        rejects = convert_chunk(chunk, self._checks, self._intake.source).rejects if self._checks else chunk.rejects
        self._rejected += len(rejects)
        self._rejects += rejects[: SHOWN_REJECTS - len(self._rejects)]
        self.records += chunk.size
        self._look_at_ids(chunk)

    def _new_column(self, name: str) -> ColumnScan:
        scan = self._scans[name] = ColumnScan(self._options.all_nulls, cells=self._intake.cells)
        if self.records:
            scan.miss()
        if name in self._fixed:
            unread = Finding(_TEXT, nullable=True, nulls=self._nulls(name), kinds=frozenset())
            self._checks[name] = self._converter(self._fixed[name], unread)
        return scan

    def _nulls(self, name: str) -> frozenset[str]:
        more = AUTO_NULLS if self._fixed[name].name not in ("text", "json", "bytes") else frozenset()
        return self._options.all_nulls | more

    def _look_at_ids(self, chunk: Chunk) -> None:
        values = chunk.columns.get(IDENTITY, ())
        if self._ids_differ and values:
            before = len(self._ids)
            try:
                self._ids.update(values)
            except TypeError:  # a JSON object is no id
                self._ids_differ = False
                return
            self._ids_differ = len(self._ids) == before + len(values) and len(self._ids) < _MOST_IDS

    def plan(self, existing: Table | None) -> TablePlan:
        findings = {name: self._finding(name, scan) for name, scan in self._scans.items()}
        columns = tuple(self._column(name, finding) for name, finding in findings.items())
        converters = {column.name: self._converter(column.type, findings[column.name]) for column in columns}
        plan = TablePlan(self._intake, self._intake.table, columns, converters, findings=findings)
        plan.records, plan.rejected, plan.rejects = self.records, self._rejected, self._rejects
        plan.notes = [*self._intake.notes, *self._intake.reader.notes]
        plan.key = existing.key if existing else self._key(plan)
        return plan

    def _finding(self, name: str, scan: ColumnScan) -> Finding:
        finding = scan.finding()
        return replace(finding, nulls=self._nulls(name) | finding.nulls, notes=()) if name in self._fixed else finding

    def _column(self, name: str, finding: Finding) -> Column:
        return Column(name, self._type(name, finding), inferred=name not in self._fixed)

    def _type(self, name: str, finding: Finding) -> ColumnType:
        return self._fixed.get(name, finding.type)

    def _converter(self, column_type: ColumnType, finding: Finding) -> Converter:
        return CellConverter(column_type, finding) if self._intake.cells else ObjectConverter(column_type)

    def _key(self, plan: TablePlan) -> tuple[str, ...]:
        given = [own_column(name, plan.table) for name in self._options.key]
        wanted = tuple(name for name in given if name in plan.findings)
        if wanted:
            return tuple(name for name in wanted if name is not None)
        found = plan.findings.get(IDENTITY)
        if found is None or self._type(IDENTITY, found).name not in ("integer", "uuid"):
            return ()
        if self._ids_differ and not found.nullable:
            plan.notes.append("column 'id' is the key: it has a different value in every row")
            return (IDENTITY,)
        self._move_ids(plan)
        return ()

    def _move_ids(self, plan: TablePlan) -> None:
        """Give ids that do not tell rows apart another name, since the engine numbers rows in ``id``."""
        taken = {column.name.casefold() for column in plan.columns}
        name = next(name for number in count(2) if (name := f"{IDENTITY}_{number}") not in taken)
        plan.columns = tuple(
            replace(column, name=name) if column.name == IDENTITY else column for column in plan.columns
        )
        plan.notes.append(f"column 'id' is called {name!r}: it does not have a different value in every row")


def own_column(name: str, table: str) -> str | None:
    """Give the column of this table that an option names; None: it names another table's."""
    if name.startswith(f"{table}."):
        return name[len(table) + 1 :]
    return None if "." in name else name
