"""Every kind of read, of every state of branches three deep, gives what a plain copy of that state gives."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from synthdb_host.catalog import Column, ColumnType, ForeignKey
from synthdb_host.operations import (
    ColumnRef,
    Comparison,
    CreateTable,
    Define,
    EmbedExists,
    Insert,
    Operation,
    Order,
    Ref,
    Select,
    Sql,
)
from synthdb_host.testing.session import Session, aggregate, by, columns, embed, where
from synthdb_host.versions import Branching, CreateTag
from tests.laws.engine import engine_in

pytestmark = pytest.mark.slow

_AUTHOR: Final = embed("author", "author_id", "id", Select("authors", columns("name")), many=False)
_BOOKS: Final = embed(
    "books", "id", "author_id", Select("books", columns("title"), order=by("title"), limit=2), many=True
)
_READS: Final[dict[str, Operation]] = {
    "list": Select("books"),
    "point": Select("books", where=where("id", "eq", 2)),
    "missing point": Select("books", where=where("id", "eq", 99)),
    "filter": Select("books", where=where("pages", "gt", 150), count="exact"),
    "text filter": Select("books", columns("id"), where=where("title", "like", "%a%")),
    "order and page": Select("books", order=(*by("pages", descending=True), *by("id")), limit=3, offset=1),
    "order by text": Select("books", columns("title"), order=by("title")),
    "count": Select("books", count="exact", limit=0),
    "aggregates": Select("books", (aggregate("count"), aggregate("sum", "pages"), aggregate("max", "title"))),
    "groups": Select("books", (*columns("author_id"), aggregate("count")), order=by("author_id")),
    "having": Select(
        "books", (*columns("author_id"), aggregate("count")), having=Comparison(aggregate("count").source, "gt", 1)
    ),
    "to one": Select("books", columns("id"), (_AUTHOR,), order=by("id")),
    "to many": Select("authors", columns("id"), (_BOOKS,), order=by("id")),
    "exists": Select("authors", columns("id"), (_BOOKS,), EmbedExists("books"), order=by("id")),
    "order by embed": Select(
        "books", columns("id"), (_AUTHOR,), order=(Order(ColumnRef("name"), embed="author"), *by("id"))
    ),
    "sql": Sql("SELECT * FROM books ORDER BY id"),
    "sql join": Sql(
        "SELECT a.name, count(*) AS n, sum(b.pages) AS pages FROM books b JOIN authors a ON a.id = b.author_id "
        "GROUP BY a.name ORDER BY a.name"
    ),
    "sql with": Sql("WITH long AS (SELECT * FROM books WHERE pages > ?) SELECT count(*) AS n FROM long", (150,)),
}
_REFS: Final = (
    "main", "child", "grandchild", "great", "main@fork", "child@fork", "child@first touch", "grandchild@fork",
    "grandchild@first touch", "grandchild@undelete", "great@sync", "great@before sync", "tag",
)  # fmt: skip


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, dict[str, Ref]]]:
    """Give a database with branches three deep, and the states that its read form must tell apart."""
    with engine_in(tmp_path_factory.mktemp("forms")) as session:
        yield session, _history(session)


def _history(main: Session) -> dict[str, Ref]:
    _schema(main)
    main.insert("authors", {"name": "Ada"}, {"name": "Bram"}, {"name": "Cleo"})
    rows = ({"title": f"{'ab'[n % 2]}{n}", "pages": 50 * n, "author_id": n % 3 + 1} for n in range(1, 9))
    moments = {"main@fork": Ref("main", main.insert("books", *rows).commit)}
    child = main.fork("child")
    moments["child@fork"] = Ref("child", main.delete("books", where("id", "eq", 8)).commit)
    moments["child@first touch"] = Ref("child", child.update("books", {"pages": 1}, where("id", "lte", 3)).commit)
    grandchild = child.fork("grandchild")
    moments["grandchild@fork"] = Ref("grandchild", child.delete("books", where("id", "in", [1, 4])).commit)
    child.update("authors", {"name": "Carl"}, where("id", "eq", 3))
    first = grandchild.delete("books", where("id", "in", [2, 5])).commit
    moments["grandchild@first touch"] = Ref("grandchild", first)
    again = grandchild.insert("books", {"id": 2, "title": "again", "pages": 7, "author_id": None}).commit
    moments["grandchild@undelete"] = Ref("grandchild", again)
    great = grandchild.fork("great")
    before = great.insert("books", {"title": "new", "pages": 500, "author_id": 2}).commit
    moments["great@before sync"] = Ref("great", before)
    grandchild.update("books", {"pages": 333}, where("id", "eq", 6))
    moments["great@sync"] = Ref("great", great.merge(grandchild).commit)
    great.delete("books", where("pages", "gt", 320))
    main.execute(Branching((CreateTag("tag", child.ref),)))
    main.update("books", {"title": "main"}, every_row=True)
    child.update("books", {"title": "child"}, where("id", "gt", 5))
    return moments | {name: Ref(name) for name in ("main", "child", "grandchild", "great", "tag")}


def _schema(session: Session) -> None:
    def column(name: str, kind: str) -> Column:
        return Column(name, ColumnType(kind))

    by_author = ForeignKey("by_author", ("author_id",), "authors", ("id",))
    books = (column("title", "text"), column("pages", "integer"), column("author_id", "integer"))
    session.execute(
        Define(
            (
                CreateTable("authors", (column("name", "text"),)),
                CreateTable("books", books, foreign_keys=(by_author,)),
            )
        )
    )


def _copied(session: Session, copy: Session) -> None:
    """Write what a state holds into an empty database."""
    _schema(copy)
    for table in ("authors", "books"):
        rows: list[dict[str, Any]] = session.rows(table)
        copy.execute(Insert.of(table, rows))


@pytest.mark.parametrize("name", _REFS)
def test_a_state_is_read_like_a_copy_of_it(states: tuple[Session, dict[str, Ref]], name: str, tmp_path: Path) -> None:
    """Lists, points, filters, orders, pages, counts, aggregates, embeds and SQL."""
    session, refs = states
    there = session.at(refs[name])
    with engine_in(tmp_path) as copy:
        _copied(there, copy)
        expected = {kind: (copy.execute(read).json(), copy.execute(read).total) for kind, read in _READS.items()}
        found = {kind: (there.execute(read).json(), there.execute(read).total) for kind, read in _READS.items()}
    assert expected == found


def test_the_states_are_what_the_history_says(states: tuple[Session, dict[str, Ref]]) -> None:
    """What each state has of the books: parents that change later, first touches, undeletes and syncs."""
    session, refs = states
    pages = {name: dict(_pages(session.at(ref))) for name, ref in refs.items()}
    start = {n: 50 * n for n in range(1, 9)}
    touched = start | {1: 1, 2: 1, 3: 1}
    undeleted = {n: touched[n] for n in touched if n != 5} | {2: 7}
    assert start == pages["main@fork"] == pages["child@fork"]
    assert {n: start[n] for n in start if n != 8} == pages["main"]
    assert touched == pages["child@first touch"] == pages["grandchild@fork"]
    assert {n: touched[n] for n in touched if n not in (1, 4)} == pages["child"] == pages["tag"]
    assert {n: touched[n] for n in touched if n not in (2, 5)} == pages["grandchild@first touch"]
    assert undeleted == pages["grandchild@undelete"]
    assert undeleted | {6: 333} == pages["grandchild"]
    assert undeleted | {9: 500} == pages["great@before sync"]
    assert undeleted | {9: 500, 6: 333} == pages["great@sync"]
    assert {n: value for n, value in (undeleted | {6: 333}).items() if value <= 320} == pages["great"]


def _pages(session: Session) -> Iterator[tuple[int, int]]:
    for row in session.rows("books", "id", "pages"):
        yield row["id"], row["pages"]
