"""The settings of the plugin ``compression``: section ``plugins.compression``."""

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["CompressionSettings"]


class CompressionSettings(BaseModel):
    """Compression of answers for those who accept it: gzip, and with the extra ``compression`` Brotli and Zstandard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_bytes: int = Field(default=1024, ge=0, description="bytes of a body below which it is left as it is")
    level: int = Field(default=3, ge=1, le=9, description="1 is fastest, 9 smallest")
