"""Writes with an idempotency key that are killed before each of their statements, and then sent again.

``python -m tests.laws.stepped FILE`` works on copies of the database FILE and prints what came of each: a line of JSON.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

from synthdb_host.contracts import Idempotency
from synthdb_host.operations import Insert
from synthdb_host.testing.session import Session
from tests.laws.engine import engine_of

__all__ = ["send"]

_WRITE = Insert.of("things", [{"text": "once"}])


def main() -> None:
    """Kill one copy after the other, each a statement later, until one lives to the end."""
    template = Path(sys.argv[1])
    for step in count(1):
        file = template.with_name(f"{step}.db")
        shutil.copyfile(template, file)
        killed = _in_child(lambda file=file, step=step: _write_until(file, step))  # type: ignore[misc] # bound at once
        _in_child(lambda file=file, killed=killed: _report(file, killed=killed))  # type: ignore[misc] # bound at once
        if not killed:
            return


def _in_child(work: Callable[[], None]) -> bool:
    """Do something in a process of its own; says whether it was killed."""
    child = os.fork()
    if child == 0:
        work()
        sys.stdout.flush()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _write_until(file: Path, step: int) -> None:
    with engine_of(file) as session:
        statements = count(1)

        def die(_: str) -> None:
            if next(statements) == step:
                os.kill(os.getpid(), signal.SIGKILL)

        writer = session.database._writer  # type: ignore[attr-defined] # noqa: SLF001 - the one connection that writes
        writer._connection.driver.set_trace_callback(die)  # noqa: SLF001 - as above
        send(session, "key")


def send(session: Session, key: str) -> tuple[str, bool]:
    """Write with a key; gives the answer, and whether it was replayed."""
    asked = Idempotency(key, b"fingerprint", lambda result: f"commit {result.commit}".encode())
    keyed = replace(session, context=replace(session.context, idempotency=asked))
    result = keyed.execute(_WRITE)
    return (result.answer or b"").decode(), result.replayed


def _report(file: Path, *, killed: bool) -> None:
    with engine_of(file) as session:
        there = len(session.rows("things"))
        first, second = send(session, "key"), send(session, "key")
        facts = {"killed": killed, "there": there, "first": first, "second": second, "rows": session.rows("things")}
    print(json.dumps(facts, default=str))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
