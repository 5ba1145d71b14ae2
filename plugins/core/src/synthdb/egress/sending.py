"""Requests to addresses that others have chosen, such as those of webhooks.

Whoever can make a server fetch an address can use it to reach what only the server reaches. So the name is resolved
here, every address that it has is judged, and the connection is made to the address that was judged, with the name
kept for TLS and ``Host``: a name that means something else a moment later gains nothing. Nothing is followed, there
is no proxy, and time and size are limited.
"""

import http.client
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from threading import Timer
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from synthdb.settings import EgressSettings
from synthdb_host.errors import EgressFailed, EgressRefused

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["Egress", "Reply", "Resolve", "Target", "egress"]

_Address = IPv4Address | IPv6Address

_LONGEST: Final = 2_000
_PORTS: Final = {"https": 443, "http": 80}
_FIRST_FREE_PORT: Final = 1024
_PRINTABLE: Final = re.compile(r"[!-\[\]-~]+")
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*\.?")
_NUMBER: Final = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\.?")

_METADATA: Final = tuple(map(ip_address, ("169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254")))
"""Where clouds tell a machine its secrets: never reached, whatever the settings allow."""

_PUBLIC_V6: Final = ip_network("2000::/3")
_NOT_PUBLIC: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/3",
            # Of what looks public: tunnels that lead to any IPv4 address, and addresses for documents.
            "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
        ),
    )
)  # fmt: skip
"""The registries of special-purpose addresses (RFC 6890), written out: what Python calls global has changed often."""

Resolve = Callable[[str, int], Sequence[str]]
"""Gives all addresses of a name; raises OSError."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart; ``host`` is a name or an address without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Read a URL; nothing of it is guessed or corrected.

        Raises:
            EgressRefused: it is not ``https://host[:port]/path`` in plain ASCII, or holds a user or a fragment.
        """
        if len(url) > _LONGEST or not _PRINTABLE.fullmatch(url):
            raise EgressRefused(f"A URL is made of at most {_LONGEST:,} printable ASCII characters.", where="url")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise EgressRefused("The host or the port of the URL cannot be read.", where="url") from error
        if parts.scheme not in _PORTS or "@" in parts.netloc or "#" in url:
            raise EgressRefused("A URL is https://HOST[:PORT]/PATH, without a user and a fragment.", where="url")
        if not _is_address(host) and not (_NAME.fullmatch(host) and not _NUMBER.fullmatch(host.split(".")[-1] or "0")):
            raise EgressRefused(f"{host[:100]!r} is neither the name of a host nor an address as usual.", where="url")
        query = f"?{parts.query}" if parts.query else ""
        return cls(parts.scheme, host, _PORTS[parts.scheme] if port is None else port, (parts.path or "/") + query)


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered; of the body only the beginning was read. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Egress:
    """Sends requests for others. Safe to use from many threads; made once for the same settings, by :func:`egress`.

    Args:
        settings: what is allowed beyond public hosts over HTTPS.
        resolve: finds the addresses of a name.
    """

    def __init__(self, settings: EgressSettings, resolve: Resolve | None = None) -> None:
        self._settings = settings
        self._networks = tuple(map(ip_network, settings.networks))
        self._resolve = resolve or _resolve

    def check(self, url: str) -> None:
        """Refuse a URL to which nothing would be sent now; a name that nobody knows now may be known later.

        Raises:
            EgressRefused: it is no such URL, or its host is not one that may be reached.
        """
        with suppress(EgressFailed):
            self._addresses(self._target(url))

    def send(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        seconds: float = 15.0,
        most: int = 65_536,
    ) -> Reply:
        """Send a request and give its answer, whatever its status; blocks, so that it belongs on a thread.

        Args:
            method: of HTTP.
            url: where to; judged anew each time.
            body: what to send.
            headers: beside ``Host`` and ``Content-Length``.
            seconds: the time for all of it, but for finding the name.
            most: so many bytes of the answer are read, and the rest is left.

        Raises:
            EgressRefused: nothing may be sent there.
            EgressFailed: there was no answer.
        """
        target = self._target(url)
        addresses = self._addresses(target)
        ends = time.monotonic() + seconds
        with _translated(seconds, ends), self._connected(target, addresses, ends) as connection:
            connection.request(method, target.path, body, {"Connection": "close", **(headers or {})})
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            reply = Reply(response.status, found, response.read(most))
            if time.monotonic() >= ends:
                # What was cut off looks as if it had ended.
                raise TimeoutError
            return reply

    def _target(self, url: str) -> Target:
        target = Target.of(url)
        if target.scheme == "http" and not self._settings.allow_http:
            raise EgressRefused(
                "Only https is allowed.",
                hint="The operator can allow http with plugins.core.egress.allow_http.",
                where="url",
            )
        if target.port < _FIRST_FREE_PORT and target.port not in _PORTS.values():
            raise EgressRefused(f"Port {target.port} belongs to another service.", where="url")
        return target

    def _addresses(self, target: Target) -> list[str]:
        """Give the addresses of a host, all of which may be reached."""
        try:
            found = [target.host] if _is_address(target.host) else self._resolve(target.host, target.port)
        except (OSError, UnicodeError) as error:
            raise EgressFailed(f"The host {target.host!r} is not known.") from error
        addresses = [ip_address(text) for text in found]
        if not addresses or not all(map(self._may_reach, addresses)):
            # Which address it is stays untold: it is one of this network.
            raise EgressRefused(
                f"The host {target.host!r} is not a public one.",
                hint="The operator can allow its network with plugins.core.egress.networks.",
                where="url",
            )
        return found if isinstance(found, list) else list(found)

    def _may_reach(self, address: _Address) -> bool:
        if isinstance(address, IPv6Address) and (address.scope_id or address.ipv4_mapped):
            return False
        if address in _METADATA:
            return False
        return _is_public(address) or any(address in network for network in self._networks)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    @contextmanager
    def _connected(
        self, target: Target, addresses: Sequence[str], ends: float
    ) -> "Iterator[http.client.HTTPConnection]":
        """Give a connection to one of the addresses, which is cut off when the time is over."""
        plain = _connect(addresses, target.port, ends)
        # Each wait for a byte has its time-out; this ends an answer that comes byte by byte.
        watch = Timer(max(ends - time.monotonic(), 0.0), _cut_off, (plain,))
        watch.daemon = True
        watch.start()
        try:
            if target.scheme == "https":
                connection = http.client.HTTPSConnection(target.host, target.port, context=self._tls)
                connection.sock = self._tls.wrap_socket(plain, server_hostname=target.host)
            else:
                connection = http.client.HTTPConnection(target.host, target.port)  # type: ignore[assignment] # its base
                connection.sock = plain
            with connection.sock:
                yield connection
        finally:
            watch.cancel()
            plain.close()


@lru_cache(8)
def egress(settings: EgressSettings) -> Egress:
    """Give what sends under these settings; what it knows of TLS is read once."""
    return Egress(settings)


def _is_address(host: str) -> bool:
    try:
        return str(ip_address(host)) == host or ":" in host
    except ValueError:
        return False


def _is_public(address: _Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _PUBLIC_V6:
        return False
    return not any(address in network for network in _NOT_PUBLIC)


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def _connect(addresses: Sequence[str], port: int, ends: float) -> socket.socket:
    """Connect to the first address that answers; raises OSError."""
    problem: OSError = TimeoutError()
    for address in addresses:
        try:
            return socket.create_connection((address, port), max(ends - time.monotonic(), 0.001))
        except OSError as error:
            problem = error
    raise problem


def _cut_off(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def _translated(seconds: float, ends: float) -> "Iterator[None]":
    """Say what went wrong in a word, and nothing that the other side has said."""
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = isinstance(error, TimeoutError) or time.monotonic() >= ends
        word = f"no answer within {seconds:g} s" if late else f"no answer: {type(error).__name__}"
        raise EgressFailed(
            f"There was {word}.", data={"reason": "timeout" if late else type(error).__name__}
        ) from error
