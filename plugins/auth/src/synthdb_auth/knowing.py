"""Who sent a credential. What was found out is remembered until anything changes, so that it costs no I/O."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import sqlalchemy as sa

from synthdb_auth.keys import digest, kind_of
from synthdb_auth.noting import Notes
from synthdb_auth.scopes import Right
from synthdb_auth.store import Store
from synthdb_auth.tables import ACCOUNTS, KEYS, MEMBERS, SESSIONS, TEAMS
from synthdb_host.contracts import Principal

__all__ = ["COOKIE", "Knower", "is_own_page"]

COOKIE: Final = "__Host-synthdb"

_MOST: Final = 20_000
_USED_SECONDS: Final = 60.0
_OWN_SITE: Final = frozenset({"same-origin", "none"})


@dataclass(slots=True)
class _Known:
    principal: Principal
    table: sa.Table
    id: str
    expires_at: float
    noted_at: float


_NEVER: Final = _Known(Principal("nobody"), KEYS, "", 0.0, 0.0)
"""What is found of a key that was not seen yet."""


class Knower:
    """Knows who sent a key.

    Args:
        store: where keys and sessions are kept.
        pepper: what their digests are keyed with.
        notes: told which keys are used.
    """

    def __init__(self, store: Store, pepper: bytes, notes: Notes) -> None:
        self._store = store
        self._pepper = pepper
        self._notes = notes
        self._known: dict[str, _Known | None] = {}
        self._epoch = -1

    def of_cookie(self, headers: Mapping[str, str]) -> Principal | None:
        """Say whose session a page of this server belongs to; None: there is none, or the page is foreign."""
        cookies = headers.get("cookie", "")
        if COOKIE not in cookies or not is_own_page(headers):
            return None
        values = [part.strip().partition("=") for part in cookies.split(";")]
        tokens = [value for name, _, value in values if name == COOKIE]
        # Two of them: another site has put one beside ours.
        return self.find(tokens[0]) if len(tokens) == 1 else None

    def find(self, text: str) -> Principal | None:
        """Say who a key, or the token of a session, stands for now; None: it is none that works."""
        if (epoch := self._store.epoch) != self._epoch:
            self._known.clear()
            self._epoch = epoch if epoch % 2 == 0 else -1
        # Found by its hash, whose secret is this process's own: how long that takes tells nothing of other keys.
        known = self._known.get(text, _NEVER)
        if known is _NEVER:
            known = self._looked_up(text)
        if known is None:
            return None
        now = self._store.clock()
        if known.expires_at <= now:
            return None
        if now - known.noted_at > _USED_SECONDS:
            known.noted_at = now
            self._notes.used(known.table, known.id, now)
        return known.principal

    def _looked_up(self, text: str) -> "_Known | None":
        """Look for a key that was not seen; what is none as one is made is not looked for."""
        kind = kind_of(text)
        if kind is None:
            return None
        if len(self._known) >= _MOST:
            self._known.clear()
        found = self._read(digest(text, self._pepper), SESSIONS if kind == "ses" else KEYS)
        self._known[text] = found
        return found

    def _read(self, sealed: bytes, table: sa.Table) -> _Known | None:
        rows = self._store.read(
            sa.select(table, ACCOUNTS.c.name, ACCOUNTS.c.tenant, ACCOUNTS.c.kind)
            .join(ACCOUNTS, ACCOUNTS.c.id == table.c.account)
            .where(table.c.digest == sealed, table.c.revoked_at.is_(None), ACCOUNTS.c.state == "active")
        )
        if not rows:
            return None
        (row,) = rows
        mine = sa.select(TEAMS.c.name).join(MEMBERS, MEMBERS.c.team == TEAMS.c.id)
        teams = [team.name for team in self._store.read(mine.where(MEMBERS.c.account == row.account))]
        claims = {"account": row.account, "credential": row.id, "teams": tuple(sorted(teams))}
        if table is KEYS and row.scopes:
            claims["scopes"] = tuple(map(Right.parse, json.loads(row.scopes)))
        principal = Principal(row.name, row.kind, MappingProxyType(claims), row.tenant or None)
        end = float("inf") if row.expires_at is None else row.expires_at
        return _Known(principal, table, row.id, end, row.used_at or 0.0)


def is_own_page(headers: Mapping[str, str]) -> bool:
    """Say whether a request comes from a page of this server, or from none."""
    if headers.get("sec-fetch-site", "none") not in _OWN_SITE:
        return False
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers.get("host")
