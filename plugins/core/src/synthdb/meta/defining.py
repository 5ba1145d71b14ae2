"""The schema over HTTP: read, and changed under the condition that it is still as it was read."""

import hashlib
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import falcon
import falcon.asgi

from synthdb.meta.answers import answer
from synthdb.meta.bodies import read_body
from synthdb.meta.calls import Call, Resource
from synthdb.meta.definitions import (
    CONSTRAINT,
    AlteredColumn,
    AlteredTable,
    NewColumn,
    NewTable,
    SchemaChanges,
    change_of,
    constraint_change,
    table_change,
)
from synthdb.meta.described import described, described_column
from synthdb.meta.parameters import Parameters
from synthdb.rest.shapes import raw_path
from synthdb_host.catalog import Catalog, Column
from synthdb_host.contracts import Result
from synthdb_host.errors import NotFound, PreconditionFailed
from synthdb_host.operations import (
    AddColumn,
    Change,
    Define,
    DropColumn,
    DropConstraint,
    DropTable,
    RenameTable,
    RequirePreconditions,
    SetMode,
)

__all__ = [
    "ColumnResource",
    "ColumnsResource",
    "ConstraintResource",
    "ConstraintsResource",
    "SchemaResource",
    "TableResource",
    "TablesResource",
]

_LONGEST_TAGS: Final = 2_000


class _DefiningResource(Resource):
    """A resource whose answers have the entity tag of the whole schema."""

    async def _define(
        self, req: falcon.asgi.Request, call: Call, changes: Sequence[Change], *, dry_run: bool = False
    ) -> tuple[Result, Catalog]:
        """Make changes, if the schema is as If-Match says; gives the schema after them."""
        operation = Define(tuple(changes), call.ref, await _expected(req, call))
        result = await call.execute(operation, dry_run=dry_run)
        return result, await call.catalog()


class SchemaResource(_DefiningResource):
    """All tables, at ``/schema``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Describe the tables as they are at the ref."""
        Parameters.of(req)
        call = self._call(req)
        catalog = await call.catalog()
        answer(req, resp, {"ref": str(call.ref), "version": catalog.version, "tables": _tables(catalog)})
        _tag(resp, catalog)

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Make changes, all or none, as one commit."""
        call, body = self._call(req), await read_body(req, SchemaChanges)
        changes = [change for step in body.changes for change in change_of(step)]
        result, catalog = await self._define(req, call, changes, dry_run=body.dry_run)
        commit = None if body.dry_run else result.commit
        answer(req, resp, {"commit": commit, "dry_run": body.dry_run, "version": catalog.version})
        _tag(resp, catalog)


class TablesResource(_DefiningResource):
    """The tables, at ``/schema/tables``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Describe the tables."""
        Parameters.of(req)
        catalog = await self._call(req).catalog()
        answer(req, resp, _tables(catalog))
        _tag(resp, catalog)

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Make a table."""
        call, body = self._call(req), await read_body(req, NewTable)
        _, catalog = await self._define(req, call, (table_change(body),))
        answer(req, resp, described(catalog.table(body.name)))
        _point_to(req, resp, body.name)
        _tag(resp, catalog)


class TableResource(_DefiningResource):
    """A table, at ``/schema/tables/{table}``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Describe the table."""
        Parameters.of(req)
        call = self._call(req)
        catalog = await call.catalog()
        answer(req, resp, described(catalog.table(call.part(2))))
        _tag(resp, catalog)

    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Rename the table, change its mode, or say whether writes need preconditions."""
        call, body = self._call(req), await read_body(req, AlteredTable)
        name = call.part(2)
        changes: list[Change] = [] if body.mode is None else [SetMode(name, body.mode)]
        if body.preconditions is not None:
            changes.append(RequirePreconditions(name, body.preconditions))
        if body.name is not None:
            changes.append(RenameTable(name, body.name))
        _, catalog = await self._define(req, call, changes)
        answer(req, resp, described(catalog.table(body.name or name)))
        _tag(resp, catalog)

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Drop the table; softly, so that it can be restored, unless ``hard=true``."""
        hard = Parameters.of(req, "hard").flag("hard")
        call = self._call(req)
        _, catalog = await self._define(req, call, (DropTable(call.part(2), hard),))
        resp.status = falcon.HTTP_204
        _tag(resp, catalog)


class ColumnsResource(_DefiningResource):
    """The columns of a table, at ``/schema/tables/{table}/columns``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Add a column."""
        call, body = self._call(req), await read_body(req, NewColumn)
        table = call.part(2)
        _, catalog = await self._define(req, call, (AddColumn(table, body.column()),))
        answer(req, resp, described_column(catalog.table(table).column(body.name)))
        _point_to(req, resp, body.name)
        _tag(resp, catalog)


class ColumnResource(_DefiningResource):
    """A column, at ``/schema/tables/{table}/columns/{column}``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Describe the column."""
        Parameters.of(req)
        call = self._call(req)
        catalog = await call.catalog()
        answer(req, resp, described_column(_column(catalog, call.part(2), call.part(4))))
        _tag(resp, catalog)

    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Change the type, the default, whether it must have a value, and the name."""
        call, body = self._call(req), await read_body(req, AlteredColumn)
        table, name = call.part(2), call.part(4)
        _column(await call.catalog(), table, name)
        _, catalog = await self._define(req, call, body.changes(table, name))
        answer(req, resp, described_column(catalog.table(table).column(body.name or name)))
        _tag(resp, catalog)

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Drop the column; softly, so that it can be restored, unless ``hard=true``."""
        hard = Parameters.of(req, "hard").flag("hard")
        call = self._call(req)
        table, name = call.part(2), call.part(4)
        if not hard:
            _column(await call.catalog(), table, name)
        _, catalog = await self._define(req, call, (DropColumn(table, name, hard),))
        resp.status = falcon.HTTP_204
        _tag(resp, catalog)


class ConstraintsResource(_DefiningResource):
    """The constraints of a table, at ``/schema/tables/{table}/constraints``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Add an index, a unique key, a foreign key or a check."""
        call = self._call(req)
        body = await read_body(req, CONSTRAINT)
        table = call.part(2)
        _, catalog = await self._define(req, call, (constraint_change(table, body),))
        answer(req, resp, described(catalog.table(table)))
        _point_to(req, resp, body.record(table).name)
        _tag(resp, catalog)


class ConstraintResource(_DefiningResource):
    """A constraint, at ``/schema/tables/{table}/constraints/{name}``."""

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Remove the constraint."""
        Parameters.of(req)
        call = self._call(req)
        _, catalog = await self._define(req, call, (DropConstraint(call.part(2), call.part(4)),))
        resp.status = falcon.HTTP_204
        _tag(resp, catalog)


def _tables(catalog: Catalog) -> list[dict[str, object]]:
    return [described(table) for _, table in sorted(catalog.tables.items())]


def _column(catalog: Catalog, table: str, name: str) -> Column:
    """Find a column that an address names.

    Raises:
        UnknownTable: there is no such table.
        NotFound: it has no such column.
    """
    found = catalog.table(table).by_name.get(name)
    if found is None:
        raise NotFound(f"Table {table!r} has no column {name!r}.", data={"table": table, "column": name})
    return found


def _point_to(req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
    resp.status = falcon.HTTP_201
    resp.set_header("Location", f"{raw_path(req).rstrip('/')}/{quote(name, safe='')}")


# -- conditions ------------------------------------------------------------------------------------------


def _tag(resp: falcon.asgi.Response, catalog: Catalog) -> None:
    resp.set_header("ETag", f'"{_tag_of(_whole_version(catalog))}"')


def _tag_of(version: str) -> str:
    return hashlib.blake2b(version.encode(), digest_size=12).hexdigest()


def _whole_version(catalog: Catalog) -> str:
    """Give the version of the catalog itself: a caller who does not see all of it has an addition to it."""
    return catalog.version.partition("/")[0]


async def _expected(req: falcon.asgi.Request, call: Call) -> tuple[str, ...]:
    """Give the version that the schema must have for If-Match (RFC 9110, 13.1.1); none: any.

    Raises:
        PreconditionFailed: it does not have it now.
    """
    header = req.get_header("If-Match")
    if header is None or header.strip() == "*":
        return ()
    version = _whole_version(await call.catalog())
    if f'"{_tag_of(version)}"' not in [tag.strip() for tag in header[:_LONGEST_TAGS].split(",")]:
        raise PreconditionFailed("The schema was changed meanwhile.", hint="Read it again.", where="header 'If-Match'")
    return (version,)
