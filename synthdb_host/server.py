"""The gunicorn server: one master that only watches, and workers that run the host."""

import fcntl
import gc
import resource
import socket
import sys
import tempfile
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from gunicorn import glogging  # type: ignore[import-untyped] # gunicorn ships no types
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped] # gunicorn ships no types

from synthdb_host import logs
from synthdb_host.access import is_loopback
from synthdb_host.connections import Worker
from synthdb_host.errors import ConfigurationError
from synthdb_host.http import App, build_app
from synthdb_host.manager import Host, load_target
from synthdb_host.settings import HostSettings, Limits

__all__ = ["GRACE_SECONDS", "serve", "serve_host"]

GRACE_SECONDS: Final = 30
"""How long a stopping worker finishes requests before it is killed."""

_MOST_MESSAGE_BYTES: Final = 1024 * 1024
"""Of a WebSocket; a client may have some thirty that wait to be looked at."""

_KEEPALIVE_SECONDS: Final = 5
_STUCK_SECONDS: Final = 90
"""A worker whose event loop does not turn for so long is killed."""


def serve(settings: HostSettings, databases: Mapping[str, str] | None = None) -> NoReturn:
    """Build a host and serve it until a signal stops the process.

    SIGTERM finishes running requests and queued writes; SIGINT stops at once. A worker that dies is replaced.

    Args:
        settings: the host's settings.
        databases: URLs of databases by name, instead of those that the control database knows.

    Raises:
        StartupError: with every problem of every plugin.
        ConfigurationError: the address cannot be listened on, or not without an admin token.
        SystemExit: the server has stopped.
    """
    serve_host(Host.build(settings, databases=databases or None))


def serve_host(host: Host) -> NoReturn:
    """Serve a host that was built already; see :func:`serve`."""
    settings = host.settings
    logs.configure(settings.log_level, settings.log_format)
    if not host.contributions.authorizers:
        host.access.check_bind(settings.host)
    host.databases.check()
    host.prepare()
    for generator in host.contributions.api_generators:
        # Imported before the fork, so that no worker's first request waits for it.
        load_target(generator.record.routes)
    listener = _listen(settings)
    # A connection is an open file, and so is each file of a database: as many as the system lets us have.
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    # What was imported stays for ever: no collection of a worker looks at it, and it stays shared after the fork.
    gc.freeze()
    _Server(host, listener).run()
    raise SystemExit(0)


def _listen(settings: HostSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot listen on {settings.host}, port {settings.port}: {error.strerror}. "
            "Stop the program that uses the port, or choose another with --port."
        ) from error


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn ships no types
    """Gunicorn, configured from the host's settings alone: no files, no environment."""

    def __init__(self, host: Host, listener: socket.socket) -> None:
        self._host = host
        self._address, self._port = listener.getsockname()[:2]
        # Gunicorn takes the descriptor over and closes it.
        self._descriptor = listener.detach()
        self._is_first = False
        self._turn = tempfile.TemporaryFile()  # noqa: SIM115 - locked as long as the server runs
        super().__init__()

    @property
    def limits(self) -> Limits:
        """What a request may cost; connections ask for it."""
        return self._host.settings.limits

    def load_config(self) -> None:
        for name, value in self._options().items():
            self.cfg.set(name, value)

    def load(self) -> App:
        """Build the application; called in each worker."""
        return build_app(
            self._host,
            bound_to_loopback=is_loopback(self._address),
            started=self._announce,
            jobs=self._host.jobs.worker(self._has_turn),
        )

    def stopping(self) -> None:
        """Hear that this worker finishes what it does: feeds have no end of their own."""
        self._host.gate.feeds.end()

    def _options(self) -> dict[str, Any]:
        settings = self._host.settings
        return {
            "bind": f"fd://{self._descriptor}",
            "workers": settings.workers,
            "worker_class": Worker,
            # With the C parser (gunicorn_h1c 0.6.9) and uvloop, a request of more than 64 KiB that follows an answer
            # at once on the same connection is dropped without an answer.
            "http_parser": "python",
            "asgi_lifespan": "on",
            "websocket_max_message_size": _MOST_MESSAGE_BYTES,
            "timeout": _STUCK_SECONDS,
            "graceful_timeout": GRACE_SECONDS,
            "keepalive": _KEEPALIVE_SECONDS,
            # Longer lines are cut off here; those in between get our own, better answer.
            "limit_request_line": 2 * settings.limits.max_url_bytes,
            "forwarded_allow_ips": "",
            "proxy_allow_ips": "",
            "control_socket_disable": True,
            "logger_class": _Logger,
            "loglevel": "debug" if settings.log_level == "debug" else "warning",
            "proc_name": "synthdb",
            "post_fork": self._forked,
        }

    def _forked(self, arbiter: object, worker: Any) -> None:  # noqa: ANN401 - gunicorn is not typed
        self._is_first = worker.age == 1

    def _has_turn(self) -> bool:
        """Say whether this is the worker that does background work; when it dies, another one is."""
        try:
            # A lock of the process: a fork does not inherit it, and it ends with the process, however that ends.
            fcntl.lockf(self._turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _announce(self) -> None:
        if self._is_first:
            name = f"[{self._address}]" if ":" in self._address else self._address
            workers = self._host.settings.workers
            sys.stdout.write(
                f"SynthDB is ready at http://{name}:{self._port}/ ({workers} worker{'s'[: workers > 1]})\n"
            )
            sys.stdout.flush()


class _Logger(glogging.Logger):  # type: ignore[misc] # gunicorn ships no types
    """Sends gunicorn's own messages where all others go."""

    def setup(self, cfg: object) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
