"""Cross-origin requests: which pages of other origins a browser lets read answers (CORS, part of the Fetch standard).

This module knows no settings and no HTTP server: it makes headers of headers.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

__all__ = ["EXPOSED", "HEADERS", "METHODS", "ORIGIN", "Cors"]

ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
"""How a browser writes an origin that is not opaque."""

METHODS: Final = ("GET", "HEAD", "QUERY", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

HEADERS: Final = (
    "Accept-Profile",
    "ApiKey",
    "Authorization",
    "Commit-Message",
    "Content-Profile",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "Last-Event-ID",
    "Prefer",
    "Range",
    "Range-Unit",
    "Synthdb-Schema",
    "X-Client-Info",
    "X-Request-Id",
)

EXPOSED: Final = (
    "Accept-Query",
    "Accept-Ranges",
    "Allow",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Idempotent-Replayed",
    "Link",
    "Location",
    "Preference-Applied",
    "Retry-After",
    "Schema-Drift",
    "WWW-Authenticate",
    "X-Request-Id",
)


class Cors:
    """Says in headers what a page of another origin may do, and nothing to pages that may not.

    Args:
        origins: those that may, or ``*`` alone.
        methods: the methods that they may use.
        headers: the headers that they may send.
        exposed: the headers of answers that they may read.
        max_age: seconds for which a browser keeps a permission.
        credentials: whether browsers may send their own credentials.
    """

    def __init__(
        self,
        origins: Collection[str],
        *,
        methods: Collection[str] = METHODS,
        headers: Collection[str] = HEADERS,
        exposed: Collection[str] = EXPOSED,
        max_age: int = 3600,
        credentials: bool = False,
    ) -> None:
        self._origins = frozenset(origins)
        self._everybody = "*" in self._origins
        self._common = {"Access-Control-Allow-Credentials": "true"} if credentials else {}
        self._answer = self._common | ({"Access-Control-Expose-Headers": ", ".join(exposed)} if exposed else {})
        self._preflight = self._common | {
            "Access-Control-Allow-Methods": ", ".join(methods),
            "Access-Control-Allow-Headers": ", ".join(headers),
            "Access-Control-Max-Age": str(max_age),
        }

    @property
    def vary(self) -> str | None:
        """What all answers depend on, those to other programs too, since a cache gives them to pages."""
        return None if self._everybody else "Origin"

    def preflight(self, method: str, headers: Mapping[str, str]) -> Mapping[str, str] | None:
        """Answer the question of a browser whether a page may send a request; None: it is none, or not to be answered.

        It comes without credentials, and the answer depends on nothing but the origin.
        """
        if method != "OPTIONS" or "access-control-request-method" not in headers:
            return None
        allowed = self._allowed(headers)
        return None if allowed is None else self._preflight | {"Access-Control-Allow-Origin": allowed}

    def answer(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Give what an answer says to the page that sent a request; nothing to one that may not read it."""
        allowed = self._allowed(headers)
        return {} if allowed is None else self._answer | {"Access-Control-Allow-Origin": allowed}

    def _allowed(self, headers: Mapping[str, str]) -> str | None:
        origin = headers.get("origin")
        if origin is None:
            return None
        return "*" if self._everybody else origin if origin in self._origins else None
