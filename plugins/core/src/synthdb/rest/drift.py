"""The schema that a generated client was made for, and whether it is still that of the database."""

from collections import OrderedDict
from typing import Final

import falcon.asgi

from synthdb.rest.address import Address
from synthdb.sdk.fingerprint import fingerprint_of
from synthdb_host.catalog import Catalog
from synthdb_host.gate import Gate

__all__ = ["SCHEMA_HEADER", "Drift"]

SCHEMA_HEADER: Final = "synthdb-schema"
"""The header in which a client says the fingerprint of its schema, in the form in which headers are looked up."""

_MOST_KEPT: Final = 64


class Drift:
    """Tells clients that their schema is not any more that of the database, as their caller sees it."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        # By identity: a storage gives the same catalog until something in it changes. Keeping it keeps its id its own.
        self._kept: OrderedDict[int, tuple[Catalog, str]] = OrderedDict()

    async def note(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, address: Address) -> None:
        """Add the header ``Schema-Drift`` with the present fingerprint if it is not the one of the request.

        It is added before anything is done, so that it stands in refusals, too.

        Raises:
            UnknownDatabase, UnknownRef: there is no such thing.
        """
        current = self._fingerprint(await self._gate.catalog(address.database, req.context.caller, address.ref))
        if current != req.headers_lower[SCHEMA_HEADER]:
            resp.set_header("Schema-Drift", current)

    def _fingerprint(self, catalog: Catalog) -> str:
        found = self._kept.get(id(catalog))
        if found is None:
            found = self._kept[id(catalog)] = catalog, fingerprint_of(catalog)
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return found[1]
