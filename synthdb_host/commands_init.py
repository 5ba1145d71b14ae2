"""``synthdb init``: a folder to serve from."""

import shlex
from pathlib import Path

import click

from synthdb_host.configuration import example, models
from synthdb_host.selection import CONFIG_FILE, Selection
from synthdb_host.session import Session

__all__ = ["init"]


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.pass_obj
def init(session: Session, /, folder: Path) -> None:
    """Make synthdb.toml and the data folder in DIR. What exists is kept; it can be run again."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / CONFIG_FILE
    if not file.exists():
        file.write_text(example(models(Selection.read())), "utf-8")
    session.options["config_file"] = file
    session.host().prepare()
    enter = "" if folder.samefile(".") else f"cd {shlex.quote(str(folder))} && "
    click.echo(f"Configuration: {file}\nData: {session.settings().data}\nNext: {enter}synthdb serve")
