"""Taking down the statements that the engine executes, and executing them again without it.

What an operation costs has two parts: the statements, which are what the layout of the file costs, and the Python
around them, which is what checking, translating and answering costs. Executing the statements again on a copy of
the file, on a plain connection, measures the first part alone.
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, event

__all__ = ["Tape", "recorded", "replay"]

_MANY: Final = "executemany"
_ONE: Final = "execute"

Tape = list[tuple[str, str, Any]]


class _Recorder(sqlite3.Connection):
    """A connection that takes down what it executes while it has a tape."""

    tape: Tape | None = None

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Execute one statement."""
        if _Recorder.tape is not None:
            _Recorder.tape.append((_ONE, sql, tuple(parameters)))
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        """Execute a statement with each of many sets of parameters."""
        if _Recorder.tape is not None:
            parameters = [tuple(row) for row in parameters]
            _Recorder.tape.append((_MANY, sql, parameters))
        return super().executemany(sql, parameters)


def _use_recorder(_dialect: object, _record: object, _args: object, parameters: dict[str, Any]) -> None:
    parameters["factory"] = _Recorder


@contextmanager
def recorded() -> Iterator[Tape]:
    """Take down the statements of every database that is opened inside the block; clear the tape to begin anew."""
    event.listen(Engine, "do_connect", _use_recorder)
    _Recorder.tape = []
    try:
        yield _Recorder.tape
    finally:
        _Recorder.tape = None
        event.remove(Engine, "do_connect", _use_recorder)


def replay(path: Path, tape: Tape, prepare: Sequence[str]) -> float:
    """Execute what was taken down; gives the CPU seconds."""
    with closing(sqlite3.connect(path, isolation_level=None, cached_statements=512)) as connection:
        for statement in prepare:
            connection.execute(statement)
        one, many = connection.execute, connection.executemany
        started = time.process_time()
        for kind, sql, parameters in tape:
            if kind == _ONE:
                one(sql, parameters).fetchall()
            else:
                many(sql, parameters)
        return time.process_time() - started
