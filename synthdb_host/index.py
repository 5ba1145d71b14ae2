"""What lives on this server, at ``/``: databases, tables, the addresses of their APIs, and the plugins."""

from html import escape
from typing import TYPE_CHECKING, Final

import falcon.asgi
import msgspec

from synthdb_host.contracts import Context
from synthdb_host.errors import RequestError
from synthdb_host.operations import Select
from synthdb_host.pages import Pages, link, table

if TYPE_CHECKING:
    from synthdb_host.manager import Host

__all__ = ["DatabaseView", "Index", "Overview", "PluginView", "TableView"]

_COUNTED: Final = 200
"""Tables of one database whose rows are counted; counting more would make the page slow."""


class TableView(msgspec.Struct, frozen=True):
    """A table on the index page; ``rows`` is None where it was not counted."""

    name: str
    columns: int
    rows: int | None
    links: dict[str, str]


class DatabaseView(msgspec.Struct, frozen=True):
    """A database on the index page, or the reason why it cannot be shown."""

    name: str
    tables: list[TableView]
    error: str | None = None


class PluginView(msgspec.Struct, frozen=True):
    """An active plugin."""

    id: str
    version: str


class Overview(msgspec.Struct, frozen=True):
    """The index page as data."""

    databases: list[DatabaseView]
    plugins: list[PluginView]


class Index:
    """The resource at ``/``: HTML, or JSON for those who ask for it."""

    def __init__(self, host: "Host", pages: Pages) -> None:
        self._host = host
        self._pages = pages

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Show what the caller may see."""
        overview = await self._overview(req.context.caller)
        resp.set_header("Vary", "Accept")
        if req.client_prefers(("text/html", "application/json")) == "application/json":
            resp.data = msgspec.json.encode(overview)
            resp.content_type = falcon.MEDIA_JSON
            return
        resp.data = self._pages.render("SynthDB", _html(overview))
        resp.content_type = falcon.MEDIA_HTML
        resp.set_header("Content-Security-Policy", self._pages.policy)

    async def _overview(self, context: Context) -> Overview:
        names = await self._host.gate.database_names(context)
        databases = [await self._database(name, context) for name in names]
        return Overview(databases, [PluginView(plugin.id, plugin.version) for plugin in self._host.plugins])

    async def _database(self, name: str, context: Context) -> DatabaseView:
        try:
            catalog = await self._host.gate.catalog(name, context)
            tables = []
            for position, (table_name, described) in enumerate(sorted(catalog.tables.items())):
                rows = await self._count(name, table_name, context) if position < _COUNTED else None
                tables.append(TableView(table_name, len(described.columns), rows, self._links(name, table_name)))
        except RequestError as error:
            return DatabaseView(name, [], error.detail)
        return DatabaseView(name, tables)

    async def _count(self, database: str, name: str, context: Context) -> int | None:
        result = await self._host.gate.execute(database, Select(name, limit=0, count="exact"), context)
        return result.total

    def _links(self, database: str, name: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for contribution in self._host.contributions.api_generators:
            if contribution.record.links is not None:
                found |= contribution.record.links(database, name)
        return found


def _html(overview: Overview) -> str:
    databases = "".join(_database_html(database) for database in overview.databases)
    plugins = table(("Plugin", "Version"), [(escape(p.id), escape(p.version)) for p in overview.plugins])
    empty = "<p>There is no database yet. <code>synthdb import FILE</code> makes one.</p>"
    return f"<h2>Databases</h2>{databases or empty}<h2>Plugins</h2><section>{plugins}</section>"


def _database_html(database: DatabaseView) -> str:
    if database.error is not None:
        content = f"<p>{escape(database.error)}</p>"
    elif database.tables:
        content = table(("Table", "Rows", "Columns", "API"), map(_row, database.tables), numbers=(1, 2))
    else:
        content = "<p>No tables yet: the first write makes one.</p>"
    return f"<section><h2>{escape(database.name)}</h2>{content}</section>"


def _row(view: TableView) -> tuple[str, str, str, str]:
    rows = "" if view.rows is None else f"{view.rows:,}"
    links = " ".join(link(address, text) for text, address in view.links.items())
    return escape(view.name), rows, str(view.columns), links
