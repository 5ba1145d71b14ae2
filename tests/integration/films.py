"""A small database of films, made without a server, for tests that talk to one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from synthdb_host.access import LOCAL
from synthdb_host.catalog import Column, ColumnType, ForeignKey, UniqueKey
from synthdb_host.contracts import Context
from synthdb_host.manager import Host
from synthdb_host.operations import Change, CreateTable, Define, Insert
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.settings import HostSettings
from synthdb_host.stepping import run

__all__ = ["FILMS", "PEOPLE", "make_films"]

PEOPLE: Final[Sequence[Mapping[str, object]]] = (
    {"id": 1, "name": "Ridley Scott", "born": "1937-11-30"},
    {"id": 2, "name": "Jane Campion", "born": "1954-04-30"},
    {"id": 3, "name": "Akira Kurosawa", "born": "1910-03-23"},
)
FILMS: Final[Sequence[Mapping[str, object]]] = (
    {"id": 1, "title": "Alien", "year": 1979, "rating": "8.50", "seen": True, "director_id": 1,
     "data": {"tags": ["space", "horror"]}},
    {"id": 2, "title": "The Piano", "year": 1993, "rating": "7.50", "seen": True, "director_id": 2,
     "data": {"tags": ["drama"]}},
    {"id": 3, "title": "Ran", "year": 1985, "rating": "8.20", "seen": False, "director_id": 3, "data": None},
    {"id": 4, "title": "Blade Runner", "year": 1982, "rating": "8.10", "seen": False, "director_id": 1, "data": None},
    {"id": 5, "title": "Untitled, 2030", "year": None, "rating": None, "seen": False, "director_id": None,
     "data": None},
)  # fmt: skip


def make_films(place: Path | str) -> None:
    """Make the database in a file or at a URL: people, and films that refer to them."""
    settings = HostSettings.load(data=Path("unused"))
    host = Host.build(settings, databases={"films": place if isinstance(place, str) else f"sqlite:///{place}"})
    host.start_worker(EmbeddedScheduler())
    try:
        for operation in (Define(_TABLES), Insert.of("people", PEOPLE), Insert.of("films", FILMS)):
            run(host.gate.execute("films", operation, Context(LOCAL)))
    finally:
        host.stop_worker()


def _column(name: str, type_name: str, **options: Any) -> Column:
    return Column(name, ColumnType.parse(type_name), **options)


_TABLES: Final[tuple[Change, ...]] = (
    CreateTable(
        "people",
        (_column("id", "integer"), _column("name", "text", not_null=True), _column("born", "date")),
        key=("id",),
    ),
    CreateTable(
        "films",
        (
            _column("id", "integer"),
            _column("title", "text", not_null=True),
            _column("year", "integer"),
            _column("rating", "decimal(4,2)"),
            _column("seen", "boolean", default=False, has_default=True),
            _column("director_id", "integer"),
            _column("data", "json"),
        ),
        key=("id",),
        unique_keys=(UniqueKey("films_title", ("title",)),),
        foreign_keys=(ForeignKey("films_director", ("director_id",), "people", ("id",)),),
    ),
)
