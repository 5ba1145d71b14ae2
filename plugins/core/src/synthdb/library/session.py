"""Running operations on one database of a host, alone or inside a transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from synthdb_host.access import LOCAL
from synthdb_host.catalog import Catalog
from synthdb_host.contracts import Context, Result
from synthdb_host.errors import Conflict
from synthdb_host.gate import Gate, GatedTransaction
from synthdb_host.manager import Host
from synthdb_host.operations import Change, Define, Operation
from synthdb_host.stepping import run

__all__ = ["Session"]


class Session:
    """One database of a host as principal ``local``. Use it from one thread at a time."""

    def __init__(self, host: Host, database: str) -> None:
        self._host = host
        self._database = database
        self._transaction: GatedTransaction | None = None
        self._closed = False

    @property
    def _gate(self) -> Gate:
        if self._closed:
            raise Conflict("This connection is closed.", hint="Connect again.")
        return self._host.gate

    @property
    def database(self) -> str:
        """The name of the database."""
        return self._database

    def execute(self, operation: Operation) -> Result:
        """Run an operation: durable when this returns, without any effect if it raises.

        Raises:
            RequestError: the operation was refused; the class and its ``code`` say why.
        """
        if self._transaction is not None:
            return run(self._transaction.execute(operation))
        return run(self._gate.execute(self._database, operation, Context(LOCAL)))

    def catalog(self) -> Catalog:
        """Describe the tables, columns, keys and relations. A transaction's own changes are not in it yet."""
        return run(self._gate.catalog(self._database, Context(LOCAL)))

    @contextmanager
    def transaction(self, message: str | None = None) -> Iterator[Self]:
        """Make everything done inside the ``with`` block one commit, or nothing if it raises.

        Other writers wait until the block ends. ``message`` is kept with the commit.

        Raises:
            Conflict: a transaction is open on this connection already.
        """
        if self._transaction is not None:
            raise Conflict("A transaction is open on this connection already.", hint="Do everything in the outer one.")
        transaction = run(self._gate.begin(self._database, Context(LOCAL, message=message)))
        self._transaction = transaction
        try:
            yield self
        except BaseException:
            self._transaction = None
            run(transaction.rollback())
            raise
        self._transaction = None
        run(transaction.commit())

    def _define(self, *changes: Change) -> None:
        self.execute(Define(changes))
