"""Representations: which one an Accept header asks for, and how rows are written in it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from synthdb_host.contracts import MediaType, Result
from synthdb_host.errors import NotAcceptable

__all__ = ["JSON", "Representation", "Representations"]

_ARRAY: Final = "application/vnd.pgrst.array+json"
_OBJECT: Final = "application/vnd.pgrst.object+json"
_ALIASES: Final = {
    "*/*": "application/json",
    "application/*": "application/json",
    "text/*": "text/csv",
    "application/vnd.pgrst.array": _ARRAY,
    "application/vnd.pgrst.object": _OBJECT,
}
_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


@dataclass(frozen=True, slots=True)
class Representation:
    """A form of rows. ``single`` means: one object, not a list of them."""

    content_type: str
    encode: Callable[[Result], bytes]
    single: bool = False

    def of_one(self) -> "Representation":
        """Give the form that shows one row: an object where rows would be a JSON array."""
        return replace(self, encode=_json_object, single=True) if self.encode is _json else self


def _json(result: Result) -> bytes:
    return result.json()


def _json_object(result: Result) -> bytes:
    return result.encoder.json_object(result.rows[0]) if result.encoder else b"{}"


JSON: Final = Representation("application/json", _json)


def _without_nulls(encode: Callable[[Result], bytes]) -> Callable[[Result], bytes]:
    # Numbers go through as they stand, so that none loses a digit.
    decoder = msgspec.json.Decoder(float_hook=lambda text: msgspec.Raw(text.encode()))
    return lambda result: msgspec.json.encode(_stripped(decoder.decode(encode(result))))


def _stripped(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {name: _stripped(item) for name, item in value.items() if item is not None}
    return [_stripped(item) for item in value] if isinstance(value, list) else value


class Representations:
    """The forms that this server can write.

    Args:
        media_types: those that plugins contribute beside JSON.
    """

    def __init__(self, media_types: Sequence[MediaType]) -> None:
        self._known = {
            "application/json": JSON,
            _ARRAY: Representation(_ARRAY, _json),
            _OBJECT: Representation(_OBJECT, _json_object, single=True),
        }
        for media_type in media_types:
            if media_type.encode is not None:
                charset = f"; charset={media_type.charset}" if media_type.charset else ""
                self._known[media_type.name] = Representation(media_type.name + charset, media_type.encode)

    def choose(self, accept: str | None) -> Representation:
        """Choose the form that an Accept header wants most.

        Raises:
            NotAcceptable: it wants none that there is.
        """
        if accept is None or accept in ("*/*", "application/json"):
            return JSON
        wanted = sorted((_ranked(part) for part in accept.split(",")), key=lambda item: -item[0])
        for quality, name, parameters in wanted:
            found = self._known.get(_ALIASES.get(name, name))
            if found is not None and quality > 0:
                return self._adjusted(found, parameters)
        raise NotAcceptable(
            f"None of the accepted media types can be written: {accept[:200]}.",
            hint="There are " + ", ".join(self._known) + ".",
            where="header 'Accept'",
        )

    def _adjusted(self, found: Representation, parameters: list[str]) -> Representation:
        if "nulls=stripped" in parameters and found.content_type in (_ARRAY, _OBJECT):
            name = f"{found.content_type};nulls=stripped"
            return Representation(name, _without_nulls(found.encode), found.single)
        return found


def _ranked(part: str) -> tuple[float, str, list[str]]:
    name, *parameters = (text.strip().lower() for text in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key == "q":
            quality = float(value) if _QUALITY.fullmatch(value) else 0.0
    return quality, name, parameters
