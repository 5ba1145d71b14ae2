"""A disk that is soon full, and gets room again."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["Disk", "page_limit", "small_file_system"]

_SMALL: Final = "8m"
_LARGE: Final = "64m"
_SMALL_PAGES: Final = 1_000
_LARGE_PAGES: Final = 16_000
_PAGES: Final = "SYNTHDB_PLUGINS__CORE__MAX_PAGES"


class Disk:
    """A folder with little room; ``kind`` says by which means.

    ``environment`` belongs to the server. If ``needs_restart``, only a restarted server sees a change of room.
    """

    def __init__(self, folder: Path, kind: str, environment: dict[str, str]) -> None:
        self.folder = folder
        self.kind = kind
        self.environment: Mapping[str, str] = environment
        self.needs_restart = bool(environment)
        self._limits = environment

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"

    def fill(self) -> None:
        """Leave not one byte, as another program would."""
        if self.needs_restart:
            self._limits[_PAGES] = "1"  # SQLite takes what the file has now
            return
        with self._filler.open("ab", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                _write_until_full(file.fileno(), b"x" * size)

    def empty(self) -> None:
        """Take back what :meth:`fill` did."""
        if self.needs_restart:
            self._limits[_PAGES] = str(_SMALL_PAGES)
        else:
            self._filler.unlink()

    def enlarge(self) -> None:
        """Give more room."""
        if self.needs_restart:
            self._limits[_PAGES] = str(_LARGE_PAGES)
        else:
            _run("mount", "-o", f"remount,size={_LARGE}", str(self.folder))


@contextmanager
def small_file_system(folder: Path) -> Iterator[Disk]:
    """Mount a file system of 8 MiB; where that is not allowed, limit the file as :func:`page_limit` does."""
    folder.mkdir()
    if not _run("mount", "-t", "tmpfs", "-o", f"size={_SMALL}", "tmpfs", str(folder)):
        yield Disk(folder, "a limit of pages, because no file system can be mounted here", _limited())
        return
    try:
        yield Disk(folder, f"a file system of {_SMALL}", {})
    finally:
        _run("umount", "--lazy", str(folder))


@contextmanager
def page_limit(folder: Path) -> Iterator[Disk]:
    """Limit the database file itself."""
    folder.mkdir()
    yield Disk(folder, f"a limit of {_SMALL_PAGES} pages", _limited())


def _limited() -> dict[str, str]:
    return {_PAGES: str(_SMALL_PAGES)}


def _run(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _write_until_full(descriptor: int, data: bytes) -> None:
    try:
        while os.write(descriptor, data):
            pass
    except OSError:
        return
