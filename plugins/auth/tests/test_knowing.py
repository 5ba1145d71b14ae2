"""Who comes in with which credential, and that this ends at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synthdb_auth.scopes import Right
from synthdb_host.contracts import Context
from synthdb_host.errors import Conflict, Forbidden, NotFound, UnknownDatabase
from synthdb_host.operations import Insert, Select

Install = Callable[..., Any]


@pytest.mark.parametrize(
    "header",
    ["", "Bearer ", "Bearer x", "Basic YTpi", "bearer sdb_pat_x", f"Bearer sdb_pat_{'0' * 43}_000000", "Digest a=b"],
)
def test_nobody_comes_in_unknown(place: Any, header: str) -> None:
    """Whatever is sent that is no credential of ours is answered by 401, on this machine, too."""
    answer = place.get("/", headers={"Authorization": header} if header else {})
    assert (401, "unauthenticated") == (answer.status_code, answer.json["code"])
    assert 200 == place.get("/healthz/live").status_code


def test_the_process_itself_may_do_everything(place: Any) -> None:
    """The command line and the jobs of whoever runs the server are not locked out."""
    assert 2 == len(place.run(Select("films")).rows)


def test_a_key_stands_for_its_account(place: Any) -> None:
    """Name, kind and tenant are those of the account."""
    _, key = place.user("ada", "select:shop")
    principal = place.caller(key).principal
    assert ("ada", "user", None) == (principal.id, principal.kind, principal.tenant)
    assert 200 == place.get("/x/auth/me", key).status_code


def test_a_key_with_a_right_checksum_that_nobody_has_is_not_valid(place: Any) -> None:
    """It is looked up once, and then known to be none."""
    from synthdb_auth.keys import make_key  # noqa: PLC0415 - beside what it shows

    stranger = make_key("pat", b"another installation's").text
    assert [401, 401] == [place.get("/", stranger).status_code for _ in range(2)]


def test_a_revoked_key_ends_at_once_in_every_process(install: Install) -> None:
    """The next request of another process is refused, however often the key was used there before."""
    one, other = install(), install()
    _, key = one.user("ada", "select:shop")
    assert 200 == other.get("/x/auth/me", key).status_code
    (known,) = one.auth.credentials.list()
    assert one.auth.credentials.revoke(known)
    assert not one.auth.credentials.revoke(known)
    assert [401, 401] == [place.get("/x/auth/me", key).status_code for place in (one, other)]
    assert "revoked" == one.auth.credentials.get(known.id).state(0)


def test_a_key_is_verified_without_input_or_output(place: Any, synthdb_data: Path) -> None:
    """With the control database gone a key that was seen is known still."""
    _, key = place.user("ada")
    assert place.auth.knower.find(key)
    hidden = synthdb_data / "control.db"
    hidden.rename(synthdb_data / "elsewhere.db")
    try:
        assert place.auth.knower.find(key)
    finally:
        (synthdb_data / "elsewhere.db").rename(hidden)


def test_a_key_ends_when_its_time_is_over(place: Any) -> None:
    """No request renews it, and none lasts longer than the operator allows."""
    account, _ = place.user("ada")
    known, key = place.auth.credentials.create(account, days=1)
    forever, _ = place.auth.credentials.create(account, days=100_000)
    assert known.expires_at - known.created_at == 86_400
    assert forever.expires_at - forever.created_at == 365 * 86_400
    assert place.auth.knower.find(key.text)
    place.auth.store.clock = lambda: known.expires_at
    assert place.auth.knower.find(key.text) is None
    assert "expired" == known.state(known.expires_at)


def test_a_rotated_key_works_on_for_as_long_as_is_said(place: Any) -> None:
    """Then only the new one does; one that does not work any more cannot be rotated."""
    account, _ = place.user("ada")
    old, key = place.auth.credentials.create(account, "deploy", [Right.parse("select:shop")])
    new, fresh = place.auth.credentials.rotate(old, account, overlap=60)
    assert (new.label, new.scopes) == (old.label, old.scopes)
    assert place.auth.knower.find(key.text)
    assert place.auth.knower.find(fresh.text)
    now = place.auth.store.clock()
    place.auth.store.clock = lambda: now + 61
    assert place.auth.knower.find(key.text) is None
    assert place.auth.knower.find(fresh.text)
    with pytest.raises(Conflict, match="expired"):
        place.auth.credentials.rotate(place.auth.credentials.get(old.id), account)


def test_a_disabled_account_is_out_with_all_that_it_has(install: Install) -> None:
    """Its keys and sessions end at once in every process, and come back with it."""
    one, other = install(), install()
    account, key = one.user("ada", "select:shop")
    _, session, _ = one.auth.credentials.open_session(account, "test")
    assert [200, 200] == [other.get("/x/auth/me", text).status_code for text in (key, session.text)]
    assert one.auth.accounts.set_state(account, "disabled")
    assert [401, 401] == [other.get("/x/auth/me", text).status_code for text in (key, session.text)]
    assert one.auth.accounts.set_state(account, "active")
    assert [200, 200] == [other.get("/x/auth/me", text).status_code for text in (key, session.text)]


def test_a_key_may_do_less_than_its_account_and_never_more(place: Any) -> None:
    """Scopes are looked at beside the rights that the account has at the time."""
    account, whole = place.user("ada", "select,insert:shop")
    scopes = [Right.parse("select:shop/films"), Right.parse("delete:shop/films"), Right.parse("select:shop/staff")]
    _, key = place.auth.credentials.create(account, scopes=scopes)
    caller = place.caller(key.text)
    assert 2 == len(place.run(Select("films"), context=caller).rows)
    for operation in (Insert.of("films", [{"title": "x"}]),):
        place.run(operation, context=place.caller(whole))
        with pytest.raises(Forbidden, match="key"):
            place.run(operation, context=caller)
    assert 403 == place.request("POST", "/x/auth/keys", key.text, json={}).status_code


def test_a_tenants_key_reaches_the_databases_of_its_tenant_alone(place: Any) -> None:
    """Those of others are not there, by whatever name, and by whatever host name they are asked for."""
    _, key = place.user("ada", "*:/", tenant="acme")
    caller = place.caller(key)
    assert ["Acme's own"] == [row["title"] for row in place.run(Select("films"), context=caller).python()]
    for name in ("acme2/shop", "/shop", "../shop", "main", "ACME/shop", "acme//shop"):
        with pytest.raises(UnknownDatabase):
            place.run(Select("films"), name, caller)
    page = place.get("/", key, headers={"Accept": "application/json"})
    assert [("shop", ["films"])] == [
        (one["name"], [t["name"] for t in one["tables"]]) for one in page.json["databases"]
    ]
    _, other = place.user("eve", "*:/", tenant="beta")
    assert [] == place.get("/", other, headers={"Accept": "application/json"}).json["databases"]
    assert [] == place.get("/", other, headers={"Accept": "application/json", "Host": "acme.test"}).json["databases"]


def test_keys_of_others_are_not_there(place: Any) -> None:
    """Neither listed nor rotated nor revoked; it is as if they did not exist."""
    _, mine = place.user("ada")
    place.user("eve")
    theirs = next(one.id for one in place.auth.credentials.list() if one.account == "eve")
    assert ["ada"] == [place.auth.credentials.get(one["id"]).account for one in place.get("/x/auth/keys", mine).json]
    assert 404 == place.request("DELETE", f"/x/auth/keys/{theirs}", mine).status_code
    assert 404 == place.request("POST", f"/x/auth/keys/{theirs}/rotate", mine, json={}).status_code
    assert 404 == place.request("DELETE", "/x/auth/keys/key_none", mine).status_code


def test_an_account_makes_rotates_and_revokes_its_own_keys(place: Any) -> None:
    """Each key is told once, and the list has what may be shown."""
    _, key = place.user("ada")
    made = place.request("POST", "/x/auth/keys", key, json={"label": "ci", "scopes": ["select:shop"], "days": 7})
    assert (201, "no-store") == (made.status_code, made.headers["cache-control"])
    listed = place.get("/x/auth/keys", key)
    assert made.json["key"] not in listed.text
    assert ["", "ci"] == [one["label"] for one in listed.json]
    rotated = place.request("POST", f"/x/auth/keys/{made.json['id']}/rotate", key, json={})
    assert 401 == place.get("/x/auth/me", made.json["key"]).status_code
    assert ["select:shop"] == place.get("/x/auth/me", rotated.json["key"]).json["scopes"]
    assert 204 == place.request("DELETE", f"/x/auth/keys/{rotated.json['id']}", key).status_code
    assert 401 == place.get("/x/auth/me", rotated.json["key"]).status_code


def test_a_key_in_an_address_is_refused(place: Any) -> None:
    """It would stand in logs and histories; the refusal says to revoke it."""
    _, key = place.user("ada", "select:shop")
    answer = place.get("/", key, query_string=f"apikey={key}")
    assert (400, "malformed_request") == (answer.status_code, answer.json["code"])
    assert key not in answer.text


def test_when_a_key_was_used_is_written_down_later(place: Any) -> None:
    """The request does not wait for it."""
    _, key = place.user("ada")
    assert [None] == [one.used_at for one in place.auth.credentials.list()]
    place.get("/x/auth/me", key)
    place.auth.notes.flush()
    assert all(one.used_at for one in place.auth.credentials.list())


def test_names_are_never_given_twice(place: Any) -> None:
    """Not in another case, nor of an account that is disabled; but in each tenant."""
    from synthdb_host.errors import DuplicateName, InvalidName  # noqa: PLC0415 - beside what it shows

    account, _ = place.user("ada")
    place.auth.accounts.set_state(account, "disabled")
    for name in ("ada", "ADA"):
        with pytest.raises(DuplicateName):
            place.auth.accounts.create(name)
    place.auth.accounts.create("ada", tenant="acme")
    for name in ("", "a b", "local", "-a", "a\n", "é", "a" * 129, "a/b", "job:core.gc"):
        with pytest.raises(InvalidName):
            place.auth.accounts.create(name)
    with pytest.raises(NotFound):
        place.auth.accounts.get("nobody")


def test_without_a_control_database_the_plugin_does_not_start(make_client: Callable[..., Any]) -> None:
    """A server of single files has nowhere to keep accounts, and must not look as if it had."""
    from synthdb_memory.plugin import MemoryPlugin  # noqa: PLC0415 - beside what it shows

    from synthdb_auth.plugin import AuthPlugin  # noqa: PLC0415 - as above
    from synthdb_host.errors import ConfigurationError  # noqa: PLC0415 - as above

    with pytest.raises(ConfigurationError, match=r"plugins\.disabled"):
        make_client({"auth": AuthPlugin(), "memory": MemoryPlugin()}, databases={"db": "memory:db"})


def test_a_principal_of_another_plugin_has_no_rights_here(place: Any) -> None:
    """Who came in otherwise is no account, whatever it calls itself."""
    from synthdb_host.contracts import Principal  # noqa: PLC0415 - beside what it shows

    place.user("ada", "*:/")
    for principal in (Principal("ada"), Principal("ada", "admin"), Principal("ada", claims={"account": 1})):
        with pytest.raises(Forbidden):
            place.run(Select("films"), context=Context(principal))
