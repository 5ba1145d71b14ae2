"""Addresses that hold a key are refused: logs, browsers and proxies keep addresses."""

import falcon.asgi

from synthdb_auth.keys import PATTERN
from synthdb_host.errors import MalformedRequest

__all__ = ["AddressMiddleware"]


class AddressMiddleware:
    """Looks at the address of every request."""

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Refuse a request that shows a key where it must not be."""
        if "sdb_" in req.query_string and PATTERN.search(req.query_string):
            raise MalformedRequest(
                "A key stands in the address, which others may have written down.",
                where="query",
                hint="Revoke that key, make another one, and send it in the header 'Authorization: Bearer KEY'.",
            )
