"""A real server with the auth plugin: the page about it, every API, other processes, and life without it."""

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest

from synthdb_host.testing.choosing import choose
from synthdb_host.testing.serving import LiveServer

PAGE: Final = Path(__file__).parents[2] / "docs" / "auth.md"
BLOCK: Final = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KEY: Final = re.compile(r"sdb_(?:pat|svc|ses)_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}")
PLUGINS: Final = ("core", "auth")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class Place:
    """A data folder, the command line on it, and a server of two workers."""

    def __init__(self, folder: Path, start: Callable[..., LiveServer]) -> None:
        self.folder = folder
        self._start = start
        self.environment = dict(os.environ) | choose(PLUGINS) | {"SYNTHDB_DATA": str(folder / "data")}
        self.environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.key = KEY.findall(self.synthdb("auth", "setup"))[0]
        self.server = self.serve()

    def serve(self, *plugins: str) -> LiveServer:
        """Start the server, and give it when it is ready."""
        return self._start("--workers", "2", plugins=plugins or PLUGINS)

    def synthdb(self, *arguments: str) -> str:
        """Run a command and give what it prints."""
        command = [sys.executable, "-m", "synthdb_host", *arguments]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout

    def json(self, *arguments: str) -> Any:
        """Run a command and read what it prints."""
        return json.loads(self.synthdb(*arguments, "--json"))

    def ask(self, path: str, key: str | None, body: object = None, **headers: str) -> tuple[int, Any]:
        """Send a request; gives the status and the body."""
        sent = {"Content-Type": "application/json", "Accept": "application/json", **headers}
        sent |= {"Authorization": f"Bearer {key}"} if key else {}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.server.url}{path}", data, sent)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def account(self, name: str, *grants: tuple[str, str]) -> str:
        """Make an account with rights; gives its key."""
        self.synthdb("auth", "users", "create", name, "--service")
        for actions, place in grants:
            self.synthdb("auth", "grants", "create", name, place, "--allow", actions)
        return str(self.json("auth", "keys", "create", name)["key"])


@pytest.fixture
def place(tmp_path: Path, live_server: Callable[..., LiveServer]) -> Iterator[Place]:
    """Such a place, with two tables."""
    found = Place(tmp_path, live_server)
    assert 201 == found.ask("/rest/v1/main/films", found.key, [{"title": "Alien"}, {"title": "Brazil"}])[0]
    assert 201 == found.ask("/rest/v1/main/staff", found.key, [{"name": "Ada", "salary": 7}])[0]
    yield found
    print(found.server.log[-3_000:])  # noqa: T201 - shown when the test fails


def test_the_page_says_what_happens(tmp_path: Path, live_server: Callable[..., LiveServer]) -> None:
    """Its commands are run in order, and print what stands below them; ``...`` is anything."""
    environment = dict(os.environ) | choose(PLUGINS) | {"SYNTHDB_DATA": str(tmp_path / "data")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    commands = 0
    for block in BLOCK.findall(PAGE.read_text("utf-8")):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            if "$SERVER" in command and "SERVER" not in environment:
                environment["SERVER"] = live_server("--workers", "2", plugins=PLUGINS).url
            result = subprocess.run(
                ["bash", "-c", command], env=environment, capture_output=True, text=True, check=False, cwd=tmp_path
            )
            printed = result.stdout + result.stderr
            pattern = ".*".join(map(re.escape, expected.strip().split("...")))
            assert re.fullmatch(pattern, printed.strip(), re.DOTALL), (command, printed)
            for key in KEY.findall(printed):
                environment["SESSION" if "_ses_" in key else "KEY"] = key
                environment["KEY"] = key
            commands += 1
    assert commands > 20


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/rest/v1/main/staff", None),
        ("/rest/v1/main/staff?select=count()", None),
        ("/rest/v1/main/staff?salary=gt.5", None),
        ("/graphql/v1/main", {"query": "{staff{name}}"}),
        ("/graphql/v1/main", {"query": "{staff_aggregate{aggregate{count}}}"}),
        ("/meta/v1/main/sql", {"statement": "SELECT * FROM staff"}),
        ("/realtime/v1/main/staff", None),
        ("/rest/v1/main/staff?ref=main", None),
        ("/meta/v1/main/history/staff/1", None),
        ("/meta/v1/main/log", None),
        ("/x/metrics/prometheus", None),
    ],
)
def test_who_may_see_one_table_gets_nothing_of_another(place: Place, path: str, body: object) -> None:
    """By whichever API it is asked for; the refusal holds nothing of what is in it."""
    key = place.account("viewer", ("select", "main/films"))
    status, answer = place.ask(path, key, body)
    assert status in (400, 403, 404) or answer.get("errors")
    assert "Ada" not in json.dumps(answer)
    assert (200, 2) == (200, len(place.ask("/rest/v1/main/films", key)[1]))


def test_a_revoked_key_ends_within_a_second_on_all_workers(place: Place) -> None:
    """Revoked by another process, while it is used."""
    key = place.account("ci", ("select", "main"))
    assert [200] * 20 == [place.ask("/rest/v1/main/films", key)[0] for _ in range(20)]
    (known,) = place.json("auth", "keys", "list", "--account", "ci")
    place.synthdb("auth", "keys", "revoke", known["id"])
    assert [401] * 20 == [place.ask("/rest/v1/main/films", key)[0] for _ in range(20)]


def test_no_secret_is_in_the_log(place: Place) -> None:
    """Neither keys nor passwords nor tokens, of requests that succeed and of those that do not."""
    place.synthdb("auth", "users", "create", "ada")
    command = [sys.executable, "-m", "synthdb_host", "auth", "users", "password", "ada", "--password-stdin"]
    subprocess.run(command, env=place.environment, check=True, capture_output=True, input=b"correct horse battery")
    status, answer = place.ask("/x/auth/login", None, {"name": "ada", "password": "correct horse battery"})
    assert 200 == status
    place.ask("/x/auth/login", None, {"name": "ada", "password": "wrong secret battery"})
    place.ask(f"/rest/v1/main/films?apikey={place.key}", None)
    place.ask("/rest/v1/main/films", place.key[:-1])
    place.server.stop()
    secrets = (place.key, place.key[:-1], answer["token"], "correct horse battery", "wrong secret battery")
    assert not [secret for secret in secrets if secret in place.server.log]


def test_without_the_plugin_its_data_is_kept_and_what_requires_it_is_not_served(place: Place) -> None:
    """The server says so, refuses the database that is marked, and all is as before with the plugin again."""
    place.synthdb("databases", "create", "open")
    place.synthdb("auth", "require", "main")
    # Each worker says once that the plugins have changed.
    assert [200] * 5 == [place.ask("/rest/v1/main/films", place.key)[0] for _ in range(15)][-5:]
    place.server.stop()

    place.server = place.serve("core")
    assert "plugin auth is not active" in place.server.log
    status, answer = place.ask("/rest/v1/main/films", None)
    assert (403, "missing_plugin") == (status, answer["code"])
    assert 201 == place.ask("/rest/v1/open/things", None, [{"a": 1}])[0]
    place.server.stop()

    place.server = place.serve()
    assert 200 == place.ask("/rest/v1/main/films", place.key)[0]
    assert 401 == place.ask("/rest/v1/open/things", None)[0]


def test_who_writes_cannot_take_the_mark_away(place: Place) -> None:
    """That takes a right of its own."""
    key = place.account("editor", ("select,insert,update,delete,define", "main"))
    assert 201 == place.ask("/rest/v1/main/notes", key, [{"text": "x"}])[0]
    change = {"op": "require_plugin", "id": "auth", "required": False}
    assert place.ask("/meta/v1/main/schema", key, {"changes": [change]})[0] in (400, 403, 404, 405)


def test_a_server_without_an_administrator_says_what_to_do(
    tmp_path: Path, live_server: Callable[..., LiveServer]
) -> None:
    """It is closed, and its log names the command."""
    server = live_server(plugins=PLUGINS)
    assert "synthdb auth setup" in server.log
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{server.url}/", timeout=30)


def test_a_server_of_single_files_is_refused(tmp_path: Path) -> None:
    """There is nowhere to keep accounts."""
    with pytest.raises(RuntimeError, match=r"plugins\.disabled"):
        LiveServer(tmp_path, "--database", str(tmp_path / "a.db"), plugins=PLUGINS)


def test_logins_of_many_do_not_keep_others_from_reading(place: Place) -> None:
    """Those that wait do so off the event loop: a read is answered while they do."""
    body = {"name": "nobody", "password": "wrong secret battery"}
    with ThreadPoolExecutor(20) as crowd:
        logins = [crowd.submit(place.ask, "/x/auth/login", None, body) for _ in range(20)]
        assert [200] * 10 == [place.ask("/rest/v1/main/films", place.key)[0] for _ in range(10)]
    assert {401, 503} >= {login.result()[0] for login in logins}
