"""Suffixes: a form of rows, named at the end of an address as in ``/films.csv``."""

from collections.abc import Iterable, Mapping

import falcon.asgi

from synthdb.rest.representation import EXTRA_SUFFIXES, JSON
from synthdb.rest.shapes import Inner, Sent, address_of, raw_path
from synthdb_host.contracts import MediaType
from synthdb_host.gate import Gate

__all__ = ["Suffixes"]


class Suffixes:
    """Reads addresses of tables with a suffix.

    Args:
        gate: the way to catalogs.
        media_types: those that plugins contribute beside JSON, each with its suffix.
    """

    def __init__(self, gate: Gate, media_types: Iterable[MediaType]) -> None:
        self._gate = gate
        self._known: Mapping[bytes, str] = (
            {b"json": JSON.content_type}
            | {suffix.encode(): name for suffix, name in EXTRA_SUFFIXES.items()}
            | {media_type.suffix.encode(): media_type.name for media_type in media_types}
        )

    async def meant(self, req: falcon.asgi.Request) -> Sent:
        """Give the request that is meant by one for a table: the same, or one for the table before the suffix.

        The suffix says the form, whatever is accepted, but for parameters of that form. A table whose name ends like
        this is always meant itself.

        Raises:
            RequestError: the address cannot be read, or there is no such database or ref.
        """
        raw: bytes = req.scope.get("raw_path") or b""
        stem, _, suffix = raw.rpartition(b".")
        name = self._known.get(suffix)
        if name is None or stem.endswith(b"/"):
            return req
        address = address_of(req, req.get_header("accept-profile"))
        catalog = await self._gate.catalog(address.database, req.context.caller, address.ref)
        if address.table in catalog.tables:
            return req
        headers = {**req.headers_lower, "accept": _accept(name, req.get_header("accept"))}
        return Inner(req.method, raw_path(req).rpartition(".")[0], req.query_string, headers, req.uri_template or "")


def _accept(name: str, accept: str | None) -> str:
    """Accept one media type, with the parameters that it is accepted with."""
    parts = (part.strip() for part in (accept or "").split(","))
    return next((part for part in parts if part.partition(";")[0].strip().lower() == name), name)
