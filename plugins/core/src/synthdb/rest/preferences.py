"""The Prefer header."""

import re
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from synthdb_host.errors import InvalidPreference
from synthdb_host.operations import CountMode

__all__ = ["NO_PREFERENCES", "Preferences", "parse_preferences"]

_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "return": ("minimal", "headers-only", "representation"),
    "resolution": ("merge-duplicates", "ignore-duplicates"),
    "missing": ("default", "null"),
    "count": ("exact", "planned", "estimated"),
    "tx": ("commit", "rollback"),
    "handling": ("strict", "lenient"),
    "full-table": ("allow",),
    "schema": ("then", "now"),
    "int64": ("number", "string"),
    "snapshot": ("on", "off"),
}
_MAX_AFFECTED: Final = "max-affected"
_TIMEZONE: Final = "timezone"
_ZONE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,30}(?:/[A-Za-z0-9_+-]{1,30}){0,2}")
_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the client prefers; ``applied`` is the text of the Preference-Applied header, empty for none."""

    returning: Literal["minimal", "headers-only", "representation"] = "minimal"
    resolution: Literal["merge-duplicates", "ignore-duplicates"] | None = None
    missing: Literal["default", "null"] | None = None
    count: CountMode | None = None
    rollback: bool = False
    max_affected: int | None = None
    full_table: bool = False
    schema_now: bool = False
    spelled: bool = False
    live: bool = False
    zone: tzinfo | None = None
    applied: str = ""


NO_PREFERENCES: Final = Preferences()


def parse_preferences(header: str | None) -> Preferences:
    """Read a Prefer header; of a preference given twice the first counts.

    A preference that is not understood is ignored, as RFC 7240 asks.

    Raises:
        InvalidPreference: one is not understood, and ``handling=strict`` is among them.
    """
    if not header:
        return NO_PREFERENCES
    known: dict[str, str] = {}
    unknown: list[str] = []
    for part in header.split(","):
        name, _, value = part.partition(";")[0].strip().partition("=")
        _sort_in(name.strip().lower(), value.strip().strip('"'), part.strip(), known, unknown)
    if unknown and known.get("handling") == "strict":
        raise InvalidPreference(
            "Not understood: " + ", ".join(unknown) + ".",
            hint="The preferences are " + ", ".join((*_CHOICES, _MAX_AFFECTED, _TIMEZONE)) + ".",
            where="header 'Prefer'",
            data={"invalid": unknown},
        )
    return _preferences(known)


def _sort_in(name: str, value: str, part: str, known: dict[str, str], unknown: list[str]) -> None:
    if _is_valid(name, value):
        known.setdefault(name, value)
    elif part:
        unknown.append(part)


def _is_valid(name: str, value: str) -> bool:
    if name == _MAX_AFFECTED:
        return _NUMBER.fullmatch(value) is not None
    if name == _TIMEZONE:
        return _zone(value) is not None
    return value in _CHOICES.get(name, ())


def _zone(name: str) -> tzinfo | None:
    """Find a time zone by its name in the IANA database; None: there is none."""
    if not _ZONE_NAME.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the last one where it is a folder of the database
        return None


def _preferences(known: dict[str, str]) -> Preferences:
    chosen: dict[str, Any] = {
        "returning": known.get("return", "minimal"),
        "resolution": known.get("resolution"),
        "missing": known.get("missing"),
        "count": known.get("count"),
    }
    return Preferences(
        **chosen,
        rollback=known.get("tx") == "rollback",
        max_affected=int(known[_MAX_AFFECTED]) if _MAX_AFFECTED in known else None,
        full_table="full-table" in known,
        schema_now=known.get("schema") == "now",
        spelled=known.get("int64") == "string",
        live=known.get("snapshot") == "off",
        zone=_zone(known[_TIMEZONE]) if _TIMEZONE in known else None,
        applied=", ".join(f"{name}={value}" for name, value in known.items()),
    )
