"""Representations: which one an Accept header asks for, and how rows are written in it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from synthdb.formats.text import JsonWriter
from synthdb.rest.preferences import Preferences
from synthdb_host.contracts import MediaType, Result, RowWriter
from synthdb_host.encoding import RowEncoder
from synthdb_host.errors import NotAcceptable

__all__ = ["EXTRA_SUFFIXES", "JSON", "Representation", "Representations"]

_ARRAY: Final = "application/vnd.pgrst.array+json"
_OBJECT: Final = "application/vnd.pgrst.object+json"
_ALIASES: Final = {
    "*/*": "application/json",
    "application/*": "application/json",
    "text/*": "text/csv",
    "application/vnd.pgrst.array": _ARRAY,
    "application/vnd.pgrst.object": _OBJECT,
}
EXTRA_SUFFIXES: Final = {
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}
"""Forms that can be written when more is installed, by their suffix."""

_EXTRAS: Final = dict.fromkeys(EXTRA_SUFFIXES.values(), "synthdb-core[arrow]")

_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


@dataclass(frozen=True, slots=True)
class Representation:
    """A form of rows.

    ``single`` means: one object, not a list of them. ``writer`` writes piece by piece, where that is possible.
    ``paged`` means that only so many rows are given as one page has, where nobody asks for more.
    """

    content_type: str
    encode: Callable[[Result], bytes]
    single: bool = False
    writer: Callable[[RowEncoder], RowWriter] | None = None
    paged: bool = False

    def of_one(self) -> "Representation":
        """Give the form that shows one row: an object where rows would be a JSON array."""
        return replace(self, encode=_json_object, single=True, writer=None) if self.encode is _json else self

    def preferred(self, preferences: Preferences) -> "Representation":
        """Give the form in which values are written as the caller prefers."""
        zone, is_spelled = preferences.zone, preferences.spelled
        if zone is None and not is_spelled:
            return self
        encode, writer = self.encode, self.writer

        def prefer(encoder: RowEncoder) -> RowEncoder:
            encoder = encoder.spelled if is_spelled else encoder
            return encoder if zone is None else encoder.zoned(zone)

        def encode_preferred(result: Result) -> bytes:
            return encode(result if result.encoder is None else replace(result, encoder=prefer(result.encoder)))

        return replace(
            self,
            encode=encode_preferred,
            writer=None if writer is None else lambda encoder: writer(prefer(encoder)),
        )


def _json(result: Result) -> bytes:
    return result.json()


def _json_object(result: Result) -> bytes:
    return result.encoder.json_object(result.rows[0]) if result.encoder else b"{}"


def _json_writer(encoder: RowEncoder) -> RowWriter:
    return JsonWriter(encoder, {})


JSON: Final = Representation("application/json", _json, writer=_json_writer, paged=True)


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
            _ARRAY: replace(JSON, content_type=_ARRAY),
            _OBJECT: Representation(_OBJECT, _json_object, single=True),
        }
        self._known |= {
            media_type.name: _of_media_type(media_type, {})
            for media_type in media_types
            if media_type.encode is not None or media_type.writer is not None
        }
        self._media_types = {media_type.name: media_type for media_type in media_types}

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
        extras = {_EXTRAS[name] for _, name, _ in wanted if name in _EXTRAS}
        more = "".join(f"Install {extra!r} on the server for this one. " for extra in sorted(extras))
        raise NotAcceptable(
            f"None of the accepted media types can be written: {accept[:200]}.",
            hint=f"{more}There are {', '.join(self._known)}.",
            where="header 'Accept'",
        )

    def _adjusted(self, found: Representation, parameters: Mapping[str, str]) -> Representation:
        if parameters.get("nulls") == "stripped" and found.content_type in (_ARRAY, _OBJECT):
            name = f"{found.content_type};nulls=stripped"
            return Representation(name, _without_nulls(found.encode), found.single)
        media_type = self._media_types.get(found.content_type.partition(";")[0])
        return _of_media_type(media_type, parameters) if media_type is not None and parameters else found


def _of_media_type(media_type: MediaType, parameters: Mapping[str, str]) -> Representation:
    content_type = media_type.name + (f"; charset={media_type.charset}" if media_type.charset else "")
    make = media_type.writer
    if make is None:
        return Representation(content_type, media_type.encode or _nothing)

    def writer(encoder: RowEncoder) -> RowWriter:
        return make(encoder, parameters)

    def encode(result: Result) -> bytes:
        if result.encoder is None:
            return b""
        whole = writer(result.encoder)
        return whole.write(result.rows) + whole.finish()

    return Representation(content_type, encode, writer=writer)


def _nothing(_result: Result) -> bytes:
    return b""


def _ranked(part: str) -> tuple[float, str, Mapping[str, str]]:
    name, *rest = (text.strip().lower() for text in part.split(";"))
    parameters = {key.strip(): value.strip().strip('"') for key, _, value in (text.partition("=") for text in rest)}
    quality = parameters.pop("q", "1")
    return float(quality) if _QUALITY.fullmatch(quality) else 0.0, name, parameters
