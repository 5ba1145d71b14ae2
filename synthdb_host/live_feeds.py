"""The feeds of this process: made when the first is begun, and ended when the process stops."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from synthdb_host.errors import Unavailable

if TYPE_CHECKING:
    from synthdb_host.feeds import Feeds
    from synthdb_host.settings import FeedSettings

__all__ = ["LiveFeeds"]


class LiveFeeds:
    """Where feeds are begun and ended: ``gate.feeds``.

    Args:
        settings: what those may cost who follow changes.
    """

    def __init__(self, settings: "FeedSettings") -> None:
        self._settings = settings
        self._feeds: Feeds | None = None
        self._endings: list[Callable[[], None]] = []
        self._is_ended = False

    def open(self) -> "Feeds":
        """Give the feeds, to begin one.

        Raises:
            Unavailable: the process is stopping.
        """
        if self._is_ended:
            raise Unavailable("The server is stopping.", hint="Connect again.", data={"retry_after": 1})
        if self._feeds is None:
            from synthdb_host.feeds import Feeds  # noqa: PLC0415 - loads asyncio, which embedded use does without

            self._feeds = Feeds(self._settings)
        return self._feeds

    def end(self) -> None:
        """End all feeds, because the process is stopping; none is begun until :meth:`begin`."""
        self._is_ended = True
        if self._feeds is not None:
            self._feeds.end()
        for call in self._endings:
            call()

    @property
    def is_ended(self) -> bool:
        """Whether the process is stopping, so that nobody can begin to follow."""
        return self._is_ended

    def when_ended(self, call: Callable[[], None]) -> None:
        """Have a function called, too, when feeds end: for connections that stay open without one."""
        self._endings.append(call)

    def begin(self) -> None:
        """Let feeds be begun again."""
        self._is_ended = False
