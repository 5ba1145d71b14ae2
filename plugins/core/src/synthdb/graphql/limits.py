"""How much one GraphQL request may ask for."""

from dataclasses import dataclass
from typing import Self

from synthdb.settings import GraphqlSettings
from synthdb_host.settings import HostSettings

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may ask for: the settings of GraphQL and, of the host's, the rows of one list."""

    rows: int = 10_000
    document_bytes: int = 100_000
    tokens: int = 5_000
    depth: int = 16
    aliases: int = 200
    root_fields: int = 50
    fields: int = 5_000
    comparisons: int = 10_000
    cost: int = 1_000_000
    assumed_rows: int = 50
    variable_depth: int = 64
    batch: int = 0
    seconds: float = 10.0
    response_bytes: int = 32 * 1024 * 1024
    stream_seconds: float = 600.0

    @classmethod
    def of(cls, host: HostSettings, graphql: GraphqlSettings) -> Self:
        """Take the limits that the operator sets."""
        return cls(
            rows=host.limits.max_rows,
            document_bytes=graphql.max_document_bytes,
            tokens=graphql.max_tokens,
            depth=graphql.max_depth,
            aliases=graphql.max_aliases,
            root_fields=graphql.max_root_fields,
            fields=graphql.max_fields,
            comparisons=graphql.max_comparisons,
            cost=graphql.max_cost,
            assumed_rows=graphql.assumed_rows,
            variable_depth=graphql.max_variable_depth,
            batch=graphql.max_batch,
            seconds=graphql.max_seconds,
            response_bytes=graphql.max_response_bytes,
            stream_seconds=host.limits.max_stream_seconds,
        )
