"""Regular expressions: what they match, and that no pattern takes for ever."""

import re
import re._parser as re_parser  # type: ignore[import-not-found]  # what the automaton is built from

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthdb.engine.automaton import Automaton
from synthdb.engine.patterns import Pattern
from synthdb_host.errors import InvalidFilter
from synthdb_host.operations import ColumnRef, Comparison, Select

from .conftest import Shelf


def matching(pattern: str) -> Select:
    """Select the rows whose word matches."""
    return Select("words", where=Comparison(ColumnRef("word"), "match", pattern))


@pytest.mark.parametrize(
    "pattern", [r"(a)\1", r"(?=a)b", r"(?<!a)b", r"a++", r"(?>a)", r"(?m)^a", r"((a{50}){50}){50}"]
)
def test_what_only_backtracking_can_match_is_refused(shelf: Shelf, pattern: str) -> None:
    """Back references, look-around and the like are an error that names the column."""
    shelf.put("words", "id integer, word text")
    with pytest.raises(InvalidFilter, match="word"):
        shelf.run(matching(pattern))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"(a+)+$", False),
        (r"(a|a)*b", False),
        (r"a.*a.*a.*b", False),
        (r"(a*)*c$", False),
        (r"(a?){30}a{30}!", True),
        (r"^(aa|a)+!$", True),
        (r"\b!", True),
        (r"a$", False),
    ],
)
def test_no_regular_expression_explodes(shelf: Shelf, pattern: str, expected: object) -> None:
    """What takes a backtracking engine for ever is answered in time linear in the text."""
    shelf.put("words", "id integer, word text", [(1, "a" * 20_000 + "!")])
    assert bool(shelf.read(matching(pattern))) == expected


pieces = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", r"\b", "(a|b)", "(ab|a)", "(b|)", "A", "^"])
quantifiers = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,3}", "*?"])


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    parts=st.lists(st.tuples(pieces, quantifiers), min_size=1, max_size=3),
    text=st.text("abA\n 1", max_size=8),
    fold=st.booleans(),
)
def test_the_automaton_matches_what_re_matches(parts: list[tuple[str, str]], text: str, *, fold: bool) -> None:
    """Which engine answers can only be told by the time it takes."""
    pattern = "".join(piece + (quantifier if piece not in (r"\b", "^") else "") for piece, quantifier in parts)
    flags = re.DOTALL | (re.IGNORECASE if fold else 0)
    expected = re.search(pattern, text, flags) is not None
    assert Automaton(re_parser.parse(pattern, flags), flags).search(text) == expected
    assert Pattern(pattern, fold=fold).search(text) == expected
