"""``python -m benchmarks.access``: what it costs to be known and judged: a point read with and without the auth plugin.

Two servers of the same rows, core with its admin token and core with the plugin and a key, answer the same requests in
turns. It is CPU time that is compared; and how long it takes to verify a key that was seen before.
"""

import argparse
import http.client
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.load import Exchange
from benchmarks.process import Server, free_port, run_to_end, serving, share_cpus
from synthdb_auth.keys import make_key
from synthdb_auth.plugin import AuthPlugin
from synthdb_host.contracts import Credentials
from synthdb_host.stepping import run
from synthdb_host.testing.choosing import choose
from synthdb_host.testing.hosting import build_host

__all__ = ["main"]

_SYNTHDB: Final = (sys.executable, "-m", "synthdb_host")
_TOKEN: Final = "secret"
_ROWS: Final = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print what each costs, and the ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.access", description=__doc__)
    parser.add_argument("--requests", type=int, default=4_000, help="in each round, to each server")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is asked")
    options = parser.parse_args(arguments)
    share_cpus()
    with tempfile.TemporaryDirectory(prefix="synthdb-access-") as name, ExitStack() as stack:
        folder = Path(name)
        sides = [_served(stack, folder / which, which) for which in ("core", "auth")]
        rounds = [[_cost(*side, options.requests) for side in sides] for _ in range(options.rounds + 1)][1:]
        core, auth = (statistics.median(one) * 1e6 for one in zip(*rounds, strict=True))
        ratio = statistics.median(judged / free for free, judged in rounds)
        print(f"point read: core {core:.0f} us of CPU, with the plugin {auth:.0f} us, ratio {ratio:.3f}")
        print(f"verifying a key that was seen: {_verification(folder / 'auth'):.1f} us")
    return 0


def _served(stack: ExitStack, folder: Path, which: str) -> tuple[Server, str]:
    """Start one of the servers, with its rows in it; gives what to send, too."""
    folder.mkdir()
    environment = choose(["core", "auth"] if which == "auth" else ["core"])
    environment |= {"SYNTHDB_ADMIN_TOKEN": _TOKEN, "SYNTHDB_LOG_LEVEL": "warning", "SYNTHDB_DATA": "data"}
    token = _TOKEN
    if which == "auth":
        made = run_to_end([*_SYNTHDB, "auth", "setup", "--json"], folder, environment)
        token = json.loads(made.output)["key"]
    port = free_port()
    command = [*_SYNTHDB, "serve", "--port", str(port)]
    server = stack.enter_context(serving(command, port, Exchange("GET", "/healthz/ready"), folder, environment))
    client = http.client.HTTPConnection("127.0.0.1", port)
    rows = json.dumps([{"name": f"name {number}", "size": number} for number in range(_ROWS)])
    client.request("POST", "/rest/v1/main/items", rows, _headers(token) | {"Content-Type": "application/json"})
    client.getresponse().read()
    client.close()
    return server, token


def _cost(server: Server, token: str, requests: int) -> float:
    """Give the CPU seconds of one point read."""
    client = http.client.HTTPConnection("127.0.0.1", server.port)
    before = server.cpu_seconds()
    for number in range(requests):
        client.request("GET", f"/rest/v1/main/items/{number % _ROWS + 1}", headers=_headers(token))
        answer = client.getresponse()
        body = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{answer.status}: {body!r}")
    client.close()
    return (server.cpu_seconds() - before) / requests


def _verification(folder: Path) -> float:
    """Give the microseconds it takes to find out who sent a key, as the gate asks for it."""
    plugin = AuthPlugin()
    host = build_host(folder / "data", {"auth": plugin})
    account = plugin.auth.accounts.create("bench")
    credentials = Credentials("bearer", plugin.auth.credentials.create(account)[1].text)
    unknown = Credentials("bearer", make_key("pat", b"another").text)
    for one in (credentials, unknown):
        plugin.auth.knower.find(one.value)
    seconds = []
    for _ in range(5_000):
        began = time.perf_counter()
        run(host.gate.authenticate(credentials))
        seconds.append(time.perf_counter() - began)
    plugin.auth.notes.close()
    return statistics.median(seconds) * 1e6


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


if __name__ == "__main__":
    sys.exit(main())
