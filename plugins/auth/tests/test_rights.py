"""Who may do what, and which rule decides."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthdb_auth.rights import NOBODY, Rights, Rule
from synthdb_auth.scopes import ANY, Place, Right
from synthdb_host.contracts import Resource
from synthdb_host.errors import Conflict, DuplicateName, Forbidden, InvalidParameter, NotFound
from synthdb_host.operations import CopyTable, Define, DropTable, Insert, Ref, RenameTable, Select, Sql, Update

ACTIONS = ("select", "insert", "define")
PLACES = (
    Place(is_all=True), Place(), Place("shop"), Place("shop", table="films"), Place("shop", "draft"),
    Place("shop", "draft", "films"), Place("other"),
)  # fmt: skip
RESOURCES = (
    Resource(""), Resource("acme/"), Resource("shop"), Resource("shop", "films"), Resource("shop", "staff"),
    Resource("shop", "films", "draft"), Resource("acme/shop", "films"), Resource("other", "films"),
)  # fmt: skip
rules = st.builds(
    Rule,
    st.uuids().map(str),
    st.sampled_from(["allow", "deny"]),
    st.builds(Right, st.sets(st.sampled_from([*ACTIONS, ANY]), min_size=1).map(frozenset), st.sampled_from(PLACES)),
    st.sampled_from(["", "acme", ANY]),
    st.just("somebody"),
)


@pytest.mark.parametrize("text", ["/", "*", "shop", "shop@draft", "shop/films", "shop@draft/films", "*/films"])
def test_a_place_is_written_as_it_is_read(text: str) -> None:
    """Round trip."""
    assert text == str(Place.parse(text))
    assert f"insert,select:{text}" == str(Right.parse(f"select,insert:{text}"))


@pytest.mark.parametrize(
    "text",
    ["", "shop/", "/films", "a b", "shop@", "acme/shop/films", "shop@a/b/c", "**", "1shop", "é", "shop\n", "../x"],
)
def test_what_is_no_place_is_refused(text: str) -> None:
    """Nobody is given a right on something else than was meant."""
    with pytest.raises(InvalidParameter):
        Place.parse(text)


@pytest.mark.parametrize(
    "text", ["", ":shop", "select", "Select:shop", "select,:shop", "select;insert:shop", "*,x:shop"]
)
def test_what_is_no_right_is_refused(text: str) -> None:
    """Neither actions nor places may be left out."""
    with pytest.raises(InvalidParameter):
        Right.parse(text)


@given(st.lists(rules, max_size=6), st.sampled_from(ACTIONS), st.sampled_from(RESOURCES))
def test_any_denial_wins_and_what_nobody_allows_is_denied(some: list[Rule], action: str, resource: Resource) -> None:
    """Whatever the order of the rules; and the rule that is named is the one that decides."""
    finding = Rights(tuple(some)).decide(action, resource)
    same = Rights(tuple(reversed(some))).decide(action, resource)
    assert finding.allowed == same.allowed
    if finding.rule is None:
        assert (False, NOBODY) == (finding.allowed, finding.reason)
    else:
        assert ("allow" if finding.allowed else "deny") == finding.rule.effect
        alone = Rights((finding.rule,)).decide(action, resource)
        assert finding.allowed == alone.allowed


@given(st.lists(rules, max_size=6), rules, st.sampled_from(ACTIONS), st.sampled_from(RESOURCES))
def test_a_further_rule_only_does_what_it_says(some: list[Rule], one: Rule, action: str, resource: Resource) -> None:
    """An allowance takes nothing away, and a denial gives nothing."""
    before = Rights(tuple(some)).decide(action, resource).allowed
    after = Rights((*some, one)).decide(action, resource).allowed
    assert after >= before if one.effect == "allow" else after <= before


@given(st.lists(rules, max_size=6), st.lists(st.sampled_from(PLACES), max_size=3), st.sampled_from(RESOURCES))
def test_a_key_never_widens_what_its_account_may(some: list[Rule], places: list[Place], resource: Resource) -> None:
    """Scopes only take away."""
    scopes = [Right(frozenset({"select"}), place) for place in places]
    found = Rights(tuple(some)).decide("select", resource, scopes)
    assert found.allowed <= Rights(tuple(some)).decide("select", resource).allowed


def test_no_tenants_rule_is_about_the_server_or_another_tenant() -> None:
    """Not even one on everything."""
    rights = Rights((Rule("g", "allow", Right.parse("*:/"), "acme", "ada"),))
    allowed = [str(one.database) for one in RESOURCES if rights.decide("select", one).allowed]
    assert ["acme/shop"] == allowed


def test_a_table_is_shared_with_a_team(install: Any) -> None:
    """Who joins sees it at once, in every process, and nothing else; who leaves does not."""
    one, other = install(), install()
    account, key = one.user("ada")
    team = one.auth.grants.create_team("press")
    one.auth.grants.share_table("shop", "films", team, ["select"])
    with pytest.raises(Forbidden, match="nobody allows it"):
        other.run(Select("films"), context=other.caller(key))
    one.auth.grants.add_member(team, account)
    assert 2 == len(other.run(Select("films"), context=other.caller(key)).rows)
    assert ("press",) == other.caller(key).principal.claims["teams"]
    for operation in (Select("staff"), Insert.of("films", [{"title": "x"}]), Sql("SELECT 1")):
        with pytest.raises(Forbidden):
            other.run(operation, context=other.caller(key))
    one.auth.grants.remove_member(team, account)
    with pytest.raises(Forbidden):
        other.run(Select("films"), context=other.caller(key))


def test_who_may_see_one_table_knows_of_the_database_and_no_more(place: Any) -> None:
    """The index, the catalog and the suggestions name what may be read."""
    _, key = place.user("ada", "select:shop/films")
    _, nobody = place.user("eve")
    shown = place.get("/", key, headers={"Accept": "application/json"}).json["databases"]
    assert [("shop", ["films"])] == [(one["name"], [table["name"] for table in one["tables"]]) for one in shown]
    assert [] == place.get("/", nobody, headers={"Accept": "application/json"}).json["databases"]


def test_what_is_seen_changes_with_the_rights_at_once(install: Any) -> None:
    """Also in another process, which remembers what somebody sees."""
    one, other = install(), install()
    account, key = one.user("ada", "select:shop/films")

    def seen() -> list[str]:
        found = other.get("/", key, headers={"Accept": "application/json"}).json["databases"]
        return [table["name"] for database in found for table in database["tables"]]

    assert ["films"] == seen()
    grant = one.allow(account, "select", "shop/staff")
    assert ["films", "staff"] == seen()
    one.auth.grants.revoke(grant)
    assert ["films"] == seen()


def test_a_denied_table_cannot_be_had_under_another_name(place: Any) -> None:
    """Renamed, copied, dropped: that is denied with it."""
    account, key = place.user("ada", "*:shop")
    place.auth.grants.create(account, Place("shop", table="staff"), actions=["select"], effect="deny", reason="private")
    caller = place.caller(key)
    for operation in (
        Select("staff"),
        Define((RenameTable("staff", "open"),)),
        Define((CopyTable("staff", "open"),)),
        Define((DropTable("staff"),)),
        Update("staff", {"name": "x"}, every_row=True, returning=Select("staff")),
    ):
        with pytest.raises(Forbidden):
            place.run(operation, context=caller)
    place.run(Define((RenameTable("films", "movies"),)), context=caller)
    with pytest.raises(Forbidden, match="private"):
        place.run(Select("staff"), context=caller)


def test_a_right_on_a_branch_is_for_that_branch(place: Any) -> None:
    """Not for main, nor for a moment of it; and a denial of a branch is refused, for commits would evade it."""
    account, _ = place.user("ada", "select:shop@draft")
    rights = place.auth.judge
    assert rights.find(account.id, "select", Resource("shop", "films", "draft")).allowed
    for ref in ("main", "draft@5 minutes ago", "3f", str(Ref("main", "3f"))):
        assert not rights.find(account.id, "select", Resource("shop", "films", ref)).allowed
    with pytest.raises(InvalidParameter, match="branch"):
        place.auth.grants.create(account, Place("shop", "draft"), actions=["select"], effect="deny")


def test_visible_is_answered_by_one_statement_and_agrees_with_the_gate(place: Any) -> None:
    """Teams, roles, denials of whole databases and rights on all tenants."""
    account, _ = place.user("ada", "select:shop/films", "insert:shop")
    boss, _ = place.user("boss")
    place.auth.make_administrator(boss)
    banned, _ = place.user("banned", "select:/")
    place.auth.grants.create(banned, Place("shop"), actions=["select"], effect="deny")
    tenants, _ = place.user("lea", "select:*", tenant="acme")

    def seen(one: Any, action: str = "select") -> list[tuple[str, str]]:
        return [(row.database, row.table) for row in place.auth.visible(one, action)]

    assert [("shop", "films")] == seen(account)
    assert [("shop", "*")] == seen(account, "insert")
    assert [("acme/shop", "*"), ("shop", "*")] == seen(boss)
    assert [] == seen(banned)
    assert [("acme/shop", "*")] == seen(tenants)


def test_grants_are_idempotent_and_taken_back(place: Any) -> None:
    """The same one is not made twice, and ends at once."""
    account, key = place.user("ada")
    first = place.allow(account, "select,insert", "shop")
    assert first == place.allow(account, "insert,select", "shop")
    assert first != place.allow(account, "select", "shop")
    assert place.auth.grants.revoke(first)
    assert not place.auth.grants.revoke(first)
    with pytest.raises(Forbidden):
        place.run(Insert.of("films", [{"title": "x"}]), context=place.caller(key))


def test_roles_are_given_and_cannot_vanish_under_those_who_have_them(place: Any) -> None:
    """Nor can those that are there from the start."""
    account, key = place.user("ada")
    role = place.auth.grants.create_role("clerk", ["select", "insert"])
    grant = place.auth.grants.create(account, Place("shop"), role=role)
    place.run(Insert.of("films", [{"title": "x"}]), context=place.caller(key))
    for one in (role, place.auth.grants.role("reader")):
        with pytest.raises(Conflict):
            place.auth.grants.delete_role(one)
    place.auth.grants.revoke(grant.id)
    place.auth.grants.delete_role(role)
    with pytest.raises(NotFound):
        place.auth.grants.role("clerk")
    with pytest.raises(DuplicateName):
        place.auth.grants.create_role("admin", ["select"])


def test_nobody_of_a_tenant_gets_rights_elsewhere(place: Any) -> None:
    """Neither on the databases of another tenant nor in a team of one."""
    lea, _ = place.user("lea", tenant="acme")
    for tenant in ("", "beta", "*"):
        with pytest.raises(Conflict):
            place.auth.grants.create(lea, Place(), actions=["select"], tenant=tenant)
    with pytest.raises(Conflict):
        place.auth.grants.add_member(place.auth.grants.create_team("press"), lea)
