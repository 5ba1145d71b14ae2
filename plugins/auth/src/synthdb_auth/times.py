"""Times as text."""

from datetime import UTC, datetime

from synthdb_host.encoding import format_timestamp

__all__ = ["time_text"]


def time_text(seconds: float | None) -> str | None:
    """Write a time that is kept as seconds since 1970."""
    return None if seconds is None else format_timestamp(datetime.fromtimestamp(seconds, UTC))
