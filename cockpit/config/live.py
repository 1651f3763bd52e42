"""How the live feeds behave: when silence is a fault, how much of a book is read, whom positioning is taken from."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from cockpit.config.base import Positive, Section
from cockpit.config.exchange_names import GIVE_POSITIONING

COINGLASS = "coinglass"


def _positioning_source(name: str) -> str:
    if name not in (COINGLASS, *GIVE_POSITIONING):
        raise ValueError(f"expected one of {', '.join((COINGLASS, *GIVE_POSITIONING))}, was {name}")
    return name


PositioningSource = Annotated[
    str, AfterValidator(_positioning_source), Field(json_schema_extra={"enum": [COINGLASS, *GIVE_POSITIONING]})
]
Share = Annotated[float, Field(gt=0, le=1)]


class LiveSection(Section):
    """A channel that should speak and is silent for `silent_after_s` is subscribed anew, one that may just be quiet
    after `quiet_after_s`. `positioning_from` is the order of preference: the first that answers counts.
    `rest_weight_share` is the part of a venue's request allowance that data may use; the rest is for orders.
    """

    silent_after_s: Positive = 10.0
    quiet_after_s: Positive = 60.0
    depth_within_bps: Positive = 10.0
    depth_every_ms: Annotated[float, Field(ge=0, le=10_000)] = 500.0
    gap_wait_ms: Annotated[float, Field(ge=0, le=5_000)] = 250.0
    positioning_from: Annotated[list[PositioningSource], Field(min_length=1)] = [COINGLASS, "binance", "okx"]
    rest_weight_share: Share = 0.5

    @model_validator(mode="after")
    def quiet_is_longer(self) -> Self:
        """A quiet market is given longer than a channel that has reason to speak."""
        if self.quiet_after_s < self.silent_after_s:
            raise ValueError(
                f"expected quiet_after_s at or over silent_after_s, was {self.quiet_after_s:g} and "
                f"{self.silent_after_s:g}"
            )
        return self
