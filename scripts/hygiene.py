"""Find what no file of this repository may hold: registry hosts, paths of one machine, lock files.

Versions are pinned in ``constraints.txt`` without saying where packages come from, so that everybody installs
them from the index their own machine is set up for.

Usage: ``python scripts/hygiene.py [FILE...]``; without files, all that git tracks or would track.
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

__all__ = ["findings", "main", "tracked_files"]

ROOT: Final = Path(__file__).resolve().parent.parent
# Written with classes of one character, so that this file does not find itself.
FORBIDDEN: Final = {
    "a registry host": re.compile(r"py[p]i\.org|python[h]osted\.org|npm[j]s\.org|npm[j]s\.com"),
    "a path of one machine": re.compile(r"(?<![\w.*~-])/(?:[w]ork|[r]oot|[h]ome/\w+|[o]pt/py\w+)/"),
}
VENDORED: Final = ("plugins/core/src/synthdb/graphql/graphiql/", "plugins/core/src/synthdb/openapi/swagger_ui/")
"""Folders of files that others published, which name whatever they name; each has its SHA256SUMS."""

LOCK_FILES: Final = frozenset({"uv.lock", "poetry.lock", "Pipfile.lock", "package-lock.json", "yarn.lock"})


def tracked_files() -> list[Path]:
    """Return the files of ours that git tracks, or would track if they were added."""
    command = ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    ours = [name for name in sorted(listed.split("\0")) if name and not name.startswith(VENDORED)]
    return [path for name in ours if (path := ROOT / name).is_file()]


def findings(paths: Iterable[Path]) -> Iterator[str]:
    """Yield one line for each thing that must not be there, with its file and line."""
    for path in paths:
        if path.name in LOCK_FILES:
            yield f"{path}: lock files name the registry they were made with"
        content = path.read_bytes()
        if b"\0" not in content:
            yield from _forbidden_lines(path, content.decode(errors="replace"))


def _forbidden_lines(path: Path, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in FORBIDDEN.items():
            if match := pattern.search(line):
                yield f"{path}:{number}: {what}: {match.group()}"


def main(arguments: list[str]) -> int:
    """Print what was found; return 1 if that is anything."""
    found = list(findings([Path(name) for name in arguments] or tracked_files()))
    print("\n".join(found) if found else "no registry host, machine path or lock file found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
