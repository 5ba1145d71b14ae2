"""Real data sets, imported by the real command, answer as plain SQLite does over the same files."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

import synthdb
from synthdb import col, count
from tests.integration.real_files import FILES, ROWS, SOURCES, import_flights, load_plainly, synthdb_command
from tests.integration.serving import Server, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the flights were imported."""
    path = tmp_path_factory.mktemp("real")
    synthdb_command(path, *import_flights())
    return path


@pytest.fixture(scope="module")
def db(folder: Path) -> Iterator[synthdb.Connection]:
    """The imported flights."""
    with synthdb.connect(folder / "synthdb-data" / "databases" / "nyc.db") as connection:
        yield connection


@pytest.fixture(scope="module")
def plain() -> Iterator[sqlite3.Connection]:
    """The same files in plain SQLite, loaded by the plainest code there is."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for path in SOURCES:
            load_plainly(connection, path)
        yield connection


# -- schema ----------------------------------------------------------------------------------------------


def test_every_row_arrived(db: synthdb.Connection) -> None:
    """The counts are those of the data set."""
    assert ROWS == {name: db.count(name) for name in db.list_tables() if name != "synthdb_imports"}


def test_every_column_has_its_type(db: synthdb.Connection) -> None:
    """Numbers are numbers in spite of NA, codes are text, times are timestamps."""
    types = {table: {column.name: str(column.type) for column in db.list_columns(table)} for table in ROWS}

    integers = {"year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time",
                "arr_delay", "flight", "air_time", "distance", "hour", "minute", "id"}  # fmt: skip
    assert integers == {name for name, found in types["flights"].items() if found == "integer"}
    assert ["time_hour"] == [name for name, found in types["flights"].items() if found == "timestamp"]
    reals = {"temp", "dewp", "humid", "wind_speed", "wind_gust", "precip", "pressure", "visib"}
    assert reals == {name for name, found in types["weather"].items() if found == "real"}
    assert ("real", "real", "integer") == tuple(types["airports"][name] for name in ("lat", "lon", "alt"))
    assert {"text"} == {types["flights"][name] for name in ("carrier", "tailnum", "origin", "dest")}


def test_keys_and_relations_were_declared(db: synthdb.Connection) -> None:
    """They are part of the catalog."""
    assert ("carrier",) == db.describe("airlines").key
    assert [("carrier", "airlines"), ("origin", "airports")] == [
        (key.columns[0], key.table) for key in db.describe("flights").foreign_keys
    ]


@pytest.mark.parametrize("table", sorted(ROWS))
def test_every_missing_value_is_missing(db: synthdb.Connection, plain: sqlite3.Connection, table: str) -> None:
    """NA became no value in each column, and nothing else did."""
    names = [column.name for column in db.list_columns(table) if column.name != "id"]
    counts = ", ".join(f'count("{name}")' for name in names)
    (expected,) = plain.execute(f"SELECT {counts} FROM {table}").fetchall()

    (found,) = db.query(table, columns=[col(name).count().as_(name) for name in names])

    assert dict(zip(names, expected, strict=True)) == found


# -- questions -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """The same question to plain SQLite, to the library, and to the REST API."""

    sql: str
    ask: Callable[[synthdb.Connection], list[dict[str, Any]]]
    path: str


def flat(rows: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Give rows as tuples, an embedded row as its values."""
    return [
        tuple(part for value in row.values() for part in (value.values() if isinstance(value, dict) else (value,)))
        for row in rows
    ]


QUESTIONS: Final = {
    "equality": Question(
        "SELECT flight, dest FROM flights WHERE carrier = 'HA' ORDER BY time_hour, flight LIMIT 20",
        lambda db: db.query("flights", {"carrier": "HA"}, ["flight", "dest"], ["time_hour", "flight"], 20),
        "flights?carrier=eq.HA&select=flight,dest&order=time_hour,flight&limit=20",
    ),
    "several conditions": Question(
        "SELECT flight, dep_delay FROM flights WHERE month = 2 AND dep_delay > 500 AND origin IN ('JFK', 'LGA')"
        " ORDER BY dep_delay DESC",
        lambda db: db.query(
            "flights", (col("month") == 2) & (col("dep_delay") > 500) & col("origin").in_(["JFK", "LGA"]),
            ["flight", "dep_delay"], "-dep_delay",
        ),
        "flights?month=eq.2&dep_delay=gt.500&origin=in.(JFK,LGA)&select=flight,dep_delay&order=dep_delay.desc",
    ),
    "or": Question(
        "SELECT tailnum, seats FROM planes WHERE seats > 400 OR manufacturer LIKE 'CESS%' ORDER BY tailnum",
        lambda db: db.query(
            "planes", (col("seats") > 400) | col("manufacturer").like("CESS%"), ["tailnum", "seats"], "tailnum"
        ),
        "planes?or=(seats.gt.400,manufacturer.like.CESS*)&select=tailnum,seats&order=tailnum",
    ),
    "not": Question(
        "SELECT faa FROM airports WHERE NOT (tz BETWEEN -8 AND -5) ORDER BY faa",
        lambda db: db.query("airports", ~col("tz").between(-8, -5), ["faa"], "faa"),
        "airports?not.and=(tz.gte.-8,tz.lte.-5)&select=faa&order=faa",
    ),
    "missing values": Question(
        "SELECT tailnum, year FROM planes WHERE year IS NULL ORDER BY tailnum",
        lambda db: db.query("planes", {"year": None}, ["tailnum", "year"], "tailnum"),
        "planes?year=is.null&select=tailnum,year&order=tailnum",
    ),
    "missing values first": Question(
        "SELECT tailnum, speed FROM planes ORDER BY speed DESC NULLS FIRST, tailnum LIMIT 15",
        lambda db: db.query("planes", columns=["tailnum", "speed"], order=["-speed", "tailnum"], limit=15),
        "planes?select=tailnum,speed&order=speed.desc,tailnum&limit=15",
    ),
    "a page far in": Question(
        "SELECT time_hour, flight, carrier FROM flights ORDER BY time_hour, carrier, flight, origin"
        " LIMIT 50 OFFSET 9000",
        lambda db: db.query(
            "flights", None, ["time_hour", "flight", "carrier"], ["time_hour", "carrier", "flight", "origin"], 50, 9000
        ),
        "flights?select=time_hour,flight,carrier&order=time_hour,carrier,flight,origin&limit=50&offset=9000",
    ),
    "reals": Question(
        "SELECT origin, temp, pressure FROM weather WHERE pressure < 985 ORDER BY pressure, time_hour, origin",
        lambda db: db.query(
            "weather", col("pressure") < 985, ["origin", "temp", "pressure"], ["pressure", "time_hour", "origin"]
        ),
        "weather?pressure=lt.985&select=origin,temp,pressure&order=pressure,time_hour,origin",
    ),
    "to-one join": Question(
        "SELECT f.flight, a.name FROM flights f JOIN airlines a USING (carrier) WHERE f.dep_delay > 900"
        " ORDER BY f.dep_delay DESC",
        lambda db: db.query(
            "flights", col("dep_delay") > 900, ["flight"], "-dep_delay", embed={"airlines": ["name"]}
        ),
        "flights?dep_delay=gt.900&select=flight,airlines(name)&order=dep_delay.desc",
    ),
    "count by group": Question(
        "SELECT carrier, count(*) FROM flights GROUP BY carrier ORDER BY carrier",
        lambda db: db.query("flights", columns=["carrier", count()], order="carrier"),
        "flights?select=carrier,count()&order=carrier",
    ),
    "sums by two groups": Question(
        "SELECT origin, month, sum(distance), min(dep_delay), max(arr_delay) FROM flights GROUP BY origin, month"
        " ORDER BY origin, month",
        lambda db: db.query(
            "flights",
            columns=[
                "origin", "month", col("distance").sum(), col("dep_delay").min(), col("arr_delay").max(),
            ],
            order=["origin", "month"],
        ),
        "flights?select=origin,month,distance.sum(),dep_delay.min(),arr_delay.max()&order=origin,month",
    ),
    "counts of a filtered group": Question(
        "SELECT dest, count(*), count(arr_time) FROM flights WHERE dep_time IS NOT NULL AND carrier = 'B6'"
        " GROUP BY dest ORDER BY dest",
        lambda db: db.query(
            "flights", (col("carrier") == "B6") & col("dep_time").is_not_null(),
            ["dest", count(), col("arr_time").count().as_("landed")], "dest",
        ),
        "flights?carrier=eq.B6&dep_time=not.is.null&select=dest,count(),landed:arr_time.count()&order=dest",
    ),
}  # fmt: skip


def plainly(plain: sqlite3.Connection, sql: str) -> list[tuple[Any, ...]]:
    """Ask plain SQLite; its whole numbers and reals compare equal to ours."""
    return plain.execute(sql).fetchall()


def as_text(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Write timestamps as the files do, whoever gives them."""
    return [tuple(_written(value) for value in row) for row in rows]


def _written(value: Any) -> Any:
    text = value.isoformat() if hasattr(value, "isoformat") else value
    return text.replace("+00:00", "Z").replace(".000000Z", "Z") if isinstance(text, str) else text


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_library_answers_as_sqlite_does(db: synthdb.Connection, plain: sqlite3.Connection, name: str) -> None:
    """The same rows in the same order."""
    question = QUESTIONS[name]
    expected = plainly(plain, question.sql)

    assert expected
    assert expected == as_text(flat(question.ask(db)))


@pytest.mark.parametrize("name", QUESTIONS)
def test_sql_answers_as_sqlite_does(db: synthdb.Connection, plain: sqlite3.Connection, name: str) -> None:
    """The same statement over the logical tables."""
    question = QUESTIONS[name]

    rows = [tuple(row.values()) for row in db.execute_sql(question.sql)]

    assert plainly(plain, question.sql) == as_text(rows)


@pytest.fixture(scope="module")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the imported flights."""
    database = folder / "synthdb-data" / "databases" / "nyc.db"
    with serving(tmp_path_factory.mktemp("served"), database, workers=1) as running:
        yield running


@pytest.mark.parametrize("name", QUESTIONS)
def test_rest_answers_as_sqlite_does(server: Server, plain: sqlite3.Connection, name: str) -> None:
    """The same rows in the same order, over HTTP."""
    question = QUESTIONS[name]
    with server.client() as client:
        answer = client.get(f"{server.address}/{quote(question.path, safe='?=&,.()*:_-!')}")

    assert 200 == answer.status, answer.body
    assert plainly(plain, question.sql) == as_text(flat(answer.data))


def test_an_import_is_served_at_once(tmp_path: Path) -> None:
    """A running server sees the tables and rows that another process imports into its database."""
    path = tmp_path / "app.db"
    with serving(tmp_path, path, workers=1) as running, running.client() as client:
        before = client.get(f"{running.address}/airlines")
        with synthdb.connect(path) as connection:
            connection.import_file(FILES / "airlines.csv", key="carrier")
        after = client.get(f"{running.address}/airlines/HA?select=name")

    assert (404, 200) == (before.status, after.status)
    assert {"name": "Hawaiian Airlines Inc."} == after.data
