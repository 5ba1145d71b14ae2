"""The fingerprint of a schema: it changes when a client that was generated before would no longer fit."""

import hashlib
from typing import Final

import msgspec

from synthdb.sdk.shapes import fingerprint_facts
from synthdb_host.catalog import Catalog

__all__ = ["fingerprint_of"]

_DIGITS: Final = 32


def fingerprint_of(catalog: Catalog) -> str:
    """Give the fingerprint of the tables, columns, keys and relations; comments and indexes do not count."""
    return hashlib.sha256(msgspec.json.encode(fingerprint_facts(catalog))).hexdigest()[:_DIGITS]
