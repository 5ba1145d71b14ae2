"""Branches and tags."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from synthdb.library.refs import RefText, ref_of
from synthdb.library.session import Session
from synthdb_host.encoding import format_timestamp
from synthdb_host.errors import UnknownRef
from synthdb_host.operations import Ref
from synthdb_host.versions import (
    AlterBranch,
    BranchChange,
    Branches,
    Branching,
    Compact,
    CreateBranch,
    CreateTag,
    DropBranch,
    DropTag,
    Tags,
)

if TYPE_CHECKING:
    from synthdb.library.connection import Connection

__all__ = ["BranchSet", "Expiry", "TagSet", "find_branch"]

Expiry = str | datetime | timedelta | None
"""When a branch may be dropped: a timestamp, or how long from now. None: never."""

_FORGOTTEN_AFTER = timedelta(days=1)
"""When a temporary branch expires, should the process die before it drops it."""


def find_branch(session: Session, name: str) -> dict[str, Any]:
    """Describe one branch.

    Raises:
        UnknownRef: there is none of this name.
    """
    for row in session.execute(Branches(prefix=name)).python():
        if row["name"] == name:
            return row
    raise UnknownRef(f"There is no branch {name!r}.", data={"ref": name})


class _Names:
    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def _change(self, *changes: BranchChange) -> None:
        self._connection.execute(Branching(changes))

    def _state(self, at: RefText | None) -> Ref:
        ref = self._connection.ref
        return ref if at is None else ref_of(at, ref.branch)


class BranchSet(_Names):
    """The branches of a database. Making one copies nothing, however large the database is."""

    def create(
        self, name: str, at: RefText | None = None, *, comment: str | None = None, expires: Expiry = None,
        if_not_exists: bool = False,
    ) -> None:  # fmt: skip
        """Make a branch.

        Args:
            name: letters, digits, ``.``, ``_`` and ``-``, beginning with a letter.
            at: the state it starts as; without it, that of this connection.
            comment: a note kept with it.
            expires: when it may be dropped.
            if_not_exists: do nothing if there is a branch of this name.

        Raises:
            DuplicateName: there is a branch or tag of this name.
            UnknownRef: there is no such state to start from.
        """
        self._change(CreateBranch(name, self._state(at), comment, _timestamp(expires), if_not_exists))

    def list(self, prefix: str = "", *, limit: int | None = None, after: str | None = None) -> list[dict[str, Any]]:
        """List the branches whose names begin with ``prefix``, a page of ``limit`` behind the name ``after``.

        Returns:
            For each name, parent, fork, created, head, protected, expires and comment.
        """
        return self._connection.execute(Branches(prefix, limit, after)).python()

    def get(self, name: str) -> dict[str, Any]:
        """Describe one branch.

        Raises:
            UnknownRef: there is none of this name.
        """
        return find_branch(self._connection, name)

    def rename(self, name: str, new: str) -> None:
        """Give a branch another name."""
        self._change(AlterBranch(name, name=new))

    def describe(self, name: str, comment: str) -> None:
        """Keep a note with a branch; an empty one takes it away."""
        self._change(AlterBranch(name, comment=comment))

    def protect(self, name: str) -> None:
        """Let rows and schema of a branch change only by merges into it."""
        self._change(AlterBranch(name, protected=True))

    def unprotect(self, name: str) -> None:
        """Let a branch be written to again."""
        self._change(AlterBranch(name, protected=False))

    def expire(self, name: str, expires: Expiry) -> None:
        """Say when a branch may be dropped; None: never."""
        self._change(AlterBranch(name, expires=_timestamp(expires) or ""))

    def drop(self, name: str, *, if_exists: bool = False) -> None:
        """Remove a branch with all its commits.

        Raises:
            ProtectedBranch: it is protected.
            Conflict: branches or tags were made from it.
            UnknownRef: there is none of this name.
        """
        self._change(DropBranch(name, if_exists))

    def compact(self, name: str, *, whole: bool = False) -> int:
        """Let a branch hold what it shows of the branches below it, and with ``whole`` what it shows of main.

        It is read as fast as main then; what it shows stays the same. Gives how many rows were copied.

        Raises:
            InvalidParameter: it is main, which has rows of its own.
            UnknownRef: there is none of this name.
        """
        return self._connection.execute(Compact(Ref(name), whole)).affected or 0

    @contextmanager
    def temporary(self, at: RefText | None = None) -> Iterator["Connection"]:
        """Give a connection on a new branch, which is dropped at the end of the ``with`` block.

        Example:
            >>> with db.branches.temporary() as trial:
            ...     trial.delete("people", every_row=True)
        """
        name = f"tmp-{secrets.token_hex(8)}"
        self.create(name, at, comment="temporary", expires=_FORGOTTEN_AFTER)
        try:
            with self._connection.branch(name) as connection:
                yield connection
        finally:
            self.drop(name, if_exists=True)


class TagSet(_Names):
    """The tags of a database: names of states, which stay readable for ever."""

    def create(self, name: str, at: RefText | None = None, *, comment: str | None = None) -> None:
        """Name a state; without ``at``, that of this connection.

        Raises:
            DuplicateName: there is a branch or tag of this name.
        """
        self._change(CreateTag(name, self._state(at), comment))

    def list(self) -> list[dict[str, Any]]:
        """List the tags: for each name, branch, commit, created and comment."""
        return self._connection.execute(Tags()).python()

    def drop(self, name: str, *, if_exists: bool = False) -> None:
        """Remove a tag; the state that it named stays as long as others need it."""
        self._change(DropTag(name, if_exists))


def _timestamp(expires: Expiry) -> str | None:
    if isinstance(expires, timedelta):
        expires = datetime.now(UTC) + expires
    return format_timestamp(expires) if isinstance(expires, datetime) else expires
