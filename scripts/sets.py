"""Serve sets of the installed distributions of plugins, and ask each server the same: it has what its set offers.

Usage: ``python scripts/sets.py``, run from an empty folder outside the repository, where the wheels are installed. The
sets are each distribution alone, all together, and all but one, for each one.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from synthdb_host.discovery import discover
from synthdb_host.testing.choosing import choose, without_settings
from synthdb_host.testing.serving import LiveServer

__all__ = ["main"]

Plugins = frozenset[str]


def main() -> int:
    """Serve every set, and print what is wrong; return 1 if that is anything."""
    distributions: dict[str, set[str]] = {}
    for candidate in discover():
        distributions.setdefault(candidate.distribution, set()).add(candidate.id)
    failures = 0
    for names in sorted(_sets(frozenset(distributions)), key=lambda names: (len(names), sorted(names))):
        plugins = frozenset(id_ for name in names for id_ in distributions[name])
        found = _problems(plugins)
        failures += len(found)
        sys.stdout.write(f"{', '.join(sorted(names))}: {'; '.join(found) or 'ok'}\n")
    return 1 if failures else 0


def _sets(names: frozenset[str]) -> set[frozenset[str]]:
    return {frozenset([name]) for name in names} | {names} | {names - {name} for name in names if len(names) > 1}


def _problems(plugins: Plugins) -> list[str]:
    """Serve a set, and say what is not as it must be."""
    with tempfile.TemporaryDirectory(prefix="synthdb-set-") as folder:
        key = _set_up(Path(folder), plugins) if "auth" in plugins else None
        server = LiveServer(Path(folder), plugins=sorted(plugins))
        try:
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            with httpx.Client(base_url=server.url, headers=headers, timeout=30) as client:
                found = [text for text, is_so in _asked(client, plugins) if not is_so]
        finally:
            server.close()
        return found + (["the log has a traceback"] if "Traceback" in server.log else [])


def _asked(client: httpx.Client, plugins: Plugins) -> Iterator[tuple[str, bool]]:
    """Ask everything, and say what ought to be so and whether it is."""
    yield "it is ready", client.get("/healthz/ready").status_code == HTTPStatus.OK
    stranger = client.get("/rest/v1/main", headers={"Authorization": "Bearer nobody"}).status_code
    yield "strangers are refused where auth is", (stranger == HTTPStatus.UNAUTHORIZED) == ("auth" in plugins)
    answer = client.post("/rest/v1/main/notes", json=[{"text": "one"}, {"text": "two"}])
    yield "a row is written where core is", (201 if "core" in plugins else 404) == answer.status_code
    if "core" in plugins:
        yield from _read(client)
    told = client.get("/x/metrics/prometheus")
    yield "Prometheus is told where metrics is", (200 if "metrics" in plugins else 404) == told.status_code


def _read(client: httpx.Client) -> Iterator[tuple[str, bool]]:
    rows = client.get("/rest/v1/main/notes", params={"select": "text", "order": "id"})
    yield "REST gives the rows", rows.json() == [{"text": "one"}, {"text": "two"}]
    asked: Mapping[str, Any] = {"query": "{ notes(order_by: {id: asc}) { text } }"}
    found = client.post("/graphql/v1/main", json=asked).json()
    yield "GraphQL gives the rows", {"data": {"notes": rows.json()}} == found
    yield "OpenAPI describes the table", "/rest/v1/main/notes" in client.get("/openapi/v1/main.json").json()["paths"]


def _set_up(folder: Path, plugins: Plugins) -> str:
    """Make the first administrator of a data folder; gives its key."""
    command = [sys.executable, "-m", "synthdb_host", "auth", "setup", "--data", "data", "--json"]
    environment = without_settings(os.environ) | choose(sorted(plugins))
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return str(json.loads(done.stdout)["key"])


if __name__ == "__main__":
    sys.exit(main())
