"""What all settings have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Size = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """Base of all settings: unknown names are errors, values do not change once made."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
