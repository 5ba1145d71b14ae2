"""Checks of what the generated Python client is told of changes; see ``roundtrip.py``."""

import sys
import threading
import urllib.request
from collections.abc import Callable
from decimal import Decimal

import shop_client
from shop_client import Items
from shop_client.runtime import BadRequest, Client, NotFound, Options, Refused, Retries, compare

BIG = 2**53 + 1
BASE, CUTTING, KILLING = sys.argv[1:4]


def refused(call: Callable[[], object], kind: type[Refused]) -> Refused:
    """Give the error that a call raises."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError


def a_listener_misses_and_repeats_nothing(client: Client) -> None:
    begin = client.commits(limit=1)[0]["id"]
    patient = shop_client.connect(BASE, options=Options(retries=Retries(most=30)))

    def write(first: int, last: int) -> None:
        for number in range(first, last):
            patient.table(Items).insert([{"sku": f"n{number}"}, {"sku": f"o{number}"}]).execute()

    def disturb() -> None:
        writer = threading.Thread(target=write, args=(20, 30))
        writer.start()
        urllib.request.urlopen(KILLING).close()
        writer.join()
        write(30, 40)

    found, others = [], threading.Thread(target=disturb)
    write(0, 20)
    for change in patient.listen(begin, tables=["items"]):
        found.append(change)
        if len(found) == 1:
            others.start()
        if len(found) == 80:
            break
    others.join()
    assert [(change.new or {})["sku"] for change in found] == [f"{mark}{n}" for n in range(40) for mark in "no"]
    assert len({change.seq for change in found}) == 80
    again = patient.listen(found[40].seq)
    assert [next(again).seq for _ in range(39)] == [change.seq for change in found[41:]]
    threading.Timer(0.2, again.close).start()
    assert list(again) == []
    assert refused(lambda: next(patient.listen("99999")), NotFound).code == "history_gone"


def what_happens_to_rows_has_types(client: Client) -> None:
    items, begin = client.table(Items), client.commits(limit=1)[0]["id"]
    items.insert({"id": 1, "sku": "a", "price": Decimal("2.50"), "photo": b"\xff"}).execute()
    items.insert({"id": 2, "sku": "other", "stock": 9}).execute()
    items.update({"stock": BIG}).key(1).execute()
    items.update({"sku": "b, (1)"}).key(1).execute()
    items.update({"sku": "a"}).key(1).execute()
    items.delete().key(1).execute()
    with items.listen(compare("sku", "eq", "a"), compare("id", "lt", 5), since=begin) as listening:
        made, set_, left, came, gone = (next(listening) for _ in range(5))
    assert [change.op for change in (made, set_, left, came, gone)] == ["insert", "update", "leave", "insert", "delete"]
    assert made.new is not None
    assert (made.new["price"], made.new["photo"], made.old) == (Decimal("2.5000"), b"\xff", None)
    assert set_.new is not None
    assert (set_.new["stock"], set_.changed, set_.key) == (BIG, ["stock"], [1])
    assert (left.new, left.old, came.new) == (None, set_.new, set_.new)
    assert refused(lambda: next(items.listen(compare("nmae", "eq", 1))), BadRequest).code == "unknown_column"


def a_silent_connection_is_made_again(client: Client) -> None:
    begin = client.commits(limit=1)[0]["id"]
    stalled = shop_client.connect(CUTTING, options=Options(timeout=0.5, headers={"X-Stall": "python"}))
    client.table(Items).insert({"sku": "heard"}).execute()
    with stalled.listen(begin) as listening:
        assert (next(listening).new or {})["sku"] == "heard"
