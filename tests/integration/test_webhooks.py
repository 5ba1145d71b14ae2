"""Webhooks of a real server, taken by a receiver that knows them only as Standard Webhooks."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.core.tests.servers import STORAGES, schema_url
from tests.integration.receiving import SECRET, Answer, Receiver, Site
from tests.integration.serving import free_port, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that takes everything."""
    receiver = Receiver().start()
    yield receiver
    receiver.stop()
    assert [] == receiver.forged


@pytest.fixture(params=STORAGES)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A server of one database, on each storage."""
    site = Site(tmp_path, place=schema_url(tmp_path) if request.param == "postgresql" else None)
    site.start()
    yield site
    site.stop()
    print(site.log[-3_000:])  # noqa: T201 - shown when the test fails


def test_what_is_committed_is_sent_signed_and_in_order(site: Site, receiver: Receiver) -> None:
    """A commit is a message; each change has the row as it was and as it became."""
    made = site.hook("films", receiver.url())
    site.write({"title": "Alien"}, {"title": "Brazil"})
    with site.client() as client:
        client.patch("/rest/v1/main/films?id=eq.1", {"title": "Aliens"})
        client.ask("DELETE", "/rest/v1/main/films?id=eq.2")
    changes = receiver.wait_for(4)

    assert "secret" not in made
    assert [
        ("insert", [1], None, "Alien"),
        ("insert", [2], None, "Brazil"),
        ("update", [1], "Alien", "Aliens"),
        ("delete", [2], "Brazil", None),
    ] == [
        (one["change"], one["key"], (one["old"] or {}).get("title"), (one["new"] or {}).get("title")) for one in changes
    ]
    first = receiver.received[0].body
    assert ("rows.changed", "main", "main", 1, 1) == (
        first["type"], first["data"]["database"], first["data"]["branch"], first["data"]["part"],
        first["data"]["parts"],
    )  # fmt: skip
    wait_until(lambda: len(site.see("films", "deliveries")) == 3, "the log")
    assert {204} == {one["status"] for one in site.see("films", "deliveries")}


def titles(changes: list[dict[str, Any]]) -> list[str]:
    """Give the titles that rows became."""
    return [one["new"]["title"] for one in changes]


def test_only_what_a_webhook_is_about_is_sent(site: Site, receiver: Receiver) -> None:
    """By table and operation; it begins with what comes after it, or where it is told to."""
    site.write({"title": "before"})
    site.hook("inserts", receiver.url("/inserts"), tables=["films"], operations=["insert"])
    site.hook("all", receiver.url("/all"), since="0")
    site.write({"title": "a"})
    site.write({"title": "other"}, table="books")
    with site.client() as client:
        client.patch("/rest/v1/main/films?id=eq.1", {"title": "after"})
    site.write({"title": "b"})

    assert ["a", "b"] == titles(receiver.wait_for(2, "/inserts"))
    assert ["before", "a", "other", "after", "b"] == titles(receiver.wait_for(5, "/all"))


def test_a_receiver_that_was_away_is_sent_everything_in_order(site: Site, receiver: Receiver) -> None:
    """What failed comes first, under the id that it had."""
    site.hook("films", receiver.url())
    site.write({"title": "0"})
    receiver.wait_for(1)
    receiver.stop()
    for number in range(1, 6):
        site.write({"title": str(number)})
    wait_until(lambda: site.show("films")["failing_since"] is not None, "a failure")
    assert ("failing", "There was no answer: ConnectionRefusedError.") == (
        site.show("films")["state"], site.show("films")["error"],
    )  # fmt: skip
    receiver.start()
    site.do("films", "enable")

    assert ["0", "1", "2", "3", "4", "5"] == titles(receiver.wait_for(6))
    wait_until(lambda: site.show("films")["state"] == "ok", "all is well")


def test_a_slow_receiver_and_a_failing_one_hold_up_no_other(site: Site, receiver: Receiver) -> None:
    """Each webhook waits for its own receiver."""
    behaviour: dict[str, Answer] = {"/slow": (204, {}, 3.0), "/bad": (500, {}, 0.0), "/good": (204, {}, 0.0)}
    receiver.answer = lambda path, _: behaviour[path]
    for path in ("/bad", "/slow", "/good"):
        site.hook(path[1:], receiver.url(path))
    for number in range(10):
        site.write({"title": str(number)})

    assert [str(number) for number in range(10)] == titles(receiver.wait_for(10, "/good"))
    assert len(receiver.taken("/slow")) < 10
    assert [] == receiver.taken("/bad")


def test_what_is_given_up_is_a_dead_letter_and_can_be_sent_again(tmp_path: Path, receiver: Receiver) -> None:
    """The messages behind it go on; sent again it has its id, and says what it said."""
    site = Site(tmp_path, {"SYNTHDB_PLUGINS__CORE__WEBHOOK_RETRY_SECONDS": "[0.05, 0.05]"})
    site.start()
    receiver.answer = lambda _, body: (500 if body["data"]["changes"][0]["new"]["title"] == "x" else 204, {}, 0.0)
    site.hook("films", receiver.url())
    for title in ("a", "x", "b"):
        site.write({"title": title})
    assert ["a", "b"] == titles(receiver.wait_for(2))
    (letter,) = site.see("films", "dead-letters")
    assert (3, "The receiver answered 500.") == (letter["attempts"], letter["error"])
    assert 1 == site.show("films")["dead_letters"]
    refused = [one for one in receiver.received if not one.taken]
    assert [letter["id"]] * 3 == [one.id for one in refused]

    site.do("films", "replay", ids=[letter["id"]])
    wait_until(lambda: site.see("films", "dead-letters")[0]["attempts"] == 4, "it is tried again")
    receiver.answer = lambda *_: (204, {}, 0.0)
    site.do("films", "replay", ids=["another"])
    site.do("films", "replay")
    assert ["a", "b", "x"] == titles(receiver.wait_for(3))
    assert (letter["id"], refused[0].body) == (receiver.received[-1].id, receiver.received[-1].body)
    wait_until(lambda: site.see("films", "dead-letters") == [], "no dead letter is left")

    site.do("films", "replay", since="1")
    assert ["a", "b", "x", "x", "b"] == titles(receiver.wait_for(5))
    site.stop()


def test_a_receiver_that_is_gone_ends_its_webhook(site: Site, receiver: Receiver) -> None:
    """410 switches it off, with the reason; switched on again it goes on with what it could not send."""
    receiver.answer = lambda *_: (410, {}, 0.0)
    site.hook("films", receiver.url())
    site.write({"title": "a"})
    wait_until(lambda: site.show("films")["state"] == "disabled", "it is off")
    assert "The receiver answered 410 Gone." == site.show("films")["reason"]
    site.write({"title": "b"})
    receiver.answer = lambda *_: (204, {}, 0.0)
    assert "ok" == site.do("films", "enable")["state"]

    assert ["a", "b"] == titles(receiver.wait_for(2))
    assert 1 == len([one for one in receiver.received if not one.taken])


def test_a_webhook_that_fails_for_long_is_switched_off(tmp_path: Path, receiver: Receiver) -> None:
    """With the reason."""
    site = Site(tmp_path, {"SYNTHDB_PLUGINS__CORE__WEBHOOK_DISABLE_HOURS": "0.0001"})
    site.start()
    receiver.answer = lambda *_: (302, {"Location": receiver.url("/elsewhere")}, 0.0)
    site.hook("films", receiver.url())
    site.write({"title": "a"})
    wait_until(lambda: site.show("films")["state"] == "disabled", "it is off")

    assert "Every attempt has failed since" in site.show("films")["reason"]
    assert {"/in"} == {one.path for one in receiver.received}
    site.stop()


def test_a_receiver_says_when_it_wants_to_be_asked_again(site: Site, receiver: Receiver) -> None:
    """Retry-After is longer than the wait that was due."""
    receiver.answer = lambda *_: (503, {"Retry-After": "3600"}, 0.0)
    site.hook("films", receiver.url())
    site.write({"title": "a"})
    wait_until(lambda: site.show("films")["next_at"] is not None, "a failure")
    shown = site.show("films")

    assert shown["next_at"][:13] > shown["failing_since"][:13]
    receiver.answer = lambda *_: (204, {}, 0.0)
    site.do("films", "enable")
    receiver.wait_for(1)


def test_a_webhook_can_be_tried(site: Site, receiver: Receiver) -> None:
    """A message that says only that; during a rotation it is signed with both secrets."""
    site.hook("films", receiver.url())
    new = site.do("films", "rotate")["secret"]
    assert site.do("films", "test")["delivered"]
    receiver.secret = new
    receiver.answer = lambda *_: (404, {}, 0.0)
    tried = site.do("films", "test")

    assert (False, 404, "The receiver answered 404.") == (tried["delivered"], tried["status"], tried["error"])
    assert ["webhook.test"] * 2 == [one.body["type"] for one in receiver.received]
    assert not any(secret[6:] in site.log for secret in (SECRET, new))


def test_two_servers_share_the_deliveries(tmp_path: Path, receiver: Receiver) -> None:
    """Each message is sent by one of them, whichever wrote it."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "data").mkdir()
    (tmp_path / "two" / "data").symlink_to(tmp_path / "one" / "data")
    sites = [Site(tmp_path / name) for name in ("one", "two")]
    for site in sites:
        site.start()
    for number in range(4):
        sites[0].hook(f"hook{number}", receiver.url(f"/{number}"))
    for number in range(30):
        sites[number % 2].write({"title": str(number)})
    for number in range(4):
        assert [str(title) for title in range(30)] == titles(receiver.wait_for(30, f"/{number}"))
    for site in sites:
        site.stop()

    assert 120 == len(receiver.received) == len({(one.path, one.id) for one in receiver.received})


def test_the_receiver_of_the_page_takes_what_is_sent(site: Site, tmp_path: Path) -> None:
    """A reader who runs it sees what changes."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", program, str(port)], stdout=subprocess.PIPE, text=True) as receiver:
        site.hook("films", f"http://127.0.0.1:{port}/in")
        site.write({"title": "Alien"})
        assert receiver.stdout
        assert "insert films {'id': 1, 'title': 'Alien'}\n" == receiver.stdout.readline()
        receiver.kill()
