"""The plugin's settings."""

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["AuthSettings"]


class AuthSettings(BaseModel):
    """How callers are known, and for how long."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_key_days: float = Field(default=365.0, gt=0, description="days that a new key works at most, and by default")
    session_hours: float = Field(default=12.0, gt=0, description="hours that a login lasts")
    login_queue: int = Field(default=200, gt=0, description="logins that may wait for their turn, in each worker")
    login_tries: int = Field(
        default=10,
        gt=0,
        description="wrong passwords for one account in 15 minutes, in each worker, before it has to wait",
    )
