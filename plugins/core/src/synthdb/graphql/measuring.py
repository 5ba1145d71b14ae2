"""How large a document is when its fragments are expanded, found without expanding them.

Every fragment is measured once, so that a chain of fragments which each use the next one twice costs what it is long,
and not what it stands for. It is done before validation, which trusts that documents are of a moderate size.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from synthdb.graphql.limits import Limits
from synthdb.graphql.refusals import over
from synthdb_host.errors import TooComplex

__all__ = ["Measure", "Measuring"]

_META: Final = frozenset({"__schema", "__type"})
_MOST_NESTED: Final = 150
"""Selections and fragments within each other; as deep as this goes the measuring itself."""


@dataclass(frozen=True, slots=True)
class Measure:
    """The size of a selection: levels of fields, fields with those of fragments, aliases, and fields at its top.

    ``introspects`` says whether it asks for the schema, levels below which are not counted; ``schemas`` says how often
    it asks for all of it.
    """

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    top: int = 0
    introspects: bool = False
    schemas: int = 0

    def beside(self, other: "Measure") -> "Measure":
        """Give the size of two selections together."""
        return Measure(
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.top + other.top,
            self.introspects or other.introspects,
            self.schemas + other.schemas,
        )

    def check(self, limits: Limits) -> None:
        """Refuse what is too large.

        Raises:
            TooComplex: naming the setting.
        """
        found = (
            ("max_depth", "levels", self.depth, limits.depth),
            ("max_root_fields", "fields at its top", self.top, limits.root_fields),
            ("max_aliases", "aliases", self.aliases, limits.aliases),
            ("max_fields", "fields", self.fields, limits.fields),
        )
        for setting, what, size, allowed in found:
            if size > allowed:
                raise over(setting, what, allowed)
        if self.schemas > 1:
            raise TooComplex("An operation asks for the whole schema more than once.", data={"limit": "introspection"})


class Measuring:
    """Measures selections of one document.

    Args:
        fragments: those of the document, by name.
    """

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, Measure] = {}

    def of(self, selections: SelectionSetNode | None, level: int = 0) -> Measure:
        """Measure a selection.

        Raises:
            TooComplex: it is nested so deeply that nobody could mean it.
        """
        if level > _MOST_NESTED:
            raise TooComplex("The document is nested too deeply.", data={"limit": "max_depth"})
        total = Measure()
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                total = total.beside(self._field(selection, level))
            elif isinstance(selection, FragmentSpreadNode):
                total = total.beside(self._fragment(selection.name.value, level))
            elif isinstance(selection, InlineFragmentNode):
                total = total.beside(self.of(selection.selection_set, level + 1))
        return total

    def _field(self, field: FieldNode, level: int) -> Measure:
        inner = self.of(field.selection_set, level + 1) if field.selection_set else Measure()
        meta = field.name.value in _META
        return Measure(
            1 if meta else inner.depth + 1,
            inner.fields + 1,
            inner.aliases + (field.alias is not None),
            1,
            meta or inner.introspects,
            inner.schemas + (field.name.value == "__schema"),
        )

    def _fragment(self, name: str, level: int) -> Measure:
        found = self._known.get(name)
        if found is None and name in self._fragments:
            # A fragment that leads to itself adds nothing here; validation refuses it.
            self._known[name] = Measure()
            found = self._known[name] = self.of(self._fragments[name].selection_set, level + 1)
        return found or Measure()
