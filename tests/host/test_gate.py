"""The gate: nothing reaches a storage that was not allowed or that it does not offer."""

from collections.abc import Callable

import pytest

from synthdb_host.access import LOCAL
from synthdb_host.catalog import CheckConstraint, ForeignKey
from synthdb_host.contracts import (
    UNRESTRICTED,
    Authorizer,
    Capability,
    Context,
    Decision,
    Principal,
    Resource,
    RowPolicy,
    TableRestriction,
    Verdict,
)
from synthdb_host.errors import Forbidden, UnknownDatabase, UnsupportedCapability
from synthdb_host.manager import Host
from synthdb_host.operations import (
    AddCheck,
    AddForeignKey,
    And,
    Batch,
    ColumnRef,
    Comparison,
    CopyTable,
    CreateTable,
    Define,
    Delete,
    DropTable,
    Embed,
    EmbedExists,
    Insert,
    OnConflict,
    Operation,
    RequirePlugin,
    Select,
    Sql,
    Update,
)
from synthdb_host.stepping import run
from synthdb_host.testing.gating import (
    ALL_CAPABILITIES,
    Guard,
    Ledger,
    allow_all,
    allow_only,
    open_gate,
    restrict,
)
from synthdb_host.versions import Branching, Changes, CreateBranch, Diff, DropBranch, Merge, Ref

MakeHost = Callable[..., Host]
Needs = set[tuple[str, str | None]]

EVE = Context(Principal("eve"))
HOME = Context(LOCAL)

BOOKS = Embed("books", ("id",), ("author",), many=True, select=Select("books"))
AUTHORS = Embed("author", ("x",), ("y",), many=False, select=Select("authors", embeds=(BOOKS,)))
REFERENCE = ForeignKey("f", ("author",), "authors", ("id",))
ROW = [(1,)]

NEEDS = [
    pytest.param(Select("books"), {("select", "books")}, id="select"),
    pytest.param(
        Select("shops", embeds=(AUTHORS,)),
        {("select", "shops"), ("select", "authors"), ("select", "books")},
        id="select-with-nested-embeds",
    ),
    pytest.param(
        Select("authors", embeds=(BOOKS,), where=EmbedExists("books")),
        {("select", "authors"), ("select", "books")},
        id="select-by-what-an-embed-holds",
    ),
    pytest.param(Insert("books", ("id",), ROW), {("insert", "books")}, id="insert"),
    pytest.param(
        Insert("books", ("id",), ROW, OnConflict()),
        {("insert", "books"), ("update", "books")},
        id="upsert",
    ),
    pytest.param(
        Insert("books", ("id",), ROW, OnConflict(resolution="ignore")),
        {("insert", "books")},
        id="insert-that-ignores-duplicates",
    ),
    pytest.param(
        Insert("books", ("id",), ROW, OnConflict(where=Comparison(ColumnRef("price"), "gt", "5"))),
        {("insert", "books"), ("update", "books"), ("select", "books")},
        id="insert-that-updates-some-rows",
    ),
    pytest.param(
        Insert("books", ("id",), ROW, returning=Select("books")),
        {("insert", "books"), ("select", "books")},
        id="insert-returning",
    ),
    pytest.param(Update("books", {"id": 1}, every_row=True), {("update", "books")}, id="update"),
    pytest.param(
        Update("books", {"id": 1}, Comparison(ColumnRef("price"), "gt", "5")),
        {("update", "books"), ("select", "books")},
        id="update-of-some-rows",
    ),
    pytest.param(
        Delete("books", Comparison(ColumnRef("price"), "gt", "5")),
        {("delete", "books"), ("select", "books")},
        id="delete-of-some-rows",
    ),
    pytest.param(
        Delete("authors", every_row=True, returning=Select("authors", embeds=(BOOKS,))),
        {("delete", "authors"), ("select", "authors"), ("select", "books")},
        id="delete-returning-with-embed",
    ),
    pytest.param(Sql("select 1"), {("sql", None)}, id="sql"),
    pytest.param(Define((CreateTable("t"),)), {("define", None), ("define", "t")}, id="define"),
    pytest.param(Define((RequirePlugin("x"),)), {("define", None), ("require", None)}, id="requirement"),
    pytest.param(
        Define((CopyTable("books", "copy"),)),
        {("define", None), ("define", "books"), ("define", "copy"), ("select", "books")},
        id="copy-of-a-table",
    ),
    pytest.param(
        Define((AddForeignKey("books", REFERENCE),)),
        {("define", None), ("define", "books"), ("select", "authors")},
        id="reference-to-a-table",
    ),
    pytest.param(
        Batch((Insert("books", ("id",), ROW), Batch((Delete("authors", every_row=True),)))),
        {("insert", "books"), ("delete", "authors")},
        id="batch-in-batch",
    ),
]


class TestAuthorization:
    @pytest.mark.parametrize(("operation", "needs"), NEEDS)
    def test_an_operation_runs_if_all_it_needs_is_allowed(
        self, make_host: MakeHost, operation: Operation, needs: Needs
    ) -> None:
        """What the table above lists is enough."""
        ledger = Ledger()
        run(open_gate(make_host, ledger, Guard(authorizers=[allow_only(*needs)])).execute("shop", operation, EVE))

        assert [operation] == [asked for asked, _ in ledger.database.asked]

    @pytest.mark.parametrize(("operation", "needs"), NEEDS)
    def test_an_operation_is_refused_whole_if_any_of_it_is_not_allowed(
        self, make_host: MakeHost, operation: Operation, needs: Needs
    ) -> None:
        """Each need is needed: without any one of them the storage is not even asked."""
        for missing in needs:
            ledger = Ledger()
            gate = open_gate(make_host, ledger, Guard(authorizers=[allow_only(*needs - {missing})]))
            with pytest.raises(Forbidden) as refused:
                run(gate.execute("shop", operation, EVE))

            assert missing == (refused.value.data["action"], refused.value.data["table"])
            assert [] == ledger.database.asked

    @pytest.mark.parametrize("first", ["allows", "denies"])
    def test_any_deny_denies(self, make_host: MakeHost, first: str) -> None:
        """One authorizer cannot overrule another one's no, and its reason is given."""

        async def deny(principal: Principal, action: str, resource: Resource) -> Decision:
            return Decision(Verdict.DENY, "on holiday")

        authorizers = [allow_all(), Authorizer("no", deny)]
        guard = Guard(authorizers=authorizers if first == "allows" else authorizers[::-1])
        with pytest.raises(Forbidden, match="on holiday"):
            run(open_gate(make_host, Ledger(), guard).execute("shop", Select("books"), EVE))

    def test_none_allowing_denies(self, make_host: MakeHost) -> None:
        """Silence is no permission."""
        gate = open_gate(make_host, Ledger(), Guard(authorizers=[allow_only()]))
        with pytest.raises(Forbidden, match="nobody allows it"):
            run(gate.execute("shop", Select("books"), EVE))

    def test_the_first_authorizer_replaces_built_in_access(self, make_host: MakeHost) -> None:
        """Once a plugin judges, being local is no privilege any more."""
        gate = open_gate(make_host, Ledger(), Guard(authorizers=[allow_only()]))
        with pytest.raises(Forbidden):
            run(gate.execute("shop", Select("books"), HOME))

    def test_built_in_access_lets_nobody_else_in(self, make_host: MakeHost) -> None:
        """A principal that a plugin's authenticator made has no rights without an authorizer."""
        ledger = Ledger()
        gate = open_gate(make_host, ledger)
        with pytest.raises(Forbidden):
            run(gate.execute("shop", Select("books"), EVE))

        assert [] == ledger.database.asked

    def test_unknown_databases_are_not_found(self, make_host: MakeHost) -> None:
        """The gate has nothing to say about what does not exist."""
        gate = open_gate(make_host, Ledger())
        with pytest.raises(UnknownDatabase):
            run(gate.execute("nothing", Select("books"), HOME))

    @pytest.mark.parametrize(
        ("needs", "hint"), [([("select", None)], "did you mean 'shop'"), ([], r"'shpo'\.")], ids=["may", "may-not"]
    )
    def test_only_a_database_that_one_may_know_is_suggested(
        self, make_host: MakeHost, needs: list[tuple[str, str | None]], hint: str
    ) -> None:
        """A wrong guess at a name does not tell the names that are kept from the caller."""
        gate = open_gate(make_host, Ledger(), Guard(authorizers=[allow_only(*needs)]))
        for ask in (
            gate.execute("shpo", Select("books"), EVE),
            gate.catalog("shpo", EVE),
            gate.begin("shpo", EVE),
        ):
            with pytest.raises(UnknownDatabase, match=hint):
                run(ask)

    def test_nothing_is_asked_where_nobody_decides(self, make_host: MakeHost) -> None:
        """Without authorizers and policies a storage gets the one constant that restricts nothing."""
        ledger = Ledger()
        gate = open_gate(make_host, ledger)
        for operation in (Select("books"), Sql("select 1"), Define((DropTable("books"),))):
            run(gate.execute("shop", operation, HOME))

        assert all(restrictions is UNRESTRICTED for _, restrictions in ledger.database.asked)

    @pytest.mark.parametrize(("needs", "names"), [([("select", None)], ("shop",)), ([], ())], ids=["may", "may-not"])
    def test_databases_that_one_may_not_know_are_not_listed(
        self, make_host: MakeHost, needs: list[tuple[str, str | None]], names: tuple[str, ...]
    ) -> None:
        """The list holds the databases on which select is allowed as a whole."""
        gate = open_gate(make_host, Ledger(), Guard(authorizers=[allow_only(*needs)]))

        assert names == run(gate.database_names(EVE))


CHECK = CheckConstraint("c", And(()))

CAPABILITY_NEEDS = [
    pytest.param(Sql("select 1"), {"sql"}, id="sql"),
    pytest.param(Define((DropTable("books"),)), {"define"}, id="define"),
    pytest.param(Define((AddForeignKey("books", REFERENCE),)), {"define", "foreign_keys"}, id="foreign-key"),
    pytest.param(
        Define((CreateTable("t", foreign_keys=(ForeignKey("f", ("up",), "t", ("id",)),)),)),
        {"define", "foreign_keys"},
        id="foreign-key-to-itself",
    ),
    pytest.param(
        Define((CreateTable("t", foreign_keys=(REFERENCE,), checks=(CHECK,)),)),
        {"define", "foreign_keys", "checks"},
        id="table-with-everything",
    ),
    pytest.param(Define((AddCheck("books", CHECK),)), {"define", "checks"}, id="check"),
    pytest.param(Batch((Batch((Sql("select 1"),)),)), {"sql"}, id="batch"),
]


class TestCapabilities:
    @pytest.mark.parametrize(("operation", "needed"), CAPABILITY_NEEDS)
    def test_what_a_storage_does_not_declare_is_refused_before_it_is_asked(
        self, make_host: MakeHost, operation: Operation, needed: set[Capability]
    ) -> None:
        """Each missing capability is named; with exactly those needed, the operation runs."""
        for missing in needed:
            ledger = Ledger(ALL_CAPABILITIES - {missing})
            gate = open_gate(make_host, ledger)
            with pytest.raises(UnsupportedCapability, match=missing):
                run(gate.execute("shop", operation, HOME))
            assert [] == ledger.database.asked

        ledger = Ledger(frozenset(needed))
        run(open_gate(make_host, ledger).execute("shop", operation, HOME))
        assert 1 == len(ledger.database.asked)

    def test_a_dry_run_needs_the_capability(self, make_host: MakeHost) -> None:
        """A storage that cannot undo never runs an operation that should be undone."""
        ledger = Ledger(ALL_CAPABILITIES - {"dry_run"})
        gate = open_gate(make_host, ledger)
        with pytest.raises(UnsupportedCapability, match="dry_run"):
            run(gate.execute("shop", Delete("books", every_row=True), Context(LOCAL, dry_run=True)))

        assert [] == ledger.database.asked

    def test_transactions_need_the_capability(self, make_host: MakeHost) -> None:
        """Nothing is begun that cannot be ended."""
        gate = open_gate(make_host, Ledger(ALL_CAPABILITIES - {"transactions"}))
        with pytest.raises(UnsupportedCapability, match="transactions"):
            run(gate.begin("shop", HOME))


def test_every_operation_in_a_transaction_passes_the_gate(make_host: MakeHost) -> None:
    """Being inside a transaction is no permission."""
    own = Comparison(ColumnRef("author"), "eq", "eve")
    guard = Guard(authorizers=[allow_only(("select", "books"))], policies=[restrict("books", RowPolicy(own))])
    ledger = Ledger()
    transaction = run(open_gate(make_host, ledger, guard).begin("shop", EVE))
    run(transaction.execute(Select("books")))
    with pytest.raises(Forbidden):
        run(transaction.execute(Select("authors")))

    assert "1" == run(transaction.commit())
    run(transaction.rollback())
    assert [{"books": TableRestriction(own)}] == [told.tables for _, told in ledger.database.asked]
    assert ["commit", "rollback"] == ledger.database.ended


def test_what_was_done_and_what_was_refused_is_observed(make_host: MakeHost) -> None:
    """Each operation is told once, with its code, its time and its rows."""
    ledger = Ledger()
    gate = open_gate(make_host, ledger, Guard(authorizers=[allow_only(("delete", "books"))]))
    run(gate.execute("shop", Delete("books", every_row=True), EVE))
    with pytest.raises(Forbidden):
        run(gate.execute("shop", Select("books"), EVE))
    with pytest.raises(UnknownDatabase):
        run(gate.execute("nothing", Select("books"), EVE))

    assert [
        ("shop", Delete, "eve", None, 3),
        ("shop", Select, "eve", "forbidden", 0),
        ("nothing", Select, "eve", "unknown_database", 0),
    ] == [(name, type(asked), who.id, told.code, told.rows) for name, asked, who, told in ledger.observed]
    assert all(outcome.seconds >= 0 for *_, outcome in ledger.observed)


def test_a_stream_passes_the_gate_and_is_observed_when_it_is_closed(make_host: MakeHost) -> None:
    """It is authorised and restricted as a select is, refused where there are none, and told of once."""
    ledger = Ledger()
    own = Comparison(ColumnRef("author"), "eq", "eve")
    guard = Guard(authorizers=[allow_only(("select", "books"))], policies=[restrict("books", RowPolicy(rows=own))])
    gate = open_gate(make_host, ledger, guard)
    stream = run(gate.stream("shop", Select("books"), EVE))
    assert run(stream.read(10, len)) is None
    assert [] == ledger.observed
    stream.close()
    stream.close()
    with pytest.raises(Forbidden):
        run(gate.stream("shop", Select("authors"), EVE))
    ledger.database.capabilities = frozenset()
    with pytest.raises(UnsupportedCapability):
        run(gate.stream("shop", Select("books"), EVE))

    assert [{"books": TableRestriction(own)}] == [told.tables for _, told in ledger.database.asked]
    assert [None, "forbidden", "unsupported_capability"] == [told.code for *_, told in ledger.observed]


@pytest.mark.parametrize(
    "operation",
    [
        Diff(Ref("main"), Ref("private")),
        Diff(Ref("private"), Ref("main")),
        Changes(branch="private"),
        Branching((CreateBranch("mine", Ref("private")),)),
        Branching((DropBranch("private"),)),
        Merge(Ref("private")),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_every_ref_that_an_operation_is_about_is_asked_for(make_host: MakeHost, operation: Operation) -> None:
    """Who may not see a branch does not see it through another one either."""

    async def not_private(principal: Principal, action: str, resource: Resource) -> Decision:
        return Decision(Verdict.DENY if resource.ref == "private" else Verdict.ALLOW)

    ledger = Ledger()
    gate = open_gate(make_host, ledger, Guard(authorizers=[Authorizer("not private", not_private)]))

    with pytest.raises(Forbidden):
        run(gate.execute("shop", operation, EVE))
    assert [] == ledger.database.asked
