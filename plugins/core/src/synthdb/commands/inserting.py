"""``synthdb insert``."""

import click

from synthdb.commands.editing import cell_from
from synthdb.commands.opening import opened
from synthdb.commands.options import branch_option, database_options, message_option
from synthdb_host.encoding import to_text
from synthdb_host.operations import Insert, OnConflict, Ref
from synthdb_host.session import Session

__all__ = ["insert"]


@click.command()
@click.argument("table")
@click.argument("cells", metavar="[COLUMN=VALUE]...", nargs=-1)
@click.option("--upsert", is_flag=True, help="If there is a row of this key, set its values.")
@branch_option
@message_option
@database_options
@click.pass_obj
def insert(
    session: Session, /, table: str, cells: tuple[str, ...], branch: str, message: str | None, *, upsert: bool,
    db: str | None,
) -> None:  # fmt: skip
    """Write a row of TABLE, which is made if it is not there. A value is read as one of its column's type."""
    row = {name: value for name, value in map(cell_from, cells) if value is not None}
    operation = Insert.of(table, (row,), OnConflict() if upsert else None, None, Ref(branch))
    with opened(session, db, Ref(branch)) as connection:
        result = connection.execute(operation, message=message)
    key = ",".join(map(to_text, result.keys[0])) if result.keys else ""
    shown = f" {key}" if key else ""
    click.echo(f"{table}{shown} is written on {branch} (commit {result.commit}).")
