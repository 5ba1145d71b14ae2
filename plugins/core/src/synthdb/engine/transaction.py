"""Interactive transactions: several operations, one commit, the writer alone."""

from synthdb.engine.operations import execute, require_part
from synthdb.engine.session import Session
from synthdb.engine.translation import FOREIGN
from synthdb.engine.writer import Unit, Writer
from synthdb_host.contracts import Context, Restrictions, Result
from synthdb_host.errors import Conflict
from synthdb_host.operations import HEAD, Operation, Ref

__all__ = ["EngineTransaction"]


class EngineTransaction:
    """Holds the write lock from its start to its commit or rollback.

    Implements :class:`synthdb_host.contracts.Transaction`. An error in an operation undoes that operation only,
    unless the storage lost the whole transaction (a full disk); then everything after it is refused.
    """

    def __init__(self, writer: Writer, context: Context, ref: Ref = HEAD) -> None:
        self._writer = writer
        self._session: Session | None = None
        self._context = context
        writer.lock.acquire()
        try:
            writer.begin()
            self._session = writer.session(ref)
        except BaseException as error:
            self._end()
            if isinstance(error, FOREIGN):
                raise writer.translated(error) from error
            raise

    async def execute(self, operation: Operation, restrictions: Restrictions, context: Context) -> Result:
        """Run an operation inside the transaction."""
        require_part(operation)
        session = self._running()
        unit = Unit(operation, restrictions, context)
        return self._writer.step(session, unit, lambda session: execute(session, operation))

    async def commit(self) -> str | None:
        """Make everything durable; gives the commit id, None if nothing changed."""
        session = self._running()
        session.context = self._context
        try:
            commit = None if session.is_empty else str(session.commit)
            if commit is not None:
                session.write_commit("transaction")
            self._writer.commit()
            self._writer.remember(session)
        except FOREIGN as error:
            failure = self._writer.translated(error)
            self._end()
            raise failure from error
        self._session = None
        self._writer.lock.release()
        return commit

    async def rollback(self) -> None:
        """Undo everything; harmless after the end."""
        if self._session is not None:
            self._end()

    def _running(self) -> Session:
        if self._session is None:
            raise Conflict("This transaction has ended.")
        if not self._session.driver.in_transaction:
            self._end()
            raise Conflict("This transaction was lost in an earlier failure.", hint="Start it again.")
        return self._session

    def _end(self) -> None:
        self._session = None
        try:
            self._writer.rollback()
        finally:
            self._writer.lock.release()
