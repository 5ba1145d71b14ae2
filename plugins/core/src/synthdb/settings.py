"""The settings of the core plugin: section ``plugins.core``."""

from ipaddress import ip_network
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from synthdb_host.selection import names

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = ["CoreSettings", "EgressSettings", "GraphqlSettings", "core_settings"]


class EgressSettings(BaseModel):
    """Which addresses that users give are called: webhooks. Only public hosts over HTTPS by default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    allow_http: bool = Field(default=False, description="whether URLs may begin with http")
    networks: Annotated[tuple[str, ...], BeforeValidator(names)] = Field(
        default=(), description="networks that may be reached though they are not public"
    )

    @field_validator("networks")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ip_network(network)
        return networks


class GraphqlSettings(BaseModel):
    """What GraphQL offers, and what one request may ask of it; more is refused before anything is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    documents: Literal["open", "registered", "trusted"] = Field(
        "registered",
        description=(
            "open: clients send text. registered: or the hash of a document that was registered or sent before. "
            "trusted: only what is registered in the database runs."
        ),
    )
    introspection: bool = Field(
        True, description="Whether clients may ask for the schema; each needs the permission introspect, too."
    )
    page: bool = Field(True, description="Whether browsers are shown GraphiQL.")
    relay: bool = Field(True, description="Whether there are Relay's connections and global ids.")
    max_document_bytes: int = Field(100_000, gt=0, description="Bytes of a document; more is too_large.")
    max_tokens: int = Field(5_000, gt=0, description="Tokens of a document; more is too_complex.")
    max_depth: int = Field(
        16, gt=0, description="Levels of fields, but for those of introspection; more is too_complex."
    )
    max_aliases: int = Field(200, ge=0, description="Fields with an alias in an operation; more is too_complex.")
    max_root_fields: int = Field(50, gt=0, description="Fields at the top of an operation; more is too_complex.")
    max_fields: int = Field(
        5_000, gt=0, description="Fields of an operation with all its fragments; more is too_complex."
    )
    max_comparisons: int = Field(
        10_000,
        gt=0,
        description="Comparisons of fields of one name, to see whether they can be merged; more is too_complex.",
    )
    max_cost: int = Field(
        1_000_000, gt=0, description="Rows that an operation may come to read, as estimated; more is too_complex."
    )
    assumed_rows: int = Field(50, gt=0, description="What the estimate takes for a list without a limit.")
    max_variable_depth: int = Field(64, gt=0, description="Levels of a value of a variable; more is too_complex.")
    max_refused_seconds: float = Field(
        0.5,
        ge=0,
        description=(
            "Seconds of the processor that reading refused documents of one client may take, of which a fiftieth comes "
            "back each second; after that, his documents that were not sent before are too_many_requests. 0: no limit."
        ),
    )
    max_batch: int = Field(0, ge=0, description="Operations that one request may hold in an array; 0: none.")
    max_seconds: float = Field(10.0, gt=0, description="Seconds that a request may take; more is a timeout.")
    max_response_bytes: int = Field(
        32 * 1024 * 1024, gt=0, description="Bytes of the answer to a query; more is too_large."
    )
    max_sockets: int = Field(500, gt=0, description="WebSockets at a time, in each worker.")
    max_operations: int = Field(50, gt=0, description="Operations at a time on one WebSocket.")
    init_seconds: float = Field(5.0, gt=0, description="Seconds in which a WebSocket must say who opened it.")


class CoreSettings(BaseModel):
    """How databases behave."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backfill_above_rows: int = Field(
        10_000,
        ge=0,
        description="A column that gets a wider type is converted in the background if its table has more rows.",
    )
    durability: Literal["full", "normal"] = Field(
        "full",
        description="full: an acknowledged write survives a power cut. normal: only a crash of the process.",
    )
    batch_operations: int = Field(1_000, gt=0, description="Operations of one batch over HTTP.")
    batch_bytes: int = Field(16 * 1024 * 1024, gt=0, description="Bytes of the body of a batch over HTTP.")
    batch_seconds: float = Field(10, gt=0, description="Seconds that a batch over HTTP may take.")
    cursor_hours: float = Field(
        24,
        gt=0,
        description="How long the Link to the next page can be followed; at most as long as versions are kept.",
    )
    egress: EgressSettings = Field(EgressSettings(), description="which addresses that users give are called")
    graphql: GraphqlSettings = Field(GraphqlSettings(), description="what GraphQL offers and allows")
    lock_timeout_seconds: float = Field(30.0, gt=0, le=600, description="How long a write waits for other writers.")
    max_pages: int | None = Field(None, gt=0, description="Limit on a database file's size, in pages of 4 KiB.")
    realtime_heartbeat_seconds: float = Field(
        15.0, gt=0, description="Seconds after which a stream of changes that has nothing to send shows that it lives."
    )
    realtime_lifetime_seconds: float = Field(
        3600.0, gt=0, description="Seconds after which a stream of changes ends; clients go on with another one."
    )
    retention_days: int | None = Field(
        30,
        ge=1,
        description="Versions older than this are forgotten, but for what branches and tags show. None: never.",
    )
    webhook_disable_hours: float = Field(
        120, gt=0, description="A webhook of which every attempt failed for so long is switched off."
    )
    webhook_retry_seconds: tuple[float, ...] = Field(
        (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400),
        description="How long a message that failed waits for each further attempt; then it is a dead letter.",
    )
    webhook_timeout_seconds: float = Field(15, gt=0, le=60, description="Seconds that a receiver has to answer.")
    statement_seconds: float = Field(
        600.0, ge=0, description="Seconds after which a PostgreSQL server stops a statement by itself; 0: never."
    )
    slow_operation_seconds: float = Field(
        1.0, gt=0, description="Operations that take longer than this are logged as slow."
    )


def core_settings(host: "PluginHost") -> CoreSettings:
    """Give the settings that are in force for what belongs to core."""
    settings = host.plugin_settings("core")
    return settings if isinstance(settings, CoreSettings) else CoreSettings()
