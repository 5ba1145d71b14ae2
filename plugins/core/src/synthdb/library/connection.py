"""The connection that ``synthdb.connect`` gives."""

from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self

from synthdb.library.applying import ApplyingMethods
from synthdb.library.branching import BranchSet, TagSet
from synthdb.library.combining import CombiningMethods
from synthdb.library.evolving import EvolutionMethods
from synthdb.library.explaining import ExplainMethods
from synthdb.library.feed import FeedMethods
from synthdb.library.files import FileMethods
from synthdb.library.lookback import LookbackMethods
from synthdb.library.models import ModelMethods
from synthdb.library.queries import QueryMethods
from synthdb.library.refs import RefText, SchemaOf, ref_of
from synthdb.library.rows import RowMethods
from synthdb.library.schema import SchemaMethods
from synthdb.library.session import Session
from synthdb.library.status import StatusMethods
from synthdb_host.manager import Host
from synthdb_host.operations import HEAD, Ref

__all__ = ["Connection"]


class Connection(
    RowMethods, SchemaMethods, FileMethods, LookbackMethods, CombiningMethods, ApplyingMethods, FeedMethods,
    ExplainMethods, QueryMethods, ModelMethods, EvolutionMethods, StatusMethods,
):  # fmt: skip
    """One branch or state of a database, open in this process. Use it from one thread at a time, and close it.

    Every write is one commit, durable when the method returns; :meth:`transaction` joins several. Errors are
    :class:`synthdb.RequestError`; the class and its ``code`` say what is wrong.
    """

    def __init__(
        self, host: Host, database: str, ref: Ref = HEAD, *, read_only: bool = False, message: str | None = None,
        parent: Session | None = None, url: str = "", closing: tuple[Callable[[], None], ...] = (),
    ) -> None:  # fmt: skip
        super().__init__(host, database, ref, read_only=read_only, message=message, parent=parent)
        self._url = url
        self._closing = list(closing)

    # -- states ------------------------------------------------------------------------------------------

    @property
    def branches(self) -> BranchSet:
        """The branches: list, make, change and drop them."""
        return BranchSet(self)

    @property
    def tags(self) -> TagSet:
        """The tags: list, make and drop them."""
        return TagSet(self)

    def branch(self, name: str) -> "Connection":
        """Give a connection on a branch. It shares this one's open database, and is closed with it or before.

        Raises:
            UnknownRef: there is no branch of this name.
        """
        return self._on(Ref(name), read_only=False)

    def at(self, ref: RefText, schema: SchemaOf | None = None) -> "Connection":
        """Give a connection that only reads, on any state.

        Args:
            ref: a branch or tag (``"v1"``), a commit id (``"17"``), a branch at a moment (``"dev@17"``,
                ``"dev@2026-01-02T03:04:05Z"``), or a moment of this branch (``"5 minutes ago"``).
            schema: ``then`` for the tables and columns of that moment (the default), ``now`` for those that the
                branch has now.

        Raises:
            UnknownRef: there is no such state.
            HistoryGone: it is no longer kept.
        """
        found = ref_of(ref, self._ref.branch)
        return self._on(replace(found, schema=schema or found.schema), read_only=True)

    def _on(self, ref: Ref, *, read_only: bool) -> "Connection":
        connection = Connection(
            self._host, self._database, ref, read_only=read_only, message=self._message, parent=self, url=self._url
        )
        connection.catalog()  # there is such a state, or this raises
        return connection

    # -- life --------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Release the database; a connection made by :meth:`branch` or :meth:`at` leaves it open to the others.

        Closing twice does nothing.
        """
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
        place = "" if self._ref == HEAD else f" at {self._ref}"
        return f"<synthdb.Connection {self._url or self._database}{place}{', closed' if self._is_closed else ''}>"
