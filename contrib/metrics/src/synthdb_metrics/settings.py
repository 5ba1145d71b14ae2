"""The plugin's settings."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["MetricsSettings"]


def _rising(bounds: tuple[float, ...]) -> tuple[float, ...]:
    if list(bounds) != sorted(set(bounds)) or bounds[0] <= 0:
        raise ValueError("the bounds must be above zero and rise")
    return bounds


class MetricsSettings(BaseModel):
    """What is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: Annotated[tuple[float, ...], Field(min_length=1, max_length=50), AfterValidator(_rising)] = Field(
        default=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        description="upper bounds of the buckets of times",
    )
    databases: bool = Field(default=False, description="whether operations are told apart by database, too")
