"""Databases for what reads catalogs: flights of 2013, a music shop like Chinook, and names of every kind."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import synthdb
from synthdb_host.access import LOCAL
from synthdb_host.catalog import Column, ColumnType, ForeignKey, UniqueKey
from synthdb_host.contracts import Context
from synthdb_host.manager import Host
from synthdb_host.operations import Change, CreateTable, Define
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.settings import HostSettings
from synthdb_host.stepping import run

__all__ = ["make_flights", "make_hostile", "make_shop", "save_queries"]

_DEMO: Final = Path(__file__).parents[2] / "demo"
_KEYS: Final = ("airlines.carrier", "airports.faa", "planes.tailnum")
_REFERENCES: Final = ("flights.carrier=airlines.carrier", "flights.origin=airports.faa", "flights.dest=airports.faa")

_SHOP: Final = """
Artist: ArtistId integer, Name text
Album: AlbumId integer, Title text!, ArtistId integer! > Artist
Genre: GenreId integer, Name text
MediaType: MediaTypeId integer, Name text
Track: TrackId integer, Name text!, AlbumId integer > Album, MediaTypeId integer! > MediaType, GenreId integer > Genre,
  Composer text, Milliseconds integer!, Bytes integer, UnitPrice decimal(10,2)!
Playlist: PlaylistId integer, Name text
PlaylistTrack: PlaylistId integer! > Playlist, TrackId integer! > Track
Employee: EmployeeId integer, LastName text!, FirstName text!, Title text, ReportsTo integer > Employee, BirthDate date,
  HireDate timestamp, Email text
Customer: CustomerId integer, FirstName text!, LastName text!, Email text!, SupportRepId integer > Employee
Invoice: InvoiceId integer, CustomerId integer! > Customer, InvoiceDate timestamp!, City text, Total decimal(10,2)!
InvoiceLine: InvoiceLineId integer, InvoiceId integer! > Invoice, TrackId integer! > Track, UnitPrice decimal(10,2)!,
  Quantity integer!
"""
"""Chinook's tables: a column's name and type, ``!`` where it must have a value, ``>`` the table that it refers to."""

_HOSTILE: Final = (
    "foo-bar", "foo_bar", "Foo Bar", "order", "a.b", "{x}", 'say "hi"', "back\\slash", "a/b", "naïve", "数", "1st", "-",
    "a->b", "x::y", "select", "$ref", "a&b=c", "100%", "emoji 🎬", "^.*$", "Problem", "default",
)  # fmt: skip
_TYPES: Final = ("text", "integer", "real", "decimal(6,2)", "boolean", "date", "timestamp", "uuid", "json", "bytes")


def make_flights(data: Path) -> None:
    """Import the demo's real data as the database ``flights`` of a data folder, as a user would."""
    files = [str(_DEMO / f"{name}.csv.gz") for name in ("airlines", "airports", "planes", "weather", "flights")]
    command = [sys.executable, "-m", "synthdb_host", "import", *files, "--db", "flights", "--data", str(data)]
    for key in _KEYS:
        command += ["--key", key]
    for reference in _REFERENCES:
        command += ["--foreign-key", reference]
    subprocess.run(command, check=True, capture_output=True)


def make_shop(file: Path) -> None:
    """Make a database like Chinook in a file."""
    lines = _SHOP.strip().replace(",\n  ", ", ").splitlines()
    _make(file, [_table(*line.split(": ")) for line in lines])


def make_hostile(file: Path) -> None:
    """Make tables and columns with names that tools stumble over, of every type."""
    hostile = tuple(Column(name, ColumnType("text")) for name in _HOSTILE)
    typed = tuple(Column(f"a {name}", ColumnType.parse(name)) for name in _TYPES)
    tables = [
        CreateTable(name, (Column("id", ColumnType("integer")), Column("{x}", ColumnType("text"))), mode="strict")
        # A column called constructor is one of every object to Redocly 1, which then takes it for no schema.
        for name in (*_HOSTILE, "constructor")
    ]
    pair = (Column("a-b", ColumnType("text")), Column("a_b", ColumnType("date")))
    tables.append(CreateTable("columns", hostile, unique_keys=(UniqueKey("u", ("a.b", "order")),), mode="strict"))
    tables.append(CreateTable("types", typed, mode="strict"))
    tables.append(CreateTable("pairs", (*pair, Column("c", ColumnType("real"))), key=("a-b", "a_b"), mode="strict"))
    _make(file, tables)
    save_queries(file, "types")


def save_queries(file: Path, table: str) -> None:
    """Save queries with a parameter of every type and with none, on a table that is there."""
    chosen = ", ".join(f":p_{name.partition('(')[0]} AS {name.partition('(')[0]}" for name in _TYPES)
    parameters = {f"p_{name.partition('(')[0]}": {"type": name, "required": number % 2 == 0}
                  for number, name in enumerate(_TYPES)}  # fmt: skip
    with synthdb.connect(file) as db:
        db.queries.save("every-type", f"SELECT {chosen}", parameters=parameters)
        db.queries.save("everyType", f'SELECT * FROM "{table}"', description="All rows.")


def _make(file: Path, changes: Sequence[Change]) -> None:
    settings = HostSettings.load(data=file.parent / "unused")
    host = Host.build(settings, databases={file.stem: f"sqlite:///{file}"})
    host.start_worker(EmbeddedScheduler())
    try:
        run(host.gate.execute(file.stem, Define(tuple(changes)), Context(LOCAL)))
    finally:
        host.stop_worker()


def _table(name: str, text: str) -> CreateTable:
    parts = text.split(", ")
    columns, keys = [], []
    for part in parts:
        described, _, target = part.partition(" > ")
        column, kind = described.split(" ")
        columns.append(Column(column, ColumnType.parse(kind.rstrip("!")), not_null=kind.endswith("!")))
        if target:
            other = f"{target}Id" if column != "ReportsTo" else "EmployeeId"
            keys.append(ForeignKey(f"{name}_{column}", (column,), target, (other,)))
    key = ("PlaylistId", "TrackId") if name == "PlaylistTrack" else (columns[0].name,)
    return CreateTable(name, tuple(columns), key=key, foreign_keys=tuple(keys), mode="strict")
