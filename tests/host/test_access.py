"""Built-in access: who may come in while no plugin says otherwise."""

import pytest

from synthdb_host.access import ADMIN, LOCAL, Access, is_loopback
from synthdb_host.contracts import Credentials, Principal
from synthdb_host.errors import ConfigurationError, Unauthenticated, UntrustedOrigin
from synthdb_host.settings import HostSettings

HERE = {"host": "127.0.0.1:8000"}

OPEN = [
    pytest.param({"host": "127.0.0.1:8000"}, id="loopback-address"),
    pytest.param({"host": "127.0.0.1"}, id="loopback-address-without-port"),
    pytest.param({"host": "127.9.8.7:1"}, id="anywhere-in-127"),
    pytest.param({"host": "localhost:8000"}, id="localhost"),
    pytest.param({"host": "LOCALHOST:8000"}, id="localhost-in-capitals"),
    pytest.param({"host": "[::1]:8000"}, id="ipv6-loopback"),
    pytest.param(HERE | {"sec-fetch-site": "same-origin"}, id="own-page"),
    pytest.param(HERE | {"sec-fetch-site": "none"}, id="typed-address"),
    pytest.param(HERE | {"origin": "http://127.0.0.1:8000"}, id="own-origin"),
    pytest.param({"host": "localhost", "origin": "http://localhost:80"}, id="own-origin-default-port"),
    pytest.param({"host": "LocalHost:1", "origin": "http://localhost:1"}, id="own-origin-other-case"),
    pytest.param({"host": "[::1]:9", "origin": "http://[::1]:9"}, id="own-origin-ipv6"),
]

CLOSED = [
    pytest.param({}, id="no-host"),
    pytest.param({"host": ""}, id="empty-host"),
    pytest.param({"host": "example.com"}, id="foreign-host"),
    pytest.param({"host": "example.com:8000"}, id="foreign-host-own-port"),
    pytest.param({"host": "127.0.0.1.example.com"}, id="name-that-begins-like-loopback"),
    pytest.param({"host": "localhost.example.com"}, id="name-that-begins-like-localhost"),
    pytest.param({"host": "evil-localhost"}, id="name-that-ends-like-localhost"),
    pytest.param({"host": "localhost."}, id="rooted-name"),
    pytest.param({"host": "user@localhost"}, id="user-information"),
    pytest.param({"host": "localhost, localhost"}, id="two-hosts"),
    pytest.param({"host": "localhost:8000\n"}, id="line-end"),
    pytest.param({"host": "localhost:"}, id="empty-port"),
    pytest.param({"host": "localhost:123456"}, id="impossible-port"),
    pytest.param({"host": "127.0.0.١"}, id="digits-of-another-script"),
    pytest.param({"host": "0.0.0.0:8000"}, id="every-address"),
    pytest.param({"host": "192.168.1.2:8000"}, id="address-of-the-network"),
    pytest.param({"host": "[::]:8000"}, id="ipv6-every-address"),
    pytest.param({"host": "[::ffff:127.0.0.1]"}, id="mapped-address"),
    pytest.param(HERE | {"sec-fetch-site": "cross-site"}, id="page-of-another-site"),
    pytest.param(HERE | {"sec-fetch-site": "same-site"}, id="page-of-another-port"),
    pytest.param(HERE | {"sec-fetch-site": ""}, id="empty-fetch-site"),
    pytest.param(HERE | {"sec-fetch-site": "nonsense"}, id="unknown-fetch-site"),
    pytest.param(HERE | {"origin": "null"}, id="opaque-origin"),
    pytest.param(HERE | {"origin": ""}, id="empty-origin"),
    pytest.param(HERE | {"origin": "http://example.com"}, id="foreign-origin"),
    pytest.param(HERE | {"origin": "http://127.0.0.1:9000"}, id="origin-of-another-port"),
    pytest.param(HERE | {"origin": "http://127.0.0.1"}, id="origin-of-the-default-port"),
    pytest.param(HERE | {"origin": "http://localhost:8000"}, id="origin-of-another-loopback-name"),
    pytest.param(HERE | {"origin": "https://127.0.0.1:8000"}, id="origin-of-another-scheme"),
    pytest.param(HERE | {"origin": "127.0.0.1:8000"}, id="origin-without-scheme"),
    pytest.param(HERE | {"origin": "http://127.0.0.1:8000/"}, id="origin-with-path"),
    pytest.param(HERE | {"origin": "http://127.0.0.1:8000@example.com"}, id="origin-with-user"),
    pytest.param(HERE | {"forwarded": "for=1.2.3.4"}, id="forwarded"),
    pytest.param(HERE | {"x-forwarded-for": "1.2.3.4"}, id="x-forwarded-for"),
    pytest.param(HERE | {"x-forwarded-host": "127.0.0.1:8000"}, id="x-forwarded-host"),
    pytest.param(HERE | {"x-forwarded-proto": "http"}, id="x-forwarded-proto"),
    pytest.param(HERE | {"x-forwarded-anything": ""}, id="x-forwarded-of-any-name"),
    pytest.param(HERE | {"x-real-ip": "1.2.3.4"}, id="x-real-ip"),
    pytest.param(HERE | {"via": "1.1 proxy"}, id="via"),
]


def local(headers: dict[str, str], scheme: str = "none", value: str = "", *, bound: bool = True) -> Credentials:
    """Credentials as they arrive at a server bound to loopback."""
    return Credentials(scheme, value, headers, "127.0.0.1", bound)


@pytest.mark.parametrize("headers", OPEN)
def test_a_program_or_page_of_this_machine_comes_in_without_a_token(headers: dict[str, str]) -> None:
    """The open rule lets local programs and the server's own pages in, whatever else is configured."""
    assert LOCAL == Access().authenticate(local(headers))
    assert LOCAL == Access("secret").authenticate(local(headers))


@pytest.mark.parametrize("headers", CLOSED)
def test_what_may_come_from_elsewhere_stays_out(headers: dict[str, str]) -> None:
    """A foreign name, a foreign page or a proxy closes the open rule; a token is then the only way in."""
    with pytest.raises(UntrustedOrigin):
        Access().authenticate(local(headers))
    with pytest.raises(Unauthenticated):
        Access("secret").authenticate(local(headers))
    assert ADMIN == Access("secret").authenticate(local(headers, "bearer", "secret"))


@pytest.mark.parametrize("headers", OPEN)
def test_a_server_that_others_can_reach_is_open_to_nobody(headers: dict[str, str]) -> None:
    """Where the socket is not bound to loopback, no header makes a request local."""
    with pytest.raises(UntrustedOrigin):
        Access().authenticate(local(headers, bound=False))
    with pytest.raises(Unauthenticated):
        Access("secret").authenticate(local(headers, bound=False))


@pytest.mark.parametrize("value", ["", "Secret", "secret ", "secre", "sécret"])
def test_a_wrong_token_is_refused_even_where_no_token_would_do(value: str) -> None:
    """A credential that is given is checked: a mistake in it is not silently passed over."""
    with pytest.raises(Unauthenticated):
        Access("secret").authenticate(local(HERE, "bearer", value))


def test_another_scheme_is_refused_where_a_token_is_configured() -> None:
    """Only the bearer scheme carries the admin token."""
    with pytest.raises(Unauthenticated):
        Access("secret").authenticate(local(HERE, "basic", "secret"))


def test_the_token_itself_is_not_kept() -> None:
    """A dump of the object shows no secret."""
    assert "secret" not in repr(vars(Access("secret")))


@pytest.mark.parametrize("token", ["", "two words", "sécret", "line\n", "\udcff"])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    """A server never starts with a token that nobody can show; the error does not show it either."""
    with pytest.raises(ConfigurationError) as refused:
        Access(token)
    assert not token.strip() or token not in str(refused.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.com", ""])
def test_an_address_that_others_reach_needs_a_token(host: str) -> None:
    """Serving beyond loopback without a token is refused before a socket is opened."""
    with pytest.raises(ConfigurationError, match="SYNTHDB_ADMIN_TOKEN"):
        Access().check_bind(host)
    Access("secret").check_bind(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1"])
def test_a_loopback_address_needs_no_token(host: str) -> None:
    """The default address works without any configuration."""
    assert is_loopback(host)
    Access().check_bind(host)


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [(LOCAL, True), (ADMIN, True), (Principal("eve"), False), (Principal("local", "user"), False)],
    ids=["local", "admin", "user", "user-named-local"],
)
def test_who_came_in_by_this_access_may_do_everything_and_nobody_else_anything(
    principal: Principal, *, allowed: bool
) -> None:
    """A principal made by a plugin gets nothing from built-in access."""
    assert allowed is Access().allows(principal)


class TestTrustedOrigins:
    @staticmethod
    def _from(origin: str) -> Credentials:
        headers = {"host": "127.0.0.1:8000", "origin": origin, "sec-fetch-site": "cross-site"}
        return Credentials("none", "", headers, "127.0.0.1", bound_to_loopback=True)

    def test_a_named_origin_of_this_machine_comes_in_as_own_pages_do(self) -> None:
        """So a page that is being developed reaches the server without a token."""
        access = Access(origins=["http://localhost:5173"])

        assert LOCAL == access.authenticate(self._from("http://localhost:5173"))
        with pytest.raises(UntrustedOrigin):
            access.authenticate(self._from("http://localhost:5174"))

    @pytest.mark.parametrize("allowed", ["*", "https://app.example.com", "http://localhost.example.com"])
    def test_no_other_origin_does(self, allowed: str) -> None:
        """That its pages may read answers does not make it local."""
        origin = "https://evil.example.com" if allowed == "*" else allowed
        with pytest.raises(UntrustedOrigin):
            Access(origins=[allowed]).authenticate(self._from(origin))

    @pytest.mark.parametrize("origin", ["http://localhost:5173", "http://[::1]:1", "https://a-b.example", "app://x.y"])
    def test_an_origin_is_scheme_host_and_port(self, origin: str) -> None:
        """As a browser writes them."""
        assert (origin,) == HostSettings(trusted_origins=(origin,)).trusted_origins

    @pytest.mark.parametrize(
        "origins",
        [["https://app.example.com/"], ["app.example.com"], ["null"], ["https://*.example.com"],
         ["HTTPS://app.example.com"], ["*", "https://app.example.com"]],
        ids=str,
    )  # fmt: skip
    def test_what_no_browser_would_ever_match_is_refused_at_the_start(self, origins: list[str]) -> None:
        """An origin is written as browsers write it."""
        with pytest.raises(ConfigurationError, match=r"trusted_origins: .*origin"):
            HostSettings.load(trusted_origins=origins)
