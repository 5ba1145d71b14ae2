"""What plugins show to the outside: APIs, routes, middleware, media types, health."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from synthdb_host.contracts.results import Result
from synthdb_host.encoding import RowEncoder

__all__ = ["ApiGenerator", "HealthCheck", "MediaType", "Middleware", "Route", "RowWriter"]


@dataclass(frozen=True, slots=True)
class Route:
    """An HTTP resource at a path below the plugin's prefix.

    ``resource`` is given the host (:class:`synthdb_host.hosting.PluginHost`) when the application is built, and makes
    the Falcon ASGI resource. A public one is for everybody: nobody is asked who he is, and there is no caller; its path
    has no parameters.
    """

    path: str
    resource: Callable[[Any], object]
    is_public: bool = False


@dataclass(frozen=True, slots=True)
class ApiGenerator:
    """An API made from the catalog, mounted at ``mount``.

    ``routes`` is a target ``"module:function"``; the function takes the host and gives routes relative to the
    mount. ``links`` gives the generator's addresses for a table, shown on the index page.
    """

    name: str
    mount: str
    routes: str
    links: Callable[[str, str], Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Middleware:
    """Code around every HTTP request and WebSocket, those to other plugins' addresses too.

    ``make`` is given the host when the application is built, and makes a Falcon ASGI middleware; None: there is nothing
    to do with these settings, and no request pays for it. Before authentication ``req.context`` has a ``request_id``;
    after it a ``caller`` too, but where everybody may ask. Requests pass the middleware of one place in plugin order,
    and answers in the other one. ``process_response`` is called for a request that was refused on its way, too.
    """

    name: str
    make: Callable[[Any], object | None]
    place: Literal["before_authentication", "after_authentication"] = "after_authentication"


class RowWriter(Protocol):
    """Writes the rows of one answer, piece by piece."""

    def write(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Take the next rows; gives what can be sent by now, which may be nothing."""

    def finish(self) -> bytes:
        """Give the rest, after the last rows."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """A representation of rows.

    It is written by ``encode`` at once, or by ``writer``, which is made for each answer from its encoder and the
    parameters that the media type was asked for with; then an answer may have any length. ``decode`` reads a body
    into columns and rows, for an insert.
    """

    name: str
    suffix: str
    encode: Callable[[Result], bytes] | None = None
    decode: Callable[[bytes], tuple[tuple[str, ...], Sequence[Sequence[object]]]] | None = None
    charset: str | None = "utf-8"
    writer: Callable[[RowEncoder, Mapping[str, str]], RowWriter] | None = None


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A question about health: ``run`` raises if the answer is no. A critical one makes the server not ready."""

    name: str
    run: Callable[[], None]
    critical: bool = True
