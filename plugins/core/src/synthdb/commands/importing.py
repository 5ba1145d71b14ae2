"""``synthdb import``."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args

import click

from synthdb.commands.opening import database_name
from synthdb.commands.options import branch_option, message_option
from synthdb.commands.progress import ProgressLine
from synthdb.commands.tables import aligned
from synthdb.importing.importer import plan_import, run_import
from synthdb.importing.names import constraint_name, parse_reference
from synthdb.importing.options import Existing, ImportOptions, OnError
from synthdb.importing.rejects import RejectFile
from synthdb.importing.report import ImportReport, TableReport
from synthdb.importing.sources import Format, find_sources
from synthdb.library.connection import Connection
from synthdb_host.catalog import ForeignKey, TableMode
from synthdb_host.errors import InvalidParameter, UnknownDatabase
from synthdb_host.operations import HEAD, Ref
from synthdb_host.session import Session, config_options, print_json

__all__ = ["command"]

_REJECTED = 3
"""Exit code where everything was imported but some rejected records."""


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--db", metavar="NAME", help="Database; made if it is not there. Default: the source's stem.")
@click.option("--table", metavar="NAME", help="Table. Default: the source's stem, or the names in a SQLite file.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(get_args(Format)),
    help="Format, where the name does not tell it.",
)
@click.option("--key", multiple=True, metavar="[TABLE.]COLUMN", help="Column that rows are called by. Can be repeated.")
@click.option("--types", multiple=True, metavar="[TABLE.]COLUMN=TYPE", help="Type of a column. Can be repeated.")
@click.option("--foreign-key", multiple=True, metavar="TABLE.COLUMN=TABLE.COLUMN", help="Relation. Can be repeated.")
@click.option("--null", "nulls", multiple=True, metavar="TEXT", help="Cell that means no value, besides an empty one.")
@click.option("--delimiter", metavar="CHARACTER", help="What separates the fields of CSV. Default: found.")
@click.option("--encoding", default="utf-8-sig", show_default=True, help="Text encoding of CSV.")
@click.option("--mode", type=click.Choice(get_args(TableMode)), default="flexible", help="Mode of new tables.")
@click.option(
    "--into-existing", type=click.Choice(get_args(Existing)), default="fail", help="What if the table exists."
)
@click.option("--on-error", type=click.Choice(get_args(OnError)), default="stop", help="What if a record is wrong.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="File of the records skipped.")
@click.option("--restart", is_flag=True, help="Begin again instead of continuing an earlier run.")
@branch_option
@message_option
@click.option("--dry-run", is_flag=True, help="Read everything, show what would be done, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@click.option("--progress/--no-progress", default=None, help="Show progress. Default: on a terminal.")
@config_options
@click.pass_obj
def command(session: Session, /, sources: tuple[Path, ...], db: str | None, **given: Any) -> int:  # noqa: ANN401 - click gives what the options say
    """Load CSV, TSV, JSON, NDJSON (also .gz and .zip) and SQLite files into tables.

    Types are found from all values of a column. Each chunk is one commit: the same command continues behind
    the last one after an interruption, and doubles nothing. Exits with 3 if records were skipped.
    """
    options = _options(given)
    name = db or _default_name(sources, options)
    shown = sys.stderr.isatty() if given["progress"] is None else given["progress"]
    reading, writing = ProgressLine("reading", shown=shown), ProgressLine("writing", shown=shown)
    with session.started() as host:
        connect = partial(Connection, host, name, Ref(given["branch"]), message=given["message"])
        target = connect() if name in host.databases.names() else None
        plan = plan_import(target, sources, options, reading)
        reading.done()
        if given["dry_run"]:
            return _show(plan.report(), name, as_json=given["as_json"], rejects=None)
        if target is None:
            plan.check()  # before a database is made for nothing
            _check_branch(given["branch"], name)
            host.databases.create(name)
            target = connect()
        rejects = given["rejects"] or Path(f"{name}.rejects.csv")
        report = run_import(target, plan, RejectFile(rejects, fresh=options.restart or not plan.begun), writing)
        writing.done()
    return _show(report, name, as_json=given["as_json"], rejects=rejects)


def _check_branch(branch: str, database: str) -> None:
    if branch != HEAD.branch:
        raise UnknownDatabase(
            f"There is no database {database!r}, so it has no branch {branch!r}.", hint="Say which one with --db NAME."
        )


def _options(given: dict[str, Any]) -> ImportOptions:
    return ImportOptions(
        table=given["table"],
        format=given["format_"],
        key=given["key"],
        types=dict(_pair(text, "COLUMN=TYPE") for text in given["types"]),
        nulls=frozenset(given["nulls"]),
        delimiter=_delimiter(given["delimiter"]),
        encoding=given["encoding"],
        mode=given["mode"],
        existing=given["into_existing"],
        on_error=given["on_error"],
        restart=given["restart"],
        foreign_keys=tuple(_relation(text) for text in given["foreign_key"]),
    )


def _pair(text: str, form: str) -> tuple[str, str]:
    left, equals, right = text.rpartition("=")
    if not (left and equals and right):
        raise InvalidParameter(f"{text!r} is not of the form {form}.")
    return left, right


def _relation(text: str) -> tuple[str, ForeignKey]:
    left, right = _pair(text, "TABLE.COLUMN=TABLE.COLUMN")
    table, columns = parse_reference(left)
    other, references = parse_reference(right)
    return table, ForeignKey(constraint_name(table, columns, "fkey"), columns, other, references)


def _delimiter(text: str | None) -> str | None:
    character = {"\\t": "\t", "tab": "\t"}.get(text, text) if text else None
    if character and len(character) != 1:
        raise InvalidParameter(f"A delimiter is one character, not {text!r}.")
    return character


def _default_name(sources: Sequence[Path], options: ImportOptions) -> str:
    if len(sources) > 1:
        raise click.UsageError("Say which database several sources go into with --db NAME.")
    first = find_sources(sources[0], options.format)[0]
    return database_name(options.table or first.name)


# -- showing ---------------------------------------------------------------------------------------------


def _show(report: ImportReport, database: str, *, as_json: bool, rejects: Path | None) -> int:
    rejected = sum(table.rejected for table in report.tables)
    if as_json:
        where = str(rejects) if rejects and rejected else None
        print_json({"database": database, **report.as_dict(), "rejects_file": where})
    else:
        for table in report.tables:
            _show_table(table)
        for note in report.notes:
            click.echo(f"note: {note}")
        if rejects and rejected:
            click.echo(f"{rejected} records were skipped; see {rejects}")
    return _REJECTED if rejected else 0


_SAID = {
    "planned": "would be imported", "imported": "imported", "resumed": "imported, continuing an earlier run",
    "unchanged": "were imported before; nothing to do",
}  # fmt: skip


def _show_table(table: TableReport) -> None:
    rows = table.records if table.status == "planned" else table.rows
    click.echo(f"{table.table}: {rows} rows {_SAID[table.status]} from {table.source}")
    if table.status == "planned":
        cells = [
            (column.name, column.type, "yes" if column.nullable else "no", "; ".join(column.notes))
            for column in table.columns
        ]
        for line in aligned(("column", "type", "nulls", "notes"), cells):
            click.echo(f"  {line}")
    if table.key:
        click.echo(f"  key: {', '.join(table.key)}")
    for note in (*(f"relation {text}" for text in table.relations), *table.notes):
        click.echo(f"  {note}")
    for reject in table.rejects[:5]:
        click.echo(f"  rejected: {reject}")
