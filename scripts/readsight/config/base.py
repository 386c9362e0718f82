"""What every section of the config is made of: strict keys, and the kinds of values that many share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class Section(BaseModel):
    """A section: keys that it does not know are refused."""

    model_config = ConfigDict(extra="forbid", validate_default=True)
