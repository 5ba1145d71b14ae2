"""Spans of time on the command line."""

import re
from datetime import UTC, datetime, timedelta

from synthdb_host.encoding import format_timestamp

__all__ = ["expiry"]

_SPAN = re.compile(r"(?:in +)?([0-9]{1,6}) *(second|minute|hour|day|week)s?", re.IGNORECASE)


def expiry(text: str) -> str:
    """Give the timestamp that a span such as ``7 days`` from now ends at; other text is a timestamp already."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        return text
    span = timedelta(**{f"{found[2].lower()}s": int(found[1])})
    return format_timestamp((datetime.now(UTC) + span).replace(microsecond=0))
