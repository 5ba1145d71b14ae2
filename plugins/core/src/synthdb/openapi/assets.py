"""The files of the page: Swagger UI as published, and the few lines that start it."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

__all__ = ["Asset", "asset"]

_TYPES: Final = {
    "start.js": "text/javascript; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, with its entity tag and its media type."""

    data: bytes
    etag: str
    content_type: str


@cache
def asset(name: str) -> Asset | None:
    """Give a file of the page; None: there is none of this name."""
    content_type = _TYPES.get(name)
    if content_type is None:
        return None
    folder = resources.files("synthdb.openapi")
    data = folder.joinpath("page" if name == "start.js" else "swagger_ui", name).read_bytes()
    return Asset(data, f'"{hashlib.blake2b(data, digest_size=16).hexdigest()}"', content_type)
