"""Feeds: what commits change on a branch, for everybody who follows it in this process.

The log of a branch is read once for all its followers, after a commit and never otherwise; the newest sets of changes
are kept for a while, so that followers may be at different places. One that asks for older changes reads them by
itself. Nothing is kept for a single follower: what he has not fetched is still in the log.
"""

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

from synthdb_host.contracts import ChangeSet, Context, Database, Restrictions, Result, Watch
from synthdb_host.errors import FellBehind, InvalidParameter, Moving, Unavailable
from synthdb_host.filters import And, Comparison, Filter, Not, Or
from synthdb_host.settings import FeedSettings
from synthdb_host.versions import Follow, Offset

__all__ = ["Admission", "Feed", "Feeds", "Page", "Wishes"]

_MOST_VIEWS: Final = 64
_SHARED_SETS: Final = 4
"""Of so many of the newest sets is kept what was made of them."""

_SET_BYTES: Final = 1_000

Wishes = Mapping[str, Filter | None]
"""The tables that are followed, with the conditions on their rows; none: all tables."""

Admission = Callable[[Iterable[str]], Awaitable[tuple[Wishes | None, Restrictions]]]
"""Asked for the tables that were changed: which a follower is shown, with his conditions, and under which limits.

None: none of them. It raises what refuses him.
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Changes that a follower is shown, which may be none, and the offset after which he goes on.

    ``rendered`` is for what a surface makes of the result, by a key of its own: whoever sees the same, shares it.
    """

    result: Result
    offset: Offset
    rendered: dict[object, object] = field(default_factory=dict)


class Feeds:
    """All that is followed in this process."""

    def __init__(self, settings: FeedSettings) -> None:
        self._settings = settings
        self._logs: dict[tuple[int, str, int], _Log] = {}
        self._followers: Counter[str] = Counter()

    async def follow(
        self, database: Database, follow: Follow, context: Context, admit: Admission, ended: Callable[[int], None]
    ) -> "Feed":
        """Begin to follow; see :meth:`synthdb_host.gate.Gate.follow`. ``ended`` is told how many changes were shown."""
        self._admit(follow, context.principal.id)
        feed = Feed(self, self._log(database, follow.branch), follow, context.principal.id, admit, ended)
        self._followers[context.principal.id] += 1
        try:
            await feed.start(None if follow.since is None else Offset.parse(follow.since))
        except BaseException:
            feed.close()
            raise
        return feed

    def leave(self, log: "_Log", principal: str) -> None:
        """Take notice that somebody no longer follows."""
        self._followers[principal] -= 1
        log.followers -= 1
        if not log.followers:
            log.close()
            self._logs = {key: kept for key, kept in self._logs.items() if kept is not log}

    def end(self) -> None:
        """End all feeds: nobody is told anything more."""
        for log in self._logs.values():
            log.end()

    @property
    def count(self) -> int:
        """How many followers there are."""
        return self._followers.total()

    def _log(self, database: Database, branch: str) -> "_Log":
        key = id(database), branch, threading.get_ident()
        log = self._logs.get(key)
        if log is None:
            log = self._logs[key] = _Log(database, branch, self._settings)
        log.followers += 1
        return log

    def _admit(self, follow: Follow, principal: str) -> None:
        terms = sum(_terms(condition) for condition in follow.tables.values())
        if terms > self._settings.max_terms or len(follow.tables) > self._settings.max_terms:
            raise InvalidParameter(f"Who follows has at most {self._settings.max_terms} conditions, not {terms}.")
        most, own = self._settings.max_followers, self._settings.max_followers_per_principal
        if self.count >= most or self._followers[principal] >= own:
            raise Unavailable(
                f"There are {most} followers already, or {own} of yours.", hint="Try again.", data={"retry_after": 10}
            )


def _terms(condition: Filter | None) -> int:
    if isinstance(condition, And | Or):
        return sum(map(_terms, condition.items))
    return _terms(condition.item) if isinstance(condition, Not) else int(condition is not None)


class _Set:
    """A set of changes, and what was made of it for followers that see it alike."""

    def __init__(self, changes: ChangeSet) -> None:
        self.changes = changes
        self.views: dict[object, Page] = {}

    async def page(self, since: Offset, wishes: Wishes, restrictions: Restrictions) -> Page:
        """Show what comes after an offset."""
        key = _key_of(wishes, restrictions), since if since > self.changes.start else None
        page = self.views.get(key)
        if page is None:
            offsets, result = await self.changes.seen(wishes, restrictions)
            if key[1] is not None:
                rows = [row for row, offset in zip(result.rows, offsets, strict=True) if offset > since]
                result = replace(result, rows=rows)
            page = Page(result, self.changes.end)
            if len(self.views) < _MOST_VIEWS:
                self.views[key] = page
        return page


class _Log:
    """The newest sets of changes of one branch, as long as somebody follows it."""

    def __init__(self, database: Database, branch: str, settings: FeedSettings) -> None:
        self.database = database
        self.branch = branch
        self.followers = 0
        self.is_ended = False
        self._settings = settings
        self._sets: deque[_Set] = deque()
        self._bytes = 0
        self._end: Offset | None = None
        self._stale = True
        self._news: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        # Who reads without an event loop has a log of his own, so that nobody ever waits for this.
        self._lock = asyncio.Lock()
        self._watch: Watch | None = None

    async def head(self) -> Offset:
        """Give the offset of now. Whoever asks is told of everything after it."""
        if self._watch is None:
            self._watch = self.database.watch(self._told)
        end = (await self.database.changes(self.branch, None, 1)).end
        self._end = self._end or end
        return end

    def reaches(self, offset: Offset) -> bool:
        """Say whether what follows an offset is kept here, or can be read."""
        start = self._sets[0].changes.start if self._sets else self._end
        return start is not None and start <= offset

    async def after(self, offset: Offset) -> "_Set | None":
        """Give the next set of changes; None: there is nothing yet."""
        if not self.reaches(offset):
            older = await self.database.changes(self.branch, offset, self._settings.page_changes)
            return _Set(older) if older.end > offset else None
        found = self._kept(offset)
        while found is None and self._stale:
            async with self._lock:
                found = self._kept(offset)
                if found is None and self._stale:
                    await self._read()
                    found = self._kept(offset)
        return found

    def _kept(self, offset: Offset) -> "_Set | None":
        found = None
        for kept in reversed(self._sets):
            if kept.changes.end <= offset:
                break
            found = kept
        return found

    async def _read(self) -> None:
        # What is committed from here on is read again.
        self._stale = False
        try:
            found = await self.database.changes(self.branch, self._end, self._settings.page_changes)
        except BaseException:
            self._stale = True
            self._announce()
            raise
        self._end = found.end
        if not found.tables:
            return
        # There may be more, and some found nothing while this was read.
        self._stale = True
        self._announce()
        self._sets.append(_Set(found))
        self._bytes += found.size + _SET_BYTES
        if len(self._sets) > _SHARED_SETS:
            self._sets[-1 - _SHARED_SETS].views.clear()
        while self._bytes > self._settings.buffer_bytes and len(self._sets) > 1:
            self._bytes -= self._sets.popleft().changes.size + _SET_BYTES

    async def news(self) -> None:
        """Wait until there may be more, or until the feeds end."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        if self._stale or self.is_ended:
            return
        if self._news is None:
            self._news = self._loop.create_future()
        await asyncio.shield(self._news)

    def _told(self) -> None:
        was_stale, self._stale = self._stale, True
        if not was_stale and self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self._announce)
            except RuntimeError:
                if not self._loop.is_closed():
                    raise

    def _announce(self) -> None:
        news, self._news = self._news, None
        if news is not None and not news.done():
            news.set_result(None)

    def end(self) -> None:
        """Wake everybody up for the last time."""
        self.is_ended = True
        self._announce()

    def close(self) -> None:
        """Be told no more."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()


class Feed:
    """What one follower is shown: pages of changes, each once and in order.

    An asynchronous iterator of pages that have changes; cancelling it is harmless. It ends when the feeds of the
    process do, or when the database was moved away. :meth:`read` is the same without waiting.
    """

    def __init__(
        self, feeds: Feeds, log: _Log, follow: Follow, principal: str, admit: Admission,
        ended: Callable[[int], None],
    ) -> None:  # fmt: skip
        self.offset = Offset(0)
        self._feeds: Feeds | None = feeds
        self._log = log
        self._wishes = follow.tables
        self._principal = principal
        self._admit = admit
        self._is_live = False
        self._ended = ended
        self._rows = 0

    async def start(self, since: Offset | None) -> None:
        """Find the place to begin at, and check that all that is followed can be."""
        head = await self._log.head()
        self.offset = head if since is None else since
        probe = await self._log.database.changes(self._log.branch, self.offset, 1)
        wishes, restrictions = await self._admit(self._wishes)
        if wishes is not None:
            await probe.seen(wishes, restrictions)

    async def read(self) -> Page | None:
        """Give the next changes, which may turn out to be none for this follower; None: there are none yet.

        Raises:
            Forbidden: the follower may no longer see what is followed.
            FellBehind: he was too slow.
            HistoryGone, UnknownRef, UnknownTable, UnknownColumn: what is followed is gone.
        """
        log, offset = self._log, self.offset
        if self._is_live and not log.reaches(offset):
            raise FellBehind(
                "Changes were made faster than they were taken.", hint="Go on from the last change that you have."
            )
        found = await log.after(offset)
        if found is None:
            return None
        wishes, restrictions = await self._admit(found.changes.tables)
        if wishes is None:
            page = Page(Result(), found.changes.end)
        else:
            page = await found.page(offset, wishes, restrictions)
        self.offset = page.offset
        self._rows += len(page.result.rows)
        self._is_live = self._is_live or log.reaches(page.offset)
        return page

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Page:
        while self._feeds is not None and not self._log.is_ended:
            try:
                page = await self.read()
            except Moving:
                break  # the log goes on elsewhere, behind the same offset
            if page is None:
                await self._log.news()
            elif page.result.rows:
                return page
            else:
                # Others have a turn, however much there is that this one does not see.
                await asyncio.sleep(0)
        raise StopAsyncIteration

    def watch(self, notify: Callable[[], None]) -> Watch:
        """Have a function called, on any thread, when there may be more to read."""
        return self._log.database.watch(notify)

    def close(self) -> None:
        """Follow no more; harmless a second time."""
        feeds, self._feeds = self._feeds, None
        if feeds is not None:
            feeds.leave(self._log, self._principal)
            self._ended(self._rows)


def _key_of(wishes: Wishes, restrictions: Restrictions) -> object:
    limits = restrictions.tables
    if not limits and not any(wishes.values()):
        return tuple(wishes)
    asked = tuple((name, _shape(condition)) for name, condition in wishes.items())
    limited = tuple((name, _shape(limit.rows), limit.hidden) for name, limit in sorted(limits.items()))
    return asked, limited


def _shape(condition: Filter | None) -> object:
    """Give something that is equal only for equal conditions: what compares equal in Python may differ in SQL."""
    if isinstance(condition, And | Or):
        return type(condition), tuple(map(_shape, condition.items))
    if isinstance(condition, Not):
        return Not, _shape(condition.item)
    if isinstance(condition, Comparison):
        value = condition.value
        kind = [type(item) for item in value] if isinstance(value, tuple | list) else type(value)
        return repr((condition.column, condition.operator, kind, value, condition.quantifier))
    return condition
