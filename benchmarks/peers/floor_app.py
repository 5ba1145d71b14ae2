"""The bare floor: the same server and framework, giving constant answers of the same size."""

import json
from typing import Any

import falcon
import falcon.asgi

from benchmarks.data import COLUMNS, LIST_LIMIT, item

__all__ = ["app"]


class _Constant:
    """Answers GET with fixed bytes; reads what is posted and answers with fixed bytes too."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.data = self._body

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await req.stream.read()
        resp.status = falcon.HTTP_201
        resp.data = self._body


def app() -> Any:
    """Build the application."""
    rows = [dict(zip(COLUMNS, item(number), strict=True)) for number in range(1, LIST_LIMIT + 1)]
    application = falcon.asgi.App()
    application.add_route("/point", _Constant(json.dumps(rows[0]).encode()))
    application.add_route("/list", _Constant(json.dumps(rows).encode()))
    application.add_route("/insert", _Constant(json.dumps(rows[0]).encode()))
    application.add_route("/bulk", _Constant(b""))
    return application
