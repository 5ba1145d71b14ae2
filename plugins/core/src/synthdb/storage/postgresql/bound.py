"""Values that are bound in another form on PostgreSQL than on SQLite."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

__all__ = ["Converter", "array", "escaped_like", "glob_to_like", "hex_array", "path_steps", "reals"]

Converter = Callable[[Any], Any]

_STEP: Final = re.compile(r'\."([^"]*)"|\.([^.\[]+)|\[(#?-?\d+)\]')
_GLOB: Final = re.compile(r"\[(.)\]|(.)", re.DOTALL)
_LIKE: Final = {"*": "%", "?": "_"}


def array(written: str) -> Any:  # noqa: ANN401 - an array of any type
    """Turn a list in JSON into an array. A fraction, which stands for what no integer equals, is compared exactly."""
    found = msgspec.json.decode(written)
    if not found:
        return "{}"
    if any(type(item) is float for item in found):
        return [None if item is None else Decimal(item) for item in found]
    if all(item is None for item in found):
        return "{NULL}"
    return found


def reals(written: str) -> Any:  # noqa: ANN401 - an array of any type
    """Turn a list of numbers written in hexadecimal into an array."""
    found = [None if item is None else float.fromhex(item) for item in msgspec.json.decode(written)]
    return found if any(item is not None for item in found) else array(written)


def hex_array(written: str) -> Any:  # noqa: ANN401 - an array of any type
    """Turn a list of bytes written in hexadecimal into an array."""
    found = [None if item is None else bytes.fromhex(item) for item in msgspec.json.decode(written)]
    return found if any(item is not None for item in found) else array(written)


def glob_to_like(pattern: str) -> str:
    """Write a pattern of GLOB as one of LIKE."""
    found = []
    for literal, character in _GLOB.findall(pattern):
        found.append(escaped_like(literal) if literal else _LIKE.get(character, escaped_like(character)))
    return "".join(found)


def escaped_like(text: str) -> str:
    """Write a text as a pattern of LIKE that it alone matches."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def path_steps(path: str) -> str:
    """Turn a path of SQLite into a JSON array of keys and indexes; a bare key is a path, too."""
    if not path.startswith("$"):
        return msgspec.json.encode([path]).decode()
    steps: list[str | int] = []
    for quoted, plain, index in _STEP.findall(path[1:]):
        steps.append(int(index.lstrip("#")) if index else quoted or plain)
    return msgspec.json.encode(steps).decode()
