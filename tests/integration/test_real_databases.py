"""Databases that exist already are imported with their keys and relations, and served."""

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

import synthdb
from tests.integration.real_files import FILES, MOVIES, SOURCES, import_flights, load_plainly, synthdb_command
from tests.integration.serving import Server, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PAGE: Final = 9_000
OLD: Final = """
    CREATE TABLE airlines (carrier TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE) WITHOUT ROWID;
    CREATE TABLE planes (
        tailnum TEXT PRIMARY KEY, manufacturer TEXT, model TEXT NOT NULL, seats INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE fleet (
        id INTEGER PRIMARY KEY, carrier TEXT NOT NULL REFERENCES airlines ON DELETE CASCADE,
        tailnum TEXT REFERENCES planes (tailnum), since DATE);
    CREATE INDEX fleet_tailnum ON fleet (tailnum);
"""
FLEET: Final = [(7, "HA", "N384HA", "2012-05-01"), (8, "HA", "N380HA", None), (9, "AA", None, "2013-01-31")]


def table_of(name: str) -> list[list[str]]:
    """Read a table of the flights."""
    with (FILES / f"{name}.csv").open(newline="") as file:
        return list(csv.reader(file))[1:]


def served(server: Server, path: str) -> Any:
    """Ask the server."""
    with server.client() as client:
        answer = client.get(f"{server.address}/{quote(path, safe='/?=&,.()*:_-!')}")
    assert 200 == answer.status, answer.body
    return answer.data


@pytest.fixture(scope="module")
def movies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the movies, imported by the real command."""
    folder = tmp_path_factory.mktemp("movies")
    synthdb_command(folder, "import", MOVIES)
    with serving(folder, folder / "synthdb-data" / "databases" / "movies.db", workers=1) as server:
        yield server


@pytest.mark.parametrize("table", ["omdb", "tomatoes"])
def test_every_row_of_an_existing_database_is_served(movies: Server, table: str) -> None:
    """All values of all rows, in the order of the old database."""
    with closing(sqlite3.connect(MOVIES)) as old:
        names = [row[1] for row in old.execute(f"PRAGMA table_info({table})")]
        expected = old.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()

    path = f"{table}?select={','.join(names)}&order=_id&limit={PAGE}&offset="
    pages = [served(movies, f"{path}{offset}") for offset in range(0, len(expected) + 1, PAGE)]

    assert expected == [tuple(row.values()) for page in pages for row in page]


def test_an_existing_database_keeps_its_types_and_indexes(movies: Server) -> None:
    """Types are those of the declarations, and what was indexed is indexed."""
    with synthdb.connect(movies.database) as new:
        omdb, tomatoes = new.describe("omdb"), new.describe("tomatoes")

    assert {"omdb_ID", "omdb_Year"} == {index.name for index in omdb.indexes}
    assert {"tomatoes_ID", "tomatoes_Meter", "tomatoes_Rating"} == {index.name for index in tomatoes.indexes}
    assert ("real", "integer", "text") == tuple(
        str(omdb.by_name[name].type) for name in ("imdbRating", "Year", "Released")
    )


def test_the_movies_answer_as_sqlite_does(movies: Server) -> None:
    """A filter, an order and an aggregate over them."""
    with closing(sqlite3.connect(MOVIES)) as old:
        found = "SELECT Title, imdbRating FROM omdb WHERE Year = 1994 AND Oscars >= 1 ORDER BY imdbRating DESC, ID"
        grouped = "SELECT Year, count(*), max(imdbRating) FROM omdb WHERE Year > 2000 GROUP BY Year ORDER BY Year"
        expected = old.execute(found).fetchall(), old.execute(grouped).fetchall()

    rows = served(movies, "omdb?Year=eq.1994&Oscars=gte.1&select=Title,imdbRating&order=imdbRating.desc,ID")
    groups = served(movies, "omdb?Year=gt.2000&select=Year,count(),imdbRating.max()&order=Year")

    assert all(expected)
    assert expected == ([tuple(row.values()) for row in rows], [tuple(row.values()) for row in groups])


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a database that had keys, relations and defaults in plain SQLite."""
    folder = tmp_path_factory.mktemp("fleet")
    with closing(sqlite3.connect(folder / "fleet.sqlite")) as old:
        old.executescript(OLD)
        old.executemany("INSERT INTO airlines VALUES (?, ?)", table_of("airlines"))
        planes = [(row[0], row[3], row[4], int(row[6])) for row in table_of("planes")]
        old.executemany("INSERT INTO planes VALUES (?, ?, ?, ?)", planes)
        old.executemany("INSERT INTO fleet VALUES (?, ?, ?, ?)", FLEET)
        old.commit()
    synthdb_command(folder, "import", "fleet.sqlite")
    with serving(folder, folder / "synthdb-data" / "databases" / "fleet.db", workers=1) as server:
        yield server


def test_the_relations_of_an_existing_database_are_there_to_embed(fleet: Server) -> None:
    """In both directions, over the keys that the old database declared."""
    path = "fleet?select=id,since,airlines(name),planes(model,seats)&order=id"
    airline = {"name": "Hawaiian Airlines Inc."}
    plane = {"model": "A330-243", "seats": 377}
    expected = [
        {"id": 7, "since": "2012-05-01", "airlines": airline, "planes": plane},
        {"id": 8, "since": None, "airlines": airline, "planes": plane},
        {"id": 9, "since": "2013-01-31", "airlines": {"name": "American Airlines Inc."}, "planes": None},
    ]

    assert expected == served(fleet, path)
    assert {"fleet": [{"id": 7}, {"id": 8}]} == served(fleet, "airlines/HA?select=fleet(id)&fleet.order=id")


def test_the_rules_of_an_existing_database_hold(fleet: Server) -> None:
    """Keys, relations, NOT NULL, defaults and ON DELETE are those that the old database declared."""
    rows = {
        "unique_violation": ("airlines", {"carrier": "XX", "name": "Hawaiian Airlines Inc."}),
        "foreign_key_violation": ("fleet", {"carrier": "nobody"}),
        "not_null_violation": ("planes", {"tailnum": "N1"}),
    }
    with fleet.client() as client:
        refusals = {
            code: client.post(f"{fleet.address}/{table}", row).data["code"] for code, (table, row) in rows.items()
        }
        client.post(f"{fleet.address}/airlines", {"carrier": "ZZ", "name": "Short-lived"})
        made = client.post(f"{fleet.address}/planes", {"tailnum": "N2", "model": "M"}, "return=representation")
        client.post(f"{fleet.address}/fleet", {"carrier": "ZZ", "tailnum": "N2"})
        deleted = client.ask("DELETE", f"{fleet.address}/airlines/ZZ")

    assert {code: code for code in rows} == refusals
    assert 0 == made.data[0]["seats"]
    assert (204, []) == (deleted.status, served(fleet, "fleet?carrier=eq.ZZ"))


def test_flights_are_served_with_their_airline_and_their_plane(tmp_path: Path) -> None:
    """All 336,776 of them: planes that nobody registered are added first, and the same command goes on."""
    database = tmp_path / "synthdb-data" / "databases" / "nyc.db"
    synthdb_command(tmp_path, *import_flights())
    missing = "SELECT DISTINCT tailnum FROM flights WHERE tailnum NOT IN (SELECT tailnum FROM planes)"
    (tmp_path / "missing.json").write_text(synthdb_command(tmp_path, "sql", missing, "--db", "nyc", "--json"))
    adding = ("--db", "nyc", "--table", "planes", "--into-existing", "append")
    synthdb_command(tmp_path, "import", "missing.json", *adding)
    synthdb_command(tmp_path, *import_flights("--foreign-key", "flights.tailnum=planes.tailnum"))
    with closing(sqlite3.connect(":memory:")) as plain:
        for source in SOURCES:
            load_plainly(plain, source)
        expected = plain.execute(
            "SELECT f.flight, a.name, f.tailnum, p.model FROM flights f JOIN airlines a USING (carrier)"
            " LEFT JOIN planes p USING (tailnum) WHERE f.dep_delay > 450 ORDER BY f.dep_delay DESC, f.rowid"
        ).fetchall()

    with serving(tmp_path, database, workers=1) as server:
        path = "flights?dep_delay=gt.450&order=dep_delay.desc,id&select=flight,tailnum,airlines(name),planes(model)"
        found = served(server, path)
        planes = served(server, "planes?tailnum=in.(N384HA,N3ALAA)&order=tailnum&select=model,flights(count())")

    assert len(expected) > 50
    assert expected == [
        (row["flight"], row["airlines"]["name"], row["tailnum"], row["planes"]["model"]) for row in found
    ]
    assert [("A330-243", 33), (None, 63)] == [(plane["model"], plane["flights"][0]["count"]) for plane in planes]
