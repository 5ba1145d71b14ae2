"""What an address says that it can be asked."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from plugins.core.tests.rest.conftest import Api, fill
from synthdb.plugin import plugin as core
from synthdb_host.contracts import Authenticator, Authorizer, Credentials, Decision, Principal, Resource, Verdict
from synthdb_host.operations import Insert
from synthdb_host.testing.gating import Guard
from synthdb_host.testing.hosting import ApiClient, build_host
from synthdb_host.versions import Log

if TYPE_CHECKING:
    from plugins.core.tests.rest.conftest import Answer

ACCEPTED: Final = '"application/x-www-form-urlencoded", "application/json"'
MAY: Final = {
    "reader": {"select"},
    "writer": {"select", "insert", "update"},
    "sender": {"insert"},
    "cleaner": {"delete"},
    "nobody": set[str](),
}


async def judge(principal: Principal, action: str, resource: Resource) -> Decision:
    """Let each do what its name says, and the owner everything."""
    may = MAY.get(principal.id)
    return Decision(Verdict.ALLOW if may is None or action in may else Verdict.DENY, "by name")


async def who(credentials: Credentials) -> Principal:
    """Take the token for the name; without one it is the owner."""
    return Principal(credentials.value or "local", "user" if credentials.value else "local")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The films, for callers who may do different things."""
    folder: Path = tmp_path_factory.mktemp("guarded")
    guard = Guard(
        authenticators=(Authenticator("bearer", who), Authenticator("none", who)),
        authorizers=(Authorizer("judge", judge),),
    )
    host = build_host(folder, {"core": core(), "guard": guard}, databases={"db": f"sqlite:///{folder / 'db.db'}"})
    with ApiClient(host) as client:
        api = Api(client)
        fill(api)
        api.execute(Insert.of("query", [{"id": 1, "text": "a"}]))
        yield api


def options(api: Api, path: str, name: str) -> "Answer":
    """Ask as somebody."""
    return api.send("OPTIONS", path, headers={"Authorization": f"Bearer {name}"})


@pytest.mark.parametrize(
    ("name", "table", "row", "cell"),
    [
        (
            "owner",
            "GET, HEAD, QUERY, POST, PATCH, PUT, DELETE",
            "GET, HEAD, PATCH, PUT, DELETE",
            "GET, HEAD, PUT, DELETE",
        ),
        ("reader", "GET, HEAD, QUERY", "GET, HEAD", "GET, HEAD"),
        ("writer", "GET, HEAD, QUERY, POST, PATCH, PUT", "GET, HEAD, PATCH, PUT", "GET, HEAD, PUT, DELETE"),
        ("sender", "POST", "", None),
        ("cleaner", "DELETE", "", None),
        ("nobody", "", "", None),
    ],
)
def test_methods_are_those_that_the_caller_may_use(
    guarded: Api, name: str, table: str, row: str, cell: str | None
) -> None:
    """On a table, a row and a cell; what is not seen is not told apart from what is not there."""
    for path, methods in (("/films", table), ("/nothing", table), ("/films/1", row), ("/films/1/title", cell or row)):
        answer = options(guarded, path, name)

        assert (204, [*methods.split(", "), "OPTIONS"] if methods else ["OPTIONS"]) == (
            answer.status, answer.headers["allow"].split(", "),
        )  # fmt: skip


@pytest.mark.parametrize("name", MAY)
def test_what_is_said_is_so(guarded: Api, name: str) -> None:
    """A method that is not listed is refused, one that is listed is not."""
    allowed = set(options(guarded, "/films", name).headers["allow"].split(", "))
    tried: dict[str, tuple[str, object]] = {
        "GET": ("/films", None),
        "HEAD": ("/films", None),
        "QUERY": ("/films", {}),
        "POST": ("/films", {"id": 50, "title": "New"}),
        "PATCH": ("/films", {"seen": True}),
        "PUT": ("/films?id=eq.51", {"id": 51, "title": "Put"}),
        "DELETE": ("/roles", None),
    }
    headers = {"Authorization": f"Bearer {name}", "Prefer": "tx=rollback, full-table=allow"}
    answers = {method: guarded.send(method, *asked, headers).status for method, asked in tried.items()}

    assert {method: method in allowed for method in tried} == {
        method: status < 300 for method, status in answers.items()
    }


def test_the_past_is_only_read(branched: "Api") -> None:
    """By a commit or a moment; a branch can be written to."""
    (commit, *_) = branched.execute(Log(limit=1)).python()

    assert "GET, HEAD, QUERY, OPTIONS" == branched.send("OPTIONS", f"@{commit['id']}/films").headers["allow"]
    assert "GET, HEAD, QUERY, OPTIONS" == branched.send("OPTIONS", "@main@now/films").headers["allow"]
    assert "PATCH" in branched.send("OPTIONS", "@dev/films").headers["allow"]


def test_the_twin_of_query_asks_by_post(guarded: Api) -> None:
    """For whoever may read."""
    assert "GET, HEAD, POST, OPTIONS" == options(guarded, "/films/query", "reader").headers["allow"]
    assert ACCEPTED == options(guarded, "/films/query", "reader").headers["accept-query"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("headers", [{}, {"Accept": "text/csv"}, {"Prefer": "count=exact"}], ids=str)
def test_what_can_be_queried_says_so(shared: "Api", method: str, headers: dict[str, str]) -> None:
    """Whoever reads rows learns that a long query may stand in a body; a row has none."""
    assert ACCEPTED == shared.send(method, "/films", headers=headers).headers["accept-query"]
    assert "accept-query" not in shared.send(method, "/films/1", headers=headers).headers


def test_a_read_that_is_known_says_it_too(shared: "Api") -> None:
    """The headers of 304 are those of the whole answer; a write's are its own."""
    tag = shared.get("/films").headers.get("etag", "*")
    known = shared.get("/films", If_None_Match=tag)

    assert ACCEPTED == known.headers["accept-query"]


def test_a_write_says_nothing_about_queries(api: "Api") -> None:
    """It is about something else."""
    assert "accept-query" not in api.send("POST", "/films", {"title": "New"}).headers


class TestFunctions:
    SQL: Final = {
        "sql": "SELECT title FROM films WHERE id >= :first ORDER BY id",
        "parameters": {"first": {"type": "integer", "default": 1}},
    }

    def test_they_are_called_by_query_too(self, branched: "Api") -> None:
        """With a form or an object, beside what the address says."""
        branched.meta("PUT", "/queries/since", self.SQL)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        expected = branched.rows("/rpc/since?first=3")

        assert expected == branched.send("QUERY", "/rpc/since", {"first": 3}).json
        assert expected == branched.send("QUERY", "/rpc/since", b"first=3", form).json
        assert expected == branched.send("QUERY", "/rpc/since?first=3", b"", form).json
        assert 400 == branched.send("QUERY", "/rpc/since?first=3", b"first=3", form).status
        assert "too_complex" == branched.send("QUERY", "/rpc/since", b"&".join([b"a=1"] * 1_001), form).code
        assert 415 == branched.send("QUERY", "/rpc/since", b"first", {"Content-Type": "text/plain"}).status

    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "QUERY"])
    def test_they_say_so(self, branched: "Api", method: str) -> None:
        """As tables do."""
        branched.meta("PUT", "/queries/since", self.SQL)
        answer = branched.send(method, "/rpc/since", {} if method == "QUERY" else None)

        assert ACCEPTED == answer.headers["accept-query"]
        assert ("GET, HEAD, QUERY, POST, OPTIONS" if method == "OPTIONS" else None) == answer.headers.get("allow")
