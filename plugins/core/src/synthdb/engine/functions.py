"""Functions that the engine's statements call; NULL in, NULL out, unless said otherwise."""

import sqlite3
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import msgspec

from synthdb.engine.binds import Value
from synthdb.engine.exact import EXACT_AGGREGATES, as_decimal, compare_exact
from synthdb.engine.patterns import pattern_of
from synthdb.storage.codecs import Codec, codec_of
from synthdb_host.catalog import ColumnType
from synthdb_host.errors import RequestError
from synthdb_host.values import adapt, convert, format_text, parse_text

__all__ = ["FUNCTION_NAMES", "Json", "register_functions"]

Json = Any

FUNCTION_NAMES: Final = frozenset(
    {
        "synthdb_cast", "synthdb_convert", "synthdb_imatch",
        "synthdb_json_at", "synthdb_json_compare", "synthdb_json_contained",
        "synthdb_json_contains", "synthdb_json_distinct", "synthdb_json_in", "synthdb_json_overlaps",
        "synthdb_json_text", "synthdb_match", "synthdb_real", "synthdb_unhex",
    }
)  # fmt: skip
"""The functions that conditions and casts are made of; all of them are pure."""


def register_functions(connection: sqlite3.Connection) -> None:
    """Make the engine's functions known to a connection."""
    for name, (arguments, function) in _functions().items():
        connection.create_function(name, arguments, function, deterministic=True)
    for name, aggregate in EXACT_AGGREGATES.items():
        connection.create_aggregate(name, 2, aggregate)


def _functions() -> dict[str, tuple[int, Callable[..., Any]]]:
    return {
        "synthdb_cast": (3, _cast),
        "synthdb_convert": (3, _convert),
        "synthdb_decimal": (2, _decimal),
        "synthdb_exact_compare": (2, compare_exact),
        "synthdb_imatch": (2, _imatch),
        "synthdb_json_at": (2, _json_at),
        "synthdb_json_compare": (2, _json_compare),
        "synthdb_json_contained": (2, _json_contained),
        "synthdb_json_contains": (2, _json_contains),
        "synthdb_json_distinct": (2, _json_distinct),
        "synthdb_json_in": (2, _json_in),
        "synthdb_json_overlaps": (2, _json_overlaps),
        "synthdb_json_text": (2, _json_text),
        "synthdb_match": (2, _match),
        "synthdb_real": (1, _real),
        "synthdb_unhex": (1, _unhex),
    }


def _match(text: str | None, pattern: str | None) -> bool | None:
    return None if text is None or pattern is None else pattern_of(pattern, fold=False).search(text)


def _imatch(text: str | None, pattern: str | None) -> bool | None:
    return None if text is None or pattern is None else pattern_of(pattern, fold=True).search(text)


def _decimal(text: str | None, scale: str) -> str | None:
    return None if text is None else format(as_decimal(text, int(scale)), "f")


def _real(text: str | None) -> float | None:
    return None if text is None else float.fromhex(text)


def _unhex(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def _cast(stored: Value, source: str, target: str) -> Value:
    """Turn a stored value of one type into a stored value of another; NULL if it has no counterpart."""
    if stored is None:
        return None
    source_type, target_type = ColumnType.parse(source), ColumnType.parse(target)
    to_python = codec_of(source_type).to_python
    value = to_python(stored) if to_python else stored
    try:
        return codec_of(target_type).encode(_converted(value, source_type, target_type))
    except RequestError:
        return None


def _converted(value: Value, source: ColumnType, target: ColumnType) -> Value:
    if target.name == "text":
        return format_text(source, value)
    if source.name == "boolean" and target.name == "integer":
        return int(value)
    if source.name == "integer" and target.name == "boolean":
        return value != 0
    if target.name == "integer" and source.name in ("real", "decimal"):
        return round(value)
    if source.name == "timestamp" and target.name == "date":
        return value.date()
    if target.name == "decimal" and source.name in ("real", "decimal"):
        return round(parse_text(ColumnType("decimal", 100, 40), format(value, "f")), target.scale or 0)
    return parse_text(target, value.strip()) if isinstance(value, str) else adapt(target, value)


def _convert(stored: Value, source: str, target: str) -> Value:
    """Turn a stored value of one type into the stored value that is exactly as much; NULL if there is none."""
    if stored is None:
        return None
    source_codec, target_codec = _codec(source), _codec(target)
    value = source_codec.to_python(stored) if source_codec.to_python else stored
    try:
        return target_codec.encode(convert(value, source_codec.type, target_codec.type))
    except RequestError:
        return None


@lru_cache(maxsize=64)
def _codec(column_type: str) -> Codec:
    return codec_of(ColumnType.parse(column_type))


# -- JSON ------------------------------------------------------------------------------------------------


def _decoded(*documents: str | None) -> list[Json] | None:
    return (
        None if None in documents else [msgspec.json.decode(document) for document in documents if document is not None]
    )


def _json_at(document: str | None, path: str) -> str | None:
    """Follow a path of keys and indexes; gives JSON text."""
    if document is None:
        return None
    value: Json = msgspec.json.decode(document)
    steps: list[str | int] = msgspec.json.decode(path)
    for step in steps:
        in_object = isinstance(step, str) and isinstance(value, dict) and step in value
        in_array = isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value)
        if not (in_object or in_array):
            return None
        value = value[step]
    return msgspec.json.encode(value).decode()


def _json_text(document: str | None, path: str) -> str | None:
    found = _json_at(document, path)
    if found is None or found == "null":
        return None
    return str(msgspec.json.decode(found)) if found.startswith('"') else found


def _rank(value: Json) -> int:
    if isinstance(value, bool):
        return 3
    kinds = ((type(None), 0), (str, 1), ((int, float), 2), (list, 4), (dict, 5))
    return next(rank for kind, rank in kinds if isinstance(value, kind))


def _order(left: Json, right: Json) -> int:
    """Order JSON values as PostgreSQL's jsonb does: null, text, numbers, booleans, arrays, objects."""
    ranks = _rank(left), _rank(right)
    if ranks[0] != ranks[1]:
        return -1 if ranks[0] < ranks[1] else 1
    if isinstance(left, list):
        return _first_difference(left, right)
    if isinstance(left, dict):
        keys = sorted(left), sorted(right)
        pairs = [
            [value for key in order for value in (key, source[key])]
            for order, source in zip(keys, (left, right), strict=True)
        ]
        return _first_difference(*pairs)
    return 0 if left == right or left is None else (-1 if left < right else 1)


def _first_difference(left: list[Json], right: list[Json]) -> int:
    if len(left) != len(right):
        return -1 if len(left) < len(right) else 1
    return next((found for pair in zip(left, right, strict=True) if (found := _order(*pair))), 0)


def _json_compare(left: str | None, right: str | None) -> int | None:
    pair = _decoded(left, right)
    return None if pair is None else _order(*pair)


def _json_distinct(left: str | None, right: str | None) -> bool:
    """Say whether two documents differ, NULL being a value."""
    pair = _decoded(left, right)
    return (left is None) != (right is None) if pair is None else _order(*pair) != 0


def _json_in(document: str | None, documents: str) -> bool | None:
    """Look for a document in an array of documents, each a JSON text or null."""
    if document is None:
        return None
    value, listed = msgspec.json.decode(document), msgspec.json.decode(documents)
    if any(item is not None and _order(value, msgspec.json.decode(item)) == 0 for item in listed):
        return True
    return None if None in listed else False


def _contains(left: Json, right: Json) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return all(key in left and _contains(left[key], item) for key, item in right.items())
    if isinstance(left, list) and isinstance(right, list):
        return all(any(_contains(candidate, item) for candidate in left) for item in right)
    return _rank(left) == _rank(right) and _order(left, right) == 0


def _json_contains(left: str | None, right: str | None) -> bool | None:
    pair = _decoded(left, right)
    if pair is None:
        return None
    container, item = pair
    if isinstance(container, list) and not isinstance(item, list | dict):
        item = [item]
    return _contains(container, item)


def _json_contained(left: str | None, right: str | None) -> bool | None:
    return _json_contains(right, left)


def _json_overlaps(left: str | None, right: str | None) -> bool | None:
    pair = _decoded(left, right)
    if pair is None:
        return None
    if all(isinstance(item, list) for item in pair):
        return any(_order(one, other) == 0 for one in pair[0] for other in pair[1])
    return False
