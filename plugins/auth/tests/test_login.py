"""Passwords and sessions."""

import asyncio
from typing import Any

import pytest

from synthdb_auth.keys import kind_of
from synthdb_auth.knowing import COOKIE
from synthdb_auth.passwords import Passwords
from synthdb_host.errors import InvalidValue, Unavailable

PASSWORD = "correct horse battery"
ADDRESS = "/x/auth/login"


def login(place: Any, name: str = "ada", password: str = PASSWORD, **more: Any) -> Any:
    """Send a name and a password."""
    return place.request("POST", ADDRESS, json={"name": name, "password": password, **more})


def test_a_login_gives_a_session_that_a_logout_ends(place: Any) -> None:
    """The token stands for the account until then."""
    place.user("ada", password=PASSWORD)
    answer = login(place)
    assert (200, "no-store") == (answer.status_code, answer.headers["cache-control"])
    token = answer.json["token"]
    assert "ses" == kind_of(token)
    assert "ada" == place.get("/x/auth/me", token).json["name"]
    assert 204 == place.request("POST", "/x/auth/logout", token).status_code
    assert 401 == place.get("/x/auth/me", token).status_code


def test_a_session_ends_with_its_time(place: Any) -> None:
    """However much it is used."""
    place.user("ada", password=PASSWORD)
    token = login(place).json["token"]
    now = place.auth.store.clock()
    place.auth.store.clock = lambda: now + 12 * 3_600 + 1
    assert 401 == place.get("/x/auth/me", token).status_code


def test_another_password_ends_all_sessions(place: Any) -> None:
    """Who had the old one is out; keys, which are told apart, stay."""
    account, key = place.user("ada", password=PASSWORD)
    token = login(place).json["token"]
    place.auth.accounts.set_password(account, "staple staple battery")
    assert [401, 200] == [place.get("/x/auth/me", text).status_code for text in (token, key)]
    assert [401, 200] == [login(place, password=text).status_code for text in (PASSWORD, "staple staple battery")]


def test_nobody_learns_which_names_there_are(place: Any) -> None:
    """A wrong password, an unknown name, a disabled account, one without a password and one of a tenant: the same."""
    place.user("ada", password=PASSWORD)
    gone, _ = place.user("gone", password=PASSWORD)
    place.auth.accounts.set_state(gone, "disabled")
    place.user("keyed")
    place.user("acme-only", password=PASSWORD, tenant="acme")
    answers = [
        login(place, password="wrong wrong wrong"), login(place, "nobody"), login(place, "gone"), login(place, "keyed"),
        login(place, "acme-only"), login(place, "ada", tenant="acme"),
    ]  # fmt: skip
    shown = [{key: value for key, value in one.json.items() if key != "request_id"} for one in answers]
    assert [401] * 6 == [one.status_code for one in answers]
    assert all(one == shown[0] for one in shown)


def test_who_guesses_has_to_wait(install: Any) -> None:
    """After some wrong passwords the right one is not looked at either; another name is."""
    place = install(login_tries=3)
    place.user("ada", password=PASSWORD)
    place.user("grace", password=PASSWORD)
    assert [401] * 3 == [login(place, password="wrong wrong").status_code for _ in range(3)]
    refused = login(place)
    assert (503, True) == (refused.status_code, int(refused.headers["retry-after"]) > 800)
    assert 200 == login(place, "grace").status_code
    now = place.auth.store.clock()
    place.auth.store.clock = lambda: now + 901
    assert 200 == login(place).status_code


def cookie_of(place: Any) -> str:
    """Log in as a page does."""
    answer = login(place, cookie=True)
    assert "token" not in answer.json
    header = answer.headers["set-cookie"]
    assert all(part in header for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    return str(header.partition(";")[0])


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {}),
        (200, {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}),
        (401, {"Sec-Fetch-Site": "cross-site"}),
        (401, {"Sec-Fetch-Site": "same-site"}),
        (401, {"Origin": "https://evil.example"}),
        (401, {"Origin": "null"}),
        (401, {"Cookie": f"{COOKIE}=sdb_ses_x; %s"}),
        (401, {"Cookie": "synthdb=x"}),
    ],
    ids=str,
)
def test_a_cookie_is_only_for_pages_of_this_server(place: Any, status: int, headers: dict[str, str]) -> None:
    """A page of another site, or a cookie that it has put beside ours, does nothing."""
    place.user("ada", password=PASSWORD)
    cookie = cookie_of(place)
    sent = {"Cookie": cookie} | {key: value.replace("%s", cookie) for key, value in headers.items()}
    assert status == place.get("/x/auth/me", headers=sent).status_code


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}], ids=str)
def test_a_page_of_another_site_logs_nobody_in(place: Any, headers: dict[str, str]) -> None:
    """Else somebody would work in the account of whoever made that page."""
    place.user("ada", password=PASSWORD)
    body = {"name": "ada", "password": PASSWORD, "cookie": True}
    answer = place.request("POST", ADDRESS, headers=headers, json=body)
    assert (403, "untrusted_origin", None) == (
        answer.status_code,
        answer.json["code"],
        answer.headers.get("set-cookie"),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"name": "ada"}', b'{"name": 1, "password": "x"}',
        b'{"name": "ada", "password": ""}', b'{"name": "ada", "password": "x", "role": "admin"}',
        b'{"name": "' + b"a" * 200 + b'", "password": "x"}', b'{"name": "a", "password": "' + b"x" * 300 + b'"}',
        b"[" * 5_000,
    ],
)  # fmt: skip
def test_a_login_of_another_form_is_refused(place: Any, body: bytes) -> None:
    """Every member is known, none is missing, and nothing of it comes back."""
    answer = place.request("POST", ADDRESS, body=body)
    assert (400, "invalid_body") == (answer.status_code, answer.json["code"])


def test_a_login_of_any_size_is_refused(place: Any) -> None:
    """Nothing that large is ever needed."""
    assert 413 == place.request("POST", ADDRESS, body=b" " * 20_000).status_code


@pytest.mark.parametrize("password", ["short", "x" * 257, "aaaaaaaaaaaa", "Password123", "a.very.long.name"])
def test_a_password_that_is_guessed_soon_is_refused(place: Any, password: str) -> None:
    """Too short, too long, one sign over and over, on every list, or the name."""
    with pytest.raises(InvalidValue):
        place.auth.accounts.create("a.very.long.name", password=password)


def test_logins_wait_for_their_turn_and_not_for_ever() -> None:
    """A few are worked on at a time; beyond the queue one is told to come again."""
    passwords = Passwords(waiting=3, at_once=1)
    hashed = passwords.hash(PASSWORD)

    async def flood() -> list[Any]:
        tries = [passwords.verify(hashed, PASSWORD) for _ in range(6)]
        return list(await asyncio.gather(*tries, return_exceptions=True))

    found = asyncio.run(flood())
    assert [True] * 3 == found[:3]
    assert all(isinstance(one, Unavailable) for one in found[3:])


def test_no_password_and_no_key_is_kept_as_it_is(place: Any, synthdb_data: Any) -> None:
    """Whoever reads the data folder finds neither."""
    _, key = place.user("ada", password=PASSWORD)
    token = login(place).json["token"]
    secrets = [key.encode(), token.encode(), PASSWORD.encode()]
    for path in synthdb_data.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret in content for secret in secrets), path
