"""From changes to the results of a subscription, as bytes. Values are copied as the host wrote them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from synthdb.graphql.bindings import ColumnField, binding
from synthdb.graphql.plans.collecting import TYPENAME, Selected
from synthdb_host.feeds import Page

__all__ = ["Event", "Writer", "events_of"]

_Image = Mapping[str, msgspec.Raw] | None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A change, or what is said about changes, in the terms of the host."""

    branch: str
    op: str
    seq: str | None = None
    commit: str | None = None
    at: str | None = None
    key: msgspec.Raw = msgspec.Raw(b"null")
    old: dict[str, msgspec.Raw] | None = None
    new: dict[str, msgspec.Raw] | None = None
    changed: list[str] | None = None


_decode = msgspec.json.Decoder(list[Event]).decode
_Part = Callable[[Event], bytes]


def events_of(page: Page) -> Sequence[Event]:
    """Give the changes of a page."""
    encoder = page.result.encoder
    return [] if encoder is None else _decode(encoder.json(page.result.rows))


class Writer:
    """Writes what a subscription selects of events.

    Args:
        root: the one field of the operation.
        key: says what is selected: who has an equal one writes the same.
    """

    def __init__(self, root: Selected, key: object) -> None:
        self._key = key
        self._start = b'{"data":{%b:' % msgspec.json.encode(root.key)
        self._change = _object([(item.key, _part(item)) for item in root.fields])

    def body(self, event: Event) -> bytes:
        """Write the result for an event."""
        return self._start + self._change(event) + b"}}"

    def bodies(self, page: Page) -> Sequence[bytes]:
        """Write the results for the changes of a page, once for all who select and are shown the same."""
        kept = page.rendered.get(self._key)
        if not isinstance(kept, tuple):
            kept = page.rendered[self._key] = tuple(map(self.body, events_of(page)))
        return kept


def _object(members: Sequence[tuple[str, _Part]]) -> _Part:
    named = [(msgspec.json.encode(name) + b":", part) for name, part in members]
    return lambda event: b"{" + b",".join([name + part(event) for name, part in named]) + b"}"


def _part(item: Selected) -> _Part:
    if item.name == TYPENAME:
        return _constant(item.parent.name)
    if item.name in ("old", "new"):
        return _image(item)
    if item.name == "key":
        return lambda event: bytes(event.key)
    member = {"offset": "seq", "operation": "op"}.get(item.name, item.name)
    return lambda event: msgspec.json.encode(getattr(event, member))


def _constant(value: object) -> _Part:
    encoded = msgspec.json.encode(value)
    return lambda _event: encoded


def _image(item: Selected) -> _Part:
    members = [(msgspec.json.encode(field.key) + b":", _cell(field)) for field in item.fields]
    name = item.name

    def write(event: Event) -> bytes:
        row: _Image = getattr(event, name)
        return b"null" if row is None else b"{" + b",".join([key + cell(row) for key, cell in members]) + b"}"

    return write


def _cell(item: Selected) -> Callable[[Mapping[str, msgspec.Raw]], bytes]:
    if item.name == TYPENAME:
        encoded = msgspec.json.encode(item.parent.name)
        return lambda _row: encoded
    field: Any = binding(item.definition) if item.definition is not None else None
    assert isinstance(field, ColumnField)  # noqa: S101 - a row has no other fields here
    name, null = field.column.name, msgspec.Raw(b"null")
    return lambda row: bytes(row.get(name, null))
