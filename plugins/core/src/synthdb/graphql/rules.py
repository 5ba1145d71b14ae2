"""Validation by the rules of the specification, of which one is held to a budget of its own.

Whether fields can be merged is found by comparing them in pairs, which takes seconds for ten kilobytes of a hostile
document; graphql-core stops after half a million comparisons, which is still one second.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLSchema,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    specified_rules,
    validate,
)

from synthdb.graphql.limits import Limits
from synthdb.graphql.refusals import Refused, over

__all__ = ["check_document"]

_MOST_ERRORS: Final = 20
_ABORTED: Final = "Validation aborted."
"""How graphql-core says that a document needs too many comparisons to be validated."""


def check_document(schema: GraphQLSchema, node: DocumentNode, limits: Limits, *, suggest: bool) -> None:
    """Validate a document; with ``suggest`` errors may name fields that were perhaps meant.

    Raises:
        Refused: it does not fit the schema, or needs more comparisons than are allowed.
    """
    made: list[ASTValidationRule] = []

    def kept(rule: type[ASTValidationRule]) -> Callable[[ValidationContext], ASTValidationRule]:
        def make(context: ValidationContext) -> ASTValidationRule:
            made.append(rule(context))
            return made[-1]

        return make

    rules: Any = [kept(rule) for rule in _rules(limits.comparisons)]
    try:
        errors = validate(schema, node, rules, max_errors=_MOST_ERRORS, hide_suggestions=not suggest)
    finally:
        for rule in made:
            # A rule knows its own methods, and what it has found; so only the collector of cycles would free it.
            vars(rule).clear()
    if errors and errors[-1].message == _ABORTED:
        raise Refused(over("max_comparisons", "fields that could be the same", limits.comparisons))
    if errors:
        raise Refused(*errors)


@cache
def _rules(comparisons: int) -> tuple[type[ASTValidationRule], ...]:
    """Give the rules; a document that needs more comparisons is not validated to its end."""

    class BoundedOverlap(OverlappingFieldsCanBeMergedRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = comparisons

    return tuple(BoundedOverlap if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules)
