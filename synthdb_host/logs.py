"""Structured logs: one line per event, as text for people or as JSON for machines.

Facts beside the message travel in ``extra={"facts": {...}}``. Credentials and query strings, whose values may
be secrets, are never logged.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, Literal, TextIO

import msgspec

__all__ = ["AccessLog", "LineFormatter", "access_log", "configure"]

_Style = Literal["text", "json"]
_Fields = dict[str, object]

_HEAD: Final = ("time", "level", "logger", "message")


class LineFormatter(logging.Formatter):
    """Writes each record as one line; in text, a traceback follows below."""

    def __init__(self, style: _Style) -> None:
        super().__init__()
        self._encode = _ENCODERS[style]

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        fields: _Fields = {
            "time": _time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return self._encode(fields)


class AccessLog:
    """Writes a line per answered request, in the form of the other lines.

    It does without :mod:`logging`, whose records cost as much as a small answer, and writes what an event loop answers
    in one turn at once, since a call of the system costs as much as a line.
    """

    def __init__(self, style: _Style, stream: TextIO | None = None) -> None:
        self._line = _access_text if style == "text" else _access_json
        self._stream = stream or sys.stderr
        self._lines: list[str] = []

    def write(self, request_id: str, method: str, path: str, status: int, ms: float, principal: str | None) -> None:
        """Write a line, at the end of the event loop's turn; no ``principal``: none was needed, or it was refused."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        self._lines.append(self._line(request_id, method, path, status, ms, principal) + "\n")

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        self._stream.write("".join(lines))
        self._stream.flush()


def configure(level: str, style: _Style, stream: TextIO | None = None) -> None:
    """Send this process's logs to a stream, standard error by default; again replaces what was set before."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter(style))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def access_log(level: str, style: _Style) -> AccessLog | None:
    """Give the log of answered requests, or None where the level leaves it out."""
    return AccessLog(style) if level in {"debug", "info"} else None


def _text(fields: _Fields) -> str:
    traceback = fields.pop("traceback", None)
    moment, level, logger, message = (fields.pop(name) for name in _HEAD)
    facts = "".join([f" {name}={value}" for name, value in fields.items()])
    line = _printable(f"{moment} {level:7} {logger} {message}{facts}")
    return line if traceback is None else f"{line}\n{traceback}"


def _printable(line: str) -> str:
    if line.isprintable():
        return line
    # A caller chooses paths and ids; none of them may forge a line of the log.
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


def _access_text(request_id: str, method: str, path: str, status: int, ms: float, principal: str | None) -> str:
    """Write what :func:`_text` would, without the dictionary that it takes apart."""
    return _printable(
        f"{_time(time.time())} info    synthdb_host.requests request request_id={request_id} method={method} "
        f"path={path} status={status} ms={round(ms, 2)} principal={principal}"
    )


def _access_json(request_id: str, method: str, path: str, status: int, ms: float, principal: str | None) -> str:
    return _json({
        "time": _time(time.time()), "level": "info", "logger": "synthdb_host.requests", "message": "request",
        "request_id": request_id, "method": method, "path": path, "status": status, "ms": round(ms, 2),
        "principal": principal,
    })  # fmt: skip


def _json(fields: _Fields) -> str:
    return msgspec.json.encode(fields, enc_hook=str).decode()


_ENCODERS: Final[Mapping[_Style, Callable[[_Fields], str]]] = {"text": _text, "json": _json}


def _time(seconds: float) -> str:
    return f"{_second(int(seconds))}.{int(seconds % 1 * 1000):03}Z"


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
