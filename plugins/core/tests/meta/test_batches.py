"""Several requests to the rows of a database at once: in one commit, or each by itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from plugins.core.tests.meta.conftest import Meta
from synthdb.plugin import plugin as core
from synthdb_host.manager import Host
from synthdb_host.settings import HostSettings
from synthdb_host.testing.hosting import ApiClient

if TYPE_CHECKING:
    from plugins.core.tests.meta.conftest import Answer

Part = dict[str, Any]

MAKE: list[Part] = [
    {"method": "POST", "url": "people", "body": [{"id": 1, "name": "Ridley"}, {"id": 2, "name": "Jane"}]},
    {"method": "POST", "url": "/films", "body": {"title": "Alien", "director": 1, "year": 1979}},
]


@pytest.fixture
def films(live: Meta) -> Meta:
    """Two people and a film."""
    answer = live.post("/batch", operations=MAKE)
    assert 200 == answer.status, answer.body
    return live


def batch(meta: Meta, *parts: Part, ref: str = "", **more: object) -> list[Part]:
    """Run a batch, which must be done; gives its results."""
    answer = meta.post(f"{ref}/batch", operations=list(parts), **more)
    assert 200 == answer.status, answer.body
    results: list[Part] = answer.json["results"]
    return results


def refused(meta: Meta, *parts: Part, **more: object) -> tuple[int, str, Any]:
    """Run a batch, which must be refused; gives the status, the code and the number of the operation."""
    before = rows(meta, "/people"), rows(meta, "/films"), meta.get("/commits?limit=1")
    answer = meta.post("/batch", operations=list(parts), **more)
    assert before == (rows(meta, "/people"), rows(meta, "/films"), meta.get("/commits?limit=1"))
    return answer.status, answer.code, answer.json["data"].get("operation")


def rest(meta: Meta, method: str, path: str, **headers: str) -> "Answer":
    """Send a request to the tables."""
    address, _, query = path.partition("?")
    return meta.raw(method, f"/rest/v1/db{address}", query, **headers)


def rows(meta: Meta, path: str) -> Any:
    """Read rows."""
    return rest(meta, "GET", path).json


def test_a_batch_is_one_commit(live: Meta) -> None:
    """Each operation is answered like the request that it is."""
    answer = live.post("/batch", operations=MAKE)
    assert [201, 201] == [result["status"] for result in answer.json["results"]]
    headers = {"Content-Range": "*/*", "ETag": '"1"', "Location": "/rest/v1/db/films/1"}
    assert headers == answer.json["results"][1]["headers"]
    commits = live.get("/commits")
    assert [answer.json["commit"]] == [commit["id"] for commit in commits]
    assert {"people", "films"} == set(commits[0]["tables"])


def test_operations_see_what_those_before_them_did(films: Meta) -> None:
    """With everything that a request can say: filters, keys in the path, preferences, media types."""
    found = batch(
        films,
        {"method": "PATCH", "url": "/films/1", "body": {"year": 1980}},
        {"method": "PATCH", "url": "people?name=like.J*&select=id,name", "body": {"name": "Jane C."},
         "headers": {"Prefer": "return=representation"}},
        {"method": "POST", "url": "people", "body": "id,name\n3,Akira\n", "headers": {"Content-Type": "text/csv"}},
        {"method": "PUT", "url": "films/7", "body": {"title": "Ran"}},
        {"method": "DELETE", "url": "films?id=eq.7"},
        {"method": "GET", "url": "people?select=name&order=id", "headers": {"Accept": "text/csv"}},
        {"method": "GET", "url": "films/1?select=year"},
    )  # fmt: skip
    assert [204, 200, 201, 201, 204, 200, 200] == [result["status"] for result in found]
    assert [{"id": 2, "name": "Jane C."}] == found[1]["body"]
    assert "name\r\nRidley\r\nJane C.\r\nAkira\r\n" == found[5]["body"]
    assert {"year": 1980} == found[6]["body"]


def test_an_operation_takes_values_of_earlier_ones(films: Meta) -> None:
    """In bodies and in URLs; of a write they need not be answered."""
    found = batch(
        films,
        {"method": "POST", "url": "people", "body": {"name": "Akira"}},
        {"method": "POST", "url": "films", "body": [{"title": "Ran", "director": "$0.id"}, {"title": "Ikiru"}]},
        {"method": "PATCH", "url": "films?title=eq.Ikiru", "body": {"director": "$0.id", "year": 1952}},
        {"method": "GET", "url": "films?select=title,director&director=eq.$0.id&order=title"},
        {"method": "GET", "url": "people?select=id&name=in.(Jane)"},
        {"method": "DELETE", "url": "people?id=in.($4.id,99)"},
    )
    assert [201, 201, 204, 200, 200, 204] == [result["status"] for result in found]
    assert None is found[0]["body"]
    assert [{"title": "Ikiru", "director": 3}, {"title": "Ran", "director": 3}] == found[3]["body"]
    assert [1, 3] == [row["id"] for row in rows(films, "/people?order=id")]


def test_the_key_in_an_address_may_be_taken_from_an_earlier_operation(films: Meta) -> None:
    """Of a row that is read, changed or deleted."""
    found = batch(
        films,
        {"method": "POST", "url": "people", "body": {"name": "Akira"}},
        {"method": "PATCH", "url": "people/$0.id", "body": {"name": "Akira K."}},
        {"method": "GET", "url": "people/$0.id?select=id,name"},
        {"method": "DELETE", "url": "people/$0.id"},
        {"method": "GET", "url": "people?id=eq.$0.id"},
    )
    assert [201, 204, 200, 204, 200] == [result["status"] for result in found]
    assert {"id": 3, "name": "Akira K."} == found[2]["body"]
    assert [] == found[4]["body"]


def test_a_dollar_that_is_doubled_is_a_dollar(films: Meta) -> None:
    """What does not look like a reference is none."""
    texts = ["$$0.id", "$$$0.id", "$5.00", "$x", "costs $0.id", "$"]
    batch(films, {"method": "POST", "url": "people", "body": [{"name": text} for text in texts]})
    wanted = ["$0.id", "$$0.id", "$5.00", "$x", "costs $0.id", "$"]
    assert wanted == [row["name"] for row in rows(films, "/people?id=gt.2&order=id")]


@pytest.mark.parametrize(
    ("reference", "number"),
    [("$1.id", 1), ("$9.id", 1), ("$0.nothing", 1), ("$2.id", 3)],
)
def test_a_reference_to_nothing_is_refused(films: Meta, reference: str, number: int) -> None:
    """To a later operation, a column that is not there, or several rows."""
    parts: list[Part] = [{"method": "GET", "url": "people?id=eq.1"}]
    if number == 3:
        parts += [{"method": "GET", "url": "people"}, {"method": "GET", "url": "people"}]
    parts.append({"method": "POST", "url": "films", "body": {"title": "x", "director": reference}})
    assert (400, "invalid_reference", number) == refused(films, *parts)


@pytest.mark.parametrize(
    ("part", "status", "code"),
    [
        ({"method": "POST", "url": "people", "body": {"id": 1}}, 409, "unique_violation"),
        ({"method": "PATCH", "url": "films/99", "body": {"year": 1}}, 404, "not_found"),
        ({"method": "DELETE", "url": "films/99"}, 404, "not_found"),
        ({"method": "DELETE", "url": "films"}, 400, "full_table_write"),
        ({"method": "GET", "url": "films?nothing=eq.1"}, 400, "unknown_column"),
        ({"method": "GET", "url": "films?year=hm.1"}, 400, "unknown_operator"),
        ({"method": "PATCH", "url": "films?id=eq.1", "body": [1]}, 400, "invalid_body"),
        ({"method": "PATCH", "url": "films?id=eq.99", "body": {"year": 1},
          "headers": {"Prefer": "return=representation", "Accept": "application/vnd.pgrst.object+json"}},
         404, "not_found"),
        ({"method": "GET", "url": "films?cursor=x"}, 400, "invalid_parameter"),
        ({"method": "GET", "url": "/"}, 400, "invalid_parameter"),
        ({"method": "GET", "url": "films?id=eq.1 2"}, 400, "invalid_parameter"),
        ({"method": "GET", "url": "films", "headers": {"Accept-Profile": "dev"}}, 400, "invalid_parameter"),
        ({"method": "DELETE", "url": "films?id=eq.1", "headers": {"Prefer": "tx=rollback"}}, 400, None),
    ],
)  # fmt: skip
def test_an_error_names_its_operation_and_undoes_all(films: Meta, part: Part, status: int, code: str | None) -> None:
    """Whether it is found while the operations are read or while they run."""
    first = {"method": "POST", "url": "people", "body": {"name": "Akira"}}
    found = refused(films, first, part)
    assert (status, code or "invalid_parameter", 1 if code else None) == found


def test_operations_can_be_done_each_by_itself(films: Meta) -> None:
    """An error is the result of its operation, and what refers to it has one too."""
    found = batch(
        films,
        {"method": "POST", "url": "people", "body": {"id": 1}},
        {"method": "POST", "url": "people", "body": {"name": "Akira"}},
        {"method": "POST", "url": "films", "body": {"title": "Ran", "director": "$1.id"}},
        {"method": "POST", "url": "films", "body": {"title": "x", "director": "$0.id"}},
        {"method": "GET", "url": "films?year=hm.1"},
        {"method": "GET", "url": "films/99"},
        atomic=False,
    )
    assert [409, 201, 201, 400, 400, 404] == [result["status"] for result in found]
    codes = [result["body"]["code"] for result in found if result["status"] >= 400]
    assert ["unique_violation", "invalid_reference", "unknown_operator", "not_found"] == codes
    assert [found[2]["commit"], found[1]["commit"]] == [commit["id"] for commit in films.get("/commits?limit=2")]
    assert [{"director": 3}] == rows(films, "/films?title=eq.Ran&select=director")


def test_a_batch_is_done_on_the_branch_of_its_address(films: Meta) -> None:
    """With the message of its own request."""
    films.post("/branches", name="dev")
    body = {"operations": [{"method": "POST", "url": "people", "body": {"name": "Akira"}}]}
    films.send("POST", "@dev/batch", body, Commit_Message="three")
    assert (2, 3) == (len(rows(films, "/people")), len(rows(films, "@dev/people")))
    assert "three" == films.get("@dev/commits?limit=1")[0]["message"]


def test_a_batch_can_be_tried(films: Meta) -> None:
    """Everything is answered, and undone."""
    try_it = {"headers": {"Prefer": "tx=rollback"}}
    answer = films.post(
        "/batch",
        operations=[
            {"method": "POST", "url": "people", "body": {"name": "Akira"}, **try_it},
            {"method": "GET", "url": "people?select=count()", **try_it},
        ],
    )
    assert [{"count": 3}] == answer.json["results"][1]["body"]
    assert (None, 2) == (answer.json["commit"], len(rows(films, "/people")))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b'{"operations": 1}', b'{"operations": [{"method": "HEAD", "url": "x"}]}',
        b'{"operations": [{"method": "GET"}]}', b'{"operations": [], "more": 1}', b"\xff", b"[" * 100_000,
        b'{"operations": [{"method": "GET", "url": 1}]}',
    ],
    ids=range(10),
)  # fmt: skip
def test_rubbish_is_no_batch(films: Meta, body: bytes) -> None:
    """A problem says what does not fit."""
    answer = films.send("POST", "/batch", body, Content_Type="application/json")
    assert answer.status == 400
    assert answer.code in ("invalid_body", "too_complex")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Meta]:
    """A server whose batches have at most two operations and 300 bytes."""
    limits = {"batch_operations": 2, "batch_bytes": 300, "batch_seconds": 1e-9}
    settings = HostSettings.model_validate({"data": tmp_path, "plugins": {"core": limits}})
    databases = {"db": f"sqlite:///{tmp_path / 'db.db'}"}
    host = Host.build(settings, plugins={"core": core()}, discover=False, databases=databases)
    with ApiClient(host) as client:
        yield Meta(client)


def test_a_batch_has_limits(small: Meta) -> None:
    """Operations, bytes and time."""
    part = {"method": "POST", "url": "t", "body": {"a": 1}}
    assert "too_complex" == small.post("/batch", operations=[part] * 3).code
    assert "too_large" == small.post("/batch", operations=[part | {"body": {"a": "x" * 300}}]).code
    assert "timeout" == small.post("/batch", operations=[part]).code


def test_a_batch_is_sent_twice_and_done_once(films: Meta) -> None:
    """With an idempotency key; the second answer is the first one."""
    body = {"operations": [{"method": "POST", "url": "people", "body": {"name": "Akira"}}]}
    first = films.send("POST", "/batch", body, Idempotency_Key="a")
    again = films.send("POST", "/batch", body, Idempotency_Key="a")
    assert (200, first.body, "true") == (again.status, again.body, again.headers["idempotent-replayed"])
    assert 3 == len(rows(films, "/people"))
    other = films.send("POST", "/batch", {"operations": []}, Idempotency_Key="a")
    assert (422, "idempotency_key_reused") == (other.status, other.code)
    part = {"method": "POST", "url": "people", "body": {}, "headers": {"Idempotency-Key": "b"}}
    assert (400, "invalid_parameter", 0) == refused(films, part)
    parts = films.send("POST", "/batch", body | {"atomic": False}, Idempotency_Key="c")
    assert (400, "invalid_parameter") == (parts.status, parts.code)


def test_an_operation_may_expect_a_version(films: Meta) -> None:
    """If-Match compares inside the batch; what is not as expected undoes all."""
    tag = rest(films, "GET", "/films/1").headers["etag"]
    first = {"method": "POST", "url": "people", "body": {"name": "Akira"}}
    part = {"method": "PATCH", "url": "films/1", "body": {"year": 1}, "headers": {"If-Match": tag}}
    assert [201, 204] == [result["status"] for result in batch(films, first, part)]
    assert (412, "precondition_failed", 1) == refused(films, first, part)


def test_no_operations_are_none(films: Meta) -> None:
    """Nothing is committed."""
    assert {"commit": None, "results": []} == films.post("/batch", operations=[]).json
