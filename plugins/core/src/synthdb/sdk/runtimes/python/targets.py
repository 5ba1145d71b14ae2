"""Addresses."""

from collections.abc import Iterable
from urllib.parse import quote

from .values import to_text

__all__ = ["key_path", "query_string", "segment"]


def segment(text: str) -> str:
    """Write a text as one part of a path."""
    return quote(text, safe="")


def key_path(key: Iterable[object]) -> str:
    """Write a key as a part of a path, with commas between the values of several columns."""
    return ",".join(segment(to_text(part)) for part in key)


def query_string(parameters: Iterable[tuple[str, str]]) -> str:
    """Write parameters as they stand behind a path."""
    text = "&".join(f"{quote(name, safe='')}={quote(value, safe='(),.:*')}" for name, value in parameters)
    return f"?{text}" if text else ""
