"""Running operations on one state of a database, alone or inside a transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Self

from synthdb_host.access import PROCESS
from synthdb_host.catalog import Catalog
from synthdb_host.contracts import Context, Result
from synthdb_host.errors import Conflict, InvalidParameter, ReadOnly
from synthdb_host.gate import Gate
from synthdb_host.gated import GatedTransaction
from synthdb_host.manager import Host
from synthdb_host.operations import HEAD, Change, Define, Operation, Ref, Select, Sql
from synthdb_host.stepping import run
from synthdb_host.versions import Branches, Changes, Conflicts, Diff, History, Log, StorageReport, Tags

__all__ = ["Session"]

_READS: Final = (Select, Sql, Log, History, Diff, Changes, Branches, Tags, Conflicts, StorageReport)


class Session:
    """One database of a host at one ref, as principal ``local``. Use it from one thread at a time.

    Args:
        host: where the database is.
        database: its name.
        ref: the branch or state that everything is read from and written to.
        read_only: refuse everything that writes.
        message: kept with each commit that is given none of its own.
        parent: the session that this one lives no longer than.
    """

    def __init__(
        self,
        host: Host,
        database: str,
        ref: Ref = HEAD,
        *,
        read_only: bool = False,
        message: str | None = None,
        parent: "Session | None" = None,
    ) -> None:
        self._host = host
        self._database = database
        self._ref = ref
        self._read_only = read_only
        self._message = message
        self._parent = parent
        self._transaction: GatedTransaction | None = None
        # Which one of the sessions made from each other has a transaction open: the others would wait for it for ever.
        self._writing: list[Session] = [] if parent is None else parent._writing  # noqa: SLF001 - of this class
        self._closed = False

    @property
    def _is_closed(self) -> bool:
        return self._closed or (self._parent is not None and self._parent._is_closed)  # noqa: SLF001 - of this class

    @property
    def _gate(self) -> Gate:
        if self._is_closed:
            raise Conflict("This connection is closed.", hint="Connect again.")
        return self._host.gate

    @property
    def database(self) -> str:
        """The name of the database."""
        return self._database

    @property
    def ref(self) -> Ref:
        """The branch or state that this is about."""
        return self._ref

    def execute(self, operation: Operation, *, message: str | None = None, dry_run: bool = False) -> Result:
        """Run an operation: durable when this returns, without any effect if it raises.

        It reads and writes the ref that it names itself, which is the main branch if it names none.

        Args:
            operation: what to do.
            message: kept with the commit; inside a transaction, that of the transaction is.
            dry_run: do and report everything, then undo it.

        Raises:
            ReadOnly: it writes, and this connection is on a past state.
            RequestError: the operation was refused; the class and its ``code`` say why.
        """
        gate = self._gate
        if self._read_only and not isinstance(operation, _READS):
            raise self._refused()
        if self._transaction is None:
            self._check_free(operation)
            context = Context(PROCESS, message=message or self._message, dry_run=dry_run)
            return run(gate.execute(self._database, operation, context))
        if message is not None or dry_run:
            raise InvalidParameter(
                "A transaction is one commit with one message, and is done as a whole.",
                hint="Give the message to transaction(...), and dry-run outside of it.",
            )
        return run(self._transaction.execute(operation))

    def _check_free(self, operation: Operation) -> None:
        if self._writing and not isinstance(operation, _READS):
            place = str(self._writing[0].ref)
            raise Conflict(
                f"A transaction is open on the connection to {place!r}, and this one would wait for it for ever.",
                hint="Write with that connection, or end its transaction first.",
            )

    def _refused(self) -> ReadOnly:
        return ReadOnly(
            f"This connection only reads {str(self._ref)!r}.", hint="branch(NAME) gives one that can write to a branch."
        )

    def catalog(self) -> Catalog:
        """Describe the tables, columns, keys and relations. A transaction's own changes are not in it yet."""
        return run(self._gate.catalog(self._database, Context(PROCESS), self._ref))

    @contextmanager
    def transaction(self, message: str | None = None) -> Iterator[Self]:
        """Make everything done inside the ``with`` block one commit, or nothing if it raises.

        Other writers wait until the block ends. ``message`` is kept with the commit.

        Raises:
            Conflict: a transaction is open on this connection already.
            ReadOnly: this connection is on a past state.
        """
        if self._writing:
            raise Conflict("A transaction is open on this connection already.", hint="Do everything in the outer one.")
        if self._read_only:
            raise self._refused()
        context = Context(PROCESS, message=message or self._message)
        transaction = run(self._gate.begin(self._database, context, self._ref))
        self._transaction = transaction
        self._writing.append(self)
        try:
            yield self
        except BaseException:
            self._end()
            run(transaction.rollback())
            raise
        self._end()
        run(transaction.commit())

    def _end(self) -> None:
        self._transaction = None
        self._writing.clear()

    def _define(self, *changes: Change, message: str | None = None) -> None:
        self.execute(Define(changes, self._ref), message=message)
