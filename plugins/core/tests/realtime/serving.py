"""Servers on which everybody sees the orders of his tenant; see ``tenants.py``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from synthdb import connect
from synthdb_host.testing.serving import LiveServer

__all__ = ["resident", "tenants"]


@contextmanager
def tenants(folder: Path, **settings: object) -> Iterator[LiveServer]:
    """Serve the database ``shop`` with one worker; its orders begin with one of tenant 0."""
    file = folder / "shop.db"
    with connect(file) as db:
        db.insert("orders", {"tenant": 0, "what": "first"})
    environment = {f"SYNTHDB_{name.upper()}": str(value) for name, value in settings.items()}
    program = [str(Path(__file__).with_name("tenants.py"))]
    server = LiveServer(folder, str(file), environment=environment, program=program)
    try:
        yield server
        assert "Traceback" not in server.log, server.log
    finally:
        server.close()


def resident(server: LiveServer) -> int:
    """Give the KiB of memory of the one worker."""
    master = server.process.pid
    (worker,) = Path(f"/proc/{master}/task/{master}/children").read_text("utf-8").split()
    lines = Path(f"/proc/{worker}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
