"""Finding what a path holds: format, compression, and the tables in it."""

import gzip
import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Literal

from synthdb_host.errors import InvalidBody, InvalidParameter

__all__ = ["Format", "Meter", "Source", "digest", "find_sources"]

Format = Literal["csv", "tsv", "json", "ndjson", "sqlite"]

_SUFFIXES: dict[str, Format] = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson",
    ".db": "sqlite", ".sqlite": "sqlite", ".sqlite3": "sqlite",
}  # fmt: skip
_PACKED = (".gz", ".zip")
_SQLITE_MAGIC = b"SQLite format 3\0"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """One readable stream: a file, perhaps compressed, or one member of a zip archive."""

    path: Path
    format: Format
    member: str | None = None

    @property
    def name(self) -> str:
        """The stem, which names the table unless something else does."""
        return _stem(PurePosixPath(self.member or self.path.name))

    @property
    def label(self) -> str:
        """How messages call it."""
        return f"{self.path}:{self.member}" if self.member else str(self.path)

    @contextmanager
    def open(self) -> Iterator[tuple[BinaryIO, "Meter"]]:
        """Open the decompressed bytes, with a meter of how much of the file has been read."""
        if self.member is not None:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as member:
                meter = Meter(member, archive.getinfo(self.member).file_size)
                yield io.BufferedReader(meter, _BLOCK), meter
            return
        with self.path.open("rb") as raw:
            meter = Meter(raw, self.path.stat().st_size)
            if self.path.suffix.lower() == ".gz":
                with gzip.GzipFile(fileobj=meter) as unpacked:
                    yield io.BufferedReader(unpacked, _BLOCK), meter
            else:
                yield io.BufferedReader(meter, _BLOCK), meter


class Meter(io.RawIOBase):
    """Bytes to be read once, from the beginning to the end, and how many of them have been."""

    def __init__(self, raw: IO[bytes], size: int) -> None:
        super().__init__()
        self._raw = raw
        self._size = max(size, 1)
        self._position = 0

    @property
    def fraction(self) -> float:
        """How much has been read, from 0 to 1."""
        return min(1.0, self._position / self._size)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - buffers have no type before 3.12
        """Read into a buffer."""
        view = memoryview(buffer).cast("B")
        block = self._raw.read(len(view))
        view[: len(block)] = block
        self._position += len(block)
        return len(block)


def find_sources(path: Path, format_: Format | None = None) -> tuple[Source, ...]:
    """Say what a path holds; a zip archive may hold several tables.

    Raises:
        InvalidParameter: there is no such file, or its name does not tell the format.
        InvalidBody: a zip archive cannot be read.
    """
    if path.is_dir():
        raise InvalidParameter(f"{str(path)!r} is a folder.", hint="Name the files in it.")
    if not path.exists():
        raise InvalidParameter(f"There is no file {str(path)!r}.")
    if path.suffix.lower() == ".zip":
        return _members(path, format_)
    found = format_ or _format_of(PurePosixPath(path.name)) or _sniffed(path)
    if found is None:
        raise InvalidParameter(
            f"The name {path.name!r} does not tell its format.",
            hint="Say which with --format csv, tsv, json, ndjson or sqlite.",
        )
    return (Source(path, found),)


def _members(path: Path, format_: Format | None) -> tuple[Source, ...]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except zipfile.BadZipFile as error:
        raise InvalidBody(f"{path} is not a zip archive: {error}.") from error
    formats = [(name, format_ or _format_of(PurePosixPath(name))) for name in names if not name.startswith("__MACOSX/")]
    sources = tuple(Source(path, found, name) for name, found in formats if found and found != "sqlite")
    if not sources:
        raise InvalidParameter(f"{path} holds no CSV, TSV, JSON or NDJSON file.")
    return sources


def _format_of(name: PurePosixPath) -> Format | None:
    suffixes = [suffix.lower() for suffix in name.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    return _SUFFIXES.get(suffixes[-1]) if suffixes else None


def _sniffed(path: Path) -> Format | None:
    with path.open("rb") as file:
        return "sqlite" if file.read(len(_SQLITE_MAGIC)) == _SQLITE_MAGIC else None


def _stem(name: PurePosixPath) -> str:
    while name.suffix.lower() in _PACKED:
        name = name.with_suffix("")
    return name.stem


def digest(path: Path) -> str:
    """Give a fingerprint of a file's content."""
    state = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            state.update(block)
    return state.hexdigest()
