"""Drives the unmodified ``postgrest`` package against a server of the films database.

Usage: ``python postgrest_py.py BASE_URL``; prints one JSON line per check: ``{"name", "error"}``.
"""

import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

from postgrest import APIError, CountMethod, ReturnMethod, SyncPostgrestClient

__all__ = ["main"]

# The package types every cell of an answer as any JSON value, so the checks take the client untyped.
Check = Callable[[Any], None]


def select_all(client: Any) -> None:
    answer = client.from_("films").select("*").execute()
    assert len(answer.data) == 5
    assert answer.count is None
    assert answer.data[0]["title"] == "Alien"


def select_shapes_rows(client: Any) -> None:
    query = client.from_("films").select("name:title", "year::text", "tag:data->tags->>0").eq("id", 1)
    assert query.execute().data == [{"name": "Alien", "year": "1979", "tag": "space"}]


def every_comparison(client: Any) -> None:
    def ids(narrow: Callable[[Any], Any]) -> list[int]:
        return [row["id"] for row in narrow(client.from_("films").select("id")).order("id").execute().data]

    assert ids(lambda q: q.eq("title", "Ran")) == [3]
    assert ids(lambda q: q.neq("year", 1979)) == [2, 3, 4]
    assert ids(lambda q: q.gt("year", 1982)) == [2, 3]
    assert ids(lambda q: q.gte("year", 1985).lt("year", 1993)) == [3]
    assert ids(lambda q: q.lte("rating", 8.1)) == [2, 4]
    assert ids(lambda q: q.like("title", "A%")) == [1]
    assert ids(lambda q: q.ilike("title", "*RUN*")) == [4]
    assert ids(lambda q: q.like_any_of("title", "A%,R%")) == [1, 3]
    assert ids(lambda q: q.ilike_all_of("title", "%a%,%r%")) == [3, 4]
    assert ids(lambda q: q.is_("year", None)) == [5]
    assert ids(lambda q: q.is_("seen", value=True)) == [1, 2]
    assert ids(lambda q: q.not_.is_("year", None)) == [1, 2, 3, 4]
    assert ids(lambda q: q.in_("title", ["Untitled, 2030", "Ran"])) == [3, 5]
    assert ids(lambda q: q.not_.in_("id", [1, 2])) == [3, 4, 5]
    assert ids(lambda q: q.contains("data", {"tags": ["space"]})) == [1]
    assert ids(lambda q: q.contains("data->tags", ["drama"])) == [2]
    assert ids(lambda q: q.overlaps("data->tags", ["drama", "comedy"])) == [2]
    assert ids(lambda q: q.match({"seen": True, "year": 1993})) == [2]
    assert ids(lambda q: q.or_("year.lt.1980,and(seen.is.true,id.gt.1)")) == [1, 2]
    assert ids(lambda q: q.not_.or_("year.lt.1990,year.is.null")) == [2]


def order_and_pages(client: Any) -> None:
    films = client.from_("films")
    ordered = films.select("id").order("year", desc=True, nullsfirst=False).order("id").execute()
    assert [row["id"] for row in ordered.data] == [2, 3, 4, 1, 5]
    assert [row["id"] for row in films.select("id").order("id").limit(2).execute().data] == [1, 2]
    assert [row["id"] for row in films.select("id").order("id").offset(3).execute().data] == [4, 5]
    page = films.select("id", count=CountMethod.exact).order("id").range(1, 2).execute()
    assert ([row["id"] for row in page.data], page.count) == ([2, 3], 5)


def count_without_rows(client: Any) -> None:
    answer = client.from_("films").select("*", count=CountMethod.exact, head=True).gt("id", 2).execute()
    assert (answer.data, answer.count) == ([], 3)


def single(client: Any) -> None:
    films = client.from_("films")
    assert films.select("title").eq("id", 1).single().execute().data == {"title": "Alien"}
    error = refused(films.select("*").eq("id", 99).single().execute)
    assert error.code == "not_singular"
    assert "0 rows" in str(error.details)


def maybe_single(client: Any) -> None:
    films = client.from_("films")
    found = films.select("id").eq("id", 1).maybe_single().execute()
    assert found is not None
    assert found.data == {"id": 1}
    assert films.select("*").eq("id", 99).maybe_single().execute() is None


def embeds(client: Any) -> None:
    people = client.from_("people").select("name", "films(title)").eq("id", 1).order("year", foreign_table="films")
    assert people.execute().data == [{"name": "Ridley Scott", "films": [{"title": "Alien"}, {"title": "Blade Runner"}]}]
    films = client.from_("films").select("title", "people!inner(name)").eq("people.name", "Akira Kurosawa")
    assert films.execute().data == [{"title": "Ran", "people": {"name": "Akira Kurosawa"}}]


def csv_and_stripped_nulls(client: Any) -> None:
    films = client.from_("films")
    assert films.select("id,title").eq("id", 5).csv().execute().data == 'id,title\r\n5,"Untitled, 2030"\r\n'
    assert films.select("id,year").eq("id", 5).strip_nulls().execute().data == [{"id": 5}]


def insert_update_delete(client: Any) -> None:
    films = client.from_("films")
    inserted = films.insert({"id": 200, "title": "One", "year": 2001}).execute()
    assert inserted.data[0]["title"] == "One"
    assert films.insert({"id": 201, "title": "Two"}, returning=ReturnMethod.minimal).execute().data in (
        [],
        "",
    )
    assert films.update({"year": 2002}).eq("id", 200).execute().data[0]["year"] == 2002
    removed = films.delete(count=CountMethod.exact).in_("id", [200, 201]).execute()
    assert ([row["id"] for row in removed.data], removed.count) == ([200, 201], 2)


def bulk_insert_with_differing_keys(client: Any) -> None:
    rows = [{"id": 210, "title": "A", "year": 1}, {"id": 211, "title": "B", "seen": True}]
    answer = client.from_("films").insert(rows, count=CountMethod.exact, default_to_null=False).execute()
    assert answer.count == 2
    assert [(row["year"], row["seen"]) for row in answer.data] == [(1, False), (None, True)]
    client.from_("films").delete().in_("id", [210, 211]).execute()


def upsert(client: Any) -> None:
    films = client.from_("films")
    films.insert({"id": 220, "title": "Old", "year": 1}).execute()
    merged = films.upsert([{"id": 220, "title": "New"}, {"id": 221, "title": "Next"}]).execute()
    assert [(row["title"], row["year"]) for row in merged.data] == [("New", 1), ("Next", None)]
    assert films.upsert({"id": 220, "title": "x"}, ignore_duplicates=True).execute().data == []
    by_title = films.upsert({"title": "New", "year": 5}, on_conflict="title").execute()
    assert [(row["id"], row["year"]) for row in by_title.data] == [(220, 5)]
    films.delete().gte("id", 220).execute()


def max_affected(client: Any) -> None:
    error = refused(client.from_("films").update({"year": 1}).gt("id", 0).max_affected(2).execute)
    assert error.code == "max_affected_exceeded"


def errors(client: Any) -> None:
    films = client.from_("films")
    error = refused(films.select("titel").execute)
    assert error.code == "unknown_column"
    assert "titel" in str(error.message)
    assert "title" in str(error.hint)
    assert refused(films.insert({"id": 1, "title": "x"}).execute).code == "unique_violation"
    assert refused(films.delete().execute).code == "full_table_write"
    assert refused(client.schema("nope").from_("films").select("*").execute).code == "unknown_ref"


def refused(send: Callable[[], object]) -> APIError:
    try:
        send()
    except APIError as error:
        return error
    raise AssertionError("the request was not refused")


CHECKS: tuple[Check, ...] = (
    select_all, select_shapes_rows, every_comparison, order_and_pages, count_without_rows, single, maybe_single,
    embeds, csv_and_stripped_nulls, insert_update_delete, bulk_insert_with_differing_keys, upsert, max_affected,
    errors,
)  # fmt: skip


def main(address: str) -> None:
    """Run every check and print what came of it."""
    with SyncPostgrestClient(address) as client:
        for check in CHECKS:
            error = None
            try:
                check(client)
            except (AssertionError, APIError, LookupError, TypeError):
                error = traceback.format_exc()
            sys.stdout.write(json.dumps({"name": check.__name__.replace("_", " "), "error": error}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
