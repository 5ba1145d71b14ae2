"""Timestamps with the offset of the time zone that a caller prefers."""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa  # type: ignore[import-untyped] # pyarrow ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.core.tests.rest.conftest import STORAGES, column, serving
from plugins.core.tests.servers import url_of
from synthdb_host.catalog import ColumnType, ForeignKey
from synthdb_host.encoding import ResultColumn, RowEncoder
from synthdb_host.operations import CreateTable, Insert

if TYPE_CHECKING:
    from plugins.core.tests.rest.conftest import Api

SUMMER, WINTER = "2026-07-01T10:30:00.123456Z", "2026-01-01T23:00:00.000000Z"
BERLIN = {"Prefer": "timezone=Europe/Berlin"}


@pytest.fixture(params=STORAGES, scope="module")
def events(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Api"]:
    """Two moments, one of them with a part."""
    folder = tmp_path_factory.mktemp("zones")
    with serving(url_of(request.param, folder), folder) as api:
        key = column("id", "integer")
        api.define(
            CreateTable("events", (key, column("at", "timestamp"), column("day", "date")), key=("id",)),
            CreateTable(
                "parts",
                (key, column("event_id", "integer"), column("at", "timestamp")),
                key=("id",),
                foreign_keys=(ForeignKey("of", ("event_id",), "events", ("id",)),),
            ),
        )
        rows: list[dict[str, object]] = [
            {"id": 1, "at": SUMMER, "day": "2026-07-01"},
            {"id": 2, "at": WINTER, "day": "2026-01-01"},
            {"id": 3, "at": None, "day": None},
        ]
        api.execute(Insert.of("events", rows))
        api.execute(Insert.of("parts", [{"id": 1, "event_id": 1, "at": SUMMER}]))
        yield api


def test_moments_come_out_in_the_zone(events: "Api") -> None:
    """With the offset of then; dates and NULLs stay what they are."""
    answer = events.get("/events?select=id,at,day&order=id", **BERLIN)

    assert [
        {"id": 1, "at": "2026-07-01T12:30:00.123456+02:00", "day": "2026-07-01"},
        {"id": 2, "at": "2026-01-02T00:00:00.000000+01:00", "day": "2026-01-01"},
        {"id": 3, "at": None, "day": None},
    ] == answer.json
    assert "timezone=Europe/Berlin" == answer.headers["preference-applied"]
    assert SUMMER == events.rows("/events?id=eq.1")[0]["at"]


@pytest.mark.parametrize(
    ("path", "accept", "body"),
    [
        ("/events?select=at&id=eq.1", "text/csv", b"at\r\n2026-07-01T12:30:00.123456+02:00\r\n"),
        ("/events?select=at&id=eq.1", "application/x-ndjson", b'{"at":"2026-07-01T12:30:00.123456+02:00"}\n'),
        ("/events/1?select=at", "*/*", b'{"at":"2026-07-01T12:30:00.123456+02:00"}'),
        ("/events?select=at.max()", "*/*", b'[{"max":"2026-07-01T12:30:00.123456+02:00"}]'),
        ("/events?select=parts(at)&id=eq.1", "*/*", b'[{"parts":[{"at":"2026-07-01T12:30:00.123456+02:00"}]}]'),
        ("/parts?select=events(at)", "*/*", b'[{"events":{"at":"2026-07-01T12:30:00.123456+02:00"}}]'),
    ],
    ids=["CSV", "NDJSON", "a row", "an aggregate", "related rows", "a related row"],
)
def test_every_text_is_in_the_zone(events: "Api", path: str, accept: str, body: bytes) -> None:
    """Whatever the rows are written as, and wherever the moment stands in them."""
    assert body == events.get(path, Accept=accept, **BERLIN).body


def test_arrow_holds_the_moment_itself(events: "Api") -> None:
    """Its readers choose how to show it."""
    answer = events.get("/events?select=at&id=eq.1", Accept="application/vnd.apache.arrow.stream", **BERLIN)

    assert [{"at": datetime.fromisoformat(SUMMER)}] == pa.ipc.open_stream(answer.body).read_all().to_pylist()


def test_what_is_written_is_answered_in_the_zone(api: "Api") -> None:
    """And means what it did: without an offset it is in UTC."""
    api.define(CreateTable("notes", (column("id", "integer"), column("at", "timestamp")), key=("id",)))
    prefer = {"Prefer": "return=representation, timezone=Asia/Kolkata, int64=string"}
    answer = api.send("POST", "/notes", {"id": 1, "at": "2026-07-01T00:00:00"}, prefer)

    assert [{"id": "1", "at": "2026-07-01T05:30:00.000000+05:30"}] == answer.json
    assert [{"id": 1}] == api.rows("/notes?select=id&at=eq.2026-07-01T05:30:00%2B05:30")


@pytest.mark.parametrize(
    "zone", ["Europe/Nowhere", "Europe", "", "../../etc/passwd", "/etc/localtime", "posixrules\0", "x" * 300, "+02:00"]
)
def test_a_zone_that_is_not_known_is_ignored_unless_that_is_refused(events: "Api", zone: str) -> None:
    """As every preference that is not understood; no name leads to a file."""
    lenient = events.get("/events?select=at&id=eq.1", Prefer=f"timezone={zone}")
    strict = events.get("/events?select=at&id=eq.1", Prefer=f"handling=strict, timezone={zone}")

    assert ([{"at": SUMMER}], None) == (lenient.json, lenient.headers.get("preference-applied"))
    assert (400, "invalid_preference") == (strict.status, strict.code)


def test_a_zone_is_another_form_with_another_tag(events: "Api") -> None:
    """So a cache does not give one for the other."""
    tags = {events.get("/events", **headers).headers["etag"] for headers in ({}, BERLIN, {"Prefer": "timezone=UTC"})}
    rows = {events.get("/events/1", **headers).headers["etag"] for headers in ({}, BERLIN)}

    assert (3, 2) == (len(tags), len(rows))


def test_a_call_of_a_saved_query_follows_it(branched: "Api") -> None:
    """And says so of what means something to it."""
    branched.define(CreateTable("events", (column("id", "integer"), column("at", "timestamp")), key=("id",)))
    branched.execute(Insert.of("events", [{"id": 2**60, "at": SUMMER}]))
    branched.meta("PUT", "/queries/all", {"sql": "SELECT id, at FROM events"})
    answer = branched.get("/rpc/all", Prefer="timezone=Europe/Berlin, int64=string, count=exact")

    assert [{"id": str(2**60), "at": "2026-07-01T12:30:00.123456+02:00"}] == answer.json
    assert "timezone=Europe/Berlin, int64=string" == answer.headers["preference-applied"]


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(
        ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Pacific/Kiritimati", "Africa/Monrovia"]
    ),
)
def test_a_moment_stays_the_same_moment(moment: datetime, name: str) -> None:
    """In every zone, from the first year to the last; the offset is one that RFC 3339 can write."""
    stamp = ColumnType.parse("timestamp")
    zone = zoneinfo.ZoneInfo(name)
    for cell, described in (
        (moment, ResultColumn.of_python("at", stamp)),
        (moment.isoformat(), ResultColumn("at", stamp)),
    ):
        ((text,),) = RowEncoder([described]).zoned(zone).text([[cell]])

        assert moment == datetime.fromisoformat(text)
        assert text.endswith("Z") or text[-6] in "+-"


def test_only_a_few_zones_are_kept() -> None:
    """Callers choose them, and an encoder stays."""
    encoder = RowEncoder([ResultColumn.of_python("at", ColumnType.parse("timestamp"))])
    zones = [zoneinfo.ZoneInfo(f"Etc/GMT+{hours}") for hours in range(12)]

    assert 12 == len({encoder.zoned(zone).json([[datetime(2026, 1, 1, tzinfo=UTC)]]) for zone in zones})
    assert encoder.zoned(zones[-1]) is encoder.zoned(zones[-1])
