"""Exact sums and averages where SQLite's own arithmetic would overflow or round.

Such an aggregate yields text: a number written in full, or ``sum/count`` for an average.
"""

from decimal import Context, Decimal
from fractions import Fraction
from typing import Any, Final

from synthdb.storage.codecs import codec_of
from synthdb_host.catalog import ColumnType

__all__ = ["EXACT_AGGREGATES", "EXACT_FORM", "as_decimal", "as_fraction", "compare_exact"]

EXACT_FORM: Final = "EXACT"
"""Stands for ``Codec.declared`` where values are such text."""

_SUMS: Final = Context(prec=400)


class _Sum:
    """Adds values of an integer or decimal column, whose type is given with each value."""

    def __init__(self) -> None:
        self._total: Decimal | int = 0
        self._count = 0
        self._read: Any = None

    def step(self, stored: int | str | None, column_type: str) -> None:
        """Add one value."""
        if stored is None:
            return
        if not self._count:
            self._read = codec_of(ColumnType.parse(column_type)).to_python or int
        self._total = _SUMS.add(self._total, self._read(stored))
        self._count += 1

    def finalize(self) -> str | None:
        """Give the sum as text, None if there was no value."""
        return format(Decimal(self._total), "f") if self._count else None


class _Average(_Sum):
    """Averages what :class:`_Sum` adds."""

    def finalize(self) -> str | None:
        """Give the sum and the count as ``sum/count``."""
        return f"{super().finalize()}/{self._count}" if self._count else None


EXACT_AGGREGATES: Final[dict[str, Any]] = {"synthdb_average": _Average, "synthdb_sum": _Sum}


def as_fraction(value: float | str) -> Fraction:
    """Read a number, or ``sum/count``."""
    if isinstance(value, str) and "/" in value:
        total, count = value.split("/")
        return Fraction(total) / int(count)
    return Fraction(value)


def as_decimal(value: str, scale: int) -> Decimal:
    """Read ``sum/count`` as a decimal, rounded half to even to ``scale`` digits after the point."""
    scaled = round(as_fraction(value) * 10**scale)
    return Decimal(scaled).scaleb(-scale, context=_SUMS)


def compare_exact(left: float | str | None, right: float | str | None) -> int | None:
    """Compare two exact numbers: -1, 0 or 1."""
    if left is None or right is None:
        return None
    one, other = as_fraction(left), as_fraction(right)
    return (one > other) - (one < other)
