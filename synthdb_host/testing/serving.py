"""A real server, by subprocess on a free port."""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from synthdb_host.testing.choosing import choose, without_settings

__all__ = ["LiveServer"]

_SERVE: Final = ("-m", "synthdb_host", "serve")
_READY = re.compile(r"ready at (http://\S+)/ ")
_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.01


class LiveServer:
    """``synthdb serve`` under gunicorn; ready when the constructor returns.

    Args:
        folder: where the data folder and the log are made, and the working directory.
        arguments: further arguments of ``synthdb serve``.
        environment: variables to set; inherited ``SYNTHDB_*`` variables are left out, but for the choice of plugins.
        plugins: the plugins that load; by default those that the test run chose.
        program: what Python runs instead of ``synthdb serve``; it takes the same arguments, and serves.

    Raises:
        RuntimeError: the server ended or was not ready in time; the message has its log.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        plugins: Sequence[str] | None = None,
        program: Sequence[str] = _SERVE,
    ) -> None:
        self._log = folder / "server.log"
        chosen = {} if plugins is None else choose(plugins)
        command = [sys.executable, *program, "--port", "0", "--data", "data", *arguments]
        variables = without_settings(os.environ) | chosen | dict(environment or {})
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=folder, env=variables, stdout=log, stderr=log)
        try:
            self.url = self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    @property
    def log(self) -> str:
        """Everything that the server has printed."""
        return self._log.read_text("utf-8", errors="replace")

    def stop(self) -> int:
        """Ask the server to finish its requests and end; give its exit code."""
        self.process.terminate()
        return self.process.wait(_PATIENCE_SECONDS)

    def kill(self) -> None:
        """End the server without warning."""
        self.process.kill()
        self.process.wait(_PATIENCE_SECONDS)

    def close(self) -> None:
        """Stop the server if it still runs; kill it if it does not stop."""
        if self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
                raise

    def _wait_until_ready(self) -> str:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            announced = _READY.search(self.log)
            if announced and _is_ready(announced[1]):
                return announced[1]
            time.sleep(_POLL_SECONDS)
        raise RuntimeError(f"The server did not become ready; it printed:\n{self.log}")


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz/ready", timeout=_PATIENCE_SECONDS) as response:
            return bool(response.status == 200)
    except urllib.error.URLError:
        return False
