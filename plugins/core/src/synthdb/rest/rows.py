"""One row of a table, and the cells in it, at the addresses below a table."""

import falcon.asgi

from synthdb.rest.cells import Cells, not_of_cells
from synthdb.rest.limits import Limits
from synthdb.rest.reading import Reading
from synthdb.rest.resources import TableResource
from synthdb.rest.shapes import Shapes
from synthdb.rest.steps import Steps
from synthdb.rest.suffixes import Suffixes
from synthdb_host.gate import Gate

__all__ = ["RowResource"]


class RowResource(TableResource):
    """A row at ``/{db}/{table}/{key}``, and one cell of it at ``/{db}/{table}/{key}/{column}``."""

    def __init__(
        self, gate: Gate, shapes: Shapes, steps: Steps, reading: Reading, suffixes: Suffixes, limits: Limits
    ) -> None:
        super().__init__(gate, shapes, steps, reading, suffixes, limits)
        self._cells = Cells(gate)

    async def on_options(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **names: str) -> None:
        """Say which methods there are for the caller."""
        cell = await self._cells.find(req)
        if cell is None:
            await super().on_options(req, resp, **names)
        else:
            await self._cells.options(req, resp, cell)

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **names: str) -> None:
        """Read the row, or the cell."""
        cell = await self._cells.find(req)
        if cell is None:
            await super().on_get(req, resp, **names)
        else:
            await self._cells.get(req, resp, cell)

    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **names: str) -> None:
        """Put the row, or the content of the cell."""
        cell = await self._cells.find(req)
        if cell is None:
            await super().on_put(req, resp, **names)
        else:
            await self._cells.put(req, resp, cell)

    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **names: str) -> None:
        """Change the row; a cell is put."""
        if await self._cells.find(req) is not None:
            raise not_of_cells(resp)
        await super().on_patch(req, resp, **names)

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **names: str) -> None:
        """Read rows at ``/query``; neither a row nor a cell is posted to its address."""
        if await self._cells.find(req) is not None:
            raise not_of_cells(resp)
        await super().on_post(req, resp, **names)

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **names: str) -> None:
        """Delete the row, or the content of the cell."""
        cell = await self._cells.find(req)
        if cell is None:
            await super().on_delete(req, resp, **names)
        else:
            await self._cells.delete(req, resp, cell)
