"""What the interfaces of a database promise, a line each: ``python -m tests.integration.promises`` adds what is new."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from synthdb.plugin import plugin as core
from synthdb_host.testing.hosting import ApiClient, build_host
from tests.integration.films import make_films

__all__ = ["KEPT", "current", "kept"]

KEPT: Final = Path(__file__).with_name("promises.txt")


def kept() -> set[str]:
    """Give what was promised."""
    return set(KEPT.read_text("utf-8").splitlines())


def current() -> set[str]:
    """Give what the OpenAPI document of a database of films says now."""
    with tempfile.TemporaryDirectory() as folder:
        make_films(Path(folder) / "films.db")
        url = f"sqlite:///{folder}/films.db"
        host = build_host(Path(folder) / "data", {"core": core()}, databases={"films": url})
        with ApiClient(host) as client:
            document = json.loads(client.request("GET", "/openapi/v1/films.json").content)
    return set(_promises(document))


def _promises(document: Mapping[str, Any]) -> Iterator[str]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict) and "/people" not in path:
                yield from _of_operation(document, f"{method.upper()} {path}", operation)


def _of_operation(document: Mapping[str, Any], name: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"{name}: {operation['operationId']}"
    for parameter in operation.get("parameters", ()):
        found = _resolved(document, parameter)
        yield f"{name} takes {found['in']} {found['name']}"
    body = _resolved(document, operation.get("requestBody", {}))
    yield from (f"{name} reads {media}" for media in body.get("content", {}))
    yield from (f"{name} reads member {member}" for member in _members(document, body))
    for status, answer in operation["responses"].items():
        found = _resolved(document, answer)
        if status >= "400":
            # Problems have the same members everywhere, which are said once.
            yield f"{name} answers {status}"
            yield from (f"problems have {member}" for member in _members(document, found))
            continue
        yield from (f"{name} answers {status} {media}" for media in found.get("content", {}))
        yield from (f"{name} answers {status} with {header}" for header in found.get("headers", {}))
        yield from (f"{name} answers {status} member {member}" for member in _members(document, found))


def _members(document: Mapping[str, Any], holder: Mapping[str, Any]) -> Iterator[str]:
    """Name the members of the JSON objects that a body or an answer is, or is a list of."""
    for content in holder.get("content", {}).values():
        schema = _resolved(document, content.get("schema", {}))
        schema = _resolved(document, schema.get("items", schema))
        yield from (f"{member}: {_type(document, part)}" for member, part in schema.get("properties", {}).items())


def _type(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    kind = _resolved(document, schema).get("type", "any")
    return "|".join(kind) if isinstance(kind, list) else str(kind)


def _resolved(document: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference within the document."""
    found: Any = part
    while "$ref" in found:
        target: Any = document
        for step in found["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        found = target
    return dict(found)


if __name__ == "__main__":
    known = kept() if KEPT.exists() else set()
    KEPT.write_text("".join(f"{line}\n" for line in sorted(known | current())), "utf-8")
