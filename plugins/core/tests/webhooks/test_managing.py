"""Webhooks are managed over HTTP and by commands; nobody is told a secret twice."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from synthdb.plugin import plugin as core
from synthdb.webhooks.store import Draft, Webhooks
from synthdb_host.contracts import Authorizer, Context, Policy, Principal, RowPolicy
from synthdb_host.errors import Forbidden
from synthdb_host.manager import Host
from synthdb_host.operations import ColumnRef, Comparison, Insert
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.stepping import run
from synthdb_host.testing.gating import Guard, allow_all, allow_only, restrict
from synthdb_host.testing.hosting import ApiClient, build_host

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://93.184.215.14/in"


class Api:
    """Sends requests about webhooks."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    def __call__(self, method: str, path: str = "", body: object = None, **query: str) -> tuple[int, Any]:
        options: dict[str, Any] = {} if body is None else {"json": body}
        result = self._client.request(method, f"/meta/v1/main/webhooks{path}", params=query, **options)
        return result.status_code, json.loads(result.content) if result.content else None


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    host = build_host(tmp_path, {"core": core()})
    host.prepare()
    with ApiClient(host) as client:
        yield Api(client)


def test_a_webhook_is_made_changed_and_removed(api: Api) -> None:
    """Saying the same again changes nothing."""
    assert (200, []) == api("GET")
    status, made = api("PUT", "/films", {"url": URL, "tables": ["b", "a", "b"], "operations": ["delete", "insert"]})
    secret = made.pop("secret")
    assert (201, "whsec_") == (status, secret[:6])
    assert ("films", URL, ["a", "b"], "ok") == tuple(made[name] for name in ("name", "url", "tables", "state"))
    assert ["insert", "delete"] == made["operations"]
    assert (200, made) == api("PUT", "/films", {"url": URL, "tables": ["a", "b"], "operations": ["insert", "delete"]})
    status, changed = api("PUT", "/films", {"url": URL + "2", "description": "d", "enabled": False})
    assert (200, [], "disabled") == (status, changed["tables"], changed["state"])
    assert ["insert", "update", "delete"] == changed["operations"]
    assert (200, [changed]) == api("GET")
    assert (204, None) == api("DELETE", "/films")
    assert 404 == api("GET", "/films")[0]
    assert 404 == api("DELETE", "/films")[0]


def test_a_secret_is_told_once(api: Api) -> None:
    """In the answer that made it; neither lists nor errors nor the log of the server hold it."""
    secrets = [api("PUT", "/films", {"url": URL})[1]["secret"], api("POST", "/films/rotate")[1]["secret"]]
    told = [api("GET"), api("GET", "/films"), api("PUT", "/films", {"url": URL}), api("GET", "/films/deliveries")]

    assert 2 == api("GET", "/films")[1]["secrets"]
    assert 2 == len(set(secrets))
    assert not any(secret[6:] in json.dumps(told) for secret in secrets)
    status, problem = api("PUT", "/films", {"url": URL, "secret": "whsec_c2VjcmV0"})
    assert (400, "invalid_parameter", False) == (status, problem["code"], "c2VjcmV0" in json.dumps(problem))


def test_a_secret_can_be_given(api: Api) -> None:
    """Then it is not told, and giving the same one again changes nothing."""
    assert "secret" not in api("PUT", "/films", {"url": URL, "secret": SECRET})[1]
    assert 1 == api("PUT", "/films", {"url": URL, "secret": SECRET})[1]["secrets"]
    assert 2 == api("PUT", "/films", {"url": URL, "secret": SECRET.replace("M", "N", 1)})[1]["secrets"]


def test_a_dry_run_changes_nothing(api: Api) -> None:
    """It is refused where the same would be."""
    status, shown = api("PUT", "/films", {"url": URL, "dry_run": True})
    assert (200, True) == (status, shown["dry_run"])
    assert (200, []) == api("GET")
    assert 400 == api("PUT", "/films", {"url": "https://10.0.0.1/", "dry_run": True})[0]
    api("PUT", "/films", {"url": URL})
    assert 204 == api("DELETE", "/films", dry_run="true")[0]
    assert 200 == api("GET", "/films")[0]


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("films", {"url": "http://93.184.215.14/"}, "egress_refused"),
        ("films", {"url": "https://127.0.0.1/"}, "egress_refused"),
        ("films", {"url": "https://[::ffff:169.254.169.254]/"}, "egress_refused"),
        ("films", {"url": "https://2130706433/"}, "egress_refused"),
        ("films", {"url": "https://user:word@93.184.215.14/"}, "egress_refused"),
        ("films", {"url": "file:///etc/passwd"}, "egress_refused"),
        ("films", {}, "invalid_body"),
        ("films", {"url": 5}, "invalid_body"),
        ("films", {"url": URL, "operations": ["truncate"]}, "invalid_body"),
        ("films", {"url": URL, "tables": ["x"] * 101}, "invalid_body"),
        ("films", {"url": URL, "colour": "red"}, "invalid_body"),
        ("films", {"url": URL, "since": "yesterday"}, "invalid_parameter"),
        ("films", {"url": URL, "secret": "open sesame"}, "invalid_parameter"),
        ("1films", {"url": URL}, "invalid_name"),
        ("a" * 64, {"url": URL}, "invalid_name"),
    ],
)
def test_what_cannot_be_is_refused(api: Api, name: str, body: dict[str, Any], code: str) -> None:
    """With the code of what is wrong, and nothing is kept."""
    status, problem = api("PUT", f"/{name}", body)

    assert (400, code) == (status, problem["code"])
    assert (200, []) == api("GET")


@pytest.mark.parametrize("path", ["", "/deliveries", "/dead-letters"])
def test_what_is_not_there_cannot_be_read(api: Api, path: str) -> None:
    """The name that was meant is suggested."""
    api("PUT", "/films", {"url": URL})
    status, problem = api("GET", f"/film{path}")
    assert (404, "not_found", "Did you mean 'films'?") == (status, problem["code"], problem["hint"])


@pytest.mark.parametrize("what", ["enable", "disable", "rotate", "test", "replay"])
def test_what_is_not_there_cannot_be_changed(api: Api, what: str) -> None:
    """Whatever is to be done."""
    assert 404 == api("POST", f"/films/{what}", {} if what == "replay" else None)[0]


def test_a_server_without_background_work_has_no_webhooks(tmp_path: Path) -> None:
    """Better than to keep one that is never sent."""
    host = build_host(tmp_path, {"core": core()}, databases={"main": f"sqlite:///{tmp_path / 'main.db'}"})
    with ApiClient(host) as client:
        status, problem = Api(client)("PUT", "/films", {"url": URL})

    assert (404, "not_found") == (status, problem["code"])


EVE = Context(Principal("eve"))
OWN = Comparison(ColumnRef("author"), "eq", "eve")
MANAGER = [("webhooks", None), ("history", None), ("select", None)]


def opened(tmp_path: Path, *, authorizers: Sequence[Authorizer], policies: Sequence[Policy] = ()) -> Host:
    guard = Guard(authorizers=authorizers, policies=policies)
    host = build_host(tmp_path, {"core": core(), "guard": guard}, databases={"db": f"sqlite:///{tmp_path / 'db.db'}"})
    host.start_worker(EmbeddedScheduler())
    return host


@pytest.mark.parametrize(
    ("authorizers", "policies"),
    [
        ([allow_all()], [restrict("books", RowPolicy(OWN), only="eve")]),
        ([allow_all()], [restrict("books", RowPolicy(hidden=frozenset({"price"})), only="eve")]),
        ([allow_only(*MANAGER, ("select", "authors"))], []),
        ([allow_only(("webhooks", None), ("select", "books"), ("select", "authors"))], []),
    ],
    ids=["rows", "column", "table", "history"],
)
def test_who_does_not_read_everything_makes_no_webhook(
    tmp_path: Path, authorizers: Sequence[Authorizer], policies: Sequence[Policy]
) -> None:
    """For what is sent later is under nobody's policies. Listing them shows no rows."""
    host = opened(tmp_path, authorizers=authorizers, policies=policies)
    root = build_host(tmp_path / "r", {"core": core()}, databases={"db": f"sqlite:///{tmp_path / 'db.db'}"})
    root.start_worker(EmbeddedScheduler())
    for table in ("books", "authors"):
        row = {"author": "eve", "price": 1}
        run(root.gate.execute("db", Insert.of(table, [row]), Context(Principal("root", "local"))))
    webhooks = Webhooks(host.gate, "db", EVE)

    with pytest.raises(Forbidden):
        run(webhooks.put("all", Draft(URL, tables=("authors",))))
    assert [] == run(webhooks.all())
    host.stop_worker()
    root.stop_worker()


def test_managing_webhooks_is_a_permission(tmp_path: Path) -> None:
    """Who may read everything may not see them, without it."""
    host = opened(tmp_path, authorizers=[allow_only(("history", None), ("select", None))])
    webhooks = Webhooks(host.gate, "db", EVE)
    for call in (webhooks.all(), webhooks.put("all", Draft(URL)), webhooks.delete("all")):
        with pytest.raises(Forbidden, match="webhooks"):
            run(call)
    host.stop_worker()
    host = opened(tmp_path, authorizers=[allow_only(*MANAGER)])
    assert run(Webhooks(host.gate, "db", EVE).put("all", Draft(URL)))[2]
    host.stop_worker()
