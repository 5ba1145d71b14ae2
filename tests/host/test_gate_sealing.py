"""Sealed decisions: whatever goes wrong in one of them denies."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from synthdb_host.access import LOCAL
from synthdb_host.contracts import (
    Authenticator,
    Authorizer,
    Context,
    Credentials,
    Decision,
    Policy,
    Principal,
    RowPolicy,
    Verdict,
)
from synthdb_host.errors import Forbidden, Unauthenticated
from synthdb_host.gate import Gate
from synthdb_host.manager import Host
from synthdb_host.operations import EmbedExists, Or, Select
from synthdb_host.stepping import run
from synthdb_host.testing.gating import Guard, Ledger, allow_all, open_gate, restrict

MakeHost = Callable[..., Host]
Answer = Callable[..., Awaitable[Any]]

EVE = Principal("eve")


async def _raise(*_: object) -> Any:
    raise ValueError("broken plugin")


async def _nonsense(*_: object) -> Any:
    return True


async def _none(*_: object) -> Any:
    return None


async def _sleep(*_: object) -> Any:
    await asyncio.sleep(30)


def _not_async(*_: object) -> Any:
    return Decision(Verdict.ALLOW)


def _raise_at_once(*_: object) -> Any:
    raise ValueError("broken plugin")


BROKEN = [
    pytest.param(_raise, id="raises"),
    pytest.param(_raise_at_once, id="raises-before-it-is-awaited"),
    pytest.param(_nonsense, id="wrong-type"),
    pytest.param(_not_async, id="not-a-coroutine"),
    pytest.param(_sleep, id="suspends-too-long"),
]


def read_in_time(gate: Gate) -> None:
    """Read on an event loop with little time."""

    async def main() -> None:
        await gate.execute("shop", Select("books"), Context(EVE, deadline=time.monotonic() + 0.05))

    asyncio.run(main())


@pytest.mark.parametrize("answer", [*BROKEN, pytest.param(_none, id="none")])
def test_a_broken_authorizer_denies(make_host: MakeHost, answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    """Even where another one allows; the log names the plugin."""
    ledger = Ledger()
    gate = open_gate(make_host, ledger, Guard(authorizers=[allow_all(), Authorizer("broken", answer)]))
    with pytest.raises(Forbidden):
        read_in_time(gate)

    assert [] == ledger.database.asked
    assert "Plugin guard: authorize select failed" in caplog.text


@pytest.mark.parametrize("answer", BROKEN)
def test_a_broken_policy_denies(make_host: MakeHost, answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    """A policy that cannot say what is allowed allows nothing."""
    ledger = Ledger()
    guard = Guard(authorizers=[allow_all()], policies=[Policy("broken", answer)])
    gate = open_gate(make_host, ledger, guard)
    with pytest.raises(Forbidden):
        read_in_time(gate)

    assert [] == ledger.database.asked
    assert "Plugin guard: policy 'broken' failed" in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        RowPolicy(rows=EmbedExists("books")),
        RowPolicy(check=Or((EmbedExists("books"),))),
        RowPolicy(rows="price < 10"),  # type: ignore[arg-type] # a plugin may be wrong
        RowPolicy(hidden=["price"]),  # type: ignore[arg-type] # a plugin may be wrong
    ],
    ids=["rows-by-embed", "check-by-embed", "rows-as-text", "hidden-as-list"],
)
def test_a_policy_that_is_no_condition_on_the_row_denies(make_host: MakeHost, answer: RowPolicy) -> None:
    """A caller chooses the embeds of a select, so no policy may look at them."""
    guard = Guard(authorizers=[allow_all()], policies=[restrict("books", answer)])
    gate = open_gate(make_host, Ledger(), guard)
    with pytest.raises(Forbidden):
        run(gate.execute("shop", Select("books"), Context(EVE)))


@pytest.mark.parametrize("answer", BROKEN)
def test_a_broken_authenticator_lets_nobody_in(make_host: MakeHost, answer: Answer) -> None:
    """Credentials that cannot be checked are not valid."""
    guard = Guard(authorizers=[allow_all()], authenticators=[Authenticator("none", answer)])
    gate = open_gate(make_host, Ledger(), guard)
    with pytest.raises(Unauthenticated):
        run(gate.authenticate(Credentials("none", "")))


@pytest.mark.parametrize("scheme", ["none", "bearer", "unknown"])
def test_only_contributed_schemes_are_known_once_a_plugin_judges(make_host: MakeHost, scheme: str) -> None:
    """Built-in access does not come back through another scheme."""
    gate = open_gate(make_host, Ledger(), Guard(authorizers=[allow_all()]))
    with pytest.raises(Unauthenticated):
        run(gate.authenticate(Credentials(scheme, "x", {"host": "localhost"}, bound_to_loopback=True)))


def test_an_authenticator_says_who_it_is(make_host: MakeHost) -> None:
    """The principal is the plugin's; None means that the credentials are not valid."""

    async def authenticate(credentials: Credentials) -> Principal | None:
        return EVE if credentials.value == "right" else None

    guard = Guard(authorizers=[allow_all()], authenticators=[Authenticator("key", authenticate)])
    gate = open_gate(make_host, Ledger(), guard)
    assert EVE == run(gate.authenticate(Credentials("key", "right")))
    with pytest.raises(Unauthenticated):
        run(gate.authenticate(Credentials("key", "wrong")))


def test_built_in_access_knows_this_machine(make_host: MakeHost) -> None:
    """Without plugins, a local request is the local principal."""
    gate = open_gate(make_host, Ledger())
    credentials = Credentials("none", "", {"host": "localhost"}, bound_to_loopback=True)

    assert LOCAL == run(gate.authenticate(credentials))
