"""``synthdb sql``."""

import csv
import io
import shutil
import sys
from typing import Any

import click

from synthdb.commands.opening import opened
from synthdb.commands.options import at_option, branch_option, database_options, schema_option, state_of
from synthdb.commands.tables import aligned, stacked
from synthdb_host.contracts import Result
from synthdb_host.encoding import RowEncoder
from synthdb_host.operations import Sql
from synthdb_host.session import Session

__all__ = ["command", "write_rows"]

_NUMBERS = frozenset({"integer", "real", "decimal"})


@click.command()
@click.argument("statement")
@click.argument("parameters", metavar="[PARAMETER]...", nargs=-1)
@click.option("--json", "form", flag_value="json", help="Write the rows as JSON.")
@click.option("--csv", "form", flag_value="csv", help="Write the rows as CSV.")
@click.option("--explain", is_flag=True, help="Say how it would be run instead of running it.")
@branch_option
@at_option
@schema_option
@database_options
@click.pass_obj
def command(
    session: Session, /, statement: str, parameters: tuple[str, ...], form: str | None, *, explain: bool,
    db: str | None, **state: Any,  # noqa: ANN401 - click gives what the options say
) -> None:  # fmt: skip
    """Run one SQL statement that only reads. PARAMETERs stand for the ? in it, as text.

    On a terminal, rows that are wider than it are written one value a line.
    """
    with opened(session, db) as connection:
        result = connection.execute(Sql(statement, parameters, None, state_of(**state), explain))
    if explain and form is None:
        for step in result.python():
            click.echo("  " * step["level"] + step["sentence"])
    else:
        write_rows(result, form)


def write_rows(result: Result, form: str | None) -> None:
    """Write rows as ``json``, as ``csv``, or as a table for people."""
    if form == "json":
        click.echo(result.json())
    elif result.encoder is not None:
        write = _write_csv if form == "csv" else _write_table
        write(result.encoder, result)


def _write_csv(encoder: RowEncoder, result: Result) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(encoder.names)
    writer.writerows(encoder.text(result.rows))
    click.echo(text.getvalue(), nl=False)


def _write_table(encoder: RowEncoder, result: Result) -> None:
    right = [column.type.name in _NUMBERS for column in encoder.columns]
    rows = list(encoder.text(result.rows))
    lines = list(aligned(encoder.names, rows, right))
    if rows and sys.stdout.isatty() and max(map(len, lines)) > shutil.get_terminal_size().columns:
        lines = list(stacked(encoder.names, rows))
    for line in lines:
        click.echo(line)
