"""Entity tags (RFC 9110, section 8.8.3): of a row its version, and behind it a hash of how it is shown.

Whoever compares a tag to write compares the version alone, so a tag read in any representation will do.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from synthdb_host.errors import InvalidParameter, PreconditionFailed
from synthdb_host.expectations import ANY_VERSION, Expected

__all__ = [
    "IF_MATCH",
    "IF_NONE_MATCH",
    "Tags",
    "expected_of",
    "is_known",
    "known_states",
    "list_tag",
    "new_rows",
    "row_tag",
]

IF_MATCH: Final = "if-match"
IF_NONE_MATCH: Final = "if-none-match"

_TAG: Final = r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"'
_TAGS = re.compile(rf"[ \t,]*{_TAG}(?:[ \t]*,[ \t,]*{_TAG})*[ \t,]*")
_EACH = re.compile(_TAG)


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of an If-Match or If-None-Match header. ``everything`` means any tag at all, a ``*``."""

    strong: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    everything: bool = False

    @classmethod
    def of(cls, headers: Mapping[str, str], name: str) -> "Tags | None":
        """Read a header; None if there is none.

        Raises:
            InvalidParameter: it is neither ``*`` nor a list of entity tags.
        """
        text = headers.get(name)
        if text is None:
            return None
        if text.strip() == "*":
            return cls(everything=True)
        if not _TAGS.fullmatch(text):
            raise InvalidParameter(
                f"Expected entity tags, found {text[:100]!r}.",
                hint='A tag is sent as it was received, in its quotes: "12-a1b2c3"; several are divided by commas.',
                where=f"header {name!r}",
            )
        found = _EACH.findall(text)
        return cls(frozenset(tag for weak, tag in found if not weak), frozenset(tag for weak, tag in found if weak))

    def has(self, tag: str, *, weakly: bool) -> bool:
        """Say whether a strong tag, in its quotes, is among these, by weak or by strong comparison."""
        bare = tag[1:-1]
        return self.everything or bare in self.strong or (weakly and bare in self.weak)

    def versions(self, *, weakly: bool) -> frozenset[str]:
        """Give the versions that stand in the tags."""
        if self.everything:
            return frozenset({ANY_VERSION})
        tags = self.strong | self.weak if weakly else self.strong
        # No tag of ours is a star, which would mean any version.
        return frozenset(tag.partition("-")[0] for tag in tags) - {ANY_VERSION}


def row_tag(version: str, body: bytes | None = None) -> str:
    """Write the tag of a row, as it stands in a header; without a ``body``, of no representation."""
    if body is None:
        return f'"{version}"'
    return f'"{version}-{hashlib.blake2b(body, digest_size=8).hexdigest()}"'


def list_tag(state: str, form: str) -> str:
    """Write the tag of a list: the state that it was read from, and the form in which it is shown."""
    return f'"{state}-{form}"'


def known_states(headers: Mapping[str, str], form: str) -> frozenset[str]:
    """Give the states of which the caller of a read of a list has it in this form.

    Raises:
        InvalidParameter: the header cannot be read.
    """
    known = Tags.of(headers, IF_NONE_MATCH)
    if known is None:
        return frozenset()
    parted = [tag.rpartition("-") for tag in known.strong | known.weak]
    return frozenset(state for state, _, shown in parted if shown == form)


def is_known(headers: Mapping[str, str], tag: str) -> bool:
    """Say whether the caller of a read has what this tag, in its quotes, stands for, so that it need not be sent.

    Raises:
        InvalidParameter: a header cannot be read.
        PreconditionFailed: the caller wanted only something else.
    """
    if IF_NONE_MATCH not in headers and IF_MATCH not in headers:
        return False
    match = Tags.of(headers, IF_MATCH)
    if match is not None and not match.has(tag, weakly=False):
        raise PreconditionFailed("What is here now is not of the version asked for.")
    known = Tags.of(headers, IF_NONE_MATCH)
    return known is not None and known.has(tag, weakly=True)


def new_rows(headers: Mapping[str, str]) -> Expected | None:
    """Give what a request expects of the rows that it adds to a table: with ``If-None-Match: *``, to be new.

    Raises:
        InvalidParameter: it expects something else.
    """
    expected = expected_of(headers)
    if expected not in (None, Expected(none_match=frozenset({ANY_VERSION}))):
        raise InvalidParameter(
            "Rows that are posted to a table have no versions to compare.",
            hint="Send If-None-Match: *, or PUT a row at its own address.",
            where=f"header {IF_MATCH!r}",
        )
    return expected


def expected_of(headers: Mapping[str, str]) -> Expected | None:
    """Give what a request expects of the row that it writes; None: nothing.

    Raises:
        InvalidParameter: a header cannot be read.
    """
    if IF_MATCH not in headers and IF_NONE_MATCH not in headers:
        return None
    match, none_match = Tags.of(headers, IF_MATCH), Tags.of(headers, IF_NONE_MATCH)
    # If-Match compares strongly, If-None-Match weakly (RFC 9110, sections 13.1.1 and 13.1.2).
    return Expected(
        None if match is None else match.versions(weakly=False),
        None if none_match is None else none_match.versions(weakly=True),
    )
