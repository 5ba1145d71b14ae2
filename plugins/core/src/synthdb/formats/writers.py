"""Formats that need an extra, loaded when they are asked for."""

import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec

from synthdb_host.contracts import RowWriter
from synthdb_host.encoding import RowEncoder
from synthdb_host.errors import NotAcceptable

__all__ = ["MakeWriter", "arrow_writer", "has_pyarrow", "parquet_writer"]

MakeWriter = Callable[[RowEncoder, Mapping[str, str]], RowWriter]
"""Makes what writes the rows of one answer, with the parameters of its format."""


def arrow_writer(encoder: RowEncoder, parameters: Mapping[str, str]) -> RowWriter:
    """Write an Arrow IPC stream.

    Raises:
        NotAcceptable: pyarrow is not installed.
    """
    _require_pyarrow("Arrow")
    from synthdb.formats.arrow import ArrowWriter  # noqa: PLC0415 - an extra, and slow to import

    return ArrowWriter(encoder, parameters)


def parquet_writer(encoder: RowEncoder, parameters: Mapping[str, str]) -> RowWriter:
    """Write a Parquet file.

    Raises:
        NotAcceptable: pyarrow is not installed.
    """
    _require_pyarrow("Parquet")
    from synthdb.formats.arrow import ParquetWriter  # noqa: PLC0415 - an extra, and slow to import

    return ParquetWriter(encoder, parameters)


def has_pyarrow() -> bool:
    """Say whether Arrow and Parquet can be written."""
    return find_spec("pyarrow") is not None


def _require_pyarrow(name: str) -> None:
    if not has_pyarrow():
        raise NotAcceptable(f"{name} is not installed here.", hint="Install it: pip install 'synthdb-core[arrow]'.")
    # Read when pyarrow is first imported. Its own allocator keeps 20 MB more for a Parquet file of 12 columns.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
