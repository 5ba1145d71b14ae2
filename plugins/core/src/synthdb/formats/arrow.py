"""Apache Arrow and Parquet, written piece by piece, with the types of the catalog.

Only this module imports pyarrow, an extra of this package; ``synthdb.formats.writers`` imports it when it is asked for.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

import msgspec
import pyarrow as pa  # type: ignore[import-untyped] # pyarrow ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped] # pyarrow ships no types

from synthdb_host.encoding import ResultColumn, RowEncoder, to_text
from synthdb_host.errors import LossyValue

__all__ = ["ArrowWriter", "ParquetWriter", "schema_of"]

_NARROW_DIGITS: Final = 38
_WIDE_DIGITS: Final = 76

_GROUP_ROWS: Final = 100_000
_GROUP_BYTES: Final = 3 << 20
"""A group of rows of a Parquet file is ended by one of these; until then it is held in memory."""
_PAGE_BYTES: Final = 1 << 16
"""A page of a column, and the distinct values of one that a group keeps in a dictionary; each column holds both."""

_TYPES: Final[Mapping[str, pa.DataType]] = {
    "integer": pa.int64(),
    "real": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "bytes": pa.binary(),
}
"""All other types are text, as they are in JSON: Arrow has no JSON, and few readers know its uuid."""


class ArrowWriter:
    """Writes an Arrow IPC stream, one record batch a piece."""

    def __init__(self, encoder: RowEncoder, _parameters: Mapping[str, str]) -> None:
        self._columns = encoder.columns
        self._schema = schema_of(encoder.columns)
        self._sink = _Sink()
        self._writer = pa.ipc.new_stream(self._sink, self._schema)

    def write(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Write the next rows."""
        self._writer.write_batch(_batch(self._columns, self._schema, rows))
        return self._sink.take()

    def finish(self) -> bytes:
        """Write the mark of the end."""
        self._writer.close()
        return self._sink.take()


class ParquetWriter:
    """Writes a Parquet file, compressed; a group of rows is written when it is large enough."""

    def __init__(self, encoder: RowEncoder, _parameters: Mapping[str, str]) -> None:
        self._columns = encoder.columns
        self._schema = schema_of(encoder.columns)
        self._sink = _Sink()
        self._writer = pq.ParquetWriter(
            self._sink,
            self._schema,
            compression="zstd",
            data_page_size=_PAGE_BYTES,
            dictionary_pagesize_limit=_PAGE_BYTES,
        )
        self._waiting: list[pa.RecordBatch] = []

    def write(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Take the next rows, and write a group if they fill it."""
        self._waiting.append(_batch(self._columns, self._schema, rows))
        size = sum(batch.nbytes for batch in self._waiting)
        if size >= _GROUP_BYTES or sum(batch.num_rows for batch in self._waiting) >= _GROUP_ROWS:
            self._write_group()
        return self._sink.take()

    def finish(self) -> bytes:
        """Write the last group, and what says where all of them are."""
        if self._waiting:
            self._write_group()
        self._writer.close()
        return self._sink.take()

    def _write_group(self) -> None:
        group = pa.Table.from_batches(self._waiting, self._schema)
        self._waiting.clear()
        self._writer.write_table(group, row_group_size=max(1, group.num_rows))


class _Sink(io.RawIOBase):
    """Holds what was written until it is taken, and knows how much that was in all."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def tell(self) -> int:
        """Give the number of bytes written so far, which Parquet notes down."""
        return self._position

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - buffers have no type before 3.12
        """Keep a copy."""
        part = bytes(data)
        self._parts.append(part)
        self._position += len(part)
        return len(part)

    def take(self) -> bytes:
        """Give what was written since the last time."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


# -- types -----------------------------------------------------------------------------------------------


def schema_of(columns: Sequence[ResultColumn]) -> pa.Schema:
    """Give the schema of rows. What is text only for lack of a better type says in its metadata what it is."""
    return pa.schema([_field(column) for column in columns])


def _field(column: ResultColumn) -> pa.Field:
    if column.nested is not None:
        inner = pa.struct([_field(item) for item in column.nested])
        return pa.field(column.name, pa.list_(inner) if column.many else inner)
    found = _type(column)
    is_plain = found != pa.string() or column.type.name == "text"
    return pa.field(column.name, found, metadata=None if is_plain else {"synthdb.type": str(column.type)})


def _type(column: ResultColumn) -> pa.DataType:
    if column.type.name != "decimal":
        return _TYPES.get(column.type.name, pa.string())
    digits, scale = column.type.precision or _NARROW_DIGITS, column.type.scale or 0
    if digits > _WIDE_DIGITS:
        return pa.string()
    return pa.decimal128(digits, scale) if digits <= _NARROW_DIGITS else pa.decimal256(digits, scale)


# -- values ----------------------------------------------------------------------------------------------


def _batch(columns: Sequence[ResultColumn], schema: pa.Schema, rows: Sequence[Sequence[Any]]) -> pa.RecordBatch:
    cells = zip(*rows, strict=True) if rows else ((),) * len(columns)
    arrays = [_array(column, tuple(found)) for column, found in zip(columns, cells, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(column: ResultColumn, cells: Sequence[Any]) -> pa.Array:
    if column.nested is None:
        return _flat(column, cells)
    if not column.many:
        empty = (None,) * len(column.nested)
        mask = pa.array([cell is None for cell in cells], pa.bool_())
        return _struct(column.nested, [empty if cell is None else cell for cell in cells], mask)
    lengths = (len(cell or ()) for cell in cells)
    offsets = pa.array(list(accumulate(lengths, initial=0)), pa.int32())
    return pa.ListArray.from_arrays(
        offsets, _struct(column.nested, [row for cell in cells for row in cell or ()], None)
    )


def _struct(columns: Sequence[ResultColumn], rows: Sequence[Sequence[Any]], mask: pa.Array | None) -> pa.Array:
    batch = _batch(columns, schema_of(columns), rows)
    return pa.StructArray.from_arrays(batch.columns, fields=list(batch.schema), mask=mask)


def _flat(column: ResultColumn, cells: Sequence[Any]) -> pa.Array:
    found = _type(column)
    convert = _texts(column) if found == pa.string() else column.to_python
    if convert is not None:
        cells = [None if cell is None else convert(cell) for cell in cells]
    try:
        return pa.array(cells, found)
    except (OverflowError, pa.ArrowInvalid) as error:
        raise LossyValue(
            f"A value of {column.name!r} does not fit into {found}.", hint="Cast the column to text."
        ) from error


def _texts(column: ResultColumn) -> Callable[[Any], str] | None:
    to_json = column.to_json
    if column.type.name == "text" and to_json is None:
        return None
    write = _json_text if column.type.name == "json" else _text
    return write if to_json is None else lambda cell: write(to_json(cell))


def _text(value: object) -> str:
    return bytes(value).decode() if isinstance(value, msgspec.Raw) else to_text(value)


def _json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()
