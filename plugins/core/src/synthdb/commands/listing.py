"""``synthdb tables``."""

from typing import Any

import click

from synthdb.commands.opening import opened
from synthdb.commands.options import at_option, branch_option, database_options, json_option, schema_option, state_of
from synthdb.commands.showing import echo_json, echo_table
from synthdb.library.refs import SchemaOf
from synthdb_host.catalog import Table
from synthdb_host.session import Session

__all__ = ["command"]


@click.command()
@branch_option
@at_option
@schema_option
@json_option
@database_options
@click.pass_obj
def command(
    session: Session, /, branch: str, at: str | None, schema: SchemaOf, *, as_json: bool, db: str | None
) -> None:
    """List the tables, their keys and columns."""
    with opened(session, db, state_of(at, branch, schema)) as connection:
        tables = [_described(table) for _, table in sorted(connection.catalog().tables.items())]
    if as_json:
        echo_json(tables)
        return
    shown = [{**row, "columns": ", ".join(f"{name} {kind}" for name, kind in row["columns"].items())} for row in tables]
    echo_table(("name", "key", "mode", "columns"), shown, "There are none.")


def _described(table: Table) -> dict[str, Any]:
    columns = {column.name: str(column.type) for column in table.columns}
    return {
        "name": table.name,
        "key": table.key,
        "mode": table.mode,
        "preconditions": table.preconditions,
        "comment": table.comment,
        "columns": columns,
    }
