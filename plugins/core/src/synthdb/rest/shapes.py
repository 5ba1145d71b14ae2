"""Request shapes: everything that a request says outside its body, read once and kept."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Protocol, TypeVar

import synthdb
from synthdb.rest.address import Address, parse_address
from synthdb.rest.binding import Page, bind, needs_catalog
from synthdb.rest.forms import HOLE, filled, form_of, key_form, without_cursor
from synthdb.rest.limits import Limits
from synthdb.rest.preferences import Preferences, parse_preferences
from synthdb.rest.query import Query, parse_query
from synthdb.rest.ranges import Window, parse_range
from synthdb.rest.representation import Representation, Representations
from synthdb_host.catalog import Catalog
from synthdb_host.errors import InvalidParameter
from synthdb_host.operations import Select

__all__ = ["Form", "Inner", "Sent", "Shape", "Shapes", "Target", "address_of", "raw_path"]

_LONGEST_KEPT: Final = 2_000
"""Characters of a path with its headers, or of a query; what is longer is hardly ever asked twice."""

_KEY_FIELD: Final = "/{key:path}"
_READS: Final = frozenset({"GET", "HEAD", "QUERY"})


class Sent(Protocol):
    """What a request is read from: a Falcon request, or one that is a part of a body."""

    @property
    def method(self) -> str:
        """The method, in upper case."""

    @property
    def query_string(self) -> str:
        """The raw query string."""

    @property
    def headers_lower(self) -> Mapping[str, str]:
        """The headers, with names in lower case."""

    @property
    def path(self) -> str:
        """The path."""

    @property
    def scope(self) -> Mapping[str, Any]:
        """The ASGI scope, with the raw path."""

    @property
    def uri_template(self) -> str | None:
        """The template of the route."""


@dataclass(frozen=True, slots=True)
class Inner:
    """A request that came inside another one; ``path`` is raw, names of headers are in lower case."""

    method: str
    path: str
    query_string: str
    headers_lower: Mapping[str, str]
    uri_template: str

    @property
    def scope(self) -> Mapping[str, Any]:
        """What holds the raw path."""
        return {"raw_path": self.path.encode()}


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What path and headers say.

    ``window`` is the Range of a read and None for a write, ``page_rows`` what it gives if it does not say how many rows
    it wants. ``tag`` tells apart the forms that one address is shown in.
    """

    address: Address
    preferences: Preferences
    representation: Representation
    window: Window | None
    max_rows: int
    page_rows: int
    tag: str

    @property
    def is_fixed(self) -> bool:
        """Whether this names a state that never changes: a commit, with the columns of then."""
        ref = self.address.ref
        return ref.at is None and ref.schema == "then" and ref.branch[0].isdigit()

    def page(self, offset: int, limit: int | None) -> Page:
        """Give the page meant by offset and limit, which of a write are not a page and stay as they are."""
        if self.window is None:
            return Page(offset, limit)
        asked = Window(offset, limit)
        if self.window.offset or self.window.limit is not None:
            asked = asked.within(self.window)
        most = 2 if self.representation.single else self.max_rows
        limit = min(self.page_rows if asked.limit is None else asked.limit, most)
        return Page(asked.offset, limit, self.preferences.count, positioned=not self.representation.single)


@dataclass(slots=True)
class Form:
    """What all requests say that differ only in values (see ``rest.forms``).

    Its select is kept for one version of the catalog.
    """

    target: Target
    query: Query
    needs_catalog: bool
    _select: Select | None = None
    _version: str | None = None

    def select(self, catalog: Catalog | None) -> Select:
        """Give the select, with holes for the values."""
        version = catalog.version if catalog is not None else None
        if self._select is None or self._version != version:
            target, root = self.target, self.query.root
            select = bind(target.address, self.query, catalog, target.page(root.offset, root.limit))
            if target.window is not None:
                known = frozenset[str]() if target.address.key is None or target.is_fixed else None
                bound = None if catalog is None else catalog.whole or catalog.version
                select = replace(select, known=known, bound=bound)
            self._select = select
            self._version = version
        return self._select


@dataclass(frozen=True, slots=True)
class Shape:
    """One request without its body: a form and the values for its holes.

    ``key`` is a key taken out of the path, ``cursor`` one taken out of the query string, whose rest is ``text``.
    """

    form: Form
    values: Sequence[str] = ()
    key: str | None = None
    cursor: str | None = None
    text: str = ""

    @property
    def target(self) -> Target:
        """What path and headers say, a key that was taken out of the path apart."""
        return self.form.target

    @property
    def query(self) -> Query:
        """What the query string says, the values apart."""
        return self.form.query

    @property
    def needs_catalog(self) -> bool:
        """Whether the select can only be made with the catalog."""
        return self.form.needs_catalog

    @property
    def address(self) -> Address:
        """What the path names."""
        address = self.form.target.address
        if self.key is None:
            return address
        return Address(address.database, address.ref, address.table, (self.key,))

    @property
    def database(self) -> str:
        """The database that the path names."""
        return self.form.target.address.database

    @property
    def is_of_row(self) -> bool:
        """Whether the path names one row."""
        return self.form.target.address.key is not None

    @property
    def preferences(self) -> Preferences:
        """What the Prefer header says."""
        return self.target.preferences

    @property
    def representation(self) -> Representation:
        """The form in which rows are answered."""
        return self.target.representation

    def select(self, catalog: Catalog | None = None) -> Select:
        """Give the select: of a read the page, of a write the rows meant and what to return of them.

        ``catalog`` is given if ``needs_catalog`` says so.

        Raises:
            BadRequest: the request does not fit the catalog.
        """
        select = self.form.select(catalog)
        if self.key is not None:
            return filled(select, [*self.values, self.key])
        return filled(select, self.values) if self.values else select


K = TypeVar("K")
V = TypeVar("V")


class _Kept(Generic[K, V]):
    """The values used last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        found = self._values.get(key)
        if found is not None:
            self._values.move_to_end(key)
        return found

    def put(self, key: K, value: V) -> None:
        self._values[key] = value
        if len(self._values) > self._most:
            self._values.popitem(last=False)


class Shapes:
    """Reads requests, and keeps the targets and shapes used last.

    Args:
        limits: what a request may ask for.
        representations: what rows can be written as.
    """

    def __init__(self, limits: Limits, representations: Representations) -> None:
        self._limits = limits
        self._representations = representations
        # Another release may write the same rows in another way.
        self._release = synthdb.__version__
        self._targets: _Kept[tuple[object, ...], Target] = _Kept(limits.shapes)
        self._forms: _Kept[tuple[Target, str, int], Form] = _Kept(limits.shapes)

    def of(self, req: Sent) -> Shape:
        """Give the shape of a request.

        Raises:
            RequestError: some part of it cannot be read; ``where`` names the part.
        """
        query, cursor = without_cursor(req.query_string)
        if cursor is not None and req.method not in _READS:
            raise InvalidParameter("Only reads have pages.", where="query parameter 'cursor'")
        text, values = form_of(query)
        path, key = _without_key(req)
        target = self._target(req, path)
        known = target, text, len(values)
        form = self._forms.get(known)
        if form is None:
            form = self._read_form(target, text, None if key is None else len(values))
            if len(text) <= _LONGEST_KEPT:
                self._forms.put(known, form)
        return Shape(form, values, key, cursor, query)

    def _read_form(self, target: Target, text: str, key_hole: int | None) -> Form:
        query = parse_query(text, self._limits)
        if key_hole is not None:
            target = replace(target, address=replace(target.address, key=(f"{HOLE}{key_hole}",)))
        return Form(target, query, needs_catalog(target.address, query))

    def _target(self, req: Sent, path: str | bytes) -> Target:
        header = req.headers_lower.get
        accept, prefer = header("accept"), header("prefer")
        if req.method in _READS:
            span, unit, profile = header("range"), header("range-unit"), header("accept-profile")
            key: tuple[object, ...] = (path, accept, prefer, profile, span, unit)
        else:
            span, unit, profile = None, None, header("content-profile")
            key = (path, accept, prefer, profile)
        target = self._targets.get(key)
        if target is None:
            window = parse_range(span, unit) if req.method in _READS else None
            target = self._read(address_of(req, profile), accept, prefer, window)
            if sum(len(part) for part in key if isinstance(part, str | bytes)) <= _LONGEST_KEPT:
                self._targets.put(key, target)
        return target

    def _read(self, address: Address, accept: str | None, prefer: str | None, window: Window | None) -> Target:
        representation = self._representations.choose(accept)
        if address.key is not None:
            representation = representation.of_one()
        preferences = parse_preferences(prefer)
        representation = representation.preferred(preferences)
        if preferences.schema_now:
            address = replace(address, ref=replace(address.ref, schema="now"))
        is_streamed = window is not None and representation.writer is not None and address.key is None
        most = max(self._limits.rows, self._limits.stream_rows) if is_streamed else self._limits.rows
        said = address.ref, preferences.applied, representation.content_type, accept, window, most, self._release
        tag = hashlib.blake2b(repr(said).encode(), digest_size=6).hexdigest()
        page = self._limits.rows if representation.paged else most
        return Target(address, preferences, representation, window, most, page, tag)


def _without_key(req: Sent) -> tuple[str | bytes, str | None]:
    """Split the raw path of one row into the path before its key and the key; other paths stay whole."""
    path: bytes = req.scope.get("raw_path") or req.path.encode()
    template = req.uri_template or ""
    if not template.endswith(_KEY_FIELD) or template.count("/") != path.count(b"/"):
        return path, None
    return key_form(path) or (path, None)


def raw_path(req: Sent) -> str:
    """Give the path as it was sent, still percent-encoded."""
    raw: bytes = req.scope.get("raw_path") or b""
    return raw.decode("utf-8", "replace") or req.path


def address_of(req: Sent, profile: str | None) -> Address:
    """Read the address of a routed request.

    Raises:
        InvalidParameter: a part of it cannot be read.
    """
    mount = (req.uri_template or "").partition("/{")[0]
    return parse_address(raw_path(req), mount, profile)
