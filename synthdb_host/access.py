"""Built-in access: who may come in while no plugin contributes an authorizer.

A server bound to loopback is open to programs on this machine and to its own pages, and to nothing else: a
page of another site that a browser on this machine shows cannot reach it, unless the operator names its origin and
that is on this machine too, nor can a proxy. Everyone else needs the one admin token. Who comes in may do everything.
"""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Collection, Mapping
from typing import Final

from synthdb_host.contracts import ANY_TENANT, Credentials, Principal
from synthdb_host.errors import ConfigurationError, Unauthenticated, UntrustedOrigin

__all__ = ["ADMIN", "LOCAL", "PROCESS", "Access", "is_loopback", "is_open_to"]

LOCAL: Final = Principal("local", "local")
"""A program on this machine."""

PROCESS: Final = Principal("local", "local", tenant=ANY_TENANT)
"""The process itself: the embedded library and the command line."""

ADMIN: Final = Principal("admin", "admin")
"""Whoever shows the admin token."""

_AUTHORITY: Final = re.compile(r"(localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::(\d{1,5}))?", re.ASCII | re.IGNORECASE)
_TOKEN: Final = re.compile(r"[!-~]+")
_PROXY_HEADERS: Final = frozenset({"forwarded", "via", "x-real-ip"})
_OWN_SITE: Final = frozenset({"same-origin", "none"})


class Access:
    """The built-in judge of credentials and principals.

    Args:
        token: the admin token; only its hash is kept. None: only open local access.
        origins: other origins whose pages may call; those that are on this machine come in as own pages do.

    Raises:
        ConfigurationError: the token cannot stand in a header, so that nobody could ever show it.
    """

    def __init__(self, token: str | None = None, origins: Collection[str] = ()) -> None:
        if token is not None and not _TOKEN.fullmatch(token):
            raise ConfigurationError("the admin token may hold letters, digits and signs of ASCII only, and no spaces")
        self._digest = None if token is None else _digest(token)
        self._origins = frozenset(origin for origin in origins if _AUTHORITY.fullmatch(origin.partition("://")[2]))

    def check_bind(self, host: str) -> None:
        """Refuse an address that others can reach while there is no token.

        Raises:
            ConfigurationError: ``host`` is not a loopback address and no admin token is set.
        """
        if self._digest is None and not is_loopback(host):
            raise ConfigurationError(
                f"Refusing to serve on {host}: other machines could read and change everything. "
                "Set an admin token (SYNTHDB_ADMIN_TOKEN), install an auth plugin, or bind to 127.0.0.1."
            )

    def authenticate(self, credentials: Credentials) -> Principal:
        """Say who sent the credentials.

        Raises:
            Unauthenticated: a token is needed and none, or a wrong one, was sent.
            UntrustedOrigin: only open local access exists, and this request is not local.
        """
        if self._digest is None:
            if is_open_to(credentials, self._origins):
                return LOCAL
            raise UntrustedOrigin(
                "This server is open only to programs on this machine and to its own pages.",
                hint="Call it as http://127.0.0.1 or localhost, without a proxy and not from another site's "
                "page; or set an admin token.",
            )
        if credentials.scheme == "none":
            if is_open_to(credentials, self._origins):
                return LOCAL
        elif credentials.scheme == "bearer" and hmac.compare_digest(_digest(credentials.value), self._digest):
            return ADMIN
        raise Unauthenticated(
            "This request needs the admin token.", hint="Send the header 'Authorization: Bearer TOKEN'."
        )

    def allows(self, principal: Principal) -> bool:
        """Say whether the principal may do things here: whoever came in by this access may do all of them."""
        return principal.kind in ("local", "admin")


def is_loopback(host: str) -> bool:
    """Say whether an address to listen on means this machine only: localhost, 127.0.0.0/8 or ::1."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_open_to(credentials: Credentials, origins: Collection[str] = ()) -> bool:
    """Say whether a request comes, beyond doubt, from this machine and not from a foreign page or a proxy.

    ``origins`` are those whose pages are not foreign, though they are not of this server.
    """
    headers = credentials.headers
    authority = _AUTHORITY.fullmatch(headers.get("host", ""))
    return (
        credentials.bound_to_loopback
        and authority is not None
        and (headers.get("origin") in origins or _is_own_page(headers, authority))
        and _PROXY_HEADERS.isdisjoint(headers)
        and "x-forwarded-" not in "\n".join(headers)
    )


def _is_own_page(headers: Mapping[str, str], authority: re.Match[str]) -> bool:
    """Say whether a request comes from a page of this server, or from no page at all."""
    return headers.get("sec-fetch-site", "none") in _OWN_SITE and (
        "origin" not in headers or _is_own(headers["origin"], authority)
    )


def _is_own(origin: str, authority: re.Match[str]) -> bool:
    found = _AUTHORITY.fullmatch(origin.removeprefix("http://")) if origin.startswith("http://") else None
    return found is not None and _host_and_port(found) == _host_and_port(authority)


def _host_and_port(authority: re.Match[str]) -> tuple[str, int]:
    return authority[1].lower(), int(authority[2] or 80)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
