"""Requests to addresses that others have chosen reach public hosts over HTTPS, and nothing else."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from synthdb.egress.sending import Egress
from synthdb.settings import CoreSettings, EgressSettings
from synthdb_host.errors import ConfigurationError, EgressFailed, EgressRefused
from synthdb_host.settings import HostSettings

CERTIFICATES: Final = Path(__file__).parent / "certificates"
PUBLIC: Final = "93.184.215.14"
HERE: Final = EgressSettings(allow_http=True, networks=("127.0.0.0/8",))


class Receiver(ThreadingHTTPServer):
    """A server that notes what it is sent, and answers as it is told."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer or plain
        self.seen: list[tuple[str, str, bytes]] = []
        self.names: list[str | None] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.headers["Host"], self.path, body))
        self.server.answer(self)

    do_GET = do_POST  # noqa: N815 - the standard library finds it by this name

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


def plain(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "2")
    request.end_headers()
    request.wfile.write(b"ok")


@contextmanager
def receiving(answer: Callable[[Any], None] | None = None, *, tls: bool = False) -> Iterator[Receiver]:
    """Run a receiver, over TLS as ``receiver.example``, until the block ends."""
    server = Receiver(answer)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / "receiver.pem", CERTIFICATES / "receiver.key")
        context.sni_callback = lambda _, name, __: server.names.append(name)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def known(*addresses: str) -> Callable[[str, int], Sequence[str]]:
    """Give a resolver for which every name has these addresses."""
    return lambda _, __: addresses


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https:///path",
        "//example.com/",
        "example.com",
        "",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://example.com/#fragment",
        "https://exa mple.com/",
        "https://example.com/\r\nX: y",
        "https://example.com\\@127.0.0.1/",
        "https://exämple.com/",
        "https://example.com:99999/",
        "https://example.com:x/",
        "https://example.com:22/",
        "https://example.com:25/",
        "https://" + "a" * 64 + ".com/",
        "https://example.com/" + "a" * 2_000,
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.01/",
        "https://0/",
        "https://0.0.0.0/",
        "https://10.1.2.3/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://168.63.129.16/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.168.1.1/",
        "https://192.0.0.192/",
        "https://198.18.0.1/",
        "https://224.0.0.1/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[::]/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:93.184.215.14]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
        "https://[fc00::1]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[ff02::1]/",
        "https://[::1",
        "https://localhost/",
    ],
)
def test_an_address_that_is_not_public_is_refused(url: str) -> None:
    """However it is written, before anything is sent."""
    egress = Egress(EgressSettings())
    with pytest.raises(EgressRefused):
        egress.check(url)
    with pytest.raises(EgressRefused):
        egress.send("POST", url)


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["10.0.0.1"], ["::1"], ["::ffff:10.0.0.1"], ["169.254.169.254"], [PUBLIC, "192.168.0.1"], []],
    ids=str,
)
def test_a_name_is_judged_by_all_its_addresses(addresses: list[str]) -> None:
    """One that is not public is enough, since nobody knows which would be called."""
    with pytest.raises(EgressRefused):
        Egress(EgressSettings(), known(*addresses)).check("https://example.com/")


@pytest.mark.parametrize(
    "url",
    ["https://example.com", "https://a_b.example.com:8443/x?y=z", f"https://{PUBLIC}/", "https://[2606:2800::1]/"],
)
def test_a_public_host_is_allowed(url: str) -> None:
    """By name or by address; a name that nobody knows today, too."""
    Egress(EgressSettings(), known(PUBLIC, "2606:2800::1")).check(url)

    def unknown(_: str, __: int) -> Sequence[str]:
        raise OSError

    Egress(EgressSettings(), unknown).check("https://example.com/")


def test_an_operator_can_allow_networks_but_never_what_tells_secrets() -> None:
    """A machine's metadata stay out of reach, in whatever network they are."""
    Egress(EgressSettings(networks=("10.1.0.0/16",))).check("https://10.1.2.3/")
    with pytest.raises(EgressRefused):
        Egress(EgressSettings(networks=("10.1.0.0/16",))).check("https://10.2.2.3/")
    for url in ("https://169.254.169.254/", "https://[fd00:ec2::254]/"):
        with pytest.raises(EgressRefused):
            Egress(EgressSettings(networks=("0.0.0.0/0", "::/0"))).check(url)


def test_a_network_that_is_none_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found when the host starts."""
    monkeypatch.setenv("SYNTHDB_PLUGINS__CORE__EGRESS__NETWORKS", "10.0.0.0/8,localhost")
    with pytest.raises(ConfigurationError, match=r"plugins\.core\.egress\.networks"):
        HostSettings.load().section("core", CoreSettings)


def test_the_connection_goes_to_the_address_that_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is asked for once; TLS and Host still know the name, and the certificate must be of it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "receiver.pem"))
    asked = []

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    with receiving(tls=True) as receiver:
        egress = Egress(EgressSettings(networks=("127.0.0.0/8",)), resolve)
        reply = egress.send("POST", f"https://receiver.example:{receiver.port}/in?a=b", b"body")
        with pytest.raises(EgressFailed, match="SSLCertVerificationError"):
            egress.send("POST", f"https://another.example:{receiver.port}/in", b"body")

    assert (200, b"ok") == (reply.status, reply.body)
    assert [("receiver.example", receiver.port), ("another.example", receiver.port)] == asked
    assert [(f"receiver.example:{receiver.port}", "/in?a=b", b"body")] == receiver.seen
    assert ["receiver.example", "another.example"] == receiver.names


def test_a_name_that_changes_its_meaning_is_judged_again() -> None:
    """It was public when it was checked, and is not when something is sent."""
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    with receiving() as receiver:
        egress = Egress(EgressSettings(allow_http=True), lambda _, __: next(answers))
        url = f"http://receiver.example:{receiver.port}/"
        egress.check(url)
        with pytest.raises(EgressRefused):
            egress.send("POST", url)

    assert [] == receiver.seen


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    """Wherever it leads."""

    def redirect(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", "/elsewhere")
        request.send_header("Content-Length", "0")
        request.end_headers()

    with receiving(redirect) as receiver:
        reply = Egress(HERE).send("GET", f"http://127.0.0.1:{receiver.port}/")

    assert (302, "/elsewhere") == (reply.status, reply.headers["location"])
    assert ["/"] == [path for _, path, _ in receiver.seen]


def test_of_a_long_answer_only_the_beginning_is_read() -> None:
    """The rest is never waited for."""

    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while True:
                request.wfile.write(b"x" * 1_000)
        except OSError:
            pass

    with receiving(endless) as receiver:
        reply = Egress(HERE).send("GET", f"http://127.0.0.1:{receiver.port}/", most=10_000)

    assert b"x" * 10_000 == reply.body


@pytest.mark.slow
@pytest.mark.parametrize("where", ["status", "headers", "body"])
def test_an_answer_that_comes_byte_by_byte_ends_with_the_time(where: str) -> None:
    """The time is for all of it, not for each byte."""

    def drip(request: BaseHTTPRequestHandler) -> None:
        begin = {
            "status": b"",
            "headers": b"HTTP/1.1 200 OK\r\nX: ",
            "body": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
        }
        try:
            request.wfile.write(begin[where])
            for _ in range(100):
                request.wfile.write(b"a")
                time.sleep(0.1)
        except OSError:
            pass

    with receiving(drip) as receiver, pytest.raises(EgressFailed, match=r"no answer within 0\.5 s"):
        Egress(HERE).send("GET", f"http://127.0.0.1:{receiver.port}/", seconds=0.5)


def test_nobody_there_is_a_failure_that_tells_nothing() -> None:
    """No address and no port of this network is named."""
    with receiving() as receiver:
        port = receiver.port
    with pytest.raises(EgressFailed) as caught:
        Egress(HERE).send("GET", f"http://127.0.0.1:{port}/")

    assert "There was no answer: ConnectionRefusedError." == caught.value.detail


def test_rubbish_is_a_failure() -> None:
    """Whatever the other side says, it is an error of one kind."""

    def rubbish(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"\x00\xff rubbish\r\n\r\n")

    with receiving(rubbish) as receiver, pytest.raises(EgressFailed):
        Egress(HERE).send("GET", f"http://127.0.0.1:{receiver.port}/")
