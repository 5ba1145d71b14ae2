"""What the document says of webhooks is what their addresses do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema  # type: ignore[import-untyped] # comes with openapi-spec-validator, without types
import pytest

from synthdb.plugin import plugin as core
from synthdb_host.manager import Host
from synthdb_host.settings import HostSettings
from synthdb_host.testing.hosting import ApiClient, build_host

_ALL: Final = "/meta/v1/main/webhooks"
_ONE: Final = f"{_ALL}/{{name}}"
_URL: Final = "http://127.0.0.1:9999/in"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[ApiClient]:
    """Serve the database ``main`` of a host with a control database."""
    egress = {"allow_http": True, "networks": ["127.0.0.0/8"]}
    settings = HostSettings.model_validate({"data": tmp_path, "plugins": {"core": {"egress": egress}}})
    host = Host.build(settings, plugins={"core": core()}, discover=False)
    with ApiClient(host) as client:
        host.databases.create_first()
        yield client


def test_every_answer_is_as_the_document_says(client: ApiClient) -> None:
    """Its status is listed, and its body fits the schema."""
    document = json.loads(client.get("/openapi/v1/main.json").content)

    def ask(method: str, path: str, body: Any = None) -> int:
        sent: dict[str, Any] = {} if body is None else {"body": json.dumps(body)}
        headers = {"Content-Type": "application/json"}
        answer = client.request(method, path.replace("{name}", "hook"), headers=headers, **sent)
        said = document["paths"][path][method.lower()]["responses"][str(answer.status_code)]
        if answer.content:
            (content,) = said["content"].values()
            jsonschema.validate(answer.json, {**content["schema"], "components": document["components"]})
        return int(answer.status_code)

    assert 200 == ask("PUT", _ONE, {"url": _URL, "dry_run": True})
    assert [201, 200] == [ask("PUT", _ONE, {"url": _URL, "tables": tables}) for tables in ([], ["films"])]
    assert [200] * 4 == [ask("POST", f"{_ONE}/{verb}") for verb in ("disable", "enable", "rotate", "test")]
    assert 202 == ask("POST", f"{_ONE}/replay", {})
    assert [200] * 4 == [ask("GET", path) for path in (_ALL, _ONE, f"{_ONE}/deliveries", f"{_ONE}/dead-letters")]
    assert 204 == ask("DELETE", _ONE)


def test_they_are_described_where_they_are_served(client: ApiClient, tmp_path: Path) -> None:
    """That needs a control database; the names of their operations are what they were before there were schemas."""
    paths = json.loads(client.get("/openapi/v1/main.json").content)["paths"]
    assert "meta_put_webhooks_name" == paths[_ONE]["put"]["operationId"]
    assert 9 == sum("/webhooks" in path for path in paths)
    host = build_host(tmp_path / "other", {"core": core()}, databases={"main": f"sqlite:///{tmp_path}/main.db"})
    with ApiClient(host) as other:
        assert "webhook" not in other.get("/openapi/v1/main.json").text
