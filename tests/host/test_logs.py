"""Log lines: for people and for machines, never with secrets, never forged."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest

from synthdb_host import logs

Style = Literal["text", "json"]


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    """Give the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def logged(style: Style, message: str, facts: dict[str, object], *, error: bool = False) -> str:
    """Log one record and give the line."""
    stream = io.StringIO()
    logs.configure("info", style, stream)
    logger = logging.getLogger("some.plugin")
    try:
        1 / (0 if error else 1)
    except ZeroDivisionError:
        logger.exception(message, extra={"facts": facts})
    else:
        logger.info(message, extra={"facts": facts})
    return stream.getvalue()


def test_a_machine_reads_one_object_per_line() -> None:
    """Facts stand beside the message under their own names."""
    line = logged("json", "request", {"status": 200, "path": "/a b"})

    fields = json.loads(line)
    assert 1 == line.count("\n")
    assert ("info", "some.plugin", "request", 200, "/a b") == tuple(
        fields[name] for name in ("level", "logger", "message", "status", "path")
    )
    assert fields["time"].endswith("Z")


def test_a_person_reads_message_and_facts() -> None:
    """On one line."""
    line = logged("text", "request", {"status": 200, "ms": 1.5})

    assert "info    some.plugin request status=200 ms=1.5\n" in line


def test_a_traceback_comes_with_its_error() -> None:
    """In JSON as a field, in text below the line."""
    assert "ZeroDivisionError" in json.loads(logged("json", "failed", {}, error=True))["traceback"]
    assert "\nTraceback" in logged("text", "failed", {}, error=True)


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_caller_cannot_forge_a_line(style: Style) -> None:
    """Line ends and control characters in a path stay visible as such."""
    line = logged(style, "request", {"path": "/a\n2026-01-01 info fake\x1b[2J"})

    assert 1 == line.count("\n")
    assert "\x1b" not in line


def requested(style: Style, path: str = "/a", principal: str | None = "eve") -> str:
    """Log one request and give the line."""
    stream = io.StringIO()

    async def answer() -> None:
        logs.AccessLog(style, stream).write("id-1", "GET", path, 200, 1.234, principal)
        await asyncio.sleep(0)

    asyncio.run(answer())
    return stream.getvalue()


def test_a_request_is_logged_like_everything_else() -> None:
    """Who, what, how it went and how long it took."""
    assert requested("text").endswith(
        " info    synthdb_host.requests request request_id=id-1 method=GET path=/a status=200 ms=1.23 principal=eve\n"
    )
    fields = json.loads(requested("json", principal=None))
    assert ("id-1", "/a", 200, 1.23, None) == tuple(
        fields[name] for name in ("request_id", "path", "status", "ms", "principal")
    )
    assert fields["time"].endswith("Z")


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_path_cannot_forge_a_line_of_the_access_log(style: Style) -> None:
    """What a caller chose stays on its line."""
    line = requested(style, "/a\nfake\x1b[2J")

    assert 1 == line.count("\n")
    assert "\x1b" not in line


@pytest.mark.parametrize(("level", "on"), [("debug", True), ("info", True), ("warning", False), ("error", False)])
def test_the_level_switches_the_access_log(level: str, *, on: bool) -> None:
    """Where it is off, requests do not pay for it."""
    assert on is (logs.access_log(level, "text") is not None)
