"""What differs between two schemas, and what that means to clients."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from graphql import GraphQLSchema
from graphql.utilities import BreakingChangeType, DangerousChangeType, find_schema_changes

__all__ = ["Difference", "Effect", "differences"]

Effect = Literal["breaking", "dangerous", "safe"]
"""Whether operations that fit the old schema fail, may behave otherwise, or go on as before."""

_ORDER: Final[Sequence[Effect]] = ("breaking", "dangerous", "safe")


@dataclass(frozen=True, slots=True)
class Difference:
    """One change from the old schema to the new one."""

    effect: Effect
    kind: str
    text: str


def differences(old: GraphQLSchema, new: GraphQLSchema) -> tuple[Difference, ...]:
    """List the changes from one schema to another, those that break clients first."""
    found = [
        Difference(_effect(change.type), change.type.name, change.description)
        for change in find_schema_changes(old, new)
    ]
    return tuple(sorted(found, key=lambda item: (_ORDER.index(item.effect), item.kind, item.text)))


def _effect(kind: object) -> Effect:
    if isinstance(kind, BreakingChangeType):
        return "breaking"
    return "dangerous" if isinstance(kind, DangerousChangeType) else "safe"
