"""The generated Python client follows changes through connections that break all the time."""

import itertools
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from synthdb.sdk.runtimes.python import Client, NotFound, Options, Retries, Schema
from synthdb_host.testing.serving import LiveServer

from .listening import write

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@contextmanager
def breaking(port: int, seed: int) -> Iterator[int]:
    """Pass connections on to a port, and break each after some bytes of the answer; gives the port to connect to."""
    chance = random.Random(seed)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, port, chance), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, port: int, chance: random.Random) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_pass_on, args=(client, port, chance.randint(50, 3_000)), daemon=True).start()


def _pass_on(client: socket.socket, port: int, most: int) -> None:
    with client, socket.create_connection(("127.0.0.1", port)) as server, suppress(OSError):
        server.sendall(client.recv(65_536))
        while most > 0 and (block := server.recv(most)):
            client.sendall(block)
            most -= len(block)


def _write(address: str) -> None:
    for number in range(1, 41):
        write(address, {"number": number}, {"number": -number})


def test_a_client_misses_and_repeats_nothing(tmp_path: Path) -> None:
    """Wherever its connections break."""
    server = LiveServer(tmp_path, "--database", str(tmp_path / "shop.db"))
    address = f"{server.url}/rest/v1/shop/orders"
    try:
        write(address, {"number": 0})
        with breaking(urlsplit(server.url).port or 0, 7) as port:
            options = Options(retries=Retries(first_pause=0.01, longest_pause=0.05))
            client = Client(f"http://127.0.0.1:{port}", "shop", Schema("", {}), options)
            writer = threading.Thread(target=_write, args=(address,))
            writer.start()
            found = list(itertools.islice(client.listen("1", tables=["orders"]), 80))
            writer.join()
            with pytest.raises(NotFound, match="history_gone"):
                next(client.listen("99999"))
        assert [number for n in range(1, 41) for number in (n, -n)] == [(one.new or {})["number"] for one in found]
        assert 80 == len({one.seq for one in found})
    finally:
        server.close()
