"""Importing and exporting files."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from synthdb.importing.exporting import ExportFormat, export_to
from synthdb.importing.importer import plan_import, run_import
from synthdb.importing.options import Existing, ImportOptions, OnError
from synthdb.importing.rejects import RejectList
from synthdb.importing.report import ImportReport
from synthdb.importing.sources import Format
from synthdb.library.selecting import Where, filter_of
from synthdb.library.session import Session
from synthdb_host.errors import InvalidParameter

__all__ = ["FileMethods", "format_of"]

_SUFFIXES: Mapping[str, ExportFormat] = {
    ".csv": "csv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson",
    ".arrows": "arrow", ".arrow": "arrow", ".parquet": "parquet",
    ".db": "sqlite", ".sqlite": "sqlite", ".sqlite3": "sqlite",
}  # fmt: skip


def format_of(path: Path) -> ExportFormat | None:
    """Give the format that a file's name tells, None if it tells none."""
    return _SUFFIXES.get(path.suffix.lower())


class FileMethods(Session):
    """The methods that import and export files."""

    def import_file(  # noqa: PLR0913 - each is one choice of the caller
        self, path: str | PathLike[str], table: str | None = None, *, format: Format | None = None,
        key: str | tuple[str, ...] = (), types: Mapping[str, str] | None = None,
        nulls: frozenset[str] = frozenset(),
        existing: Existing = "fail", on_error: OnError = "stop", dry_run: bool = False,
        message: str | None = None,
    ) -> ImportReport:  # fmt: skip
        """Import a CSV, TSV, JSON, NDJSON (also ``.gz`` and ``.zip``) or SQLite file.

        Types are found from all values of a column, unless ``types`` or an existing table says otherwise.
        Called again after it was interrupted, it continues behind the last chunk that was committed.

        Args:
            path: the file.
            table: the name of the table; by default the file's stem, for SQLite the names there.
            format: the format, where the file's name does not tell it.
            key: the column or columns that rows are called by.
            types: types by column, where those found are not wanted.
            nulls: cells that mean no value, besides empty ones.
            existing: what to do where the table exists: ``fail``, ``append`` or ``replace``.
            on_error: ``stop`` at a record that cannot be imported, or ``skip`` it and list it in the report.
            dry_run: only read, and report what would be done.
            message: kept with each commit.

        Raises:
            InvalidBody: the file cannot be read, or a record of it cannot be imported.
            DuplicateName: the table exists.

        Example:
            >>> db.import_file("airlines.csv", key="carrier").tables[0].rows
            16
        """
        names = (key,) if isinstance(key, str) else key
        options = ImportOptions(table, format, names, dict(types or {}), nulls, existing=existing, on_error=on_error)
        plan = plan_import(self, [Path(path)], options)
        if dry_run:
            return plan.report()
        rejects = RejectList()
        target = Session(self._host, self._database, self._ref, read_only=self._read_only, message=message, parent=self)
        report = run_import(target if message else self, plan, rejects)
        for outcome in report.tables:
            outcome.rejects = [item for item in rejects.rejects if item.file == outcome.source]
        return report

    def export_file(
        self,
        table: str,
        path: str | PathLike[str],
        *,
        format: ExportFormat | None = None,
        where: Where = None,
    ) -> int:
        """Write a table, or the rows that ``where`` selects, to a CSV, JSON, NDJSON or SQLite file.

        With pyarrow installed also to a Parquet file, or as an Arrow stream.

        Returns:
            How many rows were written.

        Raises:
            InvalidParameter: the format is neither given nor told by the file's name, or its folder is missing.
            NotAcceptable: the format needs pyarrow, which is not installed.
            UnknownTable: there is none of this name. A file that was there before stays as it was.
        """
        found = format or format_of(Path(path))
        if found is None:
            raise InvalidParameter(
                f"The name {str(path)!r} tells no format.", hint="Give csv, json, ndjson, arrow, parquet or sqlite."
            )
        return export_to(self, table, Path(path), found, filter_of(where))
