"""Which pages of other origins a browser lets read answers: CORS, which is part of the Fetch standard."""

from collections.abc import Collection, Mapping

import falcon
import falcon.asgi

from synthdb.cors.settings import CorsSettings

__all__ = ["CorsMiddleware"]


class CorsMiddleware:
    """Says in headers what a page of another origin may do, and nothing to pages that may not.

    Args:
        origins: those that may, or ``*`` alone.
        settings: what they may.
    """

    def __init__(self, origins: Collection[str], settings: CorsSettings) -> None:
        self._origins = frozenset(origins)
        self._everybody = "*" in self._origins
        common = {"Access-Control-Allow-Credentials": "true"} if settings.credentials else {}
        exposed = {"Access-Control-Expose-Headers": ", ".join(settings.exposed_headers)}
        self._answer = common | (exposed if settings.exposed_headers else {})
        self._preflight = common | {
            "Access-Control-Allow-Methods": ", ".join(settings.methods),
            "Access-Control-Allow-Headers": ", ".join(settings.headers),
            "Access-Control-Max-Age": str(settings.max_age_seconds),
        }

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer the question of a browser whether a page may send a request.

        It comes without credentials, and the answer depends on nothing but the origin.
        """
        headers = req.headers_lower
        if req.method != "OPTIONS" or "access-control-request-method" not in headers:
            return
        allowed = self._allowed(headers)
        if allowed is not None:
            resp.set_headers(self._preflight | {"Access-Control-Allow-Origin": allowed})
            resp.append_header("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
            resp.status = falcon.HTTP_204
            resp.complete = True

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: object, req_succeeded: bool,  # noqa: FBT001 - the signature is Falcon's
    ) -> None:  # fmt: skip
        """Say to the page that sent a request what it may read; nothing to one that may not."""
        if not self._everybody:
            # All answers depend on it, those to other programs too, since a cache gives them to pages.
            resp.append_header("Vary", "Origin")
        if not resp.complete and (allowed := self._allowed(req.headers_lower)) is not None:
            resp.set_headers(self._answer | {"Access-Control-Allow-Origin": allowed})

    def _allowed(self, headers: Mapping[str, str]) -> str | None:
        origin = headers.get("origin")
        if origin is None:
            return None
        return "*" if self._everybody else origin if origin in self._origins else None
