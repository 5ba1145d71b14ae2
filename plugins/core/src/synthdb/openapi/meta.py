"""The operations on everything about a database but its rows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from synthdb.openapi.entries import NAME, QUERY_NAME, Entry
from synthdb.openapi.identifiers import identifiers
from synthdb.openapi.meta_entries import DATABASE_ACTIONS, ENTRIES, TAGS
from synthdb.openapi.meta_schemas import ANSWERS, body_schemas
from synthdb.openapi.operations import JSON, READING, WRITING, answer, body, named, operation, shared
from synthdb.openapi.scope import Scope
from synthdb.openapi.webhook_entries import WEBHOOK_ANSWERS, WEBHOOK_TAG

__all__ = ["MetaOperations"]

_WITH_BODY: Final = ("post", "put", "patch")
_WRITING_TAGS: Final = frozenset({"Merging", "Schema"})
_WRITING_NAMES: Final = frozenset({"post_batch", "post_backfill"})
_REFERENCE: Final = re.compile(r"'#/components/schemas/(\w+)'")


@dataclass(slots=True)
class MetaOperations:
    """Describes the meta interface. ``paths``, ``schemas`` and ``tags`` are what it adds to the document."""

    scope: Scope
    paths: dict[str, Any] = field(default_factory=dict)
    schemas: dict[str, Any] = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)

    def describe(self) -> None:
        """Describe what the caller may use of it and the storage offers."""
        entries = [entry for entry in ENTRIES if self._is_usable(entry)]
        for entry in entries:
            item = self.paths.setdefault(f"{self.scope.meta}{entry.path}", _path_item(entry.path))
            item[entry.method] = self._operation(entry)
        self._describe_others()
        wanted = {name for entry in entries for name in (entry.answers, entry.reads) if name}
        self.schemas = _reached(ANSWERS | WEBHOOK_ANSWERS | body_schemas(), wanted)
        used = {entry.tag for entry in entries}
        self.tags = [{"name": self._tag(tag), "description": about} for tag, about in TAGS.items() if tag in used]

    def _describe_others(self) -> None:
        """Describe in general what is served without an entry, for those who may do everything."""
        if not self.scope.actions.get(None, frozenset()) >= DATABASE_ACTIONS:
            return
        known = {(entry.path, entry.method) for entry in ENTRIES}
        names = identifiers(self.scope.server.resources)
        for path, methods in sorted(self.scope.server.resources.items()):
            for method, about in methods.items():
                if (path, method) not in known and (method == "get" or self.scope.writable):
                    item = self.paths.setdefault(f"{self.scope.meta}{path}", _path_item(path))
                    item[method] = self._general(f"meta_{method}_{names[path]}", method, about)

    def _general(self, name: str, method: str, about: str) -> dict[str, Any]:
        content: dict[str, Any] = {JSON: {}}
        found = {"200": answer("Done.", content)} if method != "delete" else {"204": answer("Done.")}
        if method in ("post", "put"):
            found["201"] = answer("Made.", content, ("Location",))
        request = body({JSON: {"type": "object", "additionalProperties": True}}) if method in _WITH_BODY else None
        parameters = [] if method == "get" else shared("Commit-Message")
        refusals = READING if method == "get" else WRITING | {412, 422}
        about = about.replace("``", "`").partition("\n\n")[0]
        return operation(self.scope, name, self._tag("Database"), about, parameters, found, refusals, request=request)

    def _is_usable(self, entry: Entry) -> bool:
        allowed = self.scope.actions.get(None, frozenset())
        offered = entry.capability is None or entry.capability in self.scope.capabilities
        writes = entry.method != "get" and (entry.tag in _WRITING_TAGS or entry.name in _WRITING_NAMES)
        offered = offered and (entry.path in self.scope.server.resources or not self.scope.server.resources)
        return offered and (entry.action is None or entry.action in allowed) and (self.scope.writable or not writes)

    def _tag(self, tag: str) -> str:
        while tag in self.scope.catalog.tables:
            tag = f"{tag} (meta)"
        return tag

    def _operation(self, entry: Entry) -> dict[str, Any]:
        parameters = [self._parameter(entry, *parameter) for parameter in entry.query]
        # What is about webhooks is no commit.
        writes = entry.method != "get" and entry.name != "sql" and entry.tag != WEBHOOK_TAG
        if writes:
            parameters += shared("Commit-Message", *entry.takes, *(["If-Match"] if entry.conditional else []))
        refusals = (WRITING if entry.method != "get" else READING) | entry.refusals
        refusals |= {412} if writes and entry.conditional else set()
        request = body({JSON: named(entry.reads)}) if entry.reads else None
        return operation(
            self.scope, f"meta_{entry.name}", self._tag(entry.tag), entry.about, parameters, _answers(entry),
            refusals, request=request,
        )  # fmt: skip

    def _parameter(self, entry: Entry, name: str, schema: Mapping[str, Any] | None, about: str) -> dict[str, Any]:
        most = {"type": "integer", "minimum": 1, "maximum": self.scope.server.max_rows}
        found = {"name": name, "in": "query", "description": about, "schema": most if schema is None else dict(schema)}
        return found | ({"required": True} if name in entry.needed else {})


def _reached(schemas: Mapping[str, dict[str, Any]], wanted: set[str]) -> dict[str, dict[str, Any]]:
    """Give the schemas that are wanted, and those that they refer to."""
    found, more = set[str](), wanted
    while more:
        found |= more
        more = {name for one in more for name in _REFERENCE.findall(repr(schemas[one]))} - found
    return {name: schema for name, schema in schemas.items() if name in found}


def _answers(entry: Entry) -> dict[str, Any]:
    headers = [*entry.headers, *(["ETag"] if entry.conditional else [])]
    if entry.answers is None:
        return {"204": answer("Done.", None, headers)}
    schema = named(entry.answers)
    content = {JSON: {"type": "array", "items": schema} if entry.many else schema}
    return {status: answer("Made." if status == "201" else "Done.", content, headers) for status in entry.statuses}


def _path_item(path: str) -> dict[str, Any]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    is_state, is_query = path.startswith(("/branches/", "/tags/")), path.startswith(("/queries/", "/webhooks/"))
    schema = dict(NAME if is_state else QUERY_NAME) if is_state or is_query else {"type": "string", "minLength": 1}
    parameters = [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]
    return {"parameters": parameters} if parameters else {}
