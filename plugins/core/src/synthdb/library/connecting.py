"""Opening a database in this process."""

import os
import re
import tempfile
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from synthdb.library.connection import Connection
from synthdb_host.errors import InvalidParameter
from synthdb_host.manager import Host
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.settings import HostSettings, PluginsSection

__all__ = ["connect"]

_MEMORY = ":memory:"
_URL = re.compile(r"[a-z][a-z0-9+.-]+://.*", re.DOTALL)
_SQLITE = "sqlite:///"
_MAGIC = b"SQLite format 3\0"


def connect(target: str | PathLike[str], *, plugins: Sequence[str] = ()) -> Connection:
    """Open a database, making it if it is not there. No server is needed, and none is started.

    Args:
        target: a path, a URL such as ``sqlite:///app.db``, or ``:memory:`` for a database that is deleted on
            close.
        plugins: ids of installed plugins to load besides core.

    Raises:
        InvalidParameter: the target is empty, a folder, or another kind of file.
        MissingPlugin: the database records that it needs a plugin that is not in ``plugins``.
        StartupError: a plugin cannot be loaded.

    Example:
        >>> with synthdb.connect("app.db") as db:
        ...     db.insert("people", {"name": "Ada"})
        1
    """
    folder = tempfile.TemporaryDirectory(prefix="synthdb-") if target == _MEMORY else None
    url = _url(Path(folder.name) / "memory.db" if folder else target)
    name = Path(url).stem or "main"
    # Only what the caller names is loaded, whatever the environment says.
    section = PluginsSection(autoload=False, enabled=("core", *plugins))
    host = Host.build(HostSettings(plugins=section), databases={name: url})
    host.start_worker(EmbeddedScheduler())
    connection = Connection(host, name, url=_MEMORY if folder else url, closing=(host.stop_worker,))
    try:
        host.databases.get(name)
    except BaseException:
        connection.close()
        raise
    if folder:
        connection.on_close(folder.cleanup)
    return connection


def _url(target: str | PathLike[str]) -> str:
    text = os.fspath(target)
    if _URL.fullmatch(text) and not text.startswith(_SQLITE):
        return text
    path = Path(text.removeprefix(_SQLITE)).expanduser().absolute()
    if not text or path.is_dir():
        raise InvalidParameter(f"{text!r} is not the path of a database file.")
    if _is_something_else(path):
        raise InvalidParameter(f"{text!r} is not a SQLite database.", hint="import_file reads CSV, JSON and others.")
    return f"{_SQLITE}{path}"


def _is_something_else(path: Path) -> bool:
    """Say whether a file is there that is neither a database nor empty."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) not in {b"", _MAGIC}
