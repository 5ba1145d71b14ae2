"""The meta interface in process."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
import pytest
from falcon import testing

from plugins.core.tests.servers import STORAGES, url_of
from synthdb.plugin import plugin as core
from synthdb_host.testing.hosting import ApiClient, build_host

if TYPE_CHECKING:
    from plugins.core.tests.conftest import Script


class Answer:
    """What the server answered."""

    def __init__(self, result: testing.Result) -> None:
        self.status: int = result.status_code
        self.headers: Mapping[str, str] = result.headers
        self.body: bytes = result.content

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> str:
        """The problem's code."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        return str(self.json["code"])


class Meta:
    """Sends requests to the server of one database named ``db``."""

    def __init__(self, client: ApiClient, url: str = "") -> None:
        self._client = client
        self.url = url

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send a request; ``path`` is what follows the database, a ref included."""
        address, _, query = path.partition("?")
        return self.raw(method, f"/meta/v1/db{address}", query, body, **headers)

    def raw(self, method: str, path: str, query: str = "", body: object = None, **headers: str) -> Answer:
        """Send a request to any address; a body that is not bytes is sent as JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = msgspec.json.encode(body)
            sent.setdefault("Content-Type", "application/json")
        path = quote(path, safe="/@%,")
        return Answer(self._client.request(method, path, query_string=query, body=body, headers=sent))

    def get(self, path: str) -> Any:
        """Read something that must be there."""
        answer = self.send("GET", path)
        assert 200 == answer.status, answer.body
        return answer.json

    def post(self, path: str, **body: object) -> Answer:
        """Post an object."""
        return self.send("POST", path, body)


@pytest.fixture
def meta(script: "Script", tmp_path: Path) -> Iterator[Meta]:
    """The interface over a storage that writes down what it is asked."""
    host = build_host(tmp_path, {"core": core(), "script": script}, databases={"db": "script:db"})
    with ApiClient(host) as client:
        yield Meta(client)


@pytest.fixture(params=STORAGES)
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Meta]:
    """The interface over a new database, on each storage."""
    url = url_of(request.param, tmp_path)
    with ApiClient(build_host(tmp_path, {"core": core()}, databases={"db": url})) as client:
        yield Meta(client, url)
