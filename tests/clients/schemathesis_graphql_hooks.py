"""What Schemathesis cannot read in a GraphQL schema: how scalars are written, and which values a column takes."""

from typing import Any, Final

import schemathesis
from graphql.language import ArgumentNode, NullValueNode, ObjectValueNode, StringValueNode, Visitor, visit
from hypothesis import strategies as st
from schemathesis.graphql import nodes
from schemathesis.graphql.checks import GraphQLClientError, GraphQLServerError

REFUSED: Final = {
    "check_violation", "conflict", "foreign_key_violation", "full_table_write", "invalid_cursor", "invalid_filter",
    "invalid_parameter", "invalid_select", "invalid_value", "lossy_value", "not_null_violation", "too_complex",
    "unique_violation",
}  # fmt: skip
"""Codes of values that no type of GraphQL can forbid: what is right depends on other values, or on the rows."""


def text(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Write values as strings."""
    return values.map(lambda value: nodes.String(str(value)))


schemathesis.graphql.scalar("bigint", st.integers(-(2**63), 2**63 - 1).map(nodes.Int))
schemathesis.graphql.scalar("numeric", st.integers(-(10**6), 10**6).map(nodes.Int))
schemathesis.graphql.scalar("date", text(st.dates()))
schemathesis.graphql.scalar("timestamptz", text(st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")))
schemathesis.graphql.scalar("uuid", text(st.uuids()))
schemathesis.graphql.scalar("jsonb", st.integers(-100, 100).map(nodes.Int))
schemathesis.graphql.scalar("bytea", st.sampled_from(["", "AAEC"]).map(nodes.String))


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Keep what is a failure of the server."""
    if isinstance(failure, GraphQLServerError | GraphQLClientError):
        return any(error.get("extensions", {}).get("code") not in REFUSED for error in failure.errors)
    return True


class WithoutRefs(Visitor):
    """Leaves the argument ``at`` out where it fits the schema; where it does not, it is what the case is about."""

    def enter_argument(self, node: ArgumentNode, *_: object) -> object:
        """Look at one argument."""
        value = node.value
        fits = isinstance(value, ObjectValueNode) and all(
            one.name.value in {"as_of", "branch"} and isinstance(one.value, NullValueNode | StringValueNode)
            for one in value.fields
        )
        return self.REMOVE if node.name.value == "at" and fits else None


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Ask for the present: a ref that is made of any letters is none that there is."""
    return visit(body, WithoutRefs())
