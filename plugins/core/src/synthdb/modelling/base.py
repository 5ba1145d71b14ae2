"""What all models have in common. The source of these two classes stands in every generated module."""

from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["NewRow", "Row"]


class Row(BaseModel):
    """A row as it is read. Columns that are newer than its class are left out."""

    model_config = ConfigDict(populate_by_name=True, val_json_bytes="base64", ser_json_bytes="base64")


class NewRow(BaseModel):
    """Values to be written. What is not set is left to the database."""

    model_config = ConfigDict(
        extra="forbid", populate_by_name=True, val_json_bytes="base64", ser_json_bytes="base64"
    )  # fmt: skip

    def to_row(self) -> dict[str, Any]:
        """Give what was set, by the names of columns."""
        return self.model_dump(by_alias=True, exclude_unset=True)
