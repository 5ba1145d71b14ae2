"""What an address below the meta mount means."""

from dataclasses import dataclass, replace

import falcon.asgi

from synthdb.library.keys import typed_key
from synthdb.library.refs import ref_of
from synthdb.rest.address import parse_address
from synthdb.rest.idempotency import KEY_HEADER
from synthdb.rest.message import with_message
from synthdb.rest.query import decode
from synthdb.rest.shapes import raw_path
from synthdb_host.catalog import Catalog, Table
from synthdb_host.contracts import Context, Result
from synthdb_host.errors import InvalidParameter
from synthdb_host.gate import Gate
from synthdb_host.operations import Operation, Ref

__all__ = ["Call", "Resource"]

_LONGEST_REF = 250


@dataclass(frozen=True, slots=True)
class Call:
    """A request: the database and ref that its address names, what follows in the path, and who makes it.

    The parts of the path are still percent-encoded.
    """

    gate: Gate
    database: str
    ref: Ref
    parts: tuple[str, ...]
    caller: Context

    @classmethod
    def of(cls, gate: Gate, req: falcon.asgi.Request) -> "Call":
        """Read the address of a request.

        Raises:
            InvalidParameter: a part of it, or the message of the request, cannot be read.
        """
        mount = (req.uri_template or "").partition("/{")[0]
        raw = raw_path(req)
        address = parse_address(raw, mount, None)
        parts = tuple(raw.removeprefix(f"{mount}/").rstrip("/").split("/")[1:])
        return cls(gate, address.database, address.ref, parts, with_message(req, req.context.caller))

    @property
    def name(self) -> str:
        """The name in the path: of a branch, a tag or a table.

        Raises:
            InvalidParameter: it is not percent-encoded UTF-8.
        """
        return self.part(1)

    def part(self, place: int) -> str:
        """Give a part of the path, the first one after the database being 0.

        Raises:
            InvalidParameter: it is not percent-encoded UTF-8.
        """
        return decode(self.parts[place], "path")

    def key(self, table: Table) -> tuple[object, ...]:
        """Read the key behind the name of a table, whose values have commas between them.

        Raises:
            InvalidParameter: it is not percent-encoded UTF-8.
            InvalidValue: it does not fit the table's key.
        """
        text = "/".join(self.parts[2:])
        values = text.split(",") if len(table.key) > 1 else [text]
        return typed_key(table, [decode(value, "path") for value in values])

    async def execute(self, operation: Operation, *, dry_run: bool = False) -> Result:
        """Run an operation as the caller."""
        return await self.gate.execute(self.database, operation, self.as_caller(dry_run=dry_run))

    def as_caller(self, *, dry_run: bool = False) -> Context:
        """Give what accompanies the caller's operations."""
        return replace(self.caller, dry_run=True) if dry_run else self.caller

    async def catalog(self) -> Catalog:
        """Describe the database at the ref, as the caller sees it."""
        return await self.gate.catalog(self.database, self.caller, self.ref)

    def state(self, text: str | None, where: str) -> Ref:
        """Read the name of a state; without one, the state that the address names.

        Raises:
            InvalidParameter: it is too long to be one.
        """
        if text is None:
            return self.ref
        if len(text) > _LONGEST_REF:
            raise InvalidParameter(f"A ref has at most {_LONGEST_REF} characters.", where=where)
        return ref_of(text, self.ref.branch)


class Resource:
    """A resource that runs operations through the gate."""

    def __init__(self, gate: Gate, most: int) -> None:
        self._gate = gate
        self._most = most

    def _call(self, req: falcon.asgi.Request) -> Call:
        if KEY_HEADER in req.headers_lower and req.method not in ("GET", "HEAD"):
            raise InvalidParameter(
                "Here an idempotency key has no effect.",
                hint="Keys are for writes of rows and for atomic batches; here, look whether it was done.",
                where="header 'Idempotency-Key'",
            )
        return Call.of(self._gate, req)
