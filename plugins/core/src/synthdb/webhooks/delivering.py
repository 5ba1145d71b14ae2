"""Deliveries: the consumer that sends each webhook its messages, one after another, and what it does when it fails."""

import random
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from synthdb.egress.sending import egress
from synthdb.settings import CoreSettings, core_settings
from synthdb.webhooks.messages import Message, messages_of, sign
from synthdb.webhooks.store import KIND, Webhooks, dead_key
from synthdb.webhooks.webhook import Health, Webhook, now
from synthdb_host.consumers import ChangeBatch, Consumer, Stream
from synthdb_host.contracts import ANY_TENANT, Context, Principal
from synthdb_host.encoding import format_timestamp
from synthdb_host.errors import EgressFailed, EgressRefused, NotFound, Postponed
from synthdb_host.records import KeepRecords, Records
from synthdb_host.tasks import Task, TaskRun
from synthdb_host.versions import Changes

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = ["CONSUMER", "REPLAY", "Attempted", "consumer", "replay", "send"]

CONSUMER: Final = "core.webhooks"
REPLAY: Final = "core.webhooks_replay"

_LOGGED: Final = 100
_LOGGED_DAYS: Final = 30
_MOST_DEAD: Final = 1_000
_LONGEST_WAIT: Final = 86_400.0
_JITTER: Final = 0.2
_GONE: Final = "The changes that it had still to send are no longer kept; it goes on with what came after."


@dataclass(frozen=True, slots=True)
class Attempted:
    """How it went to send a message; ``error`` None: it was taken. ``wait`` is how long the receiver asks to wait."""

    status: int | None
    error: str | None
    milliseconds: int
    wait: float = 0.0

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants nothing any more."""
        return self.status == HTTPStatus.GONE


def consumer() -> Consumer:
    """Give the consumer; each webhook is a stream of it. A batch is a commit, which is a message or several."""
    return Consumer(CONSUMER, _deliver, limit=1, streams=_streams, lost=_lost)


def replay() -> Task:
    """Give the task that sends dead letters again: the payload's ``ids``, or all of them without it."""
    return Task(REPLAY, _replay, retries=0, remembered=False)


def send(host: "PluginHost", webhook: Webhook, message: Message) -> Attempted:
    """Send a message once; blocks."""
    headers = {"Content-Type": "application/json", "User-Agent": "SynthDB", **sign(message, webhook.valid_secrets())}
    began = time.monotonic()
    try:
        settings = core_settings(host)
        seconds = settings.webhook_timeout_seconds
        reply = egress(settings.egress).send("POST", webhook.url, message.body, headers, seconds=seconds)
    except (EgressFailed, EgressRefused) as error:
        return Attempted(None, error.detail, _since(began))
    if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
        return Attempted(reply.status, None, _since(began))
    wait = _asked_to_wait(reply.headers.get("retry-after", ""))
    return Attempted(reply.status, f"The receiver answered {reply.status}.", _since(began), wait)


async def _streams(host: "PluginHost", database: str) -> list[Stream]:
    context = Context(Principal(f"job:{CONSUMER}", "local", tenant=ANY_TENANT))
    found = {row["key"]: row["value"] for row in await _read(host, database, "config/", context)}
    if not found:
        return []
    states = {row["key"]: row["value"] for row in await _read(host, database, "state/", context)}
    webhooks = map(Webhook.of_record, found.values())
    return [webhook.stream(Health.of_record(states.get(f"state/{webhook.name}"))) for webhook in webhooks]


async def _read(host: "PluginHost", database: str, prefix: str, context: Context) -> list[dict[str, Any]]:
    return (await host.gate.execute(database, Records(KIND, prefix), context)).python()


@dataclass(frozen=True, slots=True)
class _Post:
    """One webhook at work."""

    run: TaskRun
    database: str
    webhook: Webhook
    health: Health

    @classmethod
    def of(cls, run: TaskRun, database: str, name: str) -> "_Post":
        webhooks = Webhooks(run.host.gate, database, run.context)
        return cls(run, database, run.wait(webhooks.get(name)), run.wait(webhooks.health(name)))

    def keep(self, **values: Any) -> None:  # noqa: ANN401 - records
        """Keep records by the part of them that comes before the webhook's name."""
        self.keep_all({f"{what}/{self.webhook.name}": value for what, value in values.items()})

    def keep_all(self, values: dict[str, Any]) -> None:
        operation = KeepRecords(KIND, values)
        self.run.wait(self.run.host.gate.execute(self.database, operation, self.run.context))

    def logged(self, message: Message, attempted: Attempted) -> list[dict[str, Any]]:
        """Give the log of attempts with one more."""
        key = f"log/{self.webhook.name}"
        rows = self.run.wait(_read(self.run.host, self.database, key, self.run.context))
        known: list[dict[str, Any]] = next((row["value"] for row in rows if row["key"] == key), [])
        oldest = format_timestamp(datetime.now(UTC) - timedelta(days=_LOGGED_DAYS))
        entry = {
            "at": now(), "id": message.id, "offset": message.offset, "part": message.part, "changes": message.changes,
            "attempt": self.health.failures + 1, "status": attempted.status, "error": attempted.error,
            "milliseconds": attempted.milliseconds,
        }  # fmt: skip
        return [*[one for one in known if one["at"] > oldest][1 - _LOGGED :], entry]

    def failed(self, message: Message, attempted: Attempted) -> None:
        """Decide how it goes on: wait, give the message up, or give the webhook up.

        Raises:
            Postponed: the message is tried again, or the webhook was switched off.
        """
        settings, log = core_settings(self.run.host), self.logged(message, attempted)
        since = self.health.failing_since or now()
        health = replace(
            self.health, failures=self.health.failures + 1, failing_since=since, error=attempted.error,
            part=(message.offset, message.part),
        )  # fmt: skip
        reason = self._reason_to_stop(attempted, since, settings)
        if reason is not None:
            self.keep(state=replace(health, disabled=reason, next_at=None).record(), log=log)
            raise Postponed(f"webhook {self.webhook.name} was switched off: {reason}", 0.0)
        if health.failures > len(settings.webhook_retry_seconds):
            self._give_up(message, health, log)
            return
        delay = settings.webhook_retry_seconds[health.failures - 1] * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - spreads load
        delay = min(max(delay, attempted.wait), _LONGEST_WAIT)
        next_at = format_timestamp(datetime.now(UTC) + timedelta(seconds=delay))
        self.keep(state=replace(health, next_at=next_at).record(), log=log)
        raise Postponed(f"webhook {self.webhook.name}, attempt {health.failures}: {attempted.error}", delay)

    def _reason_to_stop(self, attempted: Attempted, since: str, settings: CoreSettings) -> str | None:
        if attempted.is_gone:
            return "The receiver answered 410 Gone."
        oldest = format_timestamp(datetime.now(UTC) - timedelta(hours=settings.webhook_disable_hours))
        if since < oldest:
            return f"Every attempt has failed since {since[:19]}Z; the last one: {attempted.error}"
        letters = self.run.wait(_read(self.run.host, self.database, dead_key(self.webhook.name, ""), self.run.context))
        return f"There are {_MOST_DEAD:,} dead letters." if len(letters) >= _MOST_DEAD else None

    def _give_up(self, message: Message, health: Health, log: list[dict[str, Any]]) -> None:
        letter = {
            "id": message.id, "offset": message.offset, "part": message.part, "changes": message.changes,
            "attempts": health.failures, "error": health.error, "at": now(),
        }  # fmt: skip
        name = self.webhook.name
        state = Health(failing_since=health.failing_since, error=health.error, part=(message.offset, message.part + 1))
        self.keep_all({dead_key(name, message.id): letter, f"state/{name}": state.record(), f"log/{name}": log})


def _deliver(batch: ChangeBatch) -> None:
    """Send the messages of one commit, in their order."""
    name, _, uid = batch.stream.name.partition(".")
    while True:
        try:
            post = _Post.of(batch.run, batch.database, name)
        except NotFound as error:
            raise Postponed(f"webhook {name} is gone", 0.0) from error
        if post.webhook.uid != uid or post.webhook.stream(post.health).paused:
            raise Postponed(f"webhook {name} has changed", 0.0)
        changes = [change for change in batch.changes if post.webhook.wants(change)]
        messages = messages_of(batch.database, name, changes)
        offset = batch.changes[0]["offset"]
        part = post.health.part[1] if post.health.part and post.health.part[0] == offset else 0
        if part >= len(messages):
            return
        attempted = send(batch.run.host, post.webhook, messages[part])
        if attempted.error is not None:
            post.failed(messages[part], attempted)
        else:
            log = post.logged(messages[part], attempted)
            following = Health(part=(offset, part + 1)) if part + 1 < len(messages) else Health()
            post.keep(log=log, state=following.record() if following != Health() else None)
        if part + 1 >= len(messages):
            return
        batch.run.progress(part + 1, len(messages))


def _lost(batch: ChangeBatch) -> None:
    post = _Post.of(batch.run, batch.database, batch.stream.name.partition(".")[0])
    post.keep(state=replace(post.health, disabled=_GONE, next_at=None).record())


def _replay(run: TaskRun) -> None:
    database, name = str(run.payload["database"]), str(run.payload["webhook"])
    chosen = run.payload.get("ids")
    letters = run.wait(Webhooks(run.host.gate, database, run.context).dead_letters(name))
    for done, letter in enumerate(letters):
        if chosen is None or letter["id"] in chosen:
            run.progress(done, len(letters))
            _send_again(_Post.of(run, database, name), letter)


def _send_again(post: _Post, letter: dict[str, Any]) -> None:
    """Send a dead letter once more, made anew from the log."""
    before = str(int(letter["offset"]) - 1)
    operation = Changes(before, post.webhook.tables, limit=1)
    rows = post.run.wait(post.run.host.gate.execute(post.database, operation, post.run.context)).python()
    changes = [row for row in rows if row["offset"] == letter["offset"] and post.webhook.wants(row)]
    found = [one for one in messages_of(post.database, post.webhook.name, changes) if one.id == letter["id"]]
    key = dead_key(post.webhook.name, letter["id"])
    if not found:
        post.keep_all({key: letter | {"error": "Its changes are no longer what this webhook sends."}})
        return
    attempted = send(post.run.host, post.webhook, found[0])
    again = letter | {"attempts": letter["attempts"] + 1, "error": attempted.error, "at": now()}
    log = replace(post, health=Health(failures=letter["attempts"])).logged(found[0], attempted)
    post.keep_all({key: again if attempted.error else None, f"log/{post.webhook.name}": log})


def _asked_to_wait(text: str) -> float:
    """Read ``Retry-After``: seconds, or a date of HTTP; 0: nothing that can be read."""
    if text.isascii() and text.isdigit() and len(text) < len("1000000"):
        return float(text)
    try:
        return max((parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return 0.0


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
