"""One operation on a connection that stays: a subscription, or a query or mutation with its one result."""

import logging
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

import msgspec

from synthdb.graphql.answering import Answer
from synthdb.graphql.refusals import Refused, failure
from synthdb.graphql.requests import Sent
from synthdb.graphql.service import Place, Service
from synthdb_host.errors import InternalError, Unavailable
from synthdb_host.problems import translate

__all__ = ["Failed", "Stopping", "results"]

_log: Final = logging.getLogger(__name__)


class Failed(Exception):
    """An operation is over because of errors, in GraphQL's form."""

    def __init__(self, errors: Sequence[object]) -> None:
        super().__init__(errors)
        self.errors = errors

    @property
    def body(self) -> bytes:
        """The result that holds them."""
        return msgspec.json.encode({"errors": self.errors}, enc_hook=str)


class Stopping(Exception):
    """The server stops; what is followed is not over, and its changes can be had elsewhere."""


class _Refusal(msgspec.Struct):
    errors: list[msgspec.Raw]


async def results(service: Service, sent: Sent, place: Place) -> AsyncGenerator[bytes]:
    """Give the results of an operation.

    Raises:
        Failed: it was refused, or what it follows can be followed no longer.
        Stopping: it is not over, but ends here.
    """
    try:
        changes = await service.changes(sent, place)
        if changes is None:
            yield _executed(await service.answer(sent, place))
            return
        try:
            async for body in changes:
                yield body
        finally:
            changes.close()
    except Failed:
        raise
    except Unavailable as error:
        if service.gate.feeds.is_ended:
            raise Stopping from error
        raise Failed([failure(error)]) from error
    except Refused as refused:
        raise Failed([failure(error) for error in refused.errors]) from refused
    except Exception as error:  # whatever it is, is told in the protocol's own way
        raise Failed([_told(error, place)]) from error
    raise Stopping


def _executed(answer: Answer) -> bytes:
    if not answer.executed:
        raise Failed(msgspec.json.decode(answer.body, type=_Refusal).errors)
    return answer.body


def _told(error: Exception, place: Place) -> dict[str, Any]:
    if isinstance(translate(error), InternalError):
        _log.error("an operation failed", exc_info=error, extra={"facts": {"request_id": place.caller.request_id}})
    return failure(error)
