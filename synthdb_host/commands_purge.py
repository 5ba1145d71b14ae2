"""``synthdb plugins purge``: remove what a plugin has left in the control database."""

import click

from synthdb_host.discovery import discover
from synthdb_host.errors import ConfigurationError
from synthdb_host.selection import Selection, canonical
from synthdb_host.session import Session, config_options, print_json

__all__ = ["purge"]


@click.command()
@click.argument("id_", metavar="ID")
@click.option("--yes", is_flag=True, help="Remove them; without it they are only listed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@config_options
@click.pass_obj
def purge(session: Session, /, id_: str, *, yes: bool, as_json: bool) -> None:
    """Remove the tables of the plugin ID, which does not load any more, from the control database.

    Databases stay as they are. It cannot be undone.
    """
    from synthdb_host.control import Control  # noqa: PLC0415 - SQLAlchemy is slow to import

    selection = Selection.read(session.options.get("config_file"))
    if any(canonical(id_) in one.names and selection.wants(one.names) for one in discover()):
        raise ConfigurationError(f"plugin {id_} loads; first `synthdb plugins disable {id_}`, or uninstall it")
    control = Control(session.settings().data)
    tables = control.tables_of(id_) if id_ != "host" else ()
    if yes and tables:
        control.drop(id_)
    if as_json:
        print_json({"id": id_, "tables": tables, "removed": bool(yes and tables)})
    elif not tables:
        click.echo(f"There are no tables of a plugin {id_!r}.")
    else:
        said = "Removed" if yes else "With --yes these are removed, and what is in them:"
        click.echo(f"{said} {', '.join(tables)}")
