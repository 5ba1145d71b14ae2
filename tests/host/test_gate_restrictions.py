"""Restrictions: what policies demand reaches the storage whole, and the catalog shows no more."""

from collections.abc import Callable

import pytest
from synthdb_memory.plugin import plugin as memory

from synthdb_host.access import LOCAL
from synthdb_host.contracts import (
    Authorizer,
    Context,
    Decision,
    Policy,
    Principal,
    Resource,
    Restrictions,
    RowPolicy,
    TableRestriction,
    Verdict,
)
from synthdb_host.errors import Forbidden, RequestError
from synthdb_host.manager import Host
from synthdb_host.operations import (
    Batch,
    Change,
    ColumnRef,
    Comparison,
    CopyTable,
    Define,
    Delete,
    DropTable,
    Embed,
    EmbedExists,
    Insert,
    Operation,
    Or,
    Ref,
    RenameTable,
    RequirePlugin,
    Select,
    Sql,
    Update,
    and_all,
)
from synthdb_host.stepping import run
from synthdb_host.testing.gating import (
    ALL_CAPABILITIES,
    BOOKSHOP,
    Guard,
    Ledger,
    allow_all,
    allow_only,
    open_gate,
    restrict,
)
from synthdb_host.versions import CherryPick, Merge, Restore, Revert

MakeHost = Callable[..., Host]

EVE = Context(Principal("eve"))
HOME = Context(LOCAL)

OWN = Comparison(ColumnRef("author"), "eq", "eve")
CHEAP = Comparison(ColumnRef("price"), "lt", 10)

BOOKS = Embed("books", ("id",), ("author",), many=True, select=Select("books"))
MAY_COMBINE = [("update", "books"), ("update", "authors"), ("insert", "unknown")]
AUTHORS = Embed("author", ("x",), ("y",), many=False, select=Select("authors", embeds=(BOOKS,)))


def told(make_host: MakeHost, operation: Operation, *policies: Policy) -> Restrictions:
    """What the storage is told for an operation that is allowed, under policies."""
    ledger = Ledger()
    guard = Guard(authorizers=[allow_all()], policies=policies)
    run(open_gate(make_host, ledger, guard).execute("shop", operation, EVE))
    return ledger.database.asked[0][1]


class TestOperations:
    def test_policies_add_up(self, make_host: MakeHost) -> None:
        """Filters and checks of all policies are ANDed, hidden columns are joined."""
        found = told(
            make_host,
            Select("books"),
            restrict("books", RowPolicy(OWN, None, frozenset({"price"})), name="own"),
            restrict("books", RowPolicy(CHEAP, OWN, frozenset({"id"})), name="cheap"),
            restrict("authors", RowPolicy(CHEAP), name="other"),
        )

        expected = TableRestriction(and_all(OWN, CHEAP), OWN, frozenset({"price", "id"}))
        assert {"books": expected} == found.tables

    def test_whose_rows_are_restricted_is_told_no_state(self, make_host: MakeHost) -> None:
        """What a policy shows may change though nothing was written, so nothing known is right for sure."""
        ledger, guard = Ledger(), Guard(authorizers=[allow_all()], policies=[restrict("books", RowPolicy(OWN))])
        gate = open_gate(make_host, ledger, guard)
        for table, known in (("books", None), ("authors", frozenset({"1"}))):
            run(gate.execute("shop", Select(table, known=frozenset({"1"})), EVE))
            assert Select(table, known=known) == ledger.database.asked[-1][0]

    @pytest.mark.parametrize(
        "operation",
        [
            Select("books"),
            Select("shops", embeds=(AUTHORS,)),
            Select("authors", embeds=(BOOKS,), where=EmbedExists("books")),
            Insert("authors", ("id",), [(1,)], returning=Select("authors", embeds=(BOOKS,))),
            Batch((Select("authors"), Select("books"))),
        ],
        ids=["select", "nested-embed", "embed-exists", "embed-of-returning", "batch"],
    )
    def test_a_restriction_follows_its_table_wherever_it_is_read(
        self, make_host: MakeHost, operation: Operation
    ) -> None:
        """There is no way around a policy through another table."""
        found = told(make_host, operation, restrict("books", RowPolicy(OWN), action="select"))

        assert {"books": TableRestriction(OWN)} == found.tables

    def test_a_write_that_returns_rows_is_under_the_policies_of_both(self, make_host: MakeHost) -> None:
        """Updating asks the update policies, returning the select policies; both hold."""
        found = told(
            make_host,
            Update("books", {"price": 1}, every_row=True, returning=Select("books")),
            restrict("books", RowPolicy(OWN, CHEAP), name="update", action="update"),
            restrict("books", RowPolicy(CHEAP, hidden=frozenset({"id"})), name="select", action="select"),
        )

        assert {"books": TableRestriction(and_all(OWN, CHEAP), CHEAP, frozenset({"id"}))} == found.tables

    @pytest.mark.parametrize("write", [Update("books", {"author": "me"}, CHEAP), Delete("books", CHEAP)])
    def test_a_filtered_write_finds_no_rows_that_its_caller_may_not_read(
        self, make_host: MakeHost, write: Operation
    ) -> None:
        """What a filter finds, counted or tried in a dry run, would tell what is in hidden rows and columns."""
        found = told(make_host, write, restrict("books", RowPolicy(OWN, hidden=frozenset({"price"})), action="select"))

        assert {"books": TableRestriction(OWN, None, frozenset({"price"}))} == found.tables

    @pytest.mark.parametrize(
        "operation", [Sql("select 1"), Batch((Sql("select 1"), Select("books")))], ids=["alone", "in-a-batch"]
    )
    def test_sql_is_under_the_restrictions_of_every_table(self, make_host: MakeHost, operation: Operation) -> None:
        """A statement may read any table, so the storage is told about all of them."""
        ledger = Ledger()
        guard = Guard(
            authorizers=[allow_only(("sql", None), ("select", "books"))],
            policies=[restrict("books", RowPolicy(OWN, hidden=frozenset({"price"})))],
        )
        run(open_gate(make_host, ledger, guard).execute("shop", operation, EVE))

        unreadable = TableRestriction(Or(()), hidden=frozenset({"id", "name"}))
        restricted = TableRestriction(OWN, hidden=frozenset({"price"}))
        assert {"authors": unreadable, "books": restricted} == ledger.database.asked[0][1].tables

    @pytest.mark.parametrize("allowed", [True, False])
    def test_a_write_may_make_tables_only_where_defining_is_allowed(
        self, make_host: MakeHost, *, allowed: bool
    ) -> None:
        """Without the define permission a write is allowed, but grows no schema."""
        ledger = Ledger()
        needs: list[tuple[str, str | None]] = [("insert", "books"), *([("define", None)] if allowed else [])]
        gate = open_gate(make_host, ledger, Guard(authorizers=[allow_only(*needs)]))
        run(gate.execute("shop", Insert("books", ("id",), [(1,)]), EVE))

        assert allowed is ledger.database.asked[0][1].may_define


COMBINING = [
    Merge(Ref("dev")),
    CherryPick("5"),
    Revert("5"),
    Restore(Ref(at="5")),
    Restore(None, ("books",), (("1",),)),
    Batch((Select("books"), Restore(Ref(at="5")))),
]


@pytest.mark.parametrize("operation", COMBINING, ids=lambda operation: type(operation).__name__)
class TestCombining:
    def test_the_storage_is_told_what_the_caller_may_do(self, make_host: MakeHost, operation: Operation) -> None:
        """By table, and under None for tables that only the storage finds; the permission to merge is not enough."""
        ledger = Ledger(ALL_CAPABILITIES | {"merge", "as_of"})
        needs = [("merge", None), ("select", "books"), ("select", "authors"), ("update", "books"), ("insert", None)]
        run(open_gate(make_host, ledger, Guard(authorizers=[allow_only(*needs)])).execute("shop", operation, EVE))

        told = ledger.database.asked[0][1]
        expected = {"books": ("select", "update"), "authors": ("select",), None: ("insert",)}
        assert {table: frozenset(actions) for table, actions in expected.items()} == told.combining
        assert not told.may_define
        assert [True, False, True] == [told.may_combine(*asked) for asked in MAY_COMBINE]

    def test_policies_of_every_action_count(self, make_host: MakeHost, operation: Operation) -> None:
        """Also those that say nothing about reading."""
        ledger = Ledger(ALL_CAPABILITIES | {"merge", "as_of"})
        policies = [restrict("books", RowPolicy(check=OWN), action="delete")]
        guard = Guard(authorizers=[allow_all()], policies=policies)
        run(open_gate(make_host, ledger, guard).execute("shop", operation, EVE))

        assert {"books": TableRestriction(check=OWN)} == ledger.database.asked[0][1].tables

    def test_rights_are_those_on_the_branch_that_changes(self, make_host: MakeHost, operation: Operation) -> None:
        """Not those on the branch that is merged."""

        async def not_main(principal: Principal, action: str, resource: Resource) -> Decision:
            is_denied = resource.ref == "main" and action in ("delete", "define")
            return Decision(Verdict.DENY if is_denied else Verdict.ALLOW)

        ledger = Ledger(ALL_CAPABILITIES | {"merge", "as_of"})
        gate = open_gate(make_host, ledger, Guard(authorizers=[Authorizer("not main", not_main)]))
        run(gate.execute("shop", operation, EVE))

        told = ledger.database.asked[0][1]
        assert (False, False) == (told.may_combine("delete", "books"), told.may_define)


def test_nothing_is_told_of_combining_to_other_operations(make_host: MakeHost) -> None:
    """They are asked for by name."""
    assert None is told(make_host, Select("books")).combining


class TestSchema:
    @pytest.mark.parametrize("action", ["select", "update", None], ids=["reading", "updating", "everything"])
    @pytest.mark.parametrize(
        "change",
        [
            RenameTable("books", "free"),
            RenameTable("free", "books"),
            CopyTable("books", "copy"),
            DropTable("books"),
        ],
        ids=["rename", "take-its-name", "copy", "drop"],
    )
    def test_who_is_restricted_on_a_table_may_not_reshape_it(
        self, make_host: MakeHost, change: Change, action: str | None
    ) -> None:
        """A policy goes by name: a copy or another name would leave it behind."""
        ledger = Ledger()
        guard = Guard(authorizers=[allow_all()], policies=[restrict("books", RowPolicy(OWN), action=action)])
        gate = open_gate(make_host, ledger, guard)
        with pytest.raises(Forbidden, match="restricted"):
            run(gate.execute("shop", Batch((Select("authors"), Define((change,)))), EVE))

        assert [] == ledger.database.asked

    def test_other_tables_may_be_reshaped(self, make_host: MakeHost) -> None:
        """A restriction of one table does not freeze the others."""
        change = Define((DropTable("authors"), RequirePlugin("guard")))

        assert {} == told(make_host, change, restrict("books", RowPolicy(OWN))).tables


class TestCatalog:
    def test_it_is_the_storages_own_where_nobody_restricts(self, make_host: MakeHost) -> None:
        """Nothing is copied that need not be."""
        assert BOOKSHOP is run(open_gate(make_host, Ledger()).catalog("shop", HOME))

    def test_tables_that_may_not_be_read_do_not_exist(self, make_host: MakeHost) -> None:
        """Neither do the foreign keys to them; the version tells the two views apart."""
        guard = Guard(authorizers=[allow_only(("select", "books"))])
        seen = run(open_gate(make_host, Ledger(), guard).catalog("shop", EVE))

        assert ["books"] == list(seen.tables)
        assert () == seen.tables["books"].foreign_keys
        assert BOOKSHOP.version != seen.version

    def test_hidden_columns_do_not_exist(self, make_host: MakeHost) -> None:
        """Nor do keys that would name them."""
        hidden = restrict("books", RowPolicy(hidden=frozenset({"price"})))
        guard = Guard(authorizers=[allow_all()], policies=[hidden])
        seen = run(open_gate(make_host, Ledger(), guard).catalog("shop", EVE))

        assert ["id", "author"] == list(seen.tables["books"].by_name)
        assert () == seen.tables["books"].unique_keys
        assert BOOKSHOP.tables["authors"] == seen.tables["authors"]
        assert BOOKSHOP.version != seen.version

    def test_a_row_filter_does_not_change_what_a_table_looks_like(self, make_host: MakeHost) -> None:
        """Only rows are filtered, so plans made for the catalog stay good."""
        guard = Guard(authorizers=[allow_all()], policies=[restrict("books", RowPolicy(OWN))])

        assert BOOKSHOP is run(open_gate(make_host, Ledger(), guard).catalog("shop", EVE))


def test_restrictions_decide_what_a_real_storage_reads_and_writes(make_host: MakeHost) -> None:
    """From policy to rows: only own rows are seen, hidden columns are gone, no foreign row is made."""
    mine = Comparison(ColumnRef("owner"), "eq", "eve")
    answer = RowPolicy(mine, mine, frozenset({"secret"}))
    guard = Guard(authorizers=[allow_all()], policies=[restrict("notes", answer, only="eve")])
    gate = make_host({"memory": memory, "guard": guard}, databases={"d": "memory://d"}).gate
    rows = [{"owner": "eve", "secret": "a"}, {"owner": "bob", "secret": "b"}]
    run(gate.execute("d", Insert.of("notes", rows), HOME))

    with pytest.raises(RequestError):
        run(gate.execute("d", Insert.of("notes", [{"owner": "bob"}]), EVE))
    seen = run(gate.execute("d", Select("notes"), EVE)).python()
    everyone = run(gate.execute("d", Select("notes"), HOME)).python()

    assert [("eve", False)] == [(row["owner"], "secret" in row) for row in seen]
    assert ["eve", "bob"] == [row["owner"] for row in everyone]


class TestWhatIsRemembered:
    def make(self, *, versioned: bool) -> tuple[Guard, list[bool], list[int]]:
        """Make a guard that hides a table or not, and counts how often it is asked."""
        hides, asked = [True], [0]

        async def authorize(principal: Principal, action: str, resource: Resource) -> Decision:
            asked[0] += 1
            return Decision(Verdict.DENY if hides[-1] and resource.table == "books" else Verdict.ALLOW)

        version = (lambda: len(hides)) if versioned else None
        return Guard(authorizers=[Authorizer("hides", authorize, version)]), hides, asked

    def test_who_says_when_answers_change_is_asked_again_then(self, make_host: MakeHost) -> None:
        """And not before; for another principal, he is asked."""
        guard, hides, asked = self.make(versioned=True)
        gate = open_gate(make_host, Ledger(), guard)
        first = run(gate.catalog("shop", EVE))
        before = asked[0]
        assert first is run(gate.catalog("shop", EVE))
        assert (before, False) == (asked[0], "books" in first.tables)
        hides.append(False)
        assert "books" in run(gate.catalog("shop", EVE)).tables
        assert asked[0] == 2 * before
        run(gate.catalog("shop", Context(Principal("eve"))))
        assert asked[0] == 3 * before

    def test_who_does_not_say_is_asked_each_time(self, make_host: MakeHost) -> None:
        """Nothing is remembered of him."""
        guard, hides, asked = self.make(versioned=False)
        gate = open_gate(make_host, Ledger(), guard)
        run(gate.catalog("shop", EVE))
        before = asked[0]
        hides.append(False)
        assert "books" in run(gate.catalog("shop", EVE)).tables
        assert asked[0] == 2 * before
