"""Addresses: which database, ref, table and row a path means."""

import re
from dataclasses import dataclass

from synthdb.rest.query import decode
from synthdb_host.errors import InvalidParameter, NotFound
from synthdb_host.operations import HEAD, Ref

__all__ = ["Address", "parse_address", "parse_ref"]

_BRANCH = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")
_COMMIT = re.compile(r"[0-9][A-Za-z0-9._-]{0,99}")
_MOMENT = re.compile(r"[0-9A-Za-z][0-9A-Za-z:.+ -]{0,99}")

_DEFAULT_PROFILE = "public"


@dataclass(frozen=True, slots=True)
class Address:
    """What a path names. ``key`` is the value of each key column, in text form; None: the whole table."""

    database: str
    ref: Ref = HEAD
    table: str = ""
    key: tuple[str, ...] | None = None


def parse_address(path: str, mount: str, profile: str | None) -> Address:
    """Read a raw path below its mount: ``{db}[@{ref}][/{table}[/{key}]]``.

    Args:
        path: the path, still percent-encoded.
        mount: the path that stands before the database.
        profile: the Accept-Profile or Content-Profile header, which names a branch. ``public``, which some
            clients send without being asked, means no branch in particular.

    Raises:
        InvalidParameter: a part is not percent-encoded UTF-8, or the ref is malformed, or contradicts the
            profile.
        NotFound: no database is named, or the mount is not written as it is, but percent-encoded.
    """
    below = path.removeprefix(f"{mount}/")
    if below == path or not below:
        raise NotFound("There is nothing at this address.", hint=f"Name a database: {mount}/DATABASE.")
    segments = below.split("/")
    if len(segments) > 1 and not segments[-1]:
        segments.pop()
    name, at, ref_text = decode(segments[0], "path").partition("@")
    ref = parse_ref(ref_text) if at else None
    table = decode(segments[1], "path") if len(segments) > 1 else ""
    return Address(name, _with_profile(ref, profile), table, _key(segments[2:]))


def _key(segments: list[str]) -> tuple[str, ...] | None:
    if not segments:
        return None
    return tuple(decode(part, "path") for part in "/".join(segments).split(","))


def _with_profile(ref: Ref | None, profile: str | None) -> Ref:
    if profile is None or profile == _DEFAULT_PROFILE:
        return ref or HEAD
    if not _BRANCH.fullmatch(profile):
        raise InvalidParameter(f"{profile[:100]!r} is not the name of a branch.", where="header 'Accept-Profile'")
    if ref is not None and ref != Ref(profile):
        raise InvalidParameter(
            f"The address names {ref.branch!r}, but the profile names {profile!r}.",
            where="header 'Accept-Profile'",
        )
    return Ref(profile)


def parse_ref(text: str) -> Ref:
    """Read ``branch``, ``branch@moment`` or a commit id, which begins with a digit.

    Raises:
        InvalidParameter: it is none of these.
    """
    branch, at, moment = text.partition("@")
    if not at and _COMMIT.fullmatch(branch):
        return Ref(branch)
    if not _BRANCH.fullmatch(branch) or (at and not _MOMENT.fullmatch(moment)):
        raise InvalidParameter(
            f"{text[:100]!r} is not a ref.",
            hint="A ref is a branch, a commit id, or branch@timestamp.",
            where="path",
        )
    return Ref(branch, moment or None)
