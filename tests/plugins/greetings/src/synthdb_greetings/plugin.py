"""What the plugin gives to the host."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import strawberry
from strawberry.types import Info

from synthdb_host.contracts import GraphqlCall, GraphqlType
from synthdb_host.errors import NotFound
from synthdb_host.hookspecs import hookimpl
from synthdb_host.operations import Select

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = ["GreetingsPlugin", "plugin"]


@strawberry.type
class Greeting:
    """A greeting."""

    text: str
    day: date

    @strawberry.field
    def shouted(self) -> str:
        """The text, louder."""
        return self.text.upper()


@strawberry.type(description="Greetings of several kinds.")
class Greetings:
    """Greetings of several kinds."""

    @strawberry.field
    def hello(self, name: str = "world") -> Greeting:
        """Greet somebody."""
        return Greeting(text=f"Hello, {name}", day=date(2026, 1, 1))

    @strawberry.field
    async def rows(self, info: Info[GraphqlCall, None], table: str) -> int:
        """Count the rows that the caller may read."""
        call = info.context
        select = Select(table, limit=0, count="exact", ref=call.ref)
        result = await plugin.host.gate.execute(call.database, select, call.caller)
        return result.total or 0

    @strawberry.field
    def missing(self) -> str:
        """Refuse."""
        raise NotFound("There is no such greeting.", hint="Say hello.")

    @strawberry.field
    def broken(self) -> str:
        """Fail."""
        raise RuntimeError("the secret of the house")


class GreetingsPlugin:
    """Fields below ``greetings``."""

    host: "PluginHost"

    @hookimpl
    def synthdb_startup(self, host: "PluginHost") -> None:
        """Keep the host, through whose gate rows are read."""
        self.host = host

    @hookimpl
    def synthdb_graphql_types(self) -> Sequence[GraphqlType]:
        """Contribute the fields."""
        return [GraphqlType(Greetings)]


plugin = GreetingsPlugin()
