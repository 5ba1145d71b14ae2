"""How a WebSocket is read."""

from gunicorn.asgi.websocket import WebSocketProtocol  # type: ignore[import-untyped] # gunicorn ships no types
from hypothesis import given
from hypothesis import strategies as st

from synthdb_host.connections import Socket


@given(payload=st.binary(max_size=200), key=st.binary(min_size=4, max_size=4))
def test_a_message_is_unmasked_as_gunicorn_does_it(payload: bytes, key: bytes) -> None:
    """Only not byte by byte."""
    theirs, ours = (object.__new__(kind) for kind in (WebSocketProtocol, Socket))
    assert theirs._unmask(payload, key) == ours._unmask(payload, key)  # noqa: SLF001 - what is overridden
