"""The operations on the rows of a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from synthdb.openapi.cells import cell_item, column_name
from synthdb.openapi.identifiers import class_name, identifiers
from synthdb.openapi.operations import JSON, READING, WRITING, answer, body, named, operation, shared, shared_parameters
from synthdb.openapi.patterns import (
    column_list,
    condition_group,
    condition_pattern,
    equality_pattern,
    order_list,
    parameter_name,
    select_list,
)
from synthdb.openapi.rows import row_schemas
from synthdb.openapi.scope import Scope
from synthdb.openapi.types import condition_example, condition_name, key_schema
from synthdb_host.catalog import Catalog, Table
from synthdb_host.errors import AmbiguousEmbed

__all__ = ["TableOperations"]

_OBJECT: Final = "application/vnd.pgrst.object+json"
_ARRAY: Final = "application/vnd.pgrst.array+json"
_PUTTING: Final = frozenset({"insert", "update"})
_MOST_EMBEDS: Final = 20
_ROW_HEADERS: Final = ("Content-Range", "Preference-Applied")
_UNFILTERED: Final = "Without a condition it is refused, unless Prefer has full-table=allow."
_WRITING: Final = WRITING | {300, 412, 422, 428}
_WRITTEN: Final = ("Preference-Applied", "Idempotent-Replayed")
_READ: Final = shared("Prefer", "If-None-Match")
_WRITE: Final = shared("Prefer", "Commit-Message", "Idempotency-Key")
_SAME: Final = {"304": answer("The client has it already.", None, ("ETag",))}
_LISTS: Final = {
    "select": ("Select", "Which columns the rows have, and which related rows."),
    "order": ("Order", "What the rows are sorted by."),
    "and": ("Group", "Conditions of which all hold."),
    "or": ("Group", "Conditions of which one holds."),
}


@dataclass(slots=True)
class TableOperations:
    """Describes one table. ``paths``, ``schemas`` and ``parameters`` are what it adds to the document."""

    scope: Scope
    table: Table
    identifier: str
    paths: dict[str, Any] = field(default_factory=dict)
    schemas: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)

    def describe(self) -> None:
        """Describe the table, and a row at its key."""
        allowed = self._allowed()
        name = class_name(self.identifier)
        schemas = row_schemas(self.table, name, may_define="define" in self._of_all())
        path = f"{self.scope.rest}/{quote(self.table.name, safe='')}"
        self._add_parameters()
        whole = {"get": self._list(), "post": self._insert(), "patch": self._update(), "delete": self._delete()}
        needs = {"get": "select", "post": "insert", "patch": "update", "delete": "delete"}
        self.paths[path] = {method: found for method, found in whole.items() if needs[method] in allowed}
        self.paths[f"{path}/query"] = {"post": self._query()}
        if self.table.key:
            if allowed >= _PUTTING:
                self.paths[path]["put"] = self._put_found()
            self._describe_row(path, allowed)
        schemas[f"{name}Query"] = self._query_schema()
        used = repr(self.paths)
        self.schemas |= {name: schema for name, schema in schemas.items() if f"/{name}'" in used}
        self.parameters = {name: item for name, item in self.parameters.items() if f"/{name}'" in used}

    def _describe_row(self, path: str, allowed: frozenset[str]) -> None:
        names = identifiers(self.table.key)
        keys = [
            {
                "name": names[name],
                "in": "path",
                "required": True,
                "description": f"The row's `{name}`.",
                "schema": key_schema(self.table.column(name)),
            }
            for name in self.table.key
        ]
        one: dict[str, Any] = {"parameters": keys, "get": self._get()}
        if "update" in allowed:
            one["patch"] = self._patch()
        if allowed >= _PUTTING:
            one["put"] = self._put()
        if "delete" in allowed:
            one["delete"] = self._remove()
        place = f"{path}/{','.join(f'{{{names[name]}}}' for name in self.table.key)}"
        self.paths[place] = one
        cells = cell_item(self.scope, self.table, self.identifier, keys, writable="update" in allowed)
        self.paths[f"{place}/{{{column_name(keys)}}}"] = cells

    def _allowed(self) -> frozenset[str]:
        allowed = self.scope.actions.get(self.table.name, frozenset()) | {"select"}
        return allowed if self.scope.writable else allowed & {"select"}

    def _of_all(self) -> frozenset[str]:
        return self.scope.actions.get(None, frozenset())

    # -- parameters --------------------------------------------------------------------------------------

    def _add_parameters(self) -> None:
        columns = self.table.columns
        names = identifiers(column.name for column in columns)
        unique = [self.table.key, *(key.columns for key in self.table.unique_keys)]
        lists = {
            "Select": select_list(columns, self._embeds()),
            "Order": order_list(columns),
            "Group": condition_group(columns),
        }
        name = class_name(self.identifier)
        self.schemas |= {f"{name}{kind}": {"type": "string", "pattern": pattern} for kind, pattern in lists.items()}
        for key, (kind, description) in _LISTS.items():
            self._add(key, key, description, named(f"{name}{kind}"))
        if any(unique):
            about = "The key or unique columns by which an upsert finds rows."
            pattern = column_list([key for key in unique if key])
            self._add("on_conflict", "on_conflict", about, {"type": "string", "pattern": pattern})
        for column in columns:
            example = condition_example(column.type)
            about = f"A condition on `{column.name}` ({column.type}), such as `{example}` or `not.is.null`."
            schema = condition_name(column.type)
            self.schemas[schema] = {"type": "string", "pattern": condition_pattern(column)}
            self._add(f"where.{names[column.name]}", parameter_name(column.name), about, named(schema))

    def _add(self, key: str, name: str, description: str, schema: dict[str, Any]) -> None:
        found = {"name": name, "in": "query", "description": description, "schema": schema}
        self.parameters[f"{self.identifier}.{key}"] = found

    def _page_of(self) -> list[dict[str, Any]]:
        return [*self._use("select", "order"), *shared("limit", "offset", "cursor")]

    def _use(self, *keys: str) -> list[dict[str, Any]]:
        return [{"$ref": f"#/components/parameters/{self.identifier}.{key}"} for key in keys]

    def _conditions(self) -> list[dict[str, Any]]:
        names = identifiers(column.name for column in self.table.columns)
        return self._use(*(f"where.{names[column.name]}" for column in self.table.columns), "and", "or")

    def _embeds(self) -> Sequence[str]:
        catalog, table = self.scope.catalog, self.table
        related = sorted({relation.table for relation in catalog.relations.get(table.name, ())})
        return [name for name in related if name not in table.by_name and _is_clear(catalog, table.name, name)][
            :_MOST_EMBEDS
        ]

    # -- operations --------------------------------------------------------------------------------------

    def _operation(
        self, verb: str, about: str, parameters: list[dict[str, Any]], answers: dict[str, Any],
        refusals: frozenset[int], request: dict[str, Any] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        name, table = f"{verb}_{self.identifier}", self.table.name
        return operation(self.scope, name, table, about, parameters, answers, refusals, request=request)

    def _row(self, kind: str) -> dict[str, Any]:
        return named(f"{class_name(self.identifier)}{kind}")

    def _many(self) -> dict[str, Any]:
        forms = {JSON: {"type": "array", "items": self._row("Row")}, _OBJECT: self._row("Row")}
        return {**forms, **self.scope.server.reads}

    def _one(self) -> dict[str, Any]:
        forms = {JSON: self._row("Row"), _OBJECT: self._row("Row")}
        return {**forms, **self.scope.server.reads}

    def _list(self) -> dict[str, Any]:
        parameters = self._page_of() + self._conditions() + _READ
        answers = {**self._page(), **_SAME}
        about = (
            "Read rows: those that all conditions select, a page at a time. With a suffix such as `.csv` the same "
            "address gives them in that form, whatever is accepted."
        )
        return self._operation("list", about, parameters, answers, READING | {300, 416})

    def _page(self) -> dict[str, Any]:
        headers = (*_ROW_HEADERS, "ETag", "Link")
        return {
            "200": answer("The rows.", self._many(), headers),
            "206": answer("The rows of a page, when counting was asked for.", self._many(), headers),
        }

    def _query(self) -> dict[str, Any]:
        about = "Read rows as the body asks, where a query is too long for an address. The method QUERY does the same."
        query = self._row("Query")
        refusals = READING | {300, 413, 415, 416}
        request = body({JSON: query, "application/x-www-form-urlencoded": query})
        return self._operation("query", about, shared("Prefer"), self._page(), refusals, request)

    def _query_schema(self) -> dict[str, Any]:
        used = self._page_of() + self._conditions()
        known = self.parameters | shared_parameters()
        found = (known[reference["$ref"].rpartition("/")[2]] for reference in used)
        return {
            "type": "object",
            "description": f"A query of rows of `{self.table.name}`: the parameters that an address has.",
            "properties": {parameter["name"]: parameter["schema"] for parameter in found},
            "additionalProperties": False,
        }

    def _insert(self) -> dict[str, Any]:
        row = self._row("Insert")
        forms = {JSON: row, _OBJECT: row, _ARRAY: {"type": "array", "items": row}}
        forms |= self.scope.server.writes
        upsert = self._use("on_conflict") if f"{self.identifier}.on_conflict" in self.parameters else []
        headers = ("Content-Range", *_WRITTEN, "Location", "ETag")
        answers = {
            "200": answer("Nothing was new; the rows, if they were asked for.", self._many(), headers),
            "201": answer("Inserted; the rows, if they were asked for.", self._many(), headers),
        }
        parameters = [*self._use("select"), *upsert, *_WRITE, *shared("If-None-Match")]
        about = (
            "Insert a row, or as an array several: all or none. With a resolution in Prefer, rows that exist are "
            "updated or ignored."
        )
        return self._operation("insert", about, parameters, answers, _WRITING, body(forms))

    def _update(self) -> dict[str, Any]:
        parameters = [*self._use("select"), *self._conditions(), *_WRITE]
        values = self._row("Update")
        keyed = values | {"required": list(self.table.key)}
        request = body({JSON: values, _ARRAY: {"type": "array", "items": keyed}})
        about = (
            f"Change the rows that the conditions select. {_UNFILTERED} "
            "An array has each row's own values, beside its key."
        )
        return self._operation("update", about, parameters, self._changed("Changed"), _WRITING, request)

    def _delete(self) -> dict[str, Any]:
        parameters = [*self._use("select"), *self._conditions(), *_WRITE]
        about = f"Delete the rows that the conditions select. {_UNFILTERED}"
        return self._operation("delete", about, parameters, self._changed("Deleted"), _WRITING)

    def _changed(self, what: str, *, one: bool = False) -> dict[str, Any]:
        content = self._one() if one else self._many()
        headers = (*_WRITTEN, "ETag") if one else ("Content-Range", *_WRITTEN)
        return {
            "200": answer(f"{what}; what was asked for of it.", content, headers),
            "204": answer(f"{what}.", None, headers),
        }

    def _get(self) -> dict[str, Any]:
        answers = {"200": answer("The row.", self._one(), ("Preference-Applied", "ETag")), **_SAME}
        return self._operation("get", "Read the row.", [*self._use("select"), *_READ], answers, READING | {300})

    def _patch(self) -> dict[str, Any]:
        request, parameters = body({JSON: self._row("Update")}), [*self._use("select"), *_WRITE, *shared("If-Match")]
        answers = self._changed("Changed", one=True)
        return self._operation(
            "patch", "Change the row; what is not given stays as it is.", parameters, answers, _WRITING, request
        )

    def _put(self) -> dict[str, Any]:
        about = "Insert or replace the row; what is not given takes its default, or NULL."
        return self._putting("put", about, [], one=True)

    def _put_found(self) -> dict[str, Any]:
        keys = [
            {
                "name": parameter_name(column.name),
                "in": "query",
                "required": True,
                "description": f"The row's `{column.name}`.",
                "schema": {"type": "string", "pattern": equality_pattern(column)},
            }
            for column in map(self.table.column, self.table.key)
        ]
        return self._putting("upsert", "Insert or replace the row whose key the parameters give.", keys, one=False)

    def _putting(self, verb: str, about: str, keys: list[dict[str, Any]], *, one: bool) -> dict[str, Any]:
        request = body({JSON: self._row("Put")})
        parameters = [*keys, *self._use("select"), *_WRITE, *shared("If-Match", "If-None-Match")]
        content = self._one() if one else self._many()
        made = answer("Inserted; the row, if it was asked for.", content, (*_WRITTEN, "Location", "ETag"))
        answers = self._changed("Replaced", one=one) | {"201": made}
        return self._operation(verb, about, parameters, answers, _WRITING, request)

    def _remove(self) -> dict[str, Any]:
        parameters = [*self._use("select"), *_WRITE, *shared("If-Match")]
        answers = self._changed("Deleted", one=True)
        return self._operation("remove", "Delete the row.", parameters, answers, _WRITING)


def _is_clear(catalog: Catalog, source: str, target: str) -> bool:
    try:
        catalog.relation(source, target)
    except AmbiguousEmbed:
        return False
    return True
