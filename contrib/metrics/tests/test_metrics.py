"""What the plugin counts, told as Prometheus reads it; over a storage in memory."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError
from synthdb_memory.plugin import MemoryPlugin

from synthdb_host.contracts import (
    Authenticator,
    Authorizer,
    Context,
    Credentials,
    Decision,
    Principal,
    Resource,
    Verdict,
)
from synthdb_host.errors import StartupError, UnknownTable
from synthdb_host.hookspecs import hookimpl
from synthdb_host.manager import Host
from synthdb_host.manifest import Manifest
from synthdb_host.operations import Insert, Select
from synthdb_host.settings import HostSettings
from synthdb_host.testing.hosting import ApiClient
from synthdb_metrics.plugin import MetricsPlugin
from synthdb_metrics.settings import MetricsSettings

ADA = Context(Principal("ada", "local"))
Sample = tuple[str, dict[str, str], float]


class Strict:
    """Knows everybody, who may do all but read metrics."""

    manifest = Manifest(id="strict", host_api=">=1.0,<2")

    @hookimpl
    def synthdb_authenticators(self) -> list[Authenticator]:
        async def authenticate(credentials: Credentials) -> Principal | None:
            return ADA.principal

        return [Authenticator("none", authenticate)]

    @hookimpl
    def synthdb_authorizers(self) -> list[Authorizer]:
        async def authorize(principal: Principal, action: str, resource: Resource) -> Decision:
            return Decision(Verdict.DENY if (action, resource.database) == ("metrics", "") else Verdict.ALLOW)

        return [Authorizer("strict", authorize)]


def client_of(folder: Path, *others: Strict, metrics: dict[str, object] | None = None) -> ApiClient:
    settings = HostSettings.model_validate({"data": folder, "plugins": {"metrics": metrics or {}}})
    plugins: dict[str, object] = {"metrics": MetricsPlugin(), "memory": MemoryPlugin()}
    plugins.update((other.manifest.id, other) for other in others)
    return ApiClient(Host.build(settings, plugins=plugins, discover=False, databases={"db": "memory:db"}))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[ApiClient]:
    """A server with the plugin."""
    with client_of(tmp_path) as found:
        yield found


def told(client: ApiClient) -> list[Sample]:
    answer = client.get("/x/metrics/prometheus")
    assert 200 == answer.status_code
    families = text_string_to_metric_families(answer.text)
    return [(sample.name, sample.labels, sample.value) for family in families for sample in family.samples]


def value(samples: list[Sample], name: str, **labels: str) -> float:
    return sum(number for found, has, number in samples if found == name and labels.items() <= has.items())


def test_requests_are_counted_by_route_and_plugin(client: ApiClient) -> None:
    """Those to addresses that are not there, too, all under one name."""
    client.get("/healthz/live")
    client.get("/healthz/live")
    for name in ("a", "b", "c"):
        assert 404 == client.get(f"/{name}").status_code
    client.request("BREW", "/healthz/live")
    samples = told(client)
    count = "synthdb_request_seconds_count"
    assert 2 == value(samples, count, plugin="host", route="/healthz/live", method="GET", status="200")
    assert 3 == value(samples, count, plugin="host", route="none", method="GET", status="404")
    assert 1 == value(samples, count, method="none")
    assert 0 < value(samples, "synthdb_request_seconds_sum", route="/healthz/live") < 60
    assert 1 == value(told(client), count, plugin="metrics", route="/x/metrics/prometheus")


def test_what_the_host_refuses_first_is_counted_too(client: ApiClient) -> None:
    """And answered as it is without this plugin."""
    answer = client.get(f"/healthz/{'a' * 100_000}")
    assert (414, "too_large") == (answer.status_code, answer.json["code"])
    assert 1 == value(told(client), "synthdb_request_seconds_count", method="GET", status="414")


def test_operations_are_counted_by_kind_and_outcome(client: ApiClient) -> None:
    """With the rows that they read or wrote, whichever way they came."""
    gate = client.host.gate
    client.run(gate.execute("db", Insert.of("films", [{"title": "Ran"}, {"title": "Heat"}]), ADA))
    client.run(gate.execute("db", Select("films"), ADA))
    with pytest.raises(UnknownTable):
        client.run(gate.execute("db", Select("nothing"), ADA))
    samples = told(client)
    count = "synthdb_operation_seconds_count"
    assert 1 == value(samples, count, operation="Insert", code="ok")
    assert (1, 1) == tuple(value(samples, count, operation="Select", code=code) for code in ("ok", "unknown_table"))
    assert 2 == value(samples, "synthdb_operation_rows_total", operation="Select", code="ok")
    assert not any("database" in labels for _, labels, _ in samples)


def test_databases_are_told_apart_where_that_is_wanted(tmp_path: Path) -> None:
    """It is not by default: a server may have thousands."""
    with client_of(tmp_path, metrics={"databases": True}) as client:
        client.run(client.host.gate.execute("db", Insert.of("films", [{"title": "Ran"}]), ADA))
        assert 1 == value(told(client), "synthdb_operation_seconds_count", operation="Insert", database="db")


def test_the_form_is_the_one_that_is_accepted(client: ApiClient) -> None:
    """OpenMetrics for those who know it."""
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = client.get("/x/metrics/prometheus", headers=accept)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_the_documentation_names_what_is_told(client: ApiClient) -> None:
    """Each series, and nothing else."""
    client.run(client.host.gate.execute("db", Insert.of("films", [{"title": "Ran"}]), ADA))
    client.get("/healthz/live")
    page = (Path(__file__).resolve().parents[3] / "docs" / "metrics.md").read_text(encoding="utf-8")
    answer = client.get("/x/metrics/prometheus")
    assert set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE)) == set(
        re.findall(r"^# TYPE (\w+)(?<!_created) ", answer.text, re.MULTILINE)
    )


def test_who_may_not_is_told_nothing(tmp_path: Path) -> None:
    """The permission is asked of whatever decides on permissions."""
    with client_of(tmp_path, Strict()) as client:
        answer = client.get("/x/metrics/prometheus")
        assert (403, "forbidden") == (answer.status_code, answer.json["code"])
    with client_of(tmp_path) as client:
        assert 403 == client.get("/x/metrics/prometheus", host="203.0.113.1").status_code


def test_two_hosts_count_apart(tmp_path: Path, client: ApiClient) -> None:
    """Though they are in one process."""
    with client_of(tmp_path / "other") as other:
        client.get("/healthz/live")
        assert 0 == value(told(other), "synthdb_request_seconds_count", route="/healthz/live")
        assert 1 == value(told(client), "synthdb_request_seconds_count", route="/healthz/live")


@pytest.mark.parametrize("seconds", [(), (0, 1), (2, 1), (1, 1), tuple(range(1, 60))])
def test_buckets_that_make_no_sense_are_refused(seconds: tuple[float, ...], tmp_path: Path) -> None:
    """At the start, with the name of the setting."""
    with pytest.raises(ValidationError):
        MetricsSettings(seconds=seconds)
    with pytest.raises(StartupError, match="seconds"):
        client_of(tmp_path, metrics={"seconds": seconds})
