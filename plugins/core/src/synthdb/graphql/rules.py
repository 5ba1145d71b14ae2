"""The rules of validation: those of the specification, of which one is held to a budget of its own.

Whether fields can be merged is found by comparing them in pairs, which takes seconds for ten kilobytes of a hostile
document; graphql-core stops after half a million comparisons, which is still one second.
"""

from functools import cache

from graphql import ASTValidationRule, OverlappingFieldsCanBeMergedRule, ValidationContext, specified_rules

__all__ = ["rules"]


@cache
def rules(comparisons: int) -> tuple[type[ASTValidationRule], ...]:
    """Give the rules; a document that needs more comparisons is not validated to its end."""

    class BoundedOverlap(OverlappingFieldsCanBeMergedRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = comparisons

    return tuple(BoundedOverlap if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules)
