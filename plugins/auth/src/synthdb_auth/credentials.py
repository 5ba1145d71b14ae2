"""API keys and sessions: made, listed, rotated and revoked."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from synthdb_auth.accounts import Account
from synthdb_auth.keys import Key, make_key
from synthdb_auth.scopes import Right
from synthdb_auth.store import Change, Store, new_id
from synthdb_auth.tables import ACCOUNTS, KEYS, SESSIONS
from synthdb_host.errors import Conflict, NotFound

__all__ = ["ApiKey", "Credentialing"]

_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; ``scopes`` empty: it may do all that its account may."""

    id: str
    account: str
    tenant: str
    label: str
    shown: str
    scopes: tuple[str, ...]
    created_at: float
    expires_at: float | None
    revoked_at: float | None
    used_at: float | None

    def state(self, now: float) -> str:
        """Say whether it works."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


class Credentialing:
    """The keys and sessions of an installation.

    Args:
        store: where they are kept.
        pepper: what their digests are keyed with.
        most_days: the longest time that a new key may work.
        session_seconds: how long a session lasts.
    """

    def __init__(self, store: Store, pepper: bytes, most_days: float, session_seconds: float) -> None:
        self._store = store
        self._pepper = pepper
        self._most_days = most_days
        self._session_seconds = session_seconds

    def list(self, account: Account | None = None, id_: str | None = None) -> tuple[ApiKey, ...]:
        """List keys, the newest last."""
        question = sa.select(KEYS, ACCOUNTS.c.name, ACCOUNTS.c.tenant).join(ACCOUNTS, ACCOUNTS.c.id == KEYS.c.account)
        if account is not None:
            question = question.where(KEYS.c.account == account.id)
        if id_ is not None:
            question = question.where(KEYS.c.id == id_)
        return tuple(map(_key, self._store.read(question.order_by(KEYS.c.created_at))))

    def get(self, id_: str, account: Account | None = None) -> ApiKey:
        """Give what is known of a key, if it is one of the account; raises NotFound."""
        found = self.list(account, id_)
        if not found:
            raise NotFound(f"There is no key {id_!r}.", hint="synthdb auth keys list")
        return found[0]

    def create(
        self,
        account: Account,
        label: str = "",
        scopes: Sequence[Right] = (),
        days: float | None = None,
        by: str = "local",
    ) -> tuple[ApiKey, Key]:
        """Make a key; it is told once."""
        with self._store.add(by) as change:
            id_, key = self._insert(change, account, label, json.dumps([str(one) for one in scopes]), days)
            change.note("key.create", id_, account.tenant, details={"account": account.name, "shown": key.shown})
        return self.get(id_), key

    def rotate(self, old: ApiKey, account: Account, overlap: float = 0.0, by: str = "local") -> tuple[ApiKey, Key]:
        """Make a key like another one, which works for ``overlap`` more seconds.

        Raises:
            Conflict: the other one does not work any more.
        """
        now = self._store.clock()
        if old.state(now) != "active":
            raise Conflict(f"Key {old.id!r} is {old.state(now)}.", hint="Make a new one.")
        days = None if old.expires_at is None else (old.expires_at - old.created_at) / _DAY
        end = now + overlap if old.expires_at is None else min(now + overlap, old.expires_at)
        with self._store.change(by) as change:
            id_, key = self._insert(change, account, old.label, json.dumps(old.scopes), days)
            change.connection.execute(sa.update(KEYS).where(KEYS.c.id == old.id).values(expires_at=end))
            change.note("key.rotate", old.id, account.tenant, details={"new": id_, "overlap_seconds": overlap})
        return self.get(id_), key

    def revoke(self, key: ApiKey, by: str = "local") -> bool:
        """Let a key work no more, from now on and in every process; False: it was revoked already."""
        working = sa.update(KEYS).where(KEYS.c.id == key.id, KEYS.c.revoked_at.is_(None))
        with self._store.change(by) as change:
            revoked = change.connection.execute(working.values(revoked_at=change.at)).rowcount > 0
            if revoked:
                change.note("key.revoke", key.id, key.tenant, details={"account": key.account})
        return revoked

    def open_session(self, account: Account, client: str) -> tuple[str, Key, float]:
        """Begin a session; gives its id, the key that stands for it, and when it ends."""
        key, id_ = make_key("ses", self._pepper), new_id("ses")
        with self._store.add(account.name) as change:
            end = change.at + self._session_seconds
            values = {"id": id_, "account": account.id, "digest": key.digest, "client": client[:100]}
            change.connection.execute(
                sa.insert(SESSIONS).values(created_at=change.at, expires_at=end, used_at=change.at, **values)
            )
            change.note("session.open", account.name, account.tenant, details={"client": client[:100], "id": id_})
        return id_, key, end

    def close_session(self, id_: str, by: str, tenant: str = "") -> bool:
        """End a session in every process; False: it was over already."""
        going_on = sa.update(SESSIONS).where(SESSIONS.c.id == id_, SESSIONS.c.revoked_at.is_(None))
        with self._store.change(by) as change:
            ended = change.connection.execute(going_on.values(revoked_at=change.at)).rowcount > 0
            if ended:
                change.note("session.close", id_, tenant)
        return ended

    def _insert(self, change: Change, account: Account, label: str, scopes: str, days: float | None) -> tuple[str, Key]:
        key, id_ = make_key("svc" if account.kind == "service" else "pat", self._pepper), new_id("key")
        seconds = min(days if days is not None else self._most_days, self._most_days) * _DAY
        change.connection.execute(
            sa.insert(KEYS).values(
                id=id_,
                account=account.id,
                label=label[:100],
                shown=key.shown,
                digest=key.digest,
                scopes=None if scopes == "[]" else scopes,
                created_at=change.at,
                expires_at=change.at + seconds,
            )
        )
        return id_, key


def _key(row: "sa.Row[tuple[object, ...]]") -> ApiKey:
    scopes = tuple(json.loads(row.scopes)) if row.scopes else ()
    return ApiKey(
        row.id, row.name, row.tenant, row.label, row.shown, scopes, row.created_at, row.expires_at, row.revoked_at,
        row.used_at,
    )  # fmt: skip
