"""The webhooks of a database: what is kept of them beside its rows, and who may manage them.

They are records and no table: a secret must not be read with the rows or found in the history, no branch or merge may
bring an old address back, and a delivery is no commit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Final

from synthdb.webhooks.webhook import Health, Webhook, described, new_secret, now
from synthdb_host.contracts import Context
from synthdb_host.errors import Conflict, Forbidden, InvalidParameter, NotFound
from synthdb_host.gate import Gate
from synthdb_host.records import KeepRecords, Records
from synthdb_host.versions import Log

__all__ = ["KIND", "Draft", "Webhooks", "dead_key"]

KIND: Final = "webhooks"
"""The kind of their records, and the action that managing them needs."""

_MOST: Final = 100
_LONGEST_OFFSET: Final = 18


def dead_key(webhook: str, message: str) -> str:
    """Give the key of a dead letter."""
    return f"dead/{webhook}/{message}"


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants of a webhook; ``secret`` None: keep the one it has, or make one."""

    url: str
    tables: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    description: str | None = None
    enabled: bool = True
    secret: str | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The webhooks of a database, for one caller."""

    gate: Gate
    database: str
    context: Context

    async def all(self) -> list[dict[str, Any]]:
        """Describe all webhooks, by name."""
        found = await self._records("")
        dead = [key.split("/")[1] for key in found if key.startswith("dead/")]
        return [
            described(webhook, Health.of_record(found.get(f"state/{webhook.name}")), dead.count(webhook.name))
            for webhook in map(Webhook.of_record, _under(found, "config/").values())
        ]

    async def get(self, name: str) -> Webhook:
        """Give a webhook.

        Raises:
            NotFound: there is none of this name.
        """
        found = _under(await self._records("config/"), "config/")
        if name not in found:
            close = get_close_matches(name, list(found), n=1)
            hint = f"Did you mean {close[0]!r}?" if close else None
            raise NotFound(f"There is no webhook {name[:100]!r}.", hint=hint, data={"webhook": name[:100]})
        return Webhook.of_record(found[name])

    async def health(self, name: str) -> Health:
        """Give how a webhook fares."""
        return Health.of_record((await self._records(f"state/{name}")).get(f"state/{name}"))

    async def show(self, name: str) -> dict[str, Any]:
        """Describe a webhook; raises NotFound."""
        webhook, dead = await self.get(name), await self.dead_letters(name)
        return described(webhook, await self.health(name), len(dead))

    async def deliveries(self, name: str) -> list[dict[str, Any]]:
        """Give the last attempts, the newest first; raises NotFound."""
        await self.get(name)
        found: list[dict[str, Any]] = (await self._records(f"log/{name}")).get(f"log/{name}", [])
        return found[::-1]

    async def dead_letters(self, name: str) -> list[dict[str, Any]]:
        """Give the messages that were given up, in the order of their commits."""
        found = await self._records(dead_key(name, ""))
        return sorted(found.values(), key=lambda letter: (int(letter["offset"]), letter["part"]))

    async def put(self, name: str, draft: Draft) -> tuple[Webhook, str | None, bool]:
        """Make a webhook or change it.

        Gives it, the secret if one was made, which is not told again, and whether it is new.

        Raises:
            Forbidden: the caller may not read all that would be sent.
            InvalidName, InvalidParameter: a part of it cannot be.
            Conflict: there are too many.
        """
        await self.require_sight()
        _check_offset(draft.since)
        found = await self._records("config/")
        known = found.get(f"config/{name}")
        secret = None
        if known is None:
            if len(found) >= _MOST:
                raise Conflict(f"A database has at most {_MOST} webhooks.")
            secret = None if draft.secret else new_secret()
            webhook = Webhook(name, draft.url, created_at=now(), created_by=self.context.principal.id)
            webhook = webhook.begun(draft.since or await self._head()).rotated(draft.secret or secret or "")
        else:
            webhook = Webhook.of_record(known)
            if draft.since is not None and draft.since != webhook.since:
                webhook = webhook.begun(draft.since)
            if draft.secret is not None and draft.secret != webhook.secrets[0][0]:
                webhook = webhook.rotated(draft.secret)
        webhook = replace(
            webhook, url=draft.url, tables=draft.tables, operations=draft.operations, description=draft.description,
            enabled=draft.enabled,
        ).checked()  # fmt: skip
        await self._keep({f"config/{name}": webhook.record()}, {f"config/{name}": known})
        return webhook, secret, known is None

    async def enable(self, name: str, *, enabled: bool = True) -> Webhook:
        """Switch a webhook on, whatever switched it off, or off; it goes on where it was."""
        webhook = await self.get(name)
        if enabled:
            await self.require_sight()
        changed = replace(webhook, enabled=enabled)
        state = {f"state/{name}": None} if enabled else {}
        await self._keep({f"config/{name}": changed.record(), **state}, {f"config/{name}": webhook.record()})
        return changed

    async def rotate(self, name: str) -> str:
        """Give a webhook a new secret and tell it; for a day, messages are signed with the old one, too."""
        await self.require_sight()
        webhook, secret = await self.get(name), new_secret()
        changed = webhook.rotated(secret)
        await self._keep({f"config/{name}": changed.record()}, {f"config/{name}": webhook.record()})
        return secret

    async def rewind(self, name: str, since: str) -> None:
        """Let a webhook begin anew behind an offset: all that follows is sent again."""
        await self.require_sight()
        _check_offset(since)
        webhook = await self.get(name)
        changed = webhook.begun(since)
        values = {f"config/{name}": changed.record(), f"state/{name}": None}
        await self._keep(values, {f"config/{name}": webhook.record()})

    async def delete(self, name: str) -> None:
        """Remove a webhook with all that is kept of it; raises NotFound."""
        await self.get(name)
        dead = [dead_key(name, letter["id"]) for letter in await self.dead_letters(name)]
        await self._keep(dict.fromkeys((f"config/{name}", f"state/{name}", f"log/{name}", *dead)))

    async def require_sight(self) -> None:
        """Refuse a caller who may not read everything: what is sent later is under nobody's policies.

        Raises:
            Forbidden: some rows, columns or tables are hidden from the caller, or the history is.
        """
        if not await self.gate.reads_everything(self.database, self.context):
            raise Forbidden(
                "A webhook sends rows whoever may read them, so that it needs a caller who may read all of them.",
                data={"action": KIND},
            )

    @property
    def _reading(self) -> Context:
        return replace(self.context, dry_run=False)

    async def _head(self) -> str:
        newest = (await self.gate.execute(self.database, Log(limit=1), self._reading)).python()
        return str(newest[0]["id"]) if newest else "0"

    async def _records(self, prefix: str) -> dict[str, Any]:
        found = await self.gate.execute(self.database, Records(KIND, prefix), self._reading)
        return {row["key"]: row["value"] for row in found.python()}

    async def _keep(self, values: Mapping[str, Any], expected: Mapping[str, Any] | None = None) -> None:
        await self.gate.execute(self.database, KeepRecords(KIND, values, expected or {}), self.context)


def _check_offset(since: str | None) -> None:
    if since is not None and not (since.isascii() and since.isdigit() and len(since) <= _LONGEST_OFFSET):
        raise InvalidParameter(f"{since[:100]!r} is no offset.", hint="Offsets are ids of commits.", where="since")


def _under(records: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {key.removeprefix(prefix): value for key, value in records.items() if key.startswith(prefix)}
