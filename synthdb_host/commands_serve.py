"""``synthdb serve``."""

import re
from pathlib import Path

import click

from synthdb_host.commands_lock import require_locked
from synthdb_host.server import serve as run
from synthdb_host.session import Session, config_options, database_url

__all__ = ["serve"]

_NAME = re.compile(r"[^@/:\x00-\x1f]+")
"""Names that an address can tell from a ref."""

_DATABASE_HELP = "Serve this database, not those of the data folder. Can be repeated."


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option("--workers", type=int, help="Worker processes.")
@click.option("--database", "sources", multiple=True, metavar="PATH_OR_URL", help=_DATABASE_HELP)
@click.option("--locked", is_flag=True, help="Start only with exactly the plugins of synthdb.lock.")
@config_options
@click.pass_obj
def serve(session: Session, /, sources: tuple[str, ...], *, locked: bool, **options: str | int | None) -> None:
    """Serve the databases over HTTP until interrupted."""
    if locked:
        require_locked(session.options.get("config_file"))
    session.options |= {name: value for name, value in options.items() if value is not None}
    databases = dict(_placement(source) for source in sources)
    if not all(map(_NAME.fullmatch, databases)):
        raise click.UsageError("A database is named by the stem of its file, which has no @, / or :.")
    if len(databases) < len(sources):
        raise click.UsageError("Two databases have one name: the stem of the file.")
    run(session.settings(), databases)


def _placement(source: str) -> tuple[str, str]:
    """Give name and URL of a database given by its path or URL; the name is the file's stem."""
    url = database_url(source)
    return Path(url.partition("://")[2].partition("?")[0]).stem, url
