"""Tenants, placements and databases in the control database, and for which tenant a request is made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthdb_host.contracts import ANY_TENANT, Principal
from synthdb_host.control import Control
from synthdb_host.directory import Directory
from synthdb_host.directory_tables import PlacementRecord, shown_url
from synthdb_host.errors import (
    Conflict,
    DatabaseArchived,
    DuplicateName,
    InvalidName,
    LimitReached,
    RequestError,
    UnknownDatabase,
    UnknownPlacement,
    UnknownTenant,
)
from synthdb_host.placements import Placements
from synthdb_host.tenancy import Tenancy, full_name
from synthdb_host.tenants import Tenants

names = st.from_regex(r"[a-z][a-z0-9-]{0,5}", fullmatch=True)


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    """The directory of a data folder."""
    return Directory(Control(tmp_path / "data"))


# -- names ------------------------------------------------------------------------------------------------


@given(names, st.text(max_size=12) | st.builds("{}/{}".format, names, names))
def test_whatever_a_tenant_asks_for_is_his_own_or_refused(tenant: str, asked: str) -> None:
    """There is no name by which another tenant's database could be meant."""
    try:
        found = full_name(tenant, asked)
    except UnknownDatabase:
        assert "/" in asked
    else:
        assert found.startswith(f"{tenant}/")


@given(names, names)
def test_who_acts_for_no_tenant_reaches_no_tenants_database(tenant: str, name: str) -> None:
    """Not by its full name either; only those who act for the host use these."""
    with pytest.raises(UnknownDatabase):
        full_name(None, f"{tenant}/{name}")

    assert name == full_name(None, name)
    assert f"{tenant}/{name}" == full_name(ANY_TENANT, f"{tenant}/{name}")


@given(st.tuples(names, names), st.tuples(names, names))
def test_no_two_databases_lie_at_one_place(one: tuple[str, str], other: tuple[str, str]) -> None:
    """However their tenants and they are called, and whatever keeps them apart."""
    for url, isolation in (
        ("sqlite:////srv", "file"),
        ("postgresql://h/d", "schema"),
        ("postgresql://h/d", "database"),
    ):
        placement = PlacementRecord("p", url, isolation)  # type: ignore[arg-type] # these are the three
        assert (one == other) == (placement.locate(*one) == placement.locate(*other))


def test_names_that_are_too_long_for_a_schema_stay_different() -> None:
    """PostgreSQL cuts them off at 63 bytes."""
    placement = PlacementRecord("p", "postgresql://h/d", "schema")
    urls = {placement.locate("t" * 40, "d" * 40 + end) for end in "ab"}

    assert 2 == len(urls)
    assert all(len(url.partition("schema=")[2]) <= 63 for url in urls)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////srv/a.db", "sqlite:////srv/a.db"),
        ("postgresql://u:p@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:p@ss:w/rd@h/d", "postgresql://u:***@h/d"),
        ("postgresql://h/d?user=u&password=p&x=1", "postgresql://h/d?user=u&password=***&x=1"),
        ("other:x", "other:x"),
    ],
)
def test_secrets_of_urls_are_not_shown(url: str, shown: str) -> None:
    """Also of those that are not written as they should be."""
    assert shown == shown_url(url)


# -- whose request ---------------------------------------------------------------------------------------


def bound(directory: Directory, host: str, principal: Principal = Principal("eve")) -> str | None:  # noqa: B008 - frozen
    """Give the tenant for whom a request with a Host header is made."""
    return Tenancy(directory, "db.example.com").bind(principal, {"host": host}).tenant


@pytest.mark.parametrize(
    ("host", "tenant"),
    [
        ("acme.db.example.com", "acme"),
        ("ACME.db.example.com.:8000", "acme"),
        ("nobody.db.example.com", "nobody"),
        ("app.acme.test", "acme"),
        ("App.Acme.TEST:443", "acme"),
        ("db.example.com", None),
        ("example.com", None),
        ("127.0.0.1:8000", None),
        ("[::1]:8000", None),
        ("", None),
        ("acme.db.example.com\n", None),
        ("*.db.example.com", None),
    ],
)
def test_the_host_name_tells_for_whom_a_request_is_made(directory: Directory, host: str, tenant: str | None) -> None:
    """By the domain of all tenants or by a name that is one tenant's; else it is made for none."""
    Tenants(directory).create("acme", ["app.acme.test"])

    assert tenant == bound(directory, host)


def test_credentials_tell_it_too_and_may_not_contradict_the_host_name(directory: Directory) -> None:
    """Who belongs to one tenant and calls another one's host acts for nobody."""
    mine = Principal("eve", tenant="acme")

    assert "acme" == bound(directory, "127.0.0.1", mine)
    assert "acme" == bound(directory, "acme.db.example.com", mine)
    assert directory.find(full_name(bound(directory, "globex.db.example.com", mine), "main")) is None
    assert bound(directory, "globex.db.example.com", mine) not in ("acme", "globex", None)


def test_a_host_name_counts_as_soon_as_it_is_given(directory: Directory) -> None:
    """What was known of host names holds only until something is changed."""
    tenancy = Tenancy(directory)
    before = tenancy.bind(Principal("eve"), {"host": "app.test"}).tenant
    Tenants(directory).create("acme", ["app.test"])
    after = tenancy.bind(Principal("eve"), {"host": "app.test"}).tenant

    assert (None, "acme") == (before, after)


# -- what the directory keeps ------------------------------------------------------------------------------


def test_each_tenant_has_its_own_names(directory: Directory) -> None:
    """And there are those of no tenant."""
    for tenant in ("acme", "globex"):
        Tenants(directory).create(tenant)
        directory.add(f"{tenant}/main", f"other:{tenant}")
    directory.add("main", "other:none")

    assert ("acme/main", "globex/main", "main") == directory.names()
    assert ("main",) == directory.names("acme") == directory.names("")
    assert ["other:acme", "other:none"] == [directory.get(name).url for name in ("acme/main", "main")]


@pytest.mark.parametrize("what", ["tenant", "database"])
def test_what_is_archived_is_not_served_until_it_is_restored(directory: Directory, what: str) -> None:
    """A tenant with all its databases, or one of these."""
    Tenants(directory).create("acme")
    directory.add("acme/main", "other:1")

    def set_state(state: Any) -> bool:
        if what == "tenant":
            return Tenants(directory).set_state("acme", state)
        return directory.set_state("acme/main", state)

    changed = set_state("archived"), set_state("archived")
    with pytest.raises(DatabaseArchived):
        directory.find("acme/main")
    assert () == directory.names()
    assert (True, False, True) == (*changed, set_state("active"))
    assert ("acme/main",) == directory.names()


def _full(directory: Directory) -> None:
    Tenants(directory).create("full", max_databases=0)
    directory.add("full/a", "other:9")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda directory: Tenants(directory).create("acme"), DuplicateName),
        (lambda directory: Tenants(directory).create("other", ["app.test"]), DuplicateName),
        (lambda directory: Tenants(directory).create("Acme"), InvalidName),
        (lambda directory: Tenants(directory).create("a.b"), InvalidName),
        (lambda directory: Tenants(directory).create("new", ["no host"]), InvalidName),
        (lambda directory: Tenants(directory).remove("acme"), Conflict),
        (lambda directory: Tenants(directory).remove("nobody"), UnknownTenant),
        (lambda directory: Tenants(directory).set_state("nobody", "archived"), UnknownTenant),
        (lambda directory: directory.add("acme/main", "other:2"), DuplicateName),
        (lambda directory: directory.add("acme/twin", "other:1"), DuplicateName),
        (lambda directory: directory.add("nobody/main", "other:2"), UnknownTenant),
        (lambda directory: directory.place("nobody/main"), UnknownTenant),
        (lambda directory: directory.place("acme/1"), InvalidName),
        (lambda directory: directory.place("acme/x", region="moon"), UnknownPlacement),
        (lambda directory: directory.get("main"), UnknownDatabase),
        (lambda directory: Placements(directory).remove("nowhere"), UnknownPlacement),
        (_full, LimitReached),
    ],
)
def test_what_cannot_be_is_refused(
    directory: Directory, change: Callable[[Directory], None], error: type[RequestError]
) -> None:
    """With its own error, and nothing has changed."""
    Tenants(directory).create("acme", ["app.test"])
    directory.add("acme/main", "other:1")
    with pytest.raises(error):
        change(directory)

    assert ["other:1"] == [one.url for one in directory.list()]


def test_a_dry_run_finds_what_is_wrong_and_changes_nothing(directory: Directory, tmp_path: Path) -> None:
    """What it lets pass would be done."""
    trying = Tenants(Directory(Control(tmp_path / "data"), dry_run=True))
    trying.create("acme")
    assert () == Tenants(directory).list()
    Tenants(directory).create("acme")
    with pytest.raises(DuplicateName):
        trying.create("acme")


def test_a_database_goes_where_there_are_the_fewest_for_the_weight(directory: Directory) -> None:
    """Of the placements with the labels that are asked for, which take databases."""
    for placement in (
        PlacementRecord("big", "sqlite:////big", weight=2, region="eu"),
        PlacementRecord("small", "sqlite:////small", region="eu"),
        PlacementRecord("away", "sqlite:////away", region="us", state="archived"),
    ):
        Placements(directory).create(placement)
    for number in range(6):
        directory.add(f"d{number}", *(directory.place(f"d{number}", region="eu") or ("", "")))
    counted = {placement.name: used for placement, used in Placements(directory).list()}
    with pytest.raises(UnknownPlacement):
        directory.place("x", region="us")
    with pytest.raises(Conflict):
        Placements(directory).remove("big")

    assert {"away": 0, "big": 4, "small": 2} == counted
    assert ("sqlite:////away/x.db", "away") == directory.place("x", "away")
