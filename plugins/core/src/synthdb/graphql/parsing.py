"""Texts of documents as syntax trees, which keep no tokens.

graphql-core links all tokens of a document with each other in both directions, and each node with two of them. So they
could only be freed by the collector of cycles, which stops everybody for a tenth of a second once there are many; and
what a node needs of a token is where it is.
"""

import re
from itertools import islice
from typing import Final

from graphql import DocumentNode, GraphQLError, Lexer, Location, Source, Token, TokenKind
from graphql.language.parser import Parser

from synthdb.graphql.limits import Limits
from synthdb.graphql.refusals import Refused, over, too_long
from synthdb_host.errors import InvalidDocument

__all__ = ["parsed"]

_TOO_MANY: Final = "Document contains more than"
"""How graphql-core says that there are too many tokens or comments."""

_NOWHERE: Final = Token(TokenKind.SOF, 0, 0, 0, 0)

_TOKEN: Final = re.compile(
    r'"""(?:[^"\\]|\\"""|\\|"(?!""))*+"""|"(?:[^"\\\n\r]|\\.)*+"|\.\.\.|[!$&()|:=@\[\]{}]|[-+.\w]+|(#)[^\n\r]*',
    re.ASCII,
)
"""A token or a comment, as far as is needed to count them; what is wrong with one, the parser says."""


def parsed(text: str, limits: Limits) -> DocumentNode:
    """Parse a document.

    Raises:
        Refused: it is too long, or cannot be read.
    """
    if len(text) > limits.document_bytes or len(text.encode()) > limits.document_bytes:
        raise Refused(too_long("max_document_bytes", "The document", limits.document_bytes))
    _check_tokens(text, limits)
    _check_aliases(text, limits)
    source = Source(text)
    try:
        return _Parser(
            source,
            max_lexical_tokens=limits.tokens,
            max_comments=limits.tokens,
            allow_empty_selection_sets=False,
            lexer=_Lexer(source),
        ).parse_document()
    except GraphQLError as error:
        if _TOO_MANY in error.message:
            raise Refused(over("max_tokens", "tokens", limits.tokens)) from error
        raise Refused(error) from error
    except RecursionError:
        pass
    # Outside of the handler, or the error would keep all frames of the recursion.
    raise Refused(InvalidDocument("The document is nested too deeply."))


def _check_tokens(text: str, limits: Limits) -> None:
    """Refuse what has too many tokens before it is parsed, which takes twenty times as long as to count them."""
    if len(text) <= limits.tokens:
        return
    tokens = (found for found in _TOKEN.finditer(text) if found[1] is None)
    if next(islice(tokens, limits.tokens, None), None) is not None:
        raise Refused(over("max_tokens", "tokens", limits.tokens))


def _check_aliases(text: str, limits: Limits) -> None:
    """Refuse an operation with too many aliases before it is parsed; those of its fragments count, as it uses them."""
    if text.count(":") <= limits.aliases:
        return
    aliases = operations = level = within = 0
    last = ""
    for found in _TOKEN.finditer(text):
        word = found[0]
        if word == ":":
            aliases += not within
        elif word in "([":
            within += 1
        elif word in ")]":
            within -= 1
        elif not within and word == "{":
            operations += not level and last != "fragment"
            level += 1
        elif not within and word == "}":
            level -= 1
        elif not level and not within and word in ("query", "mutation", "subscription", "fragment"):
            last = word
    if operations == 1 and aliases > limits.aliases:
        raise Refused(over("max_aliases", "aliases", limits.aliases))


class _Lexer(Lexer):
    """Gives tokens that do not know those before them, so that they are freed one after the other."""

    def advance(self) -> Token:
        """Give the next token; those that it leaves behind forget each other."""
        self.last_token = self.token
        token = self.token = self.lookahead()
        behind: Token | None = self.last_token
        while behind is not None and behind is not token:
            following, behind.next = behind.next, None
            behind = following
        token.prev = None
        return token


class _Parser(Parser):
    """Gives nodes that know where they are, and no tokens."""

    def loc(self, start_token: Token) -> Location | None:
        """Give the place of a node."""
        found = super().loc(start_token)
        if found is not None:
            found.start_token = found.end_token = _NOWHERE
        return found
