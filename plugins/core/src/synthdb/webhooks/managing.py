"""Managing webhooks on a host: what needs more of it than the gate."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from synthdb.settings import core_settings
from synthdb.webhooks.delivering import CONSUMER, REPLAY, send
from synthdb.webhooks.messages import test_message
from synthdb.webhooks.store import Webhooks
from synthdb.webhooks.webhook import Health, Webhook, now
from synthdb_host.contracts import Context

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = ["Post"]


@dataclass(frozen=True, slots=True)
class Post:
    """The post of a database: its webhooks, and the work that is done for them."""

    host: "PluginHost"
    webhooks: Webhooks

    @classmethod
    def of(cls, host: "PluginHost", database: str, context: Context) -> Self:
        """Give the post of a database for a caller."""
        return cls(host, Webhooks(host.gate, host.gate.full_name(database, context), context))

    def check(self, url: str) -> None:
        """Refuse a webhook that could not be delivered from here; blocks while the name of its host is found.

        Raises:
            EgressRefused: the URL is not https to a public host.
        """
        from synthdb.egress.sending import egress  # noqa: PLC0415 - who makes no webhook pays for no TLS

        egress(core_settings(self.host).egress).check(url)

    def hear(self) -> None:
        """Let what is due be sent."""
        self.host.consumers.committed(self.webhooks.database)

    def hasten(self, webhook: Webhook) -> None:
        """Let a webhook that waits to try again do so now."""
        stream = webhook.stream(Health()).name
        self.host.consumers.hasten(CONSUMER, self.webhooks.database, stream)

    def replay(self, name: str, ids: list[str] | None) -> None:
        """Let dead letters be sent again, these or all."""
        database = self.webhooks.database
        payload = {"database": database, "webhook": name} | ({} if ids is None else {"ids": ids})
        key = f"{REPLAY}:{database}:{name}" if ids is None else None
        self.host.jobs.enqueue(REPLAY, payload, key=key)

    def try_out(self, webhook: Webhook) -> dict[str, Any]:
        """Send a message that says only that it is tried, and tell how it went; blocks."""
        attempted = send(self.host, webhook, test_message(self.webhooks.database, webhook.name, now()))
        return {
            "delivered": attempted.error is None,
            "status": attempted.status,
            "error": attempted.error,
            "milliseconds": attempted.milliseconds,
        }
