"""The feed of changes."""

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from .sessions import Session
from .targets import query_string

__all__ = ["Change", "follow"]

_PAGE = 1_000


@dataclass(frozen=True)
class Change:
    """What a commit did to a row. ``offset`` is that of the commit: keep it once its last change is dealt with.

    Values in ``old`` and ``new`` are as they are in JSON.
    """

    offset: str
    at: dt.datetime
    branch: str
    author: str | None
    message: str | None
    table: str
    change: Literal["insert", "update", "delete"]
    key: list[Any]
    old: dict[str, Any] | None
    new: dict[str, Any] | None


def follow(session: Session, since: str | None, tables: Sequence[str], wait: float | None) -> Iterator[Change]:
    """Read changes behind an offset, page by page; commits come whole."""
    chosen = [("tables", ",".join(tables))] if tables else []
    while True:
        start = [("since", since)] if since is not None else []
        page = cast(
            "list[dict[str, Any]]",
            session.ask("GET", "changes" + query_string([*start, *chosen, ("limit", str(_PAGE))])),
        )
        for item in page:
            at = dt.datetime.fromisoformat(item.pop("at"))
            yield Change(at=at, **item)
        if page:
            since = page[-1]["offset"]
        if len(page) < _PAGE:
            if wait is None:
                return
            time.sleep(wait)
