"""``synthdb models``."""

from pathlib import Path

import click

from synthdb.commands.opening import opened
from synthdb.commands.options import at_option, branch_option, database_options, state_of
from synthdb_host.session import Session

__all__ = ["command"]


@click.group("models")
def command() -> None:
    """Write Python classes for tables and saved queries."""


@command.command()
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
    help="File to write. Default: standard output.",
)  # fmt: skip
@click.option("--table", "tables", metavar="NAME", multiple=True, help="Only this table. Can be repeated.")
@branch_option
@at_option
@database_options
@click.pass_obj
def generate(
    session: Session, /, output: Path | None, tables: tuple[str, ...], branch: str, at: str | None, db: str | None
) -> None:
    """Write a Python module with pydantic models: rows, rows to insert, results and parameters of saved queries.

    The module needs pydantic and nothing else. The same schema gives the same bytes.
    """
    with opened(session, db, state_of(at, branch)) as connection:
        text = connection.models_source(tables)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8", newline="\n")
        click.echo(f"Models written to {output}", err=True)
