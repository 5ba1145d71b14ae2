"""Identifiers for names that may hold any character."""

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthdb.openapi.identifiers import class_name, identifiers

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine that does other things too is no reason to fail."""

NAMES = st.sets(st.text(min_size=1, max_size=8) | st.sampled_from(["a", "A", "a_b", "a-b", "a b", "ab", "a__b", "é"]))


@given(NAMES)
@patient
def test_no_two_names_have_identifiers_that_a_tool_could_mix_up(names: set[str]) -> None:
    """Not without case, not without underscores, and not as names of classes."""
    found = identifiers(names)

    assert names == found.keys()
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", identifier) for identifier in found.values())
    assert len(names) == len({identifier.replace("_", "").lower() for identifier in found.values()})
    assert len(names) == len({class_name(identifier).lower() for identifier in found.values()})


@given(NAMES)
@patient
def test_identifiers_do_not_depend_on_the_order_of_names(names: set[str]) -> None:
    """The same names always get the same ones."""
    assert identifiers(sorted(names)) == identifiers(sorted(names, reverse=True))


def test_a_name_that_is_an_identifier_keeps_itself() -> None:
    """What collides with it gets another."""
    found = identifiers(["foo-bar", "foo_bar", "Foo Bar"])

    assert "foo_bar" == found["foo_bar"]
    assert "FooBar" == class_name(found["foo_bar"])
    assert re.fullmatch(r"Foo_Bar_[0-9a-f]{6}", found["Foo Bar"])
    assert re.fullmatch(r"foo_bar_[0-9a-f]{6}", found["foo-bar"])
