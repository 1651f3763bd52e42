"""What every section of the config shares: strict types, no unknown keys, immutable once read."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from cockpit.config.exchange_names import NAMES, known_exchange


class Section(BaseModel):
    """A part of the config. A key it does not know is an error, and so is a number written as text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Percent = Annotated[float, Field(ge=0, le=100)]
StopBps = Annotated[float, Field(gt=0, le=500, description="bps; 500 is the most any stop may be away")]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Asset = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,12}$", description="base coin, e.g. BTC")]
VenueName = Annotated[str, AfterValidator(known_exchange), Field(json_schema_extra={"enum": list(NAMES)})]
