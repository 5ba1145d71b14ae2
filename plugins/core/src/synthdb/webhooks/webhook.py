"""A webhook: where changes are sent, which ones, and how it fares."""

import re
import secrets
from base64 import b64encode
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from synthdb_host.consumers import Stream
from synthdb_host.encoding import format_timestamp
from synthdb_host.errors import InvalidName, InvalidParameter

__all__ = ["OPERATIONS", "Health", "Webhook", "described", "new_secret", "now"]

OPERATIONS: Final = ("insert", "update", "delete")

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_PREFIX: Final = "whsec_"
_MOST_TABLES: Final = 100
_OWN: Final = "synthdb_"
"""Tables that core keeps for itself; their changes are sent only if they are named."""

_ROTATION: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription. ``secrets`` are the newest one and the one before it, with the moment at which each ends.

    ``uid`` is another one after each new beginning, which is behind the offset ``since``.
    """

    name: str
    url: str
    tables: tuple[str, ...] = ()
    operations: tuple[str, ...] = OPERATIONS
    description: str | None = None
    enabled: bool = True
    secrets: tuple[tuple[str, str | None], ...] = field(default=(), repr=False)
    since: str | None = None
    uid: str = ""
    created_at: str = ""
    created_by: str = ""

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """Read what is kept of a webhook."""
        lists = {"tables": tuple(record["tables"]), "operations": tuple(record["operations"])}
        return cls(**{**record, **lists, "secrets": tuple((secret, until) for secret, until in record["secrets"])})

    def record(self) -> dict[str, Any]:
        """Give what is kept of it."""
        lists = {"tables": list(self.tables), "operations": list(self.operations)}
        return asdict(self) | lists | {"secrets": [list(one) for one in self.secrets]}

    def checked(self) -> Self:
        """Give it with names in order.

        Raises:
            InvalidName: the name is not made of letters, digits, ``_`` and ``-``.
            InvalidParameter: an operation is unknown, there are too many tables, or the secret is none.
        """
        if not _NAME.fullmatch(self.name):
            raise InvalidName(
                f"A webhook cannot be called {self.name[:100]!r}.",
                hint="At most 63 letters, digits, _ and -, beginning with a letter.",
            )
        if unknown := sorted(set(self.operations) - set(OPERATIONS)):
            raise InvalidParameter(f"There is no operation {unknown[0][:100]!r}.", where="operations")
        if len(self.tables) > _MOST_TABLES:
            raise InvalidParameter(f"A webhook names at most {_MOST_TABLES} tables.", where="tables")
        for secret, _ in self.secrets:
            _check_secret(secret)
        operations = tuple(one for one in OPERATIONS if one in self.operations) or OPERATIONS
        return replace(self, tables=tuple(sorted(set(self.tables))), operations=operations)

    def begun(self, since: str) -> Self:
        """Give it with a new beginning."""
        return replace(self, since=since, uid=secrets.token_hex(6))

    def rotated(self, secret: str) -> Self:
        """Give it with a new secret; the one before it is used beside it for a day."""
        until = format_timestamp(datetime.now(UTC) + _ROTATION)
        return replace(self, secrets=((secret, None), *((old, until) for old, _ in self.secrets[:1])))

    def valid_secrets(self) -> list[str]:
        """Give the secrets to sign with now."""
        moment = now()
        return [secret for secret, until in self.secrets if until is None or until > moment]

    def wants(self, change: Mapping[str, Any]) -> bool:
        """Say whether it is about a change."""
        table = change["table"]
        about = table in self.tables if self.tables else not table.startswith(_OWN)
        return about and change["change"] in self.operations

    def stream(self, health: "Health") -> Stream:
        """Give what it follows."""
        paused = not self.enabled or health.disabled is not None
        return Stream(f"{self.name}.{self.uid}", self.tables, self.since, paused)


@dataclass(frozen=True, slots=True)
class Health:
    """How the deliveries of a webhook fare; ``failures`` are those of the message that is due, ``part`` of its commit.

    ``disabled`` says why it was switched off, None: it was not.
    """

    failures: int = 0
    failing_since: str | None = None
    next_at: str | None = None
    error: str | None = None
    part: tuple[str, int] | None = None
    disabled: str | None = None

    @classmethod
    def of_record(cls, record: Mapping[str, Any] | None) -> Self:
        """Read what is kept of it."""
        part = record and record["part"]
        return cls(**{**(record or {}), "part": (part[0], part[1]) if part else None})

    def record(self) -> dict[str, Any]:
        """Give what is kept of it."""
        return asdict(self) | {"part": list(self.part) if self.part else None}


def new_secret() -> str:
    """Make a secret, as Standard Webhooks writes it."""
    return _PREFIX + b64encode(secrets.token_bytes(32)).decode()


def now() -> str:
    """Give the time as text."""
    return format_timestamp(datetime.now(UTC))


def described(webhook: Webhook, health: Health, dead: int) -> dict[str, Any]:
    """Describe a webhook in JSON's terms; its secrets are not told."""
    facts: Sequence[str] = ("name", "url", "tables", "operations", "description", "enabled", "created_at", "created_by")
    state = "disabled" if not webhook.enabled or health.disabled else "failing" if health.failing_since else "ok"
    return {name: getattr(webhook, name) for name in facts} | {
        "state": state,
        "reason": health.disabled,
        "error": health.error,
        "failing_since": health.failing_since,
        "next_at": health.next_at,
        "dead_letters": dead,
        "secrets": len(webhook.valid_secrets()),
    }


def _check_secret(secret: str) -> None:
    try:
        size = len(a2b_base64(secret.removeprefix(_PREFIX), strict_mode=True))
    except (NotBase64, ValueError):
        size = 0
    if not secret.startswith(_PREFIX) or not 24 <= size <= 64:  # noqa: PLR2004 - as Standard Webhooks has it
        raise InvalidParameter(f"A secret is {_PREFIX} and 24 to 64 bytes as Base64.", where="secret")
