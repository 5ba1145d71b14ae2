"""Steps: a request becomes an operation, and the answer that its result will be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from synthdb.rest.answers import Answer, changed, deleted, listed, posted, put
from synthdb.rest.body import Bodies
from synthdb.rest.limits import Limits
from synthdb.rest.shapes import Shape
from synthdb.rest.tags import IF_MATCH, IF_NONE_MATCH, expected_of, new_rows
from synthdb.rest.writing import delete_rows, insert_rows, put_row, update_each, update_rows
from synthdb_host.catalog import Catalog
from synthdb_host.contracts import Context, Result
from synthdb_host.errors import InvalidParameter, NotAllowed
from synthdb_host.expectations import Expected
from synthdb_host.gate import Gate
from synthdb_host.operations import Delete, Insert, Select, Update

__all__ = ["Answering", "Asked", "Step", "Steps"]

Answering = Callable[[Shape, str, Result], Answer]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read: ``path`` is the raw path without a slash at its end, names of headers are in lower case."""

    method: str
    path: str
    shape: Shape
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done for a request, and how its result is answered."""

    asked: Asked
    operation: Select | Insert | Update | Delete
    answering: Answering

    def answer(self, result: Result) -> Answer:
        """Answer the request.

        Raises:
            NotFound, NotSingular: there is not the one row that was asked for.
        """
        return self.answering(self.asked.shape, self.asked.path, result)


class Steps:
    """Makes steps of requests.

    Args:
        gate: the way to catalogs.
        bodies: reads the bodies.
        limits: what one answer may have.
    """

    def __init__(self, gate: Gate, bodies: Bodies, limits: Limits) -> None:
        self._gate = gate
        self._bodies = bodies
        self._most = limits.rows

    async def of(self, asked: Asked, caller: Context) -> Step:
        """Make the step of a request.

        Raises:
            NotAllowed: its method is none of rows.
            RequestError: it cannot be read, or does not fit the catalog.
        """
        match asked.method:
            case "POST":
                return Step(asked, await self._insert(asked, caller), posted)
            case "PUT":
                return Step(asked, await self._put(asked, caller), put)
            case "PATCH":
                return Step(asked, await self._update(asked, caller), changed)
            case "DELETE":
                delete = delete_rows(asked.shape, await self._select(asked.shape, caller))
                return Step(asked, replace(delete, expected=_expected(asked), guarded=True), deleted)
            case "GET" if asked.shape.cursor is not None:
                raise InvalidParameter("A read in a batch has no pages.", where="query parameter 'cursor'")
            case "GET":
                select = await self._select(asked.shape, caller)
                limit = self._most if select.limit is None else min(select.limit, self._most)
                select = replace(select, limit=limit, positioned=False, known=None)
                return Step(asked, select, lambda *given: _read(select, *given))
        raise NotAllowed(f"There is no method {asked.method[:20]!r} here.", hint="GET, POST, PUT, PATCH or DELETE.")

    async def _insert(self, asked: Asked, caller: Context) -> Insert:
        shape = asked.shape
        if shape.is_of_row:
            raise NotAllowed("A row is not posted to its key.", hint="PUT it there, or POST it to the table.")
        select = await self._select(shape, caller)
        defaults = shape.preferences.missing == "default"
        content_type = asked.headers.get("content-type")
        rows = self._bodies.rows(content_type, asked.body, shape.query.columns, defaults=defaults)
        return replace(insert_rows(shape, rows, select), expected=new_rows(asked.headers), guarded=True)

    async def _put(self, asked: Asked, caller: Context) -> Insert:
        catalog = await self._catalog(asked.shape, caller)
        table, select = catalog.table(asked.shape.address.table), asked.shape.select(catalog)
        put = put_row(asked.shape, asked.body, asked.headers.get("content-type"), table, self._bodies, select)
        return replace(put, expected=expected_of(asked.headers), guarded=True)

    async def _update(self, asked: Asked, caller: Context) -> Insert | Update:
        shape = asked.shape
        select = await self._select(shape, caller)
        values = self._bodies.changes(asked.headers.get("content-type"), asked.body)
        if not isinstance(values, Mapping) and len(values[1]) == 1 and select.where is not None:
            # Some clients wrap one object.
            values = dict(zip(values[0], values[1][0], strict=True))
        if isinstance(values, Mapping):
            return replace(update_rows(shape, values, select), expected=_expected(asked), guarded=True)
        if IF_MATCH in asked.headers or IF_NONE_MATCH in asked.headers:
            raise _of_one_row()
        table = (await self._catalog(shape, caller)).table(shape.address.table)
        return replace(update_each(shape, values, table, select), guarded=True)

    async def _catalog(self, shape: Shape, caller: Context) -> Catalog:
        return await self._gate.catalog(shape.database, caller, shape.form.target.address.ref)

    async def _select(self, shape: Shape, caller: Context) -> Select:
        return shape.select(await self._catalog(shape, caller) if shape.needs_catalog else None)


def _expected(asked: Asked) -> Expected | None:
    expected = expected_of(asked.headers)
    if expected is not None and not asked.shape.is_of_row:
        raise _of_one_row()
    return expected


def _of_one_row() -> InvalidParameter:
    return InvalidParameter(
        "If-Match and If-None-Match compare the version of one row.",
        hint="Write to the row's own address: /TABLE/KEY.",
        where="header 'If-Match'",
    )


def _read(select: Select, shape: Shape, _path: str, result: Result) -> Answer:
    return listed(shape, result, select.offset)
