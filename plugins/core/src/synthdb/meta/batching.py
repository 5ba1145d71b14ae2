"""Batches over HTTP: requests to the rows of one database, in one commit."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, Literal

import falcon
import falcon.asgi
import msgspec

from synthdb.meta.answers import answer
from synthdb.meta.calls import Call
from synthdb.meta.parameters import Parameters
from synthdb.rest.answers import Answer
from synthdb.rest.body import decode_json
from synthdb.rest.content_types import media_type_of
from synthdb.rest.idempotency import KEY_HEADER, answered, keyed
from synthdb.rest.references import with_outputs, with_references
from synthdb.rest.shapes import Inner, Shapes, raw_path
from synthdb.rest.steps import Asked, Step, Steps
from synthdb.settings import CoreSettings
from synthdb_host.batches import resolved
from synthdb_host.contracts import Context, Result
from synthdb_host.errors import InvalidBody, InvalidParameter, RequestError, TooComplex, TooLarge, UnsupportedMediaType
from synthdb_host.gate import Gate
from synthdb_host.operations import Batch, Delete, Operation, Reference, Update
from synthdb_host.problems import PROBLEM_TYPE, encode

__all__ = ["BatchResource"]

_LONGEST_URL: Final = 65_536
_OF_ADDRESSES: Final = frozenset({"Accept-Query", "Vary"})
"""Headers about what else an address can be asked, which a part of a batch has none of."""
_ENCODER: Final = msgspec.json.Encoder()


class _Part(msgspec.Struct, forbid_unknown_fields=True):
    """One request; its URL is relative to the tables of the database."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    url: str
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw()


class _Whole(msgspec.Struct, forbid_unknown_fields=True):
    operations: list[_Part]
    atomic: bool = True


_Read = tuple[Step, Operation] | RequestError


class BatchResource:
    """Several requests at once, at ``/batch``.

    Args:
        gate: the way to data.
        mount: where the tables of databases are.
        shapes: reads what requests say outside their bodies.
        steps: reads the rest.
        settings: how much a batch may be.
    """

    def __init__(self, gate: Gate, mount: str, shapes: Shapes, steps: Steps, settings: CoreSettings) -> None:
        self._gate = gate
        self._mount = mount
        self._shapes = shapes
        self._steps = steps
        self._settings = settings

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Do what the operations ask for: all in one commit or none, or if they are not atomic each by itself."""
        call = Call.of(self._gate, req)
        call = replace(call, caller=replace(call.caller, deadline=self._deadline(call.caller)))
        whole, body = await self._read_body(req)
        references = set[Reference]()
        read: list[_Read] = []
        place = raw_path(req).removeprefix((req.uri_template or "").partition("{")[0]).partition("/")[0]
        for number, part in enumerate(whole.operations):
            try:
                step = await self._step(call, f"{self._mount}/{place}/{part.url.lstrip('/')}", part)
                operation, found = with_references(step.operation)
            except RequestError as error:
                error.data.setdefault("operation", number)
                if whole.atomic:
                    raise
                read.append(error)
                continue
            read.append((step, operation))
            references |= found
        if whole.atomic:
            done = await _together(call, read, references, partial(keyed, req, body))
        elif KEY_HEADER in req.headers_lower:
            raise InvalidParameter(
                "A key stands for one write, so the batch must be atomic.", where=f"header {KEY_HEADER!r}"
            )
        else:
            done = _whole(None, await _one_by_one(call, read, references))
        done.send(resp)
        # Who accepts no JSON is told so, as everywhere here.
        answer(req, resp, done.body)

    async def _read_body(self, req: falcon.asgi.Request) -> tuple[_Whole, bytes]:
        Parameters.of(req)
        if media_type_of(req.content_type) != "application/json":
            raise UnsupportedMediaType("A batch is JSON.", where="header 'Content-Type'")
        body, most = await req.stream.readall(), self._settings.batch_bytes
        if len(body) > most:
            raise TooLarge(f"The batch has {len(body):,} bytes; {most:,} are allowed.", data={"limit": most})
        decode_json(body, "body")
        try:
            whole = msgspec.json.decode(body, type=_Whole)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidBody(f"The body does not fit: {error}.", where="body") from error
        except RecursionError as error:
            raise TooComplex("The JSON body is nested too deeply.", where="body") from error
        if len(whole.operations) > self._settings.batch_operations:
            raise TooComplex(
                f"The batch has {len(whole.operations):,} operations; {self._settings.batch_operations:,} are allowed.",
                where="member 'operations' of the body",
            )
        return whole, body

    def _deadline(self, caller: Context) -> float:
        last = time.monotonic() + self._settings.batch_seconds
        return last if caller.deadline is None else min(last, caller.deadline)

    async def _step(self, call: Call, address: str, part: _Part) -> Step:
        """Read one of the operations, like the request that it is."""
        if len(address) > _LONGEST_URL:
            raise TooLarge(f"The URL has {len(part.url):,} characters; {_LONGEST_URL:,} are allowed.")
        if not part.url.isprintable() or " " in part.url:
            raise InvalidParameter("A URL has no spaces and no control characters.", where="member 'url'")
        path, _, query = address.partition("?")
        path = path.rstrip("/")
        headers = {name.lower(): value for name, value in part.headers.items()}
        if KEY_HEADER in headers:
            raise InvalidParameter("A key is sent with the whole batch.", where=f"header {KEY_HEADER!r}")
        is_table = path.count("/") == self._mount.count("/") + 2
        template = f"{self._mount}/{{db}}/{{table}}" + ("" if is_table else "/{key:path}")
        shape = self._shapes.of(Inner(part.method, path, query, headers, template))
        if not shape.address.table:
            raise InvalidParameter(f"{part.url[:100]!r} names no table.", where="member 'url'")
        if shape.address.ref != call.ref:
            raise InvalidParameter("All of a batch is done on the branch of its address.", where="member 'headers'")
        return await self._steps.of(Asked(part.method, path, shape, headers, _body(part, headers)), call.caller)


def _body(part: _Part, headers: Mapping[str, str]) -> bytes:
    """Give the body of a part: JSON as it stands, what is in another media type as the text that stands there."""
    body = bytes(part.body)
    if body[:1] == b'"' and "json" not in headers.get("content-type", "json"):
        return msgspec.json.decode(body, type=str).encode()
    return body


async def _together(
    call: Call,
    read: Sequence[_Read],
    references: set[Reference],
    keyed_by: Callable[[Context, Callable[[Result], Answer]], Context],
) -> Answer:
    """Do everything as one commit, or nothing."""
    pairs = [item for item in read if not isinstance(item, RequestError)]
    undone = {step.asked.shape.preferences.rollback for step, _ in pairs}
    if len(undone) > 1:
        raise InvalidParameter("Either all operations of a batch are undone or none.", where="header 'Prefer'")
    operations = with_outputs([_strict(step, operation) for step, operation in pairs], references)
    steps = [step for step, _ in pairs]

    def make(result: Result) -> Answer:
        results = [_answered(step, part) for step, part in zip(steps, result.parts, strict=True)]
        return _whole(result.commit, results)

    batch = Batch(operations, call.ref, bool(references))
    call = replace(call, caller=keyed_by(call.caller, make))
    return answered(await call.execute(batch, dry_run=undone == {True}), make)


def _whole(commit: str | None, results: list[dict[str, object]]) -> Answer:
    return Answer(falcon.HTTP_200, {}, _ENCODER.encode({"commit": commit, "results": results}))


async def _one_by_one(call: Call, read: Sequence[_Read], references: set[Reference]) -> list[dict[str, object]]:
    """Do each by itself; an error of one is its result, and the others are done all the same."""
    results: list[Result] = []
    shown: list[dict[str, object]] = []
    for number, item in enumerate(read):
        result = Result()
        if isinstance(item, RequestError):
            shown.append(_problem(item))
        else:
            step, operation = item
            mine = {replace(reference, part=0) for reference in references if reference.part == number}
            try:
                chosen = resolved(with_outputs([operation], mine)[0], results)
                result = await call.execute(chosen, dry_run=step.asked.shape.preferences.rollback)
                shown.append(_answered(step, result) | {"commit": result.commit})
            except RequestError as error:
                shown.append(_problem(error))
        results.append(result)
    return shown


def _strict(step: Step, operation: Operation) -> Operation:
    """Let an operation fail that would be answered with an error after it was done."""
    shape = step.asked.shape
    shown = shape.representation.single and shape.preferences.returning == "representation"
    if isinstance(operation, Update | Delete) and (shape.is_of_row or shown):
        return replace(operation, min_affected=1)
    return operation


def _answered(step: Step, result: Result) -> dict[str, object]:
    try:
        return _shown(step.answer(result))
    except RequestError as error:
        return _problem(error)


def _shown(found: Answer) -> dict[str, object]:
    headers = {name: value for name, value in found.headers.items() if name not in _OF_ADDRESSES}
    is_json = "json" in headers.get("Content-Type", "") and "ndjson" not in headers["Content-Type"]
    body = None if found.body is None else msgspec.Raw(found.body) if is_json else found.body.decode()
    return {"status": int(found.status[:3]), "headers": headers, "body": body}


def _problem(error: RequestError) -> dict[str, object]:
    headers = {"Content-Type": PROBLEM_TYPE}
    return {"status": error.status, "headers": headers, "body": msgspec.Raw(encode(error, "", ""))}
