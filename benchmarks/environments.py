"""An environment for the one peer that cannot share ours: two releases of Datasette do not fit into one."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.peers.base import SCRIPTS

__all__ = ["datasette_next"]

_REQUIREMENT: Final = "datasette==1.0a41"
_FOLDER: Final = Path(sys.prefix) / "peers" / "datasette-next"


def datasette_next(*, install: bool) -> Path | None:
    """Give the program of Datasette's next release; None if it is not there and is not to be had."""
    program = _FOLDER / "bin" / "datasette"
    if not program.exists() and install:
        uv = str(SCRIPTS / "uv")
        try:
            subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(_FOLDER)], check=True)
            python = str(_FOLDER / "bin" / "python")
            subprocess.run([uv, "pip", "install", "--quiet", "--python", python, _REQUIREMENT], check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
    return program if program.exists() else None
