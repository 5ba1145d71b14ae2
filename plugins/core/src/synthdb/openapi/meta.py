"""The operations on everything about a database but its rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from synthdb.openapi.identifiers import identifiers
from synthdb.openapi.meta_entries import DATABASE_ACTIONS, ENTRIES, NAME, TAGS, Entry
from synthdb.openapi.meta_schemas import ANSWERS, body_schemas
from synthdb.openapi.operations import JSON, READING, WRITING, answer, body, named, operation, shared
from synthdb.openapi.scope import Scope

__all__ = ["MetaOperations"]

_WITH_BODY: Final = ("post", "put", "patch")


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
        wanted |= {"Conflict"} if "MergeReport" in wanted else set()
        self.schemas = {name: schema for name, schema in (ANSWERS | body_schemas()).items() if name in wanted}
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
        writes = entry.tag == "Merging" and entry.method != "get"
        return offered and (entry.action is None or entry.action in allowed) and (self.scope.writable or not writes)

    def _tag(self, tag: str) -> str:
        while tag in self.scope.catalog.tables:
            tag = f"{tag} (meta)"
        return tag

    def _operation(self, entry: Entry) -> dict[str, Any]:
        parameters = [self._parameter(entry, *parameter) for parameter in entry.query]
        writes = entry.method != "get" and entry.name != "sql"
        if writes:
            parameters += shared("Commit-Message")
        refusals = WRITING if entry.method != "get" else READING
        request = body({JSON: named(entry.reads)}) if entry.reads else None
        return operation(
            self.scope, f"meta_{entry.name}", self._tag(entry.tag), entry.about, parameters, _answers(entry),
            refusals, request=request,
        )  # fmt: skip

    def _parameter(self, entry: Entry, name: str, schema: Mapping[str, Any] | None, about: str) -> dict[str, Any]:
        most = {"type": "integer", "minimum": 1, "maximum": self.scope.server.max_rows}
        found = {"name": name, "in": "query", "description": about, "schema": most if schema is None else dict(schema)}
        return found | ({"required": True} if name in entry.needed else {})


def _answers(entry: Entry) -> dict[str, Any]:
    if entry.answers is None:
        return {"204": answer("Done.")}
    schema = named(entry.answers)
    content = {JSON: {"type": "array", "items": schema} if entry.many else schema}
    return {"201" if entry.made else "200": answer("Made." if entry.made else "Done.", content, entry.headers)}


def _path_item(path: str) -> dict[str, Any]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    is_state = path.startswith(("/branches/", "/tags/"))
    schema = dict(NAME) if is_state else {"type": "string", "minLength": 1}
    parameters = [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]
    return {"parameters": parameters} if parameters else {}
