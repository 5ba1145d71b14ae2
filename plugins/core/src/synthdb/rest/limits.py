"""How much one request may ask for."""

from dataclasses import dataclass
from typing import Self

from synthdb_host.settings import HostSettings

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may ask for. One that needs more is ``too_complex``, except that rows are paged.

    ``rows`` of one answer, ``stream_rows`` of one that is sent as it is read, ``conditions`` in all, ``group_depth`` of
    and/or, ``embeds`` and ``embed_depth``,
    ``items`` of one select or order, ``values`` of one list. ``shapes`` is how many read requests are kept.
    """

    rows: int = 10_000
    stream_rows: int = 100_000_000
    conditions: int = 2_000
    group_depth: int = 32
    embeds: int = 50
    embed_depth: int = 8
    items: int = 2_000
    values: int = 50_000
    shapes: int = 2_000

    @classmethod
    def of(cls, settings: HostSettings) -> Self:
        """Take the limits that the operator sets."""
        limits = settings.limits
        return cls(
            rows=limits.max_rows,
            stream_rows=limits.max_stream_rows,
            conditions=limits.max_filter_terms,
            group_depth=limits.max_filter_depth,
            embed_depth=limits.max_embed_depth,
        )
