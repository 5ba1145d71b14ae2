"""Workers of a test, as processes of their own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, Self

__all__ = ["WorkerProcess"]

ROOT: Final = Path(__file__).resolve().parents[2]


class WorkerProcess:
    """A process that has a database open, until the end of a with statement."""

    def __init__(self, database: Path) -> None:
        self._database = database

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.laws.worker", str(self._database)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.answer()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def tell(self, *command: Any) -> None:
        """Give a command, and do not wait."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """Wait for the answer to a command."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.__exit__()
            raise RuntimeError("The worker has ended.")
        return json.loads(line)

    def ask(self, *command: Any) -> Any:
        """Give a command and wait for the answer."""
        self.tell(*command)
        return self.answer()

    def kill(self) -> None:
        """End the process in the middle of whatever it does."""
        self._process.kill()
        self._process.wait()
