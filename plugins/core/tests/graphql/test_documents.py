"""Reading documents: what fits is kept, and what would cost too much is refused before it does."""

import asyncio
from typing import Final

import pytest
from graphql import build_schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthdb.graphql.documents import Document, Documents
from synthdb.graphql.limits import Limits
from synthdb.graphql.refusals import Refused, failure
from synthdb_host.errors import RequestError, Unavailable

SCHEMA: Final = build_schema("""
    type Query { film(id: Int): Film, films(limit: Int): [Film!]!, films_connection(first: Int): FilmConnection! }
    type Film { id: Int, title(upper: Boolean): String, director: Person, people(limit: Int): [Person!]! }
    type Person { id: Int, name: String, films(limit: Int): [Film!]!, films_aggregate(limit: Int): Films! }
    type Films { count: Int, nodes: [Film!]! }
    type FilmConnection { edges: [FilmEdge!]! }
    type FilmEdge { node: Film! }
    type Mutation { insert_film(title: String): Film }
""")
FILM: Final = "film(id: 1) { %s }"


def read(text: str, limits: Limits = Limits(), *, suggest: bool = True) -> Document:  # noqa: B008 - it is frozen
    """Read a document."""
    return asyncio.run(Documents(limits).get(SCHEMA, "key", text, suggest=suggest))


def refused(text: str, limits: Limits = Limits()) -> tuple[object, object]:  # noqa: B008 - it is frozen
    """Give the code and the limit with which a document is refused."""
    with pytest.raises(Refused) as caught:
        read(text, limits)
    extensions = failure(caught.value.errors[0])["extensions"]
    return extensions["code"], extensions.get("limit")


def bomb(length: int) -> str:
    """Write a chain of fragments that each use the next one twice."""
    chain = "".join(f"fragment F{n} on Film {{ ...F{n + 1} ...F{n + 1} }}\n" for n in range(length))
    return f"{{ {FILM % '...F0'} }}\n{chain}fragment F{length} on Film {{ id }}"


HOSTILE = {
    "long": ("{ film { id } }" + " " * 100_000, "too_large", "max_document_bytes"),
    "tokens": ("{ film { " + "id " * 5_000 + "} }", "too_complex", "max_tokens"),
    "comments": ("#\n" * 6_000 + "{ film { id } }", "too_complex", "max_tokens"),
    "deep": ("{ films " + "{ people { films " * 8 + "{ id }" + "} }" * 8 + " }", "too_complex", "max_depth"),
    "aliases": ("{ film { " + " ".join(f"a{n}: id" for n in range(201)) + " } }", "too_complex", "max_aliases"),
    "root fields": ("{ film { id }" * 1 + " film { id }" * 50 + " }", "too_complex", "max_root_fields"),
    "fragment bomb": (bomb(30), "too_complex", "max_fields"),
    "fragment chain": (bomb(160), "too_complex", "max_depth"),
    "same field": ("{ film { " + "id " * 1_000 + "} }", "too_complex", "max_comparisons"),
    "same objects": (
        "{ films { " + "people { films { id } films { title } } " * 250 + "} }",
        "too_complex",
        "max_comparisons",
    ),
    "fragment cycle": (
        "{ film { ...A } } fragment A on Film { ...B } fragment B on Film { ...A }",
        "invalid_document",
        None,
    ),
    "fragment of itself": (
        "{ film { ...A } } fragment A on Film { people { films { ...A } } }",
        "invalid_document",
        None,
    ),
    "schema twice": (
        "{ a: __schema { queryType { name } } ...A } fragment A on Query { b: __schema { queryType { name } } }",
        "too_complex",
        "introspection",
    ),
    "nested value": ("{ films(limit: " + "[" * 2_000 + "]" * 2_000 + ") { id } }", "invalid_document", None),
    "nothing": ("", "invalid_document", None),
    "no selection": ("{ film { } }", "invalid_document", None),
    "a schema": ("type Query { a: Int }", "invalid_document", None),
}


@pytest.mark.parametrize(("text", "code", "limit"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_documents_are_refused_with_the_limit_they_break(text: str, code: str, limit: str | None) -> None:
    """Each limit has its name in the error, as it is called among the settings."""
    assert (code, limit) == refused(text)


@pytest.mark.parametrize(
    ("limits", "text", "limit"),
    [
        (Limits(depth=2), "{ film { director { id } } }", "max_depth"),
        (Limits(aliases=0), "{ a: film { id } }", "max_aliases"),
        (Limits(root_fields=1), "{ film { id } films { id } }", "max_root_fields"),
        (Limits(root_fields=1), "{ ...A } fragment A on Query { film { id } ... { films { id } } }", "max_root_fields"),
        (Limits(fields=2), "{ film { id title } }", "max_fields"),
        (Limits(tokens=5), "{ film { id title } }", "max_tokens"),
        (Limits(document_bytes=10), "{ film { id } }", "max_document_bytes"),
    ],
)
def test_every_limit_is_a_setting(limits: Limits, text: str, limit: str) -> None:
    """What the operator sets is what counts, and without it the same document is fine."""
    assert limit == refused(text, limits)[1]
    assert read(text).operations


def test_an_operation_is_found_by_its_name() -> None:
    """It may be left out where there is one operation, and only there."""
    one, two = read("query A { film { id } }"), read("query A { film { id } } query B { films { id } }")

    assert "A" == getattr(one.operation(None).name, "value", None)
    assert "B" == getattr(two.operation("B").name, "value", None)
    for document, name in ((two, None), (two, "C"), (one, "C")):
        with pytest.raises(Refused) as caught:
            document.operation(name)
        assert "invalid_document" == failure(caught.value.errors[0])["extensions"]["code"]


def test_the_depth_of_introspection_is_not_counted() -> None:
    """What it may nest is limited by a rule of its own."""
    inner = "kind ofType { " * 20 + "kind" + " }" * 20
    document = read(f"{{ __schema {{ types {{ fields {{ type {{ {inner} }} }} }} }} }}")

    assert document.introspects
    assert not read("{ __typename }").introspects
    assert (
        "invalid_document"
        == refused("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }")[0]
    )


def test_fields_are_suggested_to_those_who_may_know_the_schema() -> None:
    """An error names no field to others."""
    messages = []
    for suggest in (True, False):
        with pytest.raises(Refused) as caught:
            read("{ film { titel } }", suggest=suggest)
        messages.append(failure(caught.value.errors[0])["message"])

    assert "title" in messages[0]
    assert "title" not in messages[1]


def test_a_document_is_kept_by_its_schema_when_it_is_sent_again() -> None:
    """A text that is valid for one schema says nothing about another; what is sent once takes no room."""
    documents, text = Documents(Limits()), "{ film { id } }"
    other = build_schema("type Query { other: Int }")

    async def use() -> None:
        await documents.get(SCHEMA, "one", text, suggest=True)
        assert documents.known("one", text) is None
        first = await documents.get(SCHEMA, "one", text, suggest=True)
        assert first is await documents.get(SCHEMA, "one", text, suggest=True)
        assert first is documents.known("one", text)
        assert documents.known("two", text) is None
        with pytest.raises(Refused):
            await documents.get(other, "two", text, suggest=True)

    asyncio.run(use())


def test_old_documents_are_forgotten_when_there_are_too_many() -> None:
    """What is kept is bounded by the bytes of the texts."""
    documents = Documents(Limits(), most_bytes=1_000)
    texts = ["{ film { id } } #" + "x" * (100 + n) for n in range(20)]

    async def use() -> None:
        for text in [text for text in texts for _ in range(2)]:
            await documents.get(SCHEMA, "key", text, suggest=True)

    asyncio.run(use())
    assert documents.known("key", texts[0]) is None
    assert documents.known("key", texts[-1]) is not None


def test_a_flood_of_long_documents_is_turned_away() -> None:
    """They are read one at a time beside the event loop; those for whom there is no room are told to come later."""
    documents = Documents(Limits())

    async def one(number: int) -> str:
        try:
            await documents.get(SCHEMA, "key", "{ film { id } }" + " " * (3_000 + number), suggest=False)
        except Unavailable as error:
            return error.code
        return "read"

    async def flood() -> list[str]:
        return list(await asyncio.gather(*[one(number) for number in range(50)]))

    answers = asyncio.run(flood())
    assert 32 == answers.count("read")
    assert 18 == answers.count("unavailable")


COSTS = {
    "one object": ("{ film { id director { name } } }", {}, 2),
    "a list without a limit": ("{ films { id } }", {}, 50),
    "a list with a limit": ("{ films(limit: 7) { id director { id } } }", {}, 14),
    "more than a list may have": ("{ films(limit: 2000000000) { id } }", {}, 10_000),
    "lists within a list": ("{ films(limit: 10) { people(limit: 3) { id } people(limit: 3) { name } } }", {}, 70),
    "a variable": ("query ($n: Int) { films(limit: $n) { id } }", {"n": 5}, 5),
    "a variable left out": ("query ($n: Int) { films(limit: $n) { id } }", {}, 50),
    "a variable that is null": ("query ($n: Int = 4) { films(limit: $n) { id } }", {"n": None}, 50),
    "the default of a variable": ("query ($n: Int = 4) { films(limit: $n) { id } }", {}, 4),
    "a wrong variable": ("query ($n: Int) { films(limit: $n) { id } }", {"n": "many"}, 50),
    "a negative limit": ("{ films(limit: -1) { id } }", {}, 50),
    "a connection": ("{ films_connection(first: 3) { edges { node { id } } } }", {}, 7),
    "nodes of an aggregate": ("{ film { director { films_aggregate(limit: 3) { nodes { id } } } } }", {}, 6),
    "a fragment": ("{ film { ...F } } fragment F on Film { people(limit: 2) { id } ... { director { id } } }", {}, 4),
    "introspection": ("{ __schema { types { name fields { name } } } __typename }", {}, 0),
    "a mutation": ('mutation { insert_film(title: "a") { id people(limit: 2) { id } } }', {}, 3),
}  # fmt: skip


@pytest.mark.parametrize(("text", "variables", "cost"), COSTS.values(), ids=COSTS)
def test_the_cost_of_an_operation_is_known_before_it_reads(text: str, variables: dict[str, object], cost: int) -> None:
    """It is the number of rows that its limits allow."""
    document = read(text)

    assert cost == document.cost(document.operation(None)).estimate(variables, Limits())


def test_an_operation_that_may_cost_too_much_is_refused() -> None:
    """The error says the estimate; a limit in the document makes it cheaper."""
    nested = "{ films%s { people { films { people { id } } } } }"
    document, limited = read(nested % ""), read(nested % "(limit: 1)")

    with pytest.raises(RequestError) as caught:
        document.cost(document.operation(None)).estimate({}, Limits())
    assert ("too_complex", "max_cost") == (caught.value.code, caught.value.data["limit"])
    assert 50 + 50**2 + 50**3 + 50**4 == caught.value.data["cost"]
    assert limited.cost(limited.operation(None)).estimate({}, Limits())


SELECTIONS = st.recursive(
    st.sampled_from(["id", "title", "t: title(upper: true)", "__typename"]),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(
        lambda parts: f"people {{ films {{ {' '.join(parts)} }} }}"
    ),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is slow
@given(st.lists(SELECTIONS, min_size=1, max_size=4))
def test_fragments_count_as_what_they_stand_for(parts: list[str]) -> None:
    """A document costs and measures the same when parts of it are written as fragments."""
    plain = read(f"{{ film {{ {' '.join(parts)} }} }}")
    spread = " ".join(f"...F{number}" for number in range(len(parts)))
    fragments = " ".join(f"fragment F{number} on Film {{ {part} }}" for number, part in enumerate(parts))
    written = read(f"{{ film {{ {spread} }} }} {fragments}")

    def cost(document: Document) -> int:
        return document.cost(document.operation(None)).estimate({}, Limits(cost=10**30))

    assert cost(plain) == cost(written)
