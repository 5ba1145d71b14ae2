"""Is this worker alive, and can it do its work?"""

import asyncio
import logging
from typing import TYPE_CHECKING

import falcon.asgi
import msgspec

from synthdb_host.contracts import HealthCheck

if TYPE_CHECKING:
    from synthdb_host.contributions import Contribution
    from synthdb_host.manager import Host

__all__ = ["Live", "Ready"]

_log = logging.getLogger(__name__)


class Live:
    """``/healthz/live``: the process answers."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer."""
        resp.data = b'{"status":"ok"}'


class Ready:
    """``/healthz/ready``: 200 if every critical check passes, else 503; says which checks failed, not why."""

    def __init__(self, host: "Host") -> None:
        self._checks = host.contributions.health_checks

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Run all checks, each on a thread of its own so that a slow one holds up nobody."""
        passed = await asyncio.gather(*(asyncio.to_thread(_passes, check) for check in self._checks))
        answers = [_answer(check, ok) for check, ok in zip(self._checks, passed, strict=True)]
        ready = all(ok or not check.record.critical for check, ok in zip(self._checks, passed, strict=True))
        resp.status = falcon.HTTP_200 if ready else falcon.HTTP_503
        resp.data = msgspec.json.encode({"status": "ready" if ready else "not ready", "checks": answers})
        resp.cache_control = ["no-store"]


def _answer(check: "Contribution[HealthCheck]", ok: bool) -> dict[str, object]:  # noqa: FBT001 - a plain fact
    status = "ok" if ok else "failed"
    return {
        "name": check.record.name,
        "plugin": check.plugin,
        "critical": check.record.critical,
        "status": status,
    }


def _passes(check: "Contribution[HealthCheck]") -> bool:
    try:
        check.record.run()
    except Exception as error:  # noqa: BLE001 - any exception is the answer no
        _log.warning("Health check %s of plugin %s failed", check.record.name, check.plugin, exc_info=error)
        return False
    return True
