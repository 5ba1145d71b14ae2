"""A client of SynthDB over HTTP. It needs the standard library of Python 3.11 and nothing else."""

from .batches import Batch, reference
from .calls import Queries
from .client import Client, TableClient
from .conditions import Comparison, Condition, Group, Path, all_of, any_of, compare, none_of, within
from .errors import (
    BadRequest,
    Changed,
    ClientError,
    Conflict,
    Forbidden,
    Garbled,
    Incomplete,
    NotConnected,
    NotFound,
    Refused,
    SchemaDrift,
    TimedOut,
    Unavailable,
)
from .feed import Change
from .following import Listening, LiveChange
from .reading import Embed, Query
from .replies import Answer
from .sessions import Options
from .tables import Relation, Schema, Table
from .transport import Retries
from .writing import Inserting, Narrowed, Returning, Statement

__all__ = [
    "Answer",
    "BadRequest",
    "Batch",
    "Change",
    "Changed",
    "Client",
    "ClientError",
    "Comparison",
    "Condition",
    "Conflict",
    "Embed",
    "Forbidden",
    "Garbled",
    "Group",
    "Incomplete",
    "Inserting",
    "Listening",
    "LiveChange",
    "Narrowed",
    "NotConnected",
    "NotFound",
    "Options",
    "Path",
    "Queries",
    "Query",
    "Refused",
    "Relation",
    "Retries",
    "Returning",
    "Schema",
    "SchemaDrift",
    "Statement",
    "Table",
    "TableClient",
    "TimedOut",
    "Unavailable",
    "all_of",
    "any_of",
    "compare",
    "none_of",
    "reference",
    "within",
]
