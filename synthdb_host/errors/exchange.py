"""The request or the answer cannot be as HTTP has it: method, form, size, time (405 to 431)."""

from synthdb_host.errors.base import RequestError

__all__ = [
    "AddressTooLong",
    "HeadersTooLarge",
    "NotAcceptable",
    "NotAllowed",
    "NotSingular",
    "RangeNotSatisfiable",
    "RequestTimeout",
    "TooLarge",
    "TooManyRequests",
    "UnsupportedMediaType",
    "UpgradeRequired",
]


class NotAllowed(RequestError):
    """The address does not offer this method.

    Use one of the methods in the answer's Allow header.
    """

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


class NotAcceptable(RequestError):
    """None of the accepted media types can be produced.

    Accept one of the media types that the hint lists.
    """

    status = 406
    code = "not_acceptable"
    title = "Not acceptable"


class NotSingular(NotAcceptable):
    """A single object was asked for, but the result has no row or several.

    Narrow the filter to one row, or ask for a list.
    """

    code = "not_singular"
    title = "Not a single row"


class RequestTimeout(RequestError):
    """The request did not arrive completely in its time; nothing of it took effect.

    Send it again, in parts if it is long, or let the operator give it more time.
    """

    status = 408
    code = "request_timeout"
    title = "Request timeout"


class TooLarge(RequestError):
    """The body, the address or a value is larger than the limit.

    Send less at a time.
    """

    status = 413
    code = "too_large"
    title = "Too large"


class AddressTooLong(TooLarge):
    """The address with its query is longer than the limit.

    Send less at a time.
    """

    status = 414
    title = "Address too long"


class UnsupportedMediaType(RequestError):
    """The body's media type cannot be read.

    Send one of the media types that the hint lists, and name it in Content-Type.
    """

    status = 415
    code = "unsupported_media_type"
    title = "Unsupported media type"


class RangeNotSatisfiable(RequestError):
    """The first row asked for lies behind the end of the result.

    Begin before the end; Content-Range or a count says where that is.
    """

    status = 416
    code = "range_not_satisfiable"
    title = "Range not satisfiable"


class UpgradeRequired(RequestError):
    """The WebSocket handshake is of a version that the server does not speak.

    Use the version in the answer's Sec-WebSocket-Version header.
    """

    status = 426
    code = "upgrade_required"
    title = "Upgrade required"


class TooManyRequests(RequestError):
    """The caller has sent more requests than it may in this time.

    Send it again after the seconds in the Retry-After header.
    """

    status = 429
    code = "too_many_requests"
    title = "Too many requests"


class HeadersTooLarge(RequestError):
    """The request has too many headers, or one that is too long.

    Send fewer and shorter headers.
    """

    status = 431
    code = "headers_too_large"
    title = "Headers too large"
