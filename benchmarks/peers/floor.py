"""The bare floor: what the server and the framework cost alone."""

from collections.abc import Sequence

from benchmarks.load import Exchange
from benchmarks.peers.base import (
    BULK,
    BULK_ROWS,
    INSERT,
    LIST,
    POINT,
    SCRIPTS,
    Peer,
    encoded,
    fields,
    new_row,
)

__all__ = ["Floor"]


class Floor(Peer):
    """Gunicorn's ASGI worker and Falcon with constant answers: no plugins, no gate, no data."""

    name = "bare floor"

    def prepare(self) -> None:
        """Need no data."""

    def command(self, port: int) -> Sequence[str]:
        """Start gunicorn with one worker."""
        options = [
            "--workers=1",
            "--worker-class=asgi",
            f"--bind=127.0.0.1:{port}",
            "--no-control-socket",
            "--http-parser=python",
        ]
        return [
            str(SCRIPTS / "gunicorn"),
            *options,
            "--log-level=warning",
            "benchmarks.peers.floor_app:app()",
        ]

    def exchange(self, case: str, number: int) -> Exchange | None:
        """Ask for an answer as large as the others'."""
        row = fields(new_row(number))
        return {
            POINT: Exchange("GET", "/point"),
            LIST: Exchange("GET", "/list"),
            INSERT: Exchange("POST", "/insert", encoded(row)),
            BULK: Exchange("POST", "/bulk", encoded([row] * BULK_ROWS)) if case == BULK else None,
        }.get(case)
