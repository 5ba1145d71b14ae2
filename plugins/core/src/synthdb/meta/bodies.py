"""The bodies of requests: JSON objects of which every member is known."""

from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeVar

import falcon.asgi
import msgspec

from synthdb.meta.parameters import Parameters
from synthdb.rest.body import decode_json, exact_number
from synthdb.rest.content_types import media_type_of
from synthdb_host.errors import InvalidBody, TooComplex, UnsupportedMediaType

__all__ = [
    "AlteredBranch",
    "Cleaning",
    "Combined",
    "Compacting",
    "Decision",
    "Filling",
    "Merged",
    "NewBranch",
    "NewTag",
    "NewWebhook",
    "QueryDefinition",
    "Replayed",
    "Restored",
    "Statement",
    "read_body",
]

T = TypeVar("T")

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_RefText = Annotated[str, msgspec.Meta(min_length=1, max_length=250)]
_Note = Annotated[str, msgspec.Meta(max_length=2_000)]
_Key = Annotated[list[Any], msgspec.Meta(min_length=1, max_length=32)] | str | int | None


class NewBranch(msgspec.Struct, forbid_unknown_fields=True):
    """A branch to make; without ``at`` it starts as the address is."""

    name: _Name
    at: _RefText | None = None
    comment: _Note | None = None
    expires: _Name | None = None
    if_not_exists: bool = False


class AlteredBranch(msgspec.Struct, forbid_unknown_fields=True):
    """What to change of a branch; null takes a comment or an expiry away."""

    name: _Name | None = None
    comment: _Note | msgspec.UnsetType | None = msgspec.UNSET
    protected: bool | None = None
    expires: _Name | msgspec.UnsetType | None = msgspec.UNSET


class NewTag(msgspec.Struct, forbid_unknown_fields=True):
    """A tag to make; without ``at`` it names what the address names."""

    name: _Name
    at: _RefText | None = None
    comment: _Note | None = None


class Merged(msgspec.Struct, forbid_unknown_fields=True):
    """What to merge into the address."""

    source: _RefText
    dry_run: bool = False


class Combined(msgspec.Struct, forbid_unknown_fields=True):
    """Commits to pick or to revert."""

    first: _Name
    last: _Name | None = None
    dry_run: bool = False


class Restored(msgspec.Struct, forbid_unknown_fields=True):
    """What to make as it was; without ``to``, rows that were deleted."""

    to: _RefText | None = None
    tables: Annotated[list[_Name], msgspec.Meta(max_length=100)] = []
    keys: Annotated[list[_Key], msgspec.Meta(max_length=10_000)] = []
    dry_run: bool = False


class Decision(msgspec.Struct, forbid_unknown_fields=True):
    """A decision on conflicts."""

    source: _RefText
    choice: Literal["ours", "theirs", "value", "open"]
    table: _Name | None = None
    key: _Key = None
    column: _Name | None = None
    value: Any = None


class Cleaning(msgspec.Struct, forbid_unknown_fields=True):
    """From when on versions are kept."""

    before: _Name
    dry_run: bool = False


class Compacting(msgspec.Struct, forbid_unknown_fields=True):
    """What a branch shall hold itself."""

    whole: bool = False


class Filling(msgspec.Struct, forbid_unknown_fields=True):
    """How many rows of widened columns one step may look at."""

    rows: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 5_000


class Statement(msgspec.Struct, forbid_unknown_fields=True):
    """A SQL statement to run, or to explain."""

    statement: Annotated[str, msgspec.Meta(min_length=1, max_length=100_000)]
    parameters: Annotated[list[str | int | float | bool | None], msgspec.Meta(max_length=1_000)] = []
    limit: Annotated[int, msgspec.Meta(ge=1)] | None = None
    explain: bool = False


class _QueryParameter(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A parameter of a query; one with a default may be left out."""

    type: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    required: bool | msgspec.UnsetType = msgspec.UNSET
    default: str | int | float | bool | None = None
    description: _Note | None = None


class QueryDefinition(msgspec.Struct, forbid_unknown_fields=True):
    """A query to save; each parameter ``:name`` of the statement has a type, or more said about it."""

    sql: Annotated[str, msgspec.Meta(min_length=1, max_length=100_000)]
    description: _Note | None = None
    parameters: dict[str, str | _QueryParameter] = {}


class NewWebhook(msgspec.Struct, forbid_unknown_fields=True):
    """A webhook as it shall be; no tables are all tables, no operations all operations."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
    tables: Annotated[list[_Name], msgspec.Meta(max_length=100)] = []
    operations: Annotated[list[Literal["insert", "update", "delete"]], msgspec.Meta(max_length=3)] = []
    description: _Note | None = None
    enabled: bool = True
    secret: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    since: _Name | None = None
    dry_run: bool = False


class Replayed(msgspec.Struct, forbid_unknown_fields=True):
    """What to send again: everything behind the offset ``since``, or of the dead letters these, or all of them."""

    ids: Annotated[list[_Name], msgspec.Meta(min_length=1, max_length=1_000)] | None = None
    since: _Name | None = None


_LONGEST: Final = 1_048_576


async def read_body(req: falcon.asgi.Request, kind: type[T]) -> T:
    """Read the body of a request as a struct.

    Raises:
        UnsupportedMediaType: it is not JSON.
        InvalidBody: it is not an object with these members, or too long.
        InvalidParameter: the address has parameters, which belong into the body.
    """
    Parameters.of(req)
    if media_type_of(req.content_type) != "application/json":
        raise UnsupportedMediaType("This reads JSON.", where="header 'Content-Type'")
    body = await req.stream.readall()
    if len(body) > _LONGEST:
        raise InvalidBody(f"The body has {len(body):,} bytes; {_LONGEST:,} are allowed here.", where="body")
    decode_json(body, "body")
    try:
        return _decode(body, kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidBody(f"The body does not fit: {error}.", where="body") from error
    except RecursionError as error:
        raise TooComplex("The JSON body is nested too deeply.", where="body") from error


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.Decoder(kind, float_hook=exact_number).decode(body)
    except msgspec.ValidationError:
        # In JSON Schema 5.0 is an integer; only a body that does not fit otherwise is read so.
        return msgspec.convert(msgspec.json.Decoder(float_hook=_whole_number).decode(body), kind)


def _whole_number(text: str) -> float | Decimal | int:
    number = exact_number(text)
    whole = int(number)
    return whole if whole == number else number
