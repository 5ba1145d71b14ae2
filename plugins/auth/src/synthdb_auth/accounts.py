"""Users and service accounts."""

import re
from dataclasses import dataclass
from typing import Final, Literal

import sqlalchemy as sa

from synthdb_auth.passwords import Passwords, check_password
from synthdb_auth.store import Store, new_id
from synthdb_auth.tables import ACCOUNTS, SESSIONS
from synthdb_host.errors import DuplicateName, InvalidName, NotFound

__all__ = ["Account", "AccountKind", "Accounts"]

AccountKind = Literal["user", "service"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}", re.ASCII)
_RESERVED: Final = frozenset({"local", "admin-token", "anonymous"})


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody, or some program, that can have keys and rights. ``tenant`` is empty for the installation's own."""

    id: str
    tenant: str
    name: str
    kind: AccountKind
    state: Literal["active", "disabled"]
    has_password: bool
    created_at: float


class Accounts:
    """The accounts of an installation."""

    def __init__(self, store: Store, passwords: Passwords) -> None:
        self._store = store
        self._passwords = passwords

    def list(self, tenant: str | None = None, name: str | None = None) -> tuple[Account, ...]:
        """List accounts by tenant and name."""
        wanted = {ACCOUNTS.c.tenant: tenant, ACCOUNTS.c.name: name}
        question = sa.select(ACCOUNTS).where(*(one == value for one, value in wanted.items() if value is not None))
        return tuple(map(_account, self._store.read(question.order_by(ACCOUNTS.c.tenant, ACCOUNTS.c.name))))

    def get(self, name: str, tenant: str = "") -> Account:
        """Give an account; raises NotFound."""
        found = self.list(tenant, name)
        if not found:
            where = f" of tenant {tenant!r}" if tenant else ""
            raise NotFound(f"There is no account {name!r}{where}.", hint="synthdb auth users list")
        return found[0]

    def create(
        self, name: str, kind: AccountKind = "user", tenant: str = "", password: str | None = None, by: str = "local"
    ) -> Account:
        """Make an account, which may do nothing yet.

        Raises:
            InvalidName: it is not letters, digits and ``._@+-``, a letter or digit first.
            DuplicateName: there is, or was, one of this name.
            InvalidValue: the password is easily guessed.
        """
        if not _NAME.fullmatch(name) or name.lower() in _RESERVED:
            raise InvalidName(f"{name!r} cannot be the name of an account.", hint="letters, digits and ._@+-")
        hashed = None
        if password is not None:
            check_password(password, name)
            hashed = self._passwords.hash(password)
        with self._store.change(by) as change:
            same = sa.select(ACCOUNTS.c.id).where(
                ACCOUNTS.c.tenant == tenant, sa.func.lower(ACCOUNTS.c.name) == name.lower()
            )
            if change.connection.scalar(same) is not None:
                raise DuplicateName(f"There is an account {name!r}.", hint="A name is never given twice.")
            account = new_id("usr" if kind == "user" else "svc")
            change.connection.execute(
                sa.insert(ACCOUNTS).values(
                    id=account,
                    tenant=tenant,
                    name=name,
                    kind=kind,
                    state="active",
                    password=hashed,
                    created_at=change.at,
                )
            )
            change.note("account.create", name, tenant, details={"kind": kind, "id": account})
        return self.get(name, tenant)

    def set_state(self, account: Account, state: Literal["active", "disabled"], by: str = "local") -> bool:
        """Disable an account with all its keys and sessions, or enable it; False: it was so already."""
        change_it = sa.update(ACCOUNTS).where(ACCOUNTS.c.id == account.id, ACCOUNTS.c.state != state)
        with self._store.change(by) as change:
            changed = change.connection.execute(change_it.values(state=state)).rowcount > 0
            if changed:
                action = "account.enable" if state == "active" else "account.disable"
                change.note(action, account.name, account.tenant)
        return changed

    def set_password(self, account: Account, password: str, by: str = "local") -> None:
        """Give an account another password; all its sessions end.

        Raises:
            InvalidValue: it is easily guessed.
        """
        check_password(password, account.name)
        hashed = self._passwords.hash(password)
        with self._store.change(by) as change:
            change.connection.execute(sa.update(ACCOUNTS).where(ACCOUNTS.c.id == account.id).values(password=hashed))
            mine = sa.update(SESSIONS).where(SESSIONS.c.account == account.id, SESSIONS.c.revoked_at.is_(None))
            change.connection.execute(mine.values(revoked_at=change.at))
            change.note("account.password", account.name, account.tenant)

    def hashed(self, name: str, tenant: str) -> tuple[Account | None, str | None]:
        """Give an account and the hash of its password, as far as there are such."""
        question = sa.select(ACCOUNTS).where(ACCOUNTS.c.tenant == tenant, ACCOUNTS.c.name == name)
        rows = self._store.read(question)
        return (_account(rows[0]), rows[0].password) if rows else (None, None)


def _account(row: "sa.Row[tuple[object, ...]]") -> Account:
    return Account(row.id, row.tenant, row.name, row.kind, row.state, row.password is not None, row.created_at)
