"""REST answers alike on every storage: the same requests, byte for byte the same answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from falcon.testing import Result
from synthdb_memory.plugin import plugin as memory

from synthdb.plugin import plugin as core
from synthdb_host.access import LOCAL
from synthdb_host.catalog import ForeignKey
from synthdb_host.contracts import Context
from synthdb_host.operations import CreateTable, Define
from synthdb_host.testing.hosting import ApiClient
from synthdb_host.testing.session import column

_SCHEMA: Final = Define(
    (
        CreateTable("authors", (column("name", "text", not_null=True), column("born", "integer"))),
        CreateTable(
            "books",
            (
                column("title", "text"),
                column("author_id", "integer"),
                column("price", "decimal(10,2)"),
                column("out", "date"),
                column("tags", "json"),
            ),
            foreign_keys=(ForeignKey("by", ("author_id",), "authors", ("id",)),),
        ),
    )
)

_RETURN: Final = {"Prefer": "return=representation"}
_COUNT: Final = {"Prefer": "count=exact"}
_MERGE: Final = {"Prefer": "resolution=merge-duplicates,return=representation"}
_BOOKS: Final = [
    {"title": "Notes", "author_id": 1, "price": "19.90", "out": "1843-01-01", "tags": ["a", "b"]},
    {"title": "Dracula", "author_id": 2, "price": 5, "out": "1897-05-26", "tags": {"genre": "horror", "n": [1, 2]}},
    {"title": "Jewel", "author_id": 2, "price": None, "out": None, "tags": None},
    {"title": 'Anon, "quoted"', "author_id": None, "price": 0.1, "out": "1900-01-01", "tags": []},
]

_REQUESTS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("POST", "/authors", {"json": [{"name": "Ada", "born": 1815}, {"name": "Bram"}], "headers": _RETURN}),
    ("POST", "/books", {"json": _BOOKS, "headers": _RETURN}),
    ("GET", "/books", {}),
    ("GET", "/books?select=title,cost:price&order=price.desc.nullslast", {}),
    ("GET", "/books?price=gt.1&select=id", {}),
    ("GET", "/books?price=gt.1&select=id&limit=1&offset=1", {"headers": _COUNT}),
    ("GET", "/books?or=(title.like.D*,and(price.lt.1,price.not.is.null))&select=id,title", {}),
    ("GET", "/books?title=ilike.*E*&select=title", {}),
    ("GET", "/books?out=lt.1890-01-01&select=out", {}),
    ("GET", "/books?id=in.(1,3,9)&select=id", {}),
    ("GET", "/books?tags->>genre=eq.horror&select=id,g:tags->>genre,first:tags->n->0", {}),
    ("GET", '/books?tags=cs.["a"]&select=id', {}),
    ("GET", "/books?select=title,authors(name,born)&order=id", {}),
    ("GET", "/books?select=title,authors!inner(name)&authors.name=eq.Bram", {}),
    ("GET", "/books?select=title,...authors(name)&order=id", {}),
    ("GET", "/authors?select=name,books(title,price)&books.order=title.desc&order=id", {}),
    ("GET", "/authors?select=name,books(count)&order=id", {}),
    ("GET", "/books?select=author_id,price.sum(),count()&order=author_id", {}),
    ("GET", "/books?select=price.max(),price.min()", {}),
    ("GET", "/books/2", {}),
    ("GET", "/books/99", {}),
    ("GET", "/books", {"headers": {"Accept": "text/csv"}}),
    ("GET", "/books?select=id,title", {"headers": {"Range": "1-2", **_COUNT}}),
    ("GET", "/books?id=eq.1", {"headers": {"Accept": "application/vnd.pgrst.object+json"}}),
    ("GET", "/books", {"headers": {"Accept": "application/vnd.pgrst.object+json"}}),
    ("PATCH", "/books?title=eq.Jewel", {"json": {"price": "7.5", "tags": {"x": None}}, "headers": _RETURN}),
    ("PATCH", "/books?id=eq.99", {"json": {"price": 1}, "headers": _RETURN}),
    ("POST", "/books", {"json": [{"id": 1, "price": 2}, {"id": 9, "title": "New"}], "headers": _MERGE}),
    ("POST", "/books", {"json": {"title": "Next"}, "headers": _RETURN}),
    ("DELETE", "/books?id=eq.9", {"headers": _RETURN}),
    ("POST", "/visits", {"json": {"book": 1, "at": "2013-01-01T05:00:00Z", "note": "x"}}),
    ("POST", "/visits", {"json": {"book": 1.5, "code": "00501"}}),
    ("GET", "/visits", {}),
    ("POST", "/books", {"json": {"title": "Lost", "author_id": 77}}),
    ("POST", "/books", {"json": {"id": 1}}),
    ("POST", "/authors", {"json": {"born": 1}}),
    ("POST", "/books", {"json": {"price": "0.001"}}),
    ("POST", "/books", {"json": {"out": "soon"}}),
    ("DELETE", "/authors?id=eq.1", {}),
    ("DELETE", "/books", {}),
    ("GET", "/books?nowhere=eq.1", {}),
    ("GET", "/books?price=eq.cheap", {}),
    ("GET", "/books?title=zz.1", {}),
    ("GET", "/books?select=nowhere", {}),
    ("GET", "/books?select=planes(name)", {}),
    ("GET", "/nowhere", {}),
    ("GET", "/books?order=id", {}),
)

_HEADERS: Final = ("content-type", "content-range", "location", "preference-applied")


def _answers(client: ApiClient) -> list[tuple[str, int, str, list[str | None]]]:
    client.run(client.host.gate.execute("db", _SCHEMA, Context(LOCAL)))
    answers = []
    for method, path, options in _REQUESTS:
        result = client.request(method, f"/rest/v1/db{path}", **options)
        headers = [result.headers.get(name) for name in _HEADERS]
        answers.append((f"{method} {path}", result.status_code, _body(result), headers))
    return answers


def _body(result: Result) -> str:
    """Give the body; of a problem only its code, for details may differ."""
    if result.headers.get("content-type") == "application/problem+json":
        return str(result.json["code"])
    return result.text


def test_rest_gives_the_same_answers_on_both_storages(make_client: Callable[..., ApiClient], tmp_path: Path) -> None:
    """Neither the host nor the REST generator knows what is behind a database."""
    urls = ("memory://db", f"sqlite:///{tmp_path}/db.db")
    clients = [make_client({"core": core(), "memory": memory}, databases={"db": url}) for url in urls]
    in_memory, in_sqlite = (_answers(client) for client in clients)
    assert in_memory == in_sqlite
    assert {200, 201, 206, 400, 404, 406, 409} == {status for _, status, _, _ in in_memory}
