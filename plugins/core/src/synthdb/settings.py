"""The settings of the core plugin: section ``plugins.core``."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["CoreSettings"]


class CoreSettings(BaseModel):
    """How databases in SQLite files behave."""

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
    lock_timeout_seconds: float = Field(30.0, gt=0, le=600, description="How long a write waits for other writers.")
    max_pages: int | None = Field(None, gt=0, description="Limit on a database file's size, in pages of 4 KiB.")
    retention_days: int | None = Field(
        30,
        ge=1,
        description="Versions older than this are forgotten, but for what branches and tags show. None: never.",
    )
    slow_operation_seconds: float = Field(
        1.0, gt=0, description="Operations that take longer than this are logged as slow."
    )
