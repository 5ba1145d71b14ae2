"""The plugin's settings."""

from pydantic import BaseModel, ConfigDict

__all__ = ["AuthSettings"]


class AuthSettings(BaseModel):
    """How callers are known, and what they may do."""

    model_config = ConfigDict(frozen=True, extra="forbid")
