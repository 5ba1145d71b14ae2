"""Answers about schemas are made once, and not for everybody at the same time."""

import asyncio
from collections import Counter

from plugins.core.tests.graphql.conftest import Api, column
from synthdb.graphql.introspection import Introspection
from synthdb_host.errors import Unavailable
from synthdb_host.operations import CreateTable

TYPE = "query ($name: String!) { __type(name: $name) { name fields { name } } }"


def test_an_answer_is_made_once_and_a_flood_is_turned_away() -> None:
    """Those who ask the same wait for the one that makes it."""
    introspection, made = Introspection(), Counter[int]()

    async def ask(number: int) -> str:
        def make() -> bytes:
            made[number] += 1
            return b"%d" % number

        try:
            return (await introspection.get(number, make)).decode()
        except Unavailable as error:
            return error.code

    async def flood() -> list[str]:
        return list(await asyncio.gather(*[ask(number % 10) for number in range(30)]))

    answers = asyncio.run(flood())
    assert set(map(str, range(10))) | {"unavailable"} == set(answers)
    assert 14 == answers.count("unavailable")
    assert {1} == set(made.values())


def test_what_is_kept_is_bounded() -> None:
    """Old answers are made again."""
    introspection, made = Introspection(), Counter[int]()

    async def ask(number: int) -> None:
        def make() -> bytes:
            made[number] += 1
            return bytes(10_000_000)

        await introspection.get(number, make)

    for number in (0, 1, 2, 3, 0):
        asyncio.run(ask(number))
    assert [2, 1, 1, 1] == [made[number] for number in range(4)]


def test_variables_and_schemas_have_answers_of_their_own(api: Api) -> None:
    """A new table is there at once."""
    for _ in range(2):
        assert "films" == api.data(TYPE, name="films")["__type"]["name"]
        assert "people" == api.data(TYPE, name="people")["__type"]["name"]
    assert api.data(TYPE, name="stars")["__type"] is None
    api.define(CreateTable("stars", (column("id", "integer"),), key=("id",)))
    assert "stars" == api.data(TYPE, name="stars")["__type"]["name"]
