"""``synthdb changes``."""

from typing import Any, Final

import click
import msgspec

from synthdb.commands.opening import opened
from synthdb.commands.options import branch_option, database_options, json_option
from synthdb_host.operations import Ref
from synthdb_host.session import Session

__all__ = ["command"]

_SIGNS: Final = {"insert": "+", "update": "~", "delete": "-", "leave": "-"}


@click.command()
@click.option("--since", metavar="SEQ", help="Go on behind this commit or change. Default: 0, or now with --follow.")
@click.option("--table", "tables", metavar="NAME", multiple=True, help="Only changes of this table.")
@click.option("--follow", is_flag=True, help="Go on with what comes, of any process, until interrupted.")
@branch_option
@json_option
@database_options
@click.pass_obj
def command(
    session: Session, /, since: str | None, tables: tuple[str, ...], branch: str, *, follow: bool, as_json: bool,
    db: str | None,
) -> None:  # fmt: skip
    """List what commits changed, one line for each row.

    Rows have the columns that their table has now. With --json each line is a JSON object.
    """
    begin = since if since is not None or follow else "0"
    with opened(session, db, Ref(branch)) as connection:
        for change in connection.follow(tables, since=begin, wait=None if follow else 0):
            click.echo(msgspec.json.encode(change) if as_json else _line(change))


def _line(change: dict[str, Any]) -> str:
    row = change["new"] if change["new"] is not None else change["old"]
    if change["changed"]:
        row = {name: row[name] for name in change["changed"]}
    key = ",".join(map(str, change["key"]))
    values = msgspec.json.encode(row).decode()
    return f"{change['seq']}  {_SIGNS[change['op']]} {change['table']}/{key}  {values}"
