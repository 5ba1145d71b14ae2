"""The plugin's hooks."""

from collections.abc import Sequence

from synthdb_auth.deciding import authenticate, authorize
from synthdb_host.contracts import Authenticator, Authorizer
from synthdb_host.hookspecs import hookimpl

__all__ = ["AuthPlugin"]


class AuthPlugin:
    """Decides who may do what."""

    @hookimpl
    def synthdb_authenticators(self) -> Sequence[Authenticator]:
        """Look at every request, with and without credentials."""
        return [Authenticator("bearer", authenticate), Authenticator("none", authenticate)]

    @hookimpl
    def synthdb_authorizers(self) -> Sequence[Authorizer]:
        """Judge everything; with it, the host's built-in access is gone."""
        return [Authorizer("auth", authorize)]
