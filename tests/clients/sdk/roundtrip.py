"""Drives the generated Python client against a server of the shop database.

Usage: ``python roundtrip.py BASE_URL CUTTING_URL KILLING_URL``, with the client in the folder; prints one JSON line per
check: ``{"name", "error"}``. The second address breaks the connection of a request with ``X-Cut`` after it was done;
the third one kills the server, and answers when it is there again.
"""

import json
import sys
import traceback
import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import shop_client
from listening import (
    a_listener_misses_and_repeats_nothing,
    a_silent_connection_is_made_again,
    refused,
    what_happens_to_rows_has_types,
)
from shop_client import Items, People
from shop_client.runtime import (
    BadRequest,
    Changed,
    Client,
    Conflict,
    Incomplete,
    NotConnected,
    NotFound,
    Options,
    Path,
    Refused,
    Retries,
    SchemaDrift,
    any_of,
    compare,
    reference,
)

BIG = 2**53 + 1
CODE = UUID("6f9619ff-8b86-4011-b42d-00c04fc964ff")


def create_read_update_delete(client: Client) -> None:
    items = client.table(Items)
    made = items.insert({"id": 1, "sku": "a", "stock": 3}).returning().single()
    assert (made["sku"], made["price"], made["sold"], made["made"]) == ("a", Decimal("1.5000"), False, None)
    assert items.update({"stock": 4}).key(1).execute().status == 204
    assert items.get(1).data["stock"] == 4
    assert [row["stock"] for row in items.update({"stock": 5}).eq("sku", "a").returning("stock").execute().data] == [5]
    put = items.replace({"sku": "b"}, 1).returning().single()
    assert (put["sku"], put["stock"]) == ("b", None)
    items.delete().key(1).execute()
    assert refused(lambda: items.get(1), NotFound).status == 404


def every_type_keeps_its_value(client: Client) -> None:
    items = client.table(Items)
    facts = {"a": [1, BIG, 0.1, None, True], "ü": "ß"}
    seen = datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=UTC)
    items.insert(
        {
            "id": BIG, "sku": "types", "price": Decimal("1234567890123456.7891"), "stock": -BIG, "weight": 0.1,
            "sold": True, "made": date(2024, 2, 29), "seen_at": seen, "code": CODE, "facts": facts,
            "photo": b"\x00\xff",
        }
    ).execute()  # fmt: skip
    row = items.get(BIG).data
    assert (row["id"], row["stock"]) == (BIG, -BIG)
    assert row["price"] == Decimal("1234567890123456.7891")
    assert (row["weight"], row["made"], row["seen_at"]) == (0.1, date(2024, 2, 29), seen)
    assert (row["code"], row["facts"], row["photo"]) == (CODE, facts, b"\x00\xff")
    found = items.select("id").eq("id", BIG).eq("price", Decimal("1234567890123456.7891")).eq("seen_at", seen)
    assert found.eq("code", CODE).eq("photo", b"\x00\xff").eq("weight", 0.1).eq("made", date(2024, 2, 29)).count() == 1
    items.delete().key(BIG).execute()


def null_is_not_absent(client: Client) -> None:
    items = client.table(Items)
    items.insert([{"id": 1, "sku": "absent"}, {"id": 2, "sku": "null", "price": None}]).execute()
    assert [row["price"] for row in items.select().order("id").all()] == [Decimal("1.5000"), None]
    items.update({"stock": None}).key(1).execute()
    items.update({"stock": 1}).key(2).execute()
    items.upsert([{"id": 1, "price": None}, {"id": 2, "stock": None}]).execute()
    rows = items.select("price", "stock").order("id").all()
    assert list(map(dict, rows)) == [{"price": None, "stock": None}, {"price": None, "stock": None}]
    items.delete().every_row().execute()


def filters(client: Client) -> None:
    items = client.table(Items)
    facts = {"tags": ["red", "big"], "n": 1}
    items.insert(
        [
            {"id": 1, "sku": "one, (1)", "stock": 1, "sold": True, "facts": facts},
            {"id": 2, "sku": 'two "2"', "stock": 2, "price": "2.25"},
            {"id": 3, "sku": "THREE\\%", "stock": None},
        ]
    ).execute()
    query = items.select("id").order("id")

    def ids(narrowed: object) -> list[int]:
        return [row["id"] for row in narrowed.all()]  # type: ignore[attr-defined] # any of the queries below

    assert ids(query.eq("sku", "one, (1)")) == [1]
    assert ids(query.is_in("sku", ["one, (1)", 'two "2"'])) == [1, 2]
    assert ids(query.not_in("id", [1, 2])) == [3]
    assert ids(query.neq("stock", 1)) == [2]
    assert ids(query.gt("stock", 1)) == [2]
    assert ids(query.gte("stock", 1).lt("stock", 2)) == [1]
    assert ids(query.lte("price", Decimal("2.25")).gt("price", 2)) == [2]
    assert ids(query.like("sku", "o%")) == [1]
    assert ids(query.ilike("sku", "three%")) == [3]
    assert ids(query.match("sku", "^t")) == [2]
    assert ids(query.is_null("stock")) == [3]
    assert ids(query.not_null("stock")) == [1, 2]
    assert ids(query.contains("facts", {"tags": ["red"]})) == [1]
    assert ids(query.overlaps(Path("facts", "tags", as_text=False), ["big", "small"])) == [1]
    assert ids(query.eq(Path("facts", "tags", 0), "red")) == [1]
    assert ids(query.where(any_of(compare("sku", "eq", 'two "2"'), compare("stock", "is", "null")))) == [2, 3]
    assert ids(query.where(any_of(compare("id", "eq", 1), compare("id", "eq", 2)).negate())) == [3]
    assert ids(items.select("id").order("stock", descending=True, nulls="first")) == [3, 2, 1]
    assert ids(query.limit(1).offset(1)) == [2]
    items.delete().every_row().execute()


def single_rows_and_counts(client: Client) -> None:
    people = client.table(People)
    assert dict(people.select("name").eq("id", 1).single()) == {"name": "Ada"}
    assert people.select().eq("id", 9).maybe_single() is None
    assert refused(people.select().single, BadRequest).code == "not_singular"
    try:
        people.select().maybe_single()
    except ValueError:
        pass
    else:
        raise AssertionError
    assert people.select().gt("id", 1).count() == 2
    answer = people.select().with_count().order("id").limit(2).execute()
    assert (len(answer.data), answer.total) == (2, 3)


def related_rows(client: Client) -> None:
    people = client.table(People)
    items = client.table(Items)
    items.insert([{"id": n, "sku": f"s{n}", "maker_id": 2, "buyer_id": 1} for n in (1, 2, 3)]).execute()
    found = people.select("name").embed(
        "items_items_maker", lambda made: made.select("sku", "price").gt("id", 1).order("id", descending=True)
    )
    rows = found.order("id").limit(2).all()
    assert rows[0]["items_items_maker"] == []
    assert [item["sku"] for item in rows[1]["items_items_maker"]] == ["s3", "s2"]
    assert rows[1]["items_items_maker"][0]["price"] == Decimal("1.5000")
    item = items.select("sku").embed("items_buyer").eq("id", 1).single()
    assert item["items_buyer"] is not None
    assert item["items_buyer"]["born"] == date(1815, 12, 10)
    grace = people.select("name").embed("people_boss", lambda boss: boss.select("name")).eq("id", 2).single()
    assert dict(grace["people_boss"] or {}) == {"name": "Ada"}
    ada = people.select("name").embed("people_people_boss", lambda staff: staff.required().order("id")).single()
    assert [person["name"] for person in ada["people_people_boss"]] == ["Grace", "Zoë"]
    items.delete().every_row().execute()


def many_rows_page_by_page(client: Client) -> None:
    items = client.table(Items)
    assert items.insert([{"sku": f"p{n:03}"} for n in range(250)]).execute().status == 201
    pages = list(items.select("sku").pages(100))
    assert [len(page) for page in pages] == [100, 100, 50]
    assert len({row["sku"] for page in pages for row in page}) == 250
    assert [row["sku"] for row in items.select("sku").order("sku", descending=True).rows(60)][:2] == ["p249", "p248"]
    assert len(items.select().all()) == 250
    assert sum(1 for _ in items.select().stream()) == 250
    assert refused(items.delete().at_most(10).like("sku", "p%").execute, BadRequest).code == "max_affected_exceeded"
    assert refused(items.delete().execute, BadRequest).code == "full_table_write"
    assert items.delete().like("sku", "p%").at_most(250).returning("id").execute().data[0].keys() == {"id"}


def upserts(client: Client) -> None:
    items = client.table(Items)
    items.insert({"id": 1, "sku": "u", "stock": 1, "weight": 2.5}).execute()
    merged = items.upsert({"sku": "u", "stock": 2}, on=["sku"]).returning("id", "stock", "weight").single()
    assert dict(merged) == {"id": 1, "stock": 2, "weight": 2.5}
    items.upsert({"id": 1, "sku": "x", "stock": 9}, ignore=True).execute()
    assert items.get(1).data["stock"] == 2
    assert refused(items.insert({"id": 2, "sku": "u"}).execute, Conflict).code == "unique_violation"
    items.delete().every_row().execute()


def raw_selections(client: Client) -> None:
    people = client.table(People)
    (row,) = people.select().select_raw("n:count(),oldest:born.min()").execute().data
    assert row == {"n": 3, "oldest": "1815-12-10"}


def csv_both_ways(client: Client) -> None:
    items = client.table(Items)
    items.insert_csv('id,sku,stock\n1,"a, b",\n2,c,5\n').execute()
    assert items.select("id", "sku", "stock").order("id").csv() == 'id,sku,stock\r\n1,"a, b",\r\n2,c,5\r\n'
    items.delete().every_row().execute()


def hostile_names(client: Client) -> None:
    odd = client.table(shop_client.GrößeMaße)
    odd.insert(
        {"first name": "A", "order": 1, "class": "b", "a.b": "c", "日本": "d", "naïve": 2, '"q"\\': "e", "not": True,
         "per%cent+&=": "f", "constructor": "g", "count": BIG}
    ).execute()  # fmt: skip
    row = odd.select("first name", "order", "日本", '"q"\\', "per%cent+&=", "count").eq("a.b", "c").eq("order", 1)
    row = row.eq("not", value=True).eq('"q"\\', "e").is_in("per%cent+&=", ["f"]).eq("naïve", 2).order("first name")
    found = row.where(any_of(compare("not", "is", value="true"), compare("a.b", "eq", "x"))).all()
    assert list(map(dict, found)) == [
        {"first name": "A", "order": 1, "日本": "d", '"q"\\': "e", "per%cent+&=": "f", "count": BIG}
    ]
    assert dict(odd.update({"class": "z"}).eq("日本", "d").returning("class").single()) == {"class": "z"}
    odd.delete().every_row().execute()
    parts = client.table(shop_client.Parts)
    client.table(Items).insert({"id": 7, "sku": "s"}).execute()
    parts.insert({"item_id": 7, "number": 1, "label": "x"}).execute()
    assert parts.get(7, 1).data["label"] == "x"
    parts.delete().key(7, 1).execute()
    client.table(Items).delete().key(7).execute()


def branches_and_past_states(client: Client) -> None:
    people = client.table(People)
    client.tags.create("before")
    client.branches.create("python/../x".replace("/../", "."), if_not_exists=True)
    branch = client.at("python.x")
    branch.table(People).update({"name": "Ada L."}).key(1).message("a longer näme").execute()
    assert people.get(1).data["name"] == "Ada"
    assert branch.table(People).get(1).data["name"] == "Ada L."
    assert branch.commits(limit=1)[0]["message"] == "a longer näme"
    assert [item["column"] for item in branch.diff("main", detail="cells")] == ["name"]
    assert client.merge("python.x")["conflicts"] == []
    assert people.get(1).data["name"] == "Ada L."
    assert client.at("before").table(People).get(1).data["name"] == "Ada"
    assert refused(client.at("before").table(People).delete().key(1).execute, Refused).code == "read_only"
    assert [row["value"] for row in people.history(1, column="name")][-1] == "Ada"
    people.update({"name": "Ada"}).key(1).execute()
    client.branches.delete("python.x")
    client.tags.delete("before")
    assert client.sql("SELECT count(*) AS n FROM people WHERE id > ?", [1]) == [{"n": 2}]


def changes_go_on_where_they_ended(client: Client) -> None:
    people = client.table(People)
    people.insert({"id": 50, "name": "first"}).execute()
    last = list(client.changes(tables=["people"]))[-1]
    assert (last.change, last.key, last.table) == ("insert", [50], "people")
    people.update({"name": "second"}).key(50).execute()
    people.delete().key(50).execute()
    found = list(client.changes(last.offset, tables=["people"]))
    assert [item.change for item in found] == ["update", "delete"]
    assert found[0].new is not None
    assert found[0].new["name"] == "second"


def lost_updates_are_noticed(client: Client) -> None:
    items = client.table(Items)
    items.insert({"id": 1, "sku": "a"}).execute()
    etag = items.get(1).etag
    items.update({"stock": 1}).key(1).if_match(etag).execute()
    error = refused(items.update({"stock": 2}).key(1).if_match(etag).execute, Changed)
    assert error.code == "precondition_failed"
    now = items.select("stock").single()
    assert now["stock"] == 1
    items.delete().key(1).if_match(items.get(1).etag).execute()


def a_write_whose_answer_is_lost_is_done_once(client: Client) -> None:
    items = client.table(Items)
    cut = shop_client.connect(CUTTING, options=Options(headers={"X-Cut": "python insert"}))
    made = cut.table(Items).insert({"sku": "once"}).returning().execute()
    assert made.replayed
    assert [row["id"] for row in items.select("id").all()] == [made.data[0]["id"]]
    cut = shop_client.connect(CUTTING, options=Options(headers={"X-Cut": "python delete"}))
    gone = cut.table(Items).delete().eq("sku", "once").returning("sku").execute()
    assert (gone.replayed, list(map(dict, gone.data))) == (True, [{"sku": "once"}])
    hasty = Options(headers={"X-Cut": "python hasty"}, retries=Retries(most=0))
    try:
        shop_client.connect(CUTTING, options=hasty).table(Items).insert({"sku": "unknown"}).execute()
    except NotConnected:
        items.delete().eq("sku", "unknown").at_most(1).execute()
    else:
        raise AssertionError


def a_batch_is_one_commit(client: Client) -> None:
    people, items = client.table(People), client.table(Items)
    results = client.batch(
        people.insert({"id": 60, "name": "Yasujirō"}),
        items.insert({"id": 1, "sku": "by him", "maker_id": reference(0, "id")}).returning("maker_id"),
        items.update({"stock": 7}).key(1),
        items.insert_csv("sku\nplain\n"),
    ).execute()
    assert [item["status"] for item in results] == [201, 201, 204, 201]
    assert results[1]["body"] == [{"maker_id": 60}]
    assert items.get(1).data["stock"] == 7
    error = refused(client.batch(items.delete().key(1), items.insert({"sku": "plain"})).execute, Conflict)
    assert error.data["operation"] == 1
    assert items.select().count() == 2
    items.delete().every_row().execute()
    people.delete().key(60).execute()


def a_walk_is_of_one_moment(client: Client) -> None:
    items = client.table(Items)
    skus = [f"w{n:02}" for n in range(30)]
    items.insert([{"sku": sku} for sku in skus]).execute()
    pages = items.select("sku").order("sku").pages(10)
    found = [row["sku"] for row in next(pages)]
    items.insert({"sku": "a new one"}).execute()
    items.delete().is_in("sku", skus[5:25]).execute()
    found += [row["sku"] for page in pages for row in page]
    assert found == skus
    items.delete().every_row().execute()


def each_row_gets_its_own_values(client: Client) -> None:
    items = client.table(Items)
    items.insert([{"id": 1, "sku": "a", "stock": 1}, {"id": 2, "sku": "b", "stock": 2}]).execute()
    items.update_each([{"id": 1, "stock": 5}, {"id": 2, "weight": 0.5}]).execute()
    items.update_each([{"sku": "a", "weight": 1.5}], on=["sku"]).execute()
    rows = items.select("stock", "weight").order("id").all()
    assert list(map(dict, rows)) == [{"stock": 5, "weight": 1.5}, {"stock": 2, "weight": 0.5}]
    assert refused(items.update_each([{"id": 9, "stock": 5}]).execute, NotFound).status == 404
    items.delete().every_row().execute()


def long_queries_fit(client: Client) -> None:
    query = client.table(People).select("id").is_in("id", range(2, 5_000))
    assert ([row["id"] for row in query.order("id").all()], query.count()) == ([2, 3], 2)
    assert sum(1 for _ in query.stream()) == 2


def saved_queries_are_called(client: Client) -> None:
    shop = shop_client.connect(BASE)
    assert shop.rpc.staff(least=2) == [
        {"id": 2, "name": "Grace", "born": date(1906, 12, 9), "sum": 2},
        {"id": 3, "name": "Zoë", "born": None, "sum": 3},
    ]
    (row,) = shop.rpc.staff(least=1, like="A%", more=BIG - 1)
    assert row["sum"] == BIG
    found = shop.rpc.every_type(
        text_="ä&=+", integer_=BIG, real_=0.1, decimal_=Decimal("1.5000"), boolean_=True, date_=date(2024, 2, 29),
        timestamp_=datetime(2024, 2, 29, 12, tzinfo=UTC), uuid_=CODE, json_={"a": [1, None]}, bytes_=b"\x00\xff",
    )  # fmt: skip
    assert (found[0]["text"], found[0]["integer"], found[0]["real"]) == ("ä&=+", BIG, 0.1)
    assert shop.rpc.every_type()[0]["integer"] is None
    assert shop.rpc.every_type_() == [{"one": 1}]
    assert shop.rpc.class_(self_="me", from_=7) == [{"self": "me", "from": 7}]
    client.table(Items).insert({"id": 1, "sku": "a", "made": date(2024, 2, 29), "photo": b"\xff"}).execute()
    (item,) = shop.rpc.list_()
    assert (item["price"], item["made"], item["photo"]) == (Decimal("1.5000"), date(2024, 2, 29), b"\xff")
    moment = client.commits(limit=1)[0]["at"]
    client.branches.create("called")
    branch = shop.at("called")
    branch.table(People).update({"name": "Ada L."}).key(1).execute()
    assert [row["name"] for row in branch.rpc.staff(least=1, like="A%")] == ["Ada L."]
    assert [row["name"] for row in shop.at(f"main@{moment}").rpc.staff(least=1, like="A%")] == ["Ada"]
    client.branches.delete("called")
    assert refused(lambda: shop.rpc.staff(least="x"), BadRequest).code == "invalid_value"  # type: ignore[arg-type] # it is wrong
    assert len(shop.rpc.count(rows=10_000)) == 10_000
    try:
        shop.rpc.count(rows=10_001)
    except Incomplete:
        pass
    else:
        raise AssertionError
    cut = shop_client.connect(CUTTING, options=Options(headers={"X-Cut": "python call"}))
    assert len(cut.rpc.staff(least=3)) == 1


def dry_runs_change_nothing(client: Client) -> None:
    people = client.table(People)
    assert list(map(dict, people.delete().eq("id", 3).dry_run().returning("id").execute().data)) == [{"id": 3}]
    assert people.select().count() == 3


def errors_say_what_is_wrong(client: Client) -> None:
    error = refused(client.table(People).select().where(compare("nmae", "eq", "x")).execute, BadRequest)
    assert (error.code, error.status) == ("unknown_column", 400)
    assert error.hint is not None
    assert "name" in error.hint
    assert refused(client.at("nowhere").table(People).select().execute, NotFound).code == "unknown_ref"
    closed = shop_client.connect("http://127.0.0.1:9", options=Options(retries=Retries(1, 0.01), timeout=2))
    try:
        closed.table(People).get(1)
    except NotConnected:
        pass
    else:
        raise AssertionError


def a_drifted_schema_is_told_once(client: Client) -> None:
    told: list[str] = []
    drifting = shop_client.connect(BASE, options=Options(on_drift=told.append))
    drifting.table(People).get(1)
    assert told == []
    client.branches.create("drifted")
    other = drifting.at("drifted")
    other.table(People).update({"name": "x", "brand_new": 1}).key(1).execute()  # type: ignore[typeddict-unknown-key] # makes a column
    other.table(People).get(1)
    other.table(People).get(1)
    assert len(told) == 1
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        shop_client.connect(BASE).at("drifted").table(People).get(1)
    assert [item.category for item in caught].count(SchemaDrift) == 1
    client.branches.delete("drifted")


CHECKS: tuple[Callable[[Client], None], ...] = (
    create_read_update_delete, every_type_keeps_its_value, null_is_not_absent, filters, single_rows_and_counts,
    related_rows, many_rows_page_by_page, upserts, raw_selections, csv_both_ways, hostile_names,
    branches_and_past_states, changes_go_on_where_they_ended, dry_runs_change_nothing, errors_say_what_is_wrong,
    a_drifted_schema_is_told_once, lost_updates_are_noticed, a_write_whose_answer_is_lost_is_done_once,
    a_batch_is_one_commit, a_walk_is_of_one_moment, each_row_gets_its_own_values, long_queries_fit,
    saved_queries_are_called, a_listener_misses_and_repeats_nothing, what_happens_to_rows_has_types,
    a_silent_connection_is_made_again,
)  # fmt: skip


def main() -> None:
    """Run every check."""
    client = shop_client.connect(BASE)
    for check in CHECKS:
        try:
            # One check that fails leaves rows behind, which must not make others fail.
            client.table(Items).delete().every_row().execute()
            check(client)
        except Exception:  # noqa: BLE001 - whatever is wrong with a check is its result
            print(json.dumps({"name": check.__name__, "error": traceback.format_exc()}))
        else:
            print(json.dumps({"name": check.__name__, "error": None}))


BASE, CUTTING = sys.argv[1:3]
main()
