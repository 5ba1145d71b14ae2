"""The settings of the plugin ``cors``: section ``plugins.cors``."""

from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from synthdb_host.selection import names

__all__ = ["CorsSettings"]

_METHODS: Final = ("GET", "HEAD", "QUERY", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_HEADERS: Final = (
    "Accept-Profile",
    "ApiKey",
    "Authorization",
    "Commit-Message",
    "Content-Profile",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "Last-Event-ID",
    "Prefer",
    "Range",
    "Range-Unit",
    "Synthdb-Schema",
    "X-Client-Info",
    "X-Request-Id",
)

_EXPOSED: Final = (
    "Accept-Query",
    "Accept-Ranges",
    "Allow",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Idempotent-Replayed",
    "Link",
    "Location",
    "Preference-Applied",
    "Retry-After",
    "Schema-Drift",
    "WWW-Authenticate",
    "X-Request-Id",
)

_Names = Annotated[tuple[str, ...], BeforeValidator(names)]


class CorsSettings(BaseModel):
    """What pages of ``trusted_origins`` may do, and read, in a browser; see Operating SynthDB."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    methods: _Names = Field(default=_METHODS, description="methods that they may use")
    headers: _Names = Field(default=_HEADERS, description="headers that they may send")
    exposed_headers: _Names = Field(default=_EXPOSED, description="headers of answers that they may read")
    max_age_seconds: int = Field(default=3600, ge=0, description="seconds for which a browser keeps the permission")
    credentials: bool = Field(default=False, description="let browsers send their own credentials, such as cookies")
