"""Files that pages load: read once, and sent with an entity tag."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final

import falcon
import falcon.asgi

from synthdb_host.errors import NotFound

__all__ = ["AssetResource", "answer_bytes", "entity_tag"]

_TYPES: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class _Asset:
    data: bytes
    etag: str
    content_type: str


class AssetResource:
    """The files of a page, at ``/{db}/{asset}``.

    Args:
        package: where the files are.
        folders: the folder of each file, by its name.
    """

    def __init__(self, package: str, folders: Mapping[str, str]) -> None:
        self._package = package
        self._folders = folders
        self._read: dict[str, _Asset] = {}

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **names: str) -> None:
        """Give a file of the page."""
        name = names["asset"]
        if name not in self._folders:
            raise NotFound("There is nothing at this address.")
        found = self._read.get(name)
        if found is None:
            data = resources.files(self._package).joinpath(self._folders[name], name).read_bytes()
            found = self._read[name] = _Asset(data, entity_tag(data), _TYPES[name.rpartition(".")[2]])
        answer_bytes(req, resp, found.data, found.etag, found.content_type)


def entity_tag(data: bytes) -> str:
    """Give the entity tag of bytes."""
    return f'"{hashlib.blake2b(data, digest_size=16).hexdigest()}"'


def answer_bytes(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, data: bytes, etag: str, content_type: str
) -> None:
    """Answer with bytes, or that those the client has are still right."""
    resp.set_header("ETag", etag)
    resp.set_header("Cache-Control", "private, no-cache")
    if _has(req.get_header("if-none-match"), etag):
        resp.status = falcon.HTTP_304
        return
    resp.data = data
    resp.content_type = content_type


def _has(known: str | None, etag: str) -> bool:
    if known is None:
        return False
    return known.strip() == "*" or etag in (part.strip().removeprefix("W/") for part in known.split(","))
