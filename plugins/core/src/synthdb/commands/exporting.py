"""``synthdb export``."""

import sys
from pathlib import Path
from typing import get_args

import click

from synthdb.commands.opening import opened
from synthdb.commands.options import at_option, branch_option, database_options, schema_option, state_of
from synthdb.importing.exporting import ExportFormat, export_stream, export_to
from synthdb.library.files import format_of
from synthdb.library.refs import SchemaOf
from synthdb_host.errors import InvalidParameter
from synthdb_host.session import Session

__all__ = ["command"]


@click.command()
@click.argument("table")
@click.option(
    "--format",
    "format_",
    type=click.Choice(get_args(ExportFormat)),
    help="Format. Default: told by FILE, or csv.",
)
@click.option(
    "-o",
    "--output",
    "output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File. Default: standard output.",
)
@branch_option
@at_option
@schema_option
@database_options
@click.pass_obj
def command(
    session: Session, /, table: str, format_: ExportFormat | None, output: Path | None, branch: str, at: str | None,
    schema: SchemaOf, db: str | None,
) -> None:  # fmt: skip
    """Write a table as CSV, JSON, NDJSON, Parquet or an Arrow stream, or into a SQLite file."""
    chosen = format_ or (format_of(output) if output else None) or "csv"
    with opened(session, db, state_of(at, branch, schema)) as connection:
        if output is None:
            if chosen == "sqlite":
                raise InvalidParameter("A SQLite file cannot be written to standard output.", hint="Give -o FILE.")
            export_stream(connection, table, sys.stdout.buffer, chosen)
        else:
            count = export_to(connection, table, output, chosen)
            click.echo(f"{count} rows written to {output}", err=True)
