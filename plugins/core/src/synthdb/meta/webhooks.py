"""Webhooks over HTTP."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import falcon
import falcon.asgi

from synthdb.meta.answers import answer
from synthdb.meta.bodies import NewWebhook, Replayed, read_body
from synthdb.meta.calls import Call
from synthdb.meta.parameters import Parameters
from synthdb.webhooks.managing import Post
from synthdb.webhooks.store import Draft
from synthdb_host.errors import InvalidParameter

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = [
    "WEBHOOKS",
    "DeadLettersResource",
    "DeliveriesResource",
    "DisableResource",
    "EnableResource",
    "ReplayResource",
    "RotateResource",
    "TryResource",
    "WebhookResource",
    "WebhooksResource",
]


class _Resource:
    """A resource of webhooks."""

    def __init__(self, host: "PluginHost") -> None:
        self._host = host

    def _post(self, req: falcon.asgi.Request, *, dry_run: bool = False) -> tuple[Call, Post]:
        call = Call.of(self._host.gate, req)
        return call, Post.of(self._host, call.database, call.as_caller(dry_run=dry_run))


class WebhooksResource(_Resource):
    """The webhooks, at ``/webhooks``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Describe the webhooks, by name."""
        Parameters.of(req)
        answer(req, resp, await self._post(req)[1].webhooks.all())


class WebhookResource(_Resource):
    """A webhook, at ``/webhooks/{name}``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Describe the webhook."""
        Parameters.of(req)
        call, post = self._post(req)
        answer(req, resp, await post.webhooks.show(call.name))

    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Make the webhook, or change it to be so; a secret that is made is told in this answer only."""
        body = await read_body(req, NewWebhook)
        call, post = self._post(req, dry_run=body.dry_run)
        await post.webhooks.require_sight()
        await asyncio.to_thread(post.check, body.url)
        draft = Draft(
            body.url, tuple(body.tables), tuple(body.operations), body.description, body.enabled, body.secret,
            body.since,
        )  # fmt: skip
        webhook, secret, made = await post.webhooks.put(call.name, draft)
        shown = {"name": call.name, "url": webhook.url, "dry_run": True}
        if not body.dry_run:
            post.hear()
            shown = await post.webhooks.show(call.name)
        answer(req, resp, shown | ({"secret": secret} if secret and not body.dry_run else {}))
        resp.status = falcon.HTTP_201 if made and not body.dry_run else falcon.HTTP_200

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Remove the webhook with its log and its dead letters."""
        dry_run = Parameters.of(req, "dry_run").flag("dry_run")
        call, post = self._post(req, dry_run=dry_run)
        await post.webhooks.delete(call.name)
        resp.status = falcon.HTTP_204


class EnableResource(_Resource):
    """Switching a webhook on, at ``/webhooks/{name}/enable``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Let it go on where it was, at once."""
        Parameters.of(req)
        call, post = self._post(req)
        webhook = await post.webhooks.enable(call.name)
        await asyncio.to_thread(post.hasten, webhook)
        answer(req, resp, await post.webhooks.show(call.name))


class DisableResource(_Resource):
    """Switching a webhook off, at ``/webhooks/{name}/disable``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Let it wait; it will go on where it was."""
        Parameters.of(req)
        call, post = self._post(req)
        await post.webhooks.enable(call.name, enabled=False)
        answer(req, resp, await post.webhooks.show(call.name))


class RotateResource(_Resource):
    """A new secret, at ``/webhooks/{name}/rotate``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Make a new secret and tell it; for a day messages are signed with the old one, too."""
        Parameters.of(req)
        call, post = self._post(req)
        answer(req, resp, {"name": call.name, "secret": await post.webhooks.rotate(call.name)})


class TryResource(_Resource):
    """Trying a webhook, at ``/webhooks/{name}/test``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Send a message of the type webhook.test now, once, and tell how that went."""
        Parameters.of(req)
        call, post = self._post(req)
        await post.webhooks.require_sight()
        webhook = await post.webhooks.get(call.name)
        answer(req, resp, await asyncio.to_thread(post.try_out, webhook))


class DeliveriesResource(_Resource):
    """The last attempts, at ``/webhooks/{name}/deliveries``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """List the last hundred attempts, the newest first."""
        Parameters.of(req)
        call, post = self._post(req)
        answer(req, resp, await post.webhooks.deliveries(call.name))


class DeadLettersResource(_Resource):
    """Messages that were given up, at ``/webhooks/{name}/dead-letters``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """List them in the order of their commits."""
        Parameters.of(req)
        call, post = self._post(req)
        await post.webhooks.get(call.name)
        answer(req, resp, await post.webhooks.dead_letters(call.name))


class ReplayResource(_Resource):
    """Sending again, at ``/webhooks/{name}/replay``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Send dead letters again, or everything behind an offset; it is done in the background."""
        body = await read_body(req, Replayed)
        if body.ids is not None and body.since is not None:
            raise InvalidParameter("Give ids or since, not both.", where="body")
        call, post = self._post(req)
        await post.webhooks.require_sight()
        await post.webhooks.get(call.name)
        if body.since is not None:
            await post.webhooks.rewind(call.name, body.since)
            post.hear()
        else:
            await asyncio.to_thread(post.replay, call.name, body.ids)
        answer(req, resp, await post.webhooks.show(call.name))
        resp.status = falcon.HTTP_202


WEBHOOKS: Final[Mapping[str, type[_Resource]]] = {
    "/{db}/webhooks": WebhooksResource,
    "/{db}/webhooks/{name}": WebhookResource,
    "/{db}/webhooks/{name}/dead-letters": DeadLettersResource,
    "/{db}/webhooks/{name}/deliveries": DeliveriesResource,
    "/{db}/webhooks/{name}/disable": DisableResource,
    "/{db}/webhooks/{name}/enable": EnableResource,
    "/{db}/webhooks/{name}/replay": ReplayResource,
    "/{db}/webhooks/{name}/rotate": RotateResource,
    "/{db}/webhooks/{name}/test": TryResource,
}
"""The resources, by their addresses below the meta mount."""
