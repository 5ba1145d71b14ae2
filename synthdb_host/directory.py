"""The directory: which databases there are, whose they are and where they lie, as the control database says.

What a process has read of it holds for one epoch; see :mod:`synthdb_host.epoch`.
"""

import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from synthdb_host.contracts import ANY_TENANT
from synthdb_host.control import Control
from synthdb_host.directory_tables import (
    DATABASES,
    HOSTS,
    MOVES,
    PLACEMENTS,
    TENANTS,
    DatabaseRecord,
    MoveRecord,
    PlacementRecord,
    State,
)
from synthdb_host.epoch import Epoch
from synthdb_host.errors import (
    Conflict,
    DatabaseArchived,
    DuplicateName,
    LimitReached,
    UnknownDatabase,
    UnknownPlacement,
    UnknownTenant,
)
from synthdb_host.located import Located
from synthdb_host.tenancy import check_name, split_name

__all__ = ["Directory"]

_D: Final = DATABASES.c
_FULL: Final = sa.case((_D.tenant == "", _D.name), else_=_D.tenant + "/" + _D.name)
_SERVED: Final = sa.and_(
    _D.state == "active",
    _D.tenant.in_(sa.select(TENANTS.c.name).where(TENANTS.c.state == "active").union_all(sa.select(sa.literal("")))),
)
_MOST_CHECKED: Final = 100
_EPOCH: Final = "control.epoch"


class Directory:
    """Implements :class:`synthdb_host.databases.PlacementSource` and :class:`synthdb_host.tenancy.HostNames`.

    Args:
        control: the control database.
        dry_run: undo every change once it has turned out to be possible.
    """

    creates = False

    def __init__(self, control: Control, *, dry_run: bool = False) -> None:
        self._control = control
        self._epoch = Epoch(control.folder / _EPOCH)
        self._dry_run = dry_run

    @property
    def version(self) -> int:
        """The epoch: odd while something is being changed, and another one afterwards."""
        value = self._epoch.value
        if value % 2:
            self._epoch.repair()
            value = self._epoch.value
        return value

    # -- what is there ----------------------------------------------------------------------------------

    def names(self, tenant: str = ANY_TENANT) -> tuple[str, ...]:
        """Name the databases that are served, sorted: of a tenant, of none (empty), or of all by their full names."""
        question = sa.select(_FULL if tenant == ANY_TENANT else _D.name).where(_SERVED)
        if tenant != ANY_TENANT:
            question = question.where(_D.tenant == tenant)
        return tuple(sorted(row[0] for row in self.read(question)))

    def find(self, name: str) -> Located | None:
        """Give where a database lies, None if there is none of this full name.

        Raises:
            DatabaseArchived: nobody may use it now.
        """
        tenant, own = split_name(name)
        question = sa.select(DATABASES, _SERVED.label("served")).where(_D.tenant == tenant, _D.name == own)
        rows = self.read(question)
        if not rows:
            return None
        (row,) = rows
        if not row.served:
            raise DatabaseArchived(f"database {own!r} is archived")
        return Located(row.url, f"{row.id}")

    def get(self, name: str) -> DatabaseRecord:
        """Give what is known of a database, archived or not; raises UnknownDatabase."""
        tenant, own = split_name(name)
        found = self.list(tenant, own)
        if not found:
            raise UnknownDatabase(f"there is no database {name!r}")
        return found[0]

    def list(
        self, tenant: str | None = None, name: str | None = None, placement: str | None = None
    ) -> tuple[DatabaseRecord, ...]:
        """List databases by their full names."""
        wanted = {_D.tenant: tenant, _D.name: name, _D.placement: placement}
        question = sa.select(DATABASES).where(*(one == value for one, value in wanted.items() if value is not None))
        return tuple(map(DatabaseRecord.of, self.read(question.order_by(_FULL))))

    def places(self) -> Sequence[tuple[str, str]]:
        """Give one database of each placement, and those of the first that are in none."""
        first = sa.select(sa.func.min(_D.id)).where(_SERVED, _D.placement != "").group_by(_D.placement)
        alone = sa.select(_D.id).where(_SERVED, _D.placement == "").limit(_MOST_CHECKED)
        found = self.read(sa.select(DATABASES).where(_D.id.in_(first) | _D.id.in_(alone)))
        return tuple((record.full_name, record.url) for record in map(DatabaseRecord.of, found))

    def tenant_of(self, host: str) -> str | None:
        """Give the tenant that a host name belongs to; None: to none in particular."""
        rows = self.read(sa.select(HOSTS.c.tenant).where(HOSTS.c.host == host))
        return str(rows[0].tenant) if rows else None

    def placement(self, name: str) -> PlacementRecord:
        """Give a placement; raises UnknownPlacement."""
        rows = self.read(sa.select(PLACEMENTS).where(PLACEMENTS.c.name == name))
        if not rows:
            raise UnknownPlacement(f"there is no placement {name!r}")
        return PlacementRecord.of(rows[0])

    def _choose(self, region: str, tier: str) -> PlacementRecord | None:
        count = sa.select(sa.func.count()).where(_D.placement == PLACEMENTS.c.name).scalar_subquery()
        rows = self.read(sa.select(PLACEMENTS, count.label("used")))
        if not rows and not region and not tier:
            return None
        fit = [row for row in rows if row.state == "active" and row.weight > 0]
        fit = [row for row in fit if region in ("", row.region) and tier in ("", row.tier)]
        if not fit:
            raise UnknownPlacement("no placement with these labels takes databases")
        return PlacementRecord.of(min(fit, key=lambda row: ((row.used + 1) / row.weight, row.name)))

    def place(self, name: str, placement: str = "", region: str = "", tier: str = "") -> tuple[str, str] | None:
        """Choose a URL, and the placement that it is in, for a new database; None: there are no placements.

        Raises:
            InvalidName: such a name cannot be.
            UnknownTenant, LimitReached: there is no such tenant, or it may have no more.
            UnknownPlacement: there is no such placement, or none with these labels takes any more.
        """
        check_name(name)
        tenant, own = split_name(name)
        with self._control.ready().connect() as connection:
            _admit(connection, tenant)
        chosen = self.placement(placement) if placement else self._choose(region, tier)
        return None if chosen is None else (chosen.locate(tenant, own), chosen.name)

    # -- changes ----------------------------------------------------------------------------------------

    def add(
        self, name: str, url: str, placement: str = "", quotas: Mapping[str, float] | None = None
    ) -> DatabaseRecord | None:
        """Record a database under its full name.

        Raises:
            DuplicateName: there is one of this name, or another one lies there.
            UnknownTenant: there is no such tenant, or it is archived.
            LimitReached: the tenant may have no more.
        """
        tenant, own = split_name(name)
        with self.change() as connection:
            _admit(connection, tenant)
            if connection.scalar(sa.select(_D.id).where(_D.url == url)) is not None:
                raise DuplicateName(f"another database lies where {name!r} is to lie")
            try:
                values = {"tenant": tenant, "name": own, "url": url, "placement": placement}
                values["quotas"] = json.dumps(dict(quotas or {}))
                connection.execute(sa.insert(DATABASES).values(values))
            except IntegrityError as error:
                raise DuplicateName(f"database {name!r} exists") from error
        return None if self._dry_run else self.get(name)

    def set_state(self, name: str, state: State) -> bool:
        """Archive or restore a database; False: it was so already. Raises UnknownDatabase."""
        record = self.get(name)
        return bool(self.execute(sa.update(DATABASES).where(_D.id == record.id, _D.state != state).values(state=state)))

    def relocate(self, move: MoveRecord, digest: str = "") -> None:
        """Let a database lie from now on where its move leads.

        Raises:
            Conflict: it no longer lies where the move began.
        """
        here = sa.update(DATABASES).where(_D.id == move.database, _D.url == move.source)
        done = sa.update(MOVES).where(MOVES.c.database == move.database).values(state="moved", digest=digest)
        with self.change() as connection:
            if not connection.execute(here.values(url=move.url, placement=move.placement)).rowcount:
                raise Conflict("the database was moved or removed meanwhile")
            connection.execute(done)

    def move_of(self, database: int) -> MoveRecord | None:
        """Give the move of a database that goes on, was interrupted, or is not confirmed."""
        rows = self.read(sa.select(MOVES).where(MOVES.c.database == database))
        return MoveRecord.of(rows[0]) if rows else None

    @contextmanager
    def moving(self, database: int) -> Iterator[None]:
        """Be the only process that moves a database.

        Raises:
            Conflict: another one does.
        """
        folder = self._control.folder / "moves"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{database}.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict("another process is moving this database") from None
            yield

    def interrupted(self, mark: str) -> AbstractContextManager[None] | None:
        """Give a hold on a move that nobody goes on with, though it was neither finished nor cancelled; else None."""
        move = self.move_of(int(mark))
        return self.moving(move.database) if move is not None and move.state == "copying" else None

    def remove(self, record: DatabaseRecord) -> None:
        """Forget a database."""
        self.execute(sa.delete(DATABASES).where(_D.id == record.id))

    def execute(self, statement: "sa.Insert | sa.Update | sa.Delete") -> int:
        """Run a statement as a change; gives how many rows it changed."""
        with self.change() as connection:
            return connection.execute(statement).rowcount

    @contextmanager
    def change(self) -> Iterator[sa.Connection]:
        """Change what the directory says; it takes effect for every process when this ends."""
        engine = self._control.ready()
        with self._epoch.change(), engine.connect() as connection:
            connection.begin()
            yield connection
            (connection.rollback if self._dry_run else connection.commit)()

    def read(self, question: "sa.Select[Any]") -> Sequence[Any]:
        """Read rows."""
        with self._control.ready().connect() as connection:
            return connection.execute(question).all()


def _admit(connection: sa.Connection, tenant: str) -> None:
    if not tenant:
        return
    row = connection.execute(sa.select(TENANTS).where(TENANTS.c.name == tenant)).one_or_none()
    if row is None or row.state != "active":
        raise UnknownTenant(f"there is no tenant {tenant!r}" if row is None else f"tenant {tenant!r} is archived")
    count = connection.scalar(sa.select(sa.func.count()).select_from(DATABASES).where(_D.tenant == tenant)) or 0
    if row.max_databases is not None and count >= row.max_databases:
        raise LimitReached(f"tenant {tenant!r} has {count} databases, and may have no more")
