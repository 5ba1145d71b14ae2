"""The plugin's hooks."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from synthdb_host.contracts import (
    Authenticator,
    Authorizer,
    Credentials,
    Decision,
    Middleware,
    Outcome,
    Principal,
    Resource,
    Route,
    Verdict,
)
from synthdb_host.hookspecs import hookimpl

if TYPE_CHECKING:
    from synthdb_auth.service import Auth
    from synthdb_host.hosting import PluginHost
    from synthdb_host.operations import Operation
    from synthdb_host.versions import Follow

__all__ = ["AuthPlugin"]

_OWN: Final = Decision(Verdict.ALLOW, "it is the server's own process")
_REFUSALS: Final = frozenset({"forbidden", "missing_plugin"})


class AuthPlugin:
    """Decides who may do what."""

    def __init__(self) -> None:
        self._host: PluginHost | None = None
        self._made: Auth | None = None

    @property
    def auth(self) -> "Auth":
        """The accounts and rights of the host; raises ConfigurationError if it has no control database."""
        if self._made is None:
            from synthdb_auth.service import Auth  # noqa: PLC0415 - who asks for nothing pays for no SQLAlchemy

            if self._host is None:
                raise RuntimeError("the plugin was not started")
            self._made = Auth(self._host)
        return self._made

    @hookimpl
    def synthdb_startup(self, host: "PluginHost") -> None:
        """Remember the host; nothing is opened."""
        self._host, self._made = host, None

    @hookimpl
    def synthdb_worker_stop(self, host: "PluginHost") -> None:
        """Write down what was noted."""
        if self._made is not None:
            self._made.notes.close()

    @hookimpl
    def synthdb_authenticators(self) -> Sequence[Authenticator]:
        """Look at every request: for a key, or for the cookie of a session."""
        return [Authenticator("bearer", self._bearer), Authenticator("none", self._cookie)]

    @hookimpl
    def synthdb_authorizers(self) -> Sequence[Authorizer]:
        """Judge everything; with it, the host's built-in access is gone."""
        return [Authorizer("auth", self._authorize, self._version)]

    @hookimpl
    def synthdb_middleware(self) -> Sequence[Middleware]:
        """Refuse keys in addresses, where logs and browsers keep them."""
        return [Middleware("auth", self._address, place="before_authentication")]

    @hookimpl
    def synthdb_routes(self) -> Sequence[Route]:
        """Let people log in and out, and manage their keys."""
        return [
            Route("/login", self._resource("LoginResource"), is_public=True),
            Route("/logout", self._resource("LogoutResource")),
            Route("/me", self._resource("MeResource")),
            Route("/keys", self._resource("KeysResource")),
            Route("/keys/{id}", self._resource("KeyResource")),
            Route("/keys/{id}/rotate", self._resource("RotateResource")),
        ]

    @hookimpl
    def synthdb_observed(
        self, database: str, operation: "Operation | Follow", principal: Principal, outcome: Outcome
    ) -> None:
        """Note what was refused."""
        if outcome.code in _REFUSALS and principal.kind != "local":
            from synthdb_auth.noting import Refused  # noqa: PLC0415 - loaded by then

            what = type(operation).__name__.lower()
            table = getattr(operation, "table", None)
            subject = f"{database}/{table[:200]}" if isinstance(table, str) else database
            self.auth.notes.refused(Refused(principal.id, principal.tenant or "", what, subject, outcome.code or ""))

    async def _bearer(self, credentials: Credentials) -> Principal | None:
        return self.auth.knower.find(credentials.value)

    async def _cookie(self, credentials: Credentials) -> Principal | None:
        return self.auth.knower.of_cookie(credentials.headers)

    async def _authorize(self, principal: Principal, action: str, resource: Resource) -> Decision:
        if principal.kind == "local":
            return _OWN
        return self.auth.judge.authorize(principal, action, resource)

    def _version(self) -> object:
        return self.auth.judge.version

    def _address(self, host: "PluginHost") -> object:
        from synthdb_auth.addresses import AddressMiddleware  # noqa: PLC0415 - only servers need it

        return AddressMiddleware()

    def _resource(self, name: str) -> Callable[[Any], object]:
        def make(_: object) -> object:
            from synthdb_auth import resources  # noqa: PLC0415 - only servers need it

            return getattr(resources, name)(self.auth)

        return make
