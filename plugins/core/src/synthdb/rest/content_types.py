"""What a Content-Type says about a body."""

from typing import Final

from synthdb_host.errors import UnsupportedMediaType

__all__ = ["media_type_of"]

_READABLE: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})


def media_type_of(content_type: str | None, default: str = "application/json") -> str:
    """Give the media type in lower case, without its parameters.

    Raises:
        UnsupportedMediaType: the text of the body is not in UTF-8.
    """
    name, *parameters = (content_type or default).split(";")
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        charset = value.strip().strip('"').lower()
        if key.strip().lower() == "charset" and charset not in _READABLE:
            raise UnsupportedMediaType(
                f"Text in {charset[:100]!r} is not read.", hint="Send UTF-8.", where="header 'Content-Type'"
            )
    return name.strip().lower()
