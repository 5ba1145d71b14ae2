"""The operations on webhooks, and the schemas of what they answer."""

from typing import Any, Final

from synthdb.openapi.entries import Entry

__all__ = ["WEBHOOKS", "WEBHOOK_ANSWERS", "WEBHOOK_TAG"]

WEBHOOK_TAG: Final = "Webhooks"

_TEXT: Final[dict[str, Any]] = {"type": "string"}
_NOTE: Final[dict[str, Any]] = {"type": ["string", "null"]}
_MOMENT: Final[dict[str, Any]] = {"type": ["string", "null"], "format": "date-time"}
_COUNT: Final[dict[str, Any]] = {"type": "integer", "format": "int64"}
_STATUS: Final[dict[str, Any]] = {"type": ["integer", "null"]}
_FLAG: Final[dict[str, Any]] = {"type": "boolean"}
_NAMES: Final[dict[str, Any]] = {"type": "array", "items": _TEXT}
_NAME: Final = "/webhooks/{name}"


def _entry(method: str, path: str, name: str, about: str, answers: str | None, **more: Any) -> Entry:  # noqa: ANN401 - fields of the record
    refusals = frozenset[int]() if method == "get" else frozenset({422})
    return Entry(method, path, name, WEBHOOK_TAG, about, "webhooks", None, answers, refusals=refusals, **more)


def _record(about: str, optional: tuple[str, ...] = (), /, **members: dict[str, Any]) -> dict[str, Any]:
    needed = [name for name in members if name not in optional]
    return {"type": "object", "description": about, "properties": members, "required": needed}


_WEBHOOK: Final[dict[str, dict[str, Any]]] = {
    "name": _TEXT, "url": _TEXT, "tables": _NAMES, "operations": _NAMES, "description": _NOTE, "enabled": _FLAG,
    "created_at": {"type": "string", "format": "date-time"}, "created_by": _TEXT,
    "state": {"type": "string", "enum": ["ok", "failing", "disabled"]}, "reason": _NOTE, "error": _NOTE,
    "failing_since": _MOMENT, "next_at": _MOMENT, "dead_letters": _COUNT, "secrets": _COUNT,
}  # fmt: skip
_LETTER: Final[dict[str, dict[str, Any]]] = {
    "id": _TEXT, "offset": _TEXT, "part": _COUNT, "changes": _COUNT, "error": _NOTE, "at": _MOMENT,
}  # fmt: skip

WEBHOOK_ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "Webhook": _record("Where changes are sent, and how that fares; no secret is told.", **_WEBHOOK),
    "WebhookPut": _record(
        "The webhook, with the secret if one was made, which is told only now; of a dry run its address alone.",
        (*(name for name in _WEBHOOK if name not in ("name", "url")), "secret", "dry_run"),
        **_WEBHOOK, secret=_TEXT, dry_run=_FLAG,
    ),
    "WebhookSecret": _record("The new secret, which is told only now.", name=_TEXT, secret=_TEXT),
    "WebhookTried": _record(
        "How it went to send a message.", delivered=_FLAG, status=_STATUS, error=_NOTE, milliseconds=_COUNT
    ),
    "Delivery": _record(
        "An attempt to send a message: some changes of the commit at the offset.", **_LETTER, attempt=_COUNT,
        status=_STATUS, milliseconds=_COUNT,
    ),
    "DeadLetter": _record("A message that was given up.", **_LETTER, attempts=_COUNT),
}  # fmt: skip

WEBHOOKS: Final = (
    _entry("get", "/webhooks", "get_webhooks", "Describe the webhooks, by name.", "Webhook", many=True),
    _entry("get", _NAME, "get_webhooks_name", "Describe a webhook.", "Webhook"),
    _entry(
        "put", _NAME, "put_webhooks_name", "Make a webhook, or change it to be so.", "WebhookPut", reads="NewWebhook",
        statuses=("200", "201"),
    ),
    _entry(
        "delete", _NAME, "delete_webhooks_name", "Remove a webhook with its log and its dead letters.", None,
        query=(("dry_run", _FLAG, "Only say whether that could be done."),),
    ),
    _entry("post", f"{_NAME}/enable", "post_webhooks_name_enable", "Let it go on where it was, at once.", "Webhook"),
    _entry("post", f"{_NAME}/disable", "post_webhooks_name_disable", "Let it wait.", "Webhook"),
    _entry(
        "post", f"{_NAME}/rotate", "post_webhooks_name_rotate",
        "Make a new secret; for a day messages are signed with the old one, too.", "WebhookSecret",
    ),
    _entry(
        "post", f"{_NAME}/test", "post_webhooks_name_test", "Send a message that says only that it is tried, once.",
        "WebhookTried",
    ),
    _entry(
        "get", f"{_NAME}/deliveries", "get_webhooks_name_deliveries", "List the last attempts, the newest first.",
        "Delivery", many=True,
    ),
    _entry(
        "get", f"{_NAME}/dead-letters", "get_webhooks_name_dead_letters",
        "List messages that were given up, in the order of their commits.", "DeadLetter", many=True,
    ),
    _entry(
        "post", f"{_NAME}/replay", "post_webhooks_name_replay",
        "Send dead letters again, or everything behind an offset, in the background.", "Webhook", reads="Replayed",
        statuses=("202",),
    ),
)  # fmt: skip
