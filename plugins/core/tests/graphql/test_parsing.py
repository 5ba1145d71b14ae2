"""Texts of documents are counted before they are parsed, and what is made of them is freed at once."""

import gc
from contextlib import nullcontext
from typing import Final

import pytest
from graphql import GraphQLSyntaxError, Lexer, Source, Token, TokenKind, build_schema
from hypothesis import assume, given
from hypothesis import strategies as st

from synthdb.graphql.limits import Limits
from synthdb.graphql.parsing import parsed
from synthdb.graphql.refusals import Refused
from synthdb.graphql.rules import check_document

SCHEMA: Final = build_schema("type Query { a(s: String, l: [Int]): Query, b: Int }")
PIECES: Final = (
    "a", "b1", "_", "{", "}", "(", ")", "[", "]", ":", "$x", "@skip", "...", "|", "&", "=", "!", "-1", "1.5e-3", "0",
    '"s"', '"\\""', '"\\u{1F600}"', '""', '"""b "q" \\""" """', '""""""', "# c", "# {", ",", "\ufeff", "\t",
)  # fmt: skip


def _count(text: str) -> int:
    lexer, count = Lexer(Source(text)), 0
    while lexer.advance().kind is not TokenKind.EOF:
        count += 1
    return count


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=40).map("\n".join))
def test_tokens_are_counted_like_the_parser_does(text: str) -> None:
    """A text with as many as are allowed is left to the parser, and one with one more is refused for that."""
    try:
        count = _count(text)
    except GraphQLSyntaxError:
        return
    # There may be as many comments, too.
    assume(text.count("# ") < count)
    for allowed in (count, count - 1):
        try:
            parsed(text, Limits(tokens=allowed))
        except Refused as refused:
            over = "tokens" in str(refused.errors[0])
            assert not over or allowed < count
        else:
            assert allowed == count


@pytest.mark.parametrize(
    ("text", "is_over"),
    [
        ("{ x: a y: b }", True),
        ("{ x: a b }", False),
        ('{ x: a(s: "y: b", l: [1]) { b } }', False),
        ('query ($s: String = "x", $l: [Int]) { a(s: $s, l: $l) { b } }', False),
        ("{ x: a { ...F } } fragment F on Query { y: b }", True),
        ("query A { x: a { b } } query B { y: b }", False),
        ("{ x: a # y: b\n { b } }", False),
    ],
)  # fmt: skip
def test_aliases_are_counted_before_a_document_is_parsed(text: str, is_over: bool) -> None:  # noqa: FBT001 - a case
    """Those of one operation, with its fragments; names of arguments and variables are none."""
    with pytest.raises(Refused) if is_over else nullcontext():
        parsed(text, Limits(aliases=1))


@pytest.mark.parametrize(
    "text", ["{ a { b b } }", "{ a { c } }", "{ a {", "{ # one\n # two\n a { b } # three\n}"], ids=range(4)
)
def test_no_tokens_are_left_to_the_collector(text: str) -> None:
    """They are freed with the document, and a document that is kept has none."""
    gc.collect()
    before = _tokens()
    gc.disable()
    try:
        kept = _read(text)
        assert before == _tokens()
        del kept
    finally:
        gc.enable()


def _read(text: str) -> object:
    try:
        node = parsed(text, Limits())
        check_document(SCHEMA, node, Limits(), suggest=True)
    except Refused as refused:
        return refused.body
    return node


def _tokens() -> int:
    return sum(isinstance(one, Token) for one in gc.get_objects())
