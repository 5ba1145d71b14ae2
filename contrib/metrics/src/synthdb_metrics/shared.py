"""Where the workers of one server add up what they count: files in a folder, as prometheus-client knows them."""

import atexit
import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Final

__all__ = ["Shared"]

_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"


class Shared:
    """A folder for the processes forked from this one; it is made by the first that enters, and goes with this one."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.gettempdir(), f"synthdb-metrics-{secrets.token_hex(16)}")
        self._process = os.getpid()
        atexit.register(self._remove)

    def enter(self) -> None:
        """Make everything that this process counts from now on go there."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        os.environ[_VARIABLE] = str(self.folder)

    def _remove(self) -> None:
        if os.getpid() == self._process:
            shutil.rmtree(self.folder, ignore_errors=True)
