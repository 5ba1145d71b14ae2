"""Webhooks of a server that is killed again and again: every committed change arrives, in order, signed."""

import os
import random
import threading
import time
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.client import Unanswered
from tests.integration.receiving import Receiver, Site
from tests.integration.serving import wait_until

DEATHS: Final = 20 if os.environ.get("SOAK") else 2

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class Writer(threading.Thread):
    """Inserts rows and counts one up, one commit after another, whether the server lives or not."""

    def __init__(self, site: Site) -> None:
        super().__init__(daemon=True)
        self._site = site
        self.stopping = threading.Event()
        self.inserted: list[int] = []
        self.counted: list[int] = []

    def run(self) -> None:
        number = 0
        while not self.stopping.is_set():
            number += 1
            try:
                with self._site.client() as client:
                    if client.post("/rest/v1/main/films", {"title": f"film {number}"}).status == 201:
                        self.inserted.append(number)
                    if client.patch("/rest/v1/main/counters?id=eq.1", {"n": number}).status in (200, 204):
                        self.counted.append(number)
                # No faster than messages are taken, one after another, or the end would be waited for.
                time.sleep(0.1)
            except (Unanswered, OSError):
                time.sleep(0.05)


def test_every_committed_change_arrives_in_order_though_the_server_is_killed(
    tmp_path: Path, record_property: Any
) -> None:
    """At least once: what comes twice has the id that it had, and says what it said."""
    receiver = Receiver().start()
    site = Site(tmp_path, {"SYNTHDB_JOBS__LEASE_SECONDS": "2"})
    site.start()
    site.write({"n": 0}, table="counters")
    site.hook("all", receiver.url())
    writer = Writer(site)
    writer.start()
    for _ in range(DEATHS):
        before = len(receiver.received)
        wait_until(lambda before=before: len(receiver.received) > before + 3, "something arrives")  # type: ignore[misc] # bound now
        time.sleep(random.uniform(0, 0.3))
        site.kill()
        site.start()
    writer.stopping.set()
    writer.join()
    wait_until(lambda: _arrived(receiver, writer), "all has arrived", lambda: str(len(receiver.received)))
    site.stop()
    receiver.stop()

    first = {one.id: one for one in reversed(receiver.received)}
    assert all(one.body == first[one.id].body for one in receiver.received)
    in_order = list({one.id: int(one.body["data"]["commit"]) for one in receiver.received}.values())
    assert sorted(set(in_order)) == in_order
    assert [] == receiver.forged
    record_property("deaths", DEATHS)
    record_property("commits", len(first))
    record_property("sent again", len(receiver.received) - len(first))
    print(f"{DEATHS} deaths, {len(first)} messages, {len(receiver.received) - len(first)} sent again")  # noqa: T201 - figures


def _arrived(receiver: Receiver, writer: Writer) -> bool:
    changes = receiver.taken()
    titles = {one["new"]["title"] for one in changes if one["table"] == "films"}
    counts = {one["new"]["n"] for one in changes if one["table"] == "counters"}
    return titles >= {f"film {number}" for number in writer.inserted} and counts >= set(writer.counted)
