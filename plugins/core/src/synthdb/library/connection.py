"""The connection that ``synthdb.connect`` gives."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from synthdb.library.files import FileMethods
from synthdb.library.rows import RowMethods
from synthdb.library.schema import SchemaMethods
from synthdb_host.manager import Host

__all__ = ["Connection"]


class Connection(RowMethods, SchemaMethods, FileMethods):
    """One database, open in this process. Use it from one thread at a time, and close it or use ``with``.

    Every write is one commit, durable when the method returns; :meth:`transaction` joins several. Errors are
    :class:`synthdb.RequestError`; the class and its ``code`` say what is wrong.
    """

    def __init__(
        self, host: Host, database: str, *, url: str = "", closing: tuple[Callable[[], None], ...] = ()
    ) -> None:
        super().__init__(host, database)
        self._url = url
        self._closing = list(closing)

    def close(self) -> None:
        """Release the database. Closing twice does nothing."""
        self._closed = True
        while self._closing:
            self._closing.pop(0)()

    def on_close(self, action: Callable[[], None]) -> None:
        """Do something more when the connection closes."""
        self._closing.append(action)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = ", closed" if self._closed else ""
        return f"<synthdb.Connection {self._url or self._database}{state}>"
