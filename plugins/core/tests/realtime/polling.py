"""A process that only asks SQLite, every millisecond, whether anything was committed: ``python polling.py FILE``.

It prints the newest commit and when it saw it, one a line, by the clock that all processes share.
"""

import sqlite3
import sys
import time

_PAUSE = 0.001


def main(path: str) -> None:
    """Ask for ever."""
    connection = sqlite3.connect(path)
    seen = None
    while True:
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if version != seen:
            seen, now = version, time.monotonic()
            print(*connection.execute("SELECT max(id) FROM _tx").fetchone(), now, flush=True)  # noqa: T201 - see above
        time.sleep(_PAUSE)


if __name__ == "__main__":
    main(*sys.argv[1:])
