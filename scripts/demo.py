"""Serve a small real data set: import it, start the server, say what to click and to type, wait for Ctrl-C.

Usage: ``python scripts/demo.py``. The environment says where: ``HOST`` (127.0.0.1), ``PORT`` (8000), and
``DATA`` (./synthdb-data), the folder that keeps the data. A second run finds the data there and imports
nothing. Both the import and the server are the ``synthdb`` command, as anybody would use it.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

__all__ = ["main"]

_SOURCES: Final = Path(__file__).resolve().parent.parent / "demo"
_TABLES: Final = ("airlines", "airports", "planes", "weather", "flights")
_KEYS: Final = ("airlines.carrier", "airports.faa", "planes.tailnum")
_REFERENCES: Final = (
    "flights.carrier=airlines.carrier",
    "flights.tailnum=planes.tailnum",
    "flights.origin=airports.faa",
    "flights.dest=airports.faa",
    "weather.origin=airports.faa",
)
_SYNTHDB: Final = (sys.executable, "-m", "synthdb_host")
_DEFAULTS: Final = {
    "SYNTHDB_LOG_LEVEL": "warning",
    # Nobody is asked for a credential in a demo: the plugin that does is left out.
    "SYNTHDB_PLUGINS__AUTOLOAD": "false",
    "SYNTHDB_PLUGINS__ENABLED": "core,compression,cors,metrics",
}
_START_SECONDS: Final = 60
_LAST_PORT: Final = 65_535

_REST: Final = "/rest/v1/flights"
_PAGES: Final = (
    ("/", "databases, tables, links, plugins"),
    (_REST, "the tables of the database"),
    (f"{_REST}/flights?limit=20", "rows"),
)
_NOTE: Final = """-d '{"flight": 718, "text": "Late again", "stars": 2.5}'"""
_EXAMPLES: Final = (
    ("the longest delays", "", f"{_REST}/flights?dep_delay=gte.180&order=dep_delay.desc&limit=3"),
    (
        "flights with their airline and their plane",
        "",
        f"{_REST}/flights?select=flight,dest,airlines(name),planes(model)&dest=eq.SFO&limit=3",
    ),
    (
        "flights and average delay by airline",
        "",
        f"{_REST}/flights?select=carrier,flights:count(),delay:dep_delay.avg()&order=carrier",
    ),
    (
        "a row for a table that does not exist yet",
        f"-H 'Content-Type: application/json' -H 'Prefer: return=representation' {_NOTE} ",
        f"{_REST}/notes",
    ),
    ("rows as CSV", "-H 'Accept: text/csv' ", f"{_REST}/weather?origin=eq.JFK&limit=5"),
)
"""What to try: what it does, curl's options, the address."""


def main(environment: Mapping[str, str] = os.environ) -> int:
    """Run the demo until it is interrupted; give the exit code."""
    host, text = environment.get("HOST") or "127.0.0.1", environment.get("PORT") or "8000"
    data = environment.get("DATA") or "synthdb-data"
    port = int(text) if text.isdecimal() else 0
    if problem := _why_not_a_port(text, port) or _why_not(host, port):
        print(problem, file=sys.stderr)
        return 1
    quiet = _DEFAULTS | dict(environment)
    print(f"== importing {_SOURCES.name}/ into {data}", flush=True)
    imported = subprocess.run(_import_command(data), env=quiet, check=False)
    if imported.returncode:
        return imported.returncode
    print(f"== starting the server on {host}, port {port}", flush=True)
    command = [*_SYNTHDB, "serve", "--data", data, "--host", host, "--port", str(port)]
    return _serve(command, quiet, host, port, data)


def _why_not_a_port(text: str, port: int) -> str | None:
    if 0 < port <= _LAST_PORT:
        return None
    return f"PORT={text} is no port: write a number from 1 to {_LAST_PORT}"


def _why_not(host: str, port: int) -> str | None:
    """Say why nobody can listen there, if so."""
    try:
        with socket.create_server((host, port), family=_family(host)):
            return None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        return (
            f"Cannot listen on {host}, port {port}: {reason}. Stop the program that uses the port, "
            f"or choose another: make demo PORT={port + 1}"
        )


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _import_command(data: str) -> list[str]:
    folder = _SOURCES.relative_to(Path.cwd()) if _SOURCES.is_relative_to(Path.cwd()) else _SOURCES
    command = [*_SYNTHDB, "import", *(str(folder / f"{table}.csv.gz") for table in _TABLES)]
    command += ["--db", "flights", "--data", data]
    for key in _KEYS:
        command += ["--key", key]
    for reference in _REFERENCES:
        command += ["--foreign-key", reference]
    return command


def _serve(command: Sequence[str], environment: Mapping[str, str], host: str, port: int, data: str) -> int:
    # A terminal sends its Ctrl-C to the server as well; a SIGTERM reaches only this process.
    signal.signal(signal.SIGTERM, _interrupt)
    server = subprocess.Popen(command, env=environment)
    try:
        if _is_ready(server, host, port):
            base = f"http://{f'[{host}]' if ':' in host else host}:{port}"
            print(_guide(base, data), flush=True)
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        server.terminate()
        server.wait()


def _guide(base: str, data: str) -> str:
    pages = [f"    {base + path:<56} {what}" for path, what in _PAGES]
    examples = [f"    # {what}\n    curl {options}'{base}{path}'\n" for what, options, path in _EXAMPLES]
    heads = f"\n  Serving {data} at {base}/. Click:\n", "\n  Try, in another terminal:\n"
    return "\n".join((heads[0], *pages, heads[1], *examples, "  Ctrl-C stops the server."))


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _is_ready(server: subprocess.Popen[bytes], host: str, port: int) -> bool:
    """Wait until the server answers; False: it ended before it did."""
    deadline = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if _answers(_reachable(host), port):
            return True
        time.sleep(0.05)
    return False


def _reachable(host: str) -> str:
    """Give an address to connect to for one to listen on, which may mean all of them."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def _answers(host: str, port: int) -> bool:
    connection = HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz/live")
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
