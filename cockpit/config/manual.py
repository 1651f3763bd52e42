"""Trading by hand: whether it is allowed, the sizes at hand, and the templates of stop and ladder."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from cockpit.config.base import Name, NotNegative, Positive, Section
from cockpit.config.setups import Laddered, TargetSection


class TemplateSection(Laddered):
    """A stop, a ladder, and where wanted a time stop, under a name."""

    max_hold_s: Positive | None = None


def _usual() -> dict[str, TemplateSection]:
    ladder = [
        TargetSection(distance_bps=distance_bps, share_pct=share_pct)
        for distance_bps, share_pct in ((25.0, 45.0), (50.0, 35.0), (90.0, 20.0))
    ]
    return {"scalp": TemplateSection(stop_bps=28.0, targets=ladder)}


class ManualSection(Section):
    """Entries by hand. With `enabled` false they are judged and never sent; what sheds risk works all the same.

    After an entry of an asset the next one by hand is refused for `cooldown_s`. A limit waits `limit_within_s` unless
    it says otherwise, and lies at most `max_limit_distance_bps` from the price. A trailing stop moves in steps of
    `trail_step_bps`.
    """

    enabled: bool = True
    cooldown_s: NotNegative = 1.0
    limit_within_s: Positive = 60.0
    max_limit_distance_bps: Positive = 500.0
    trail_step_bps: Positive = 1.0
    size_presets_usd: Annotated[list[Positive], Field(max_length=9)] = [20.0, 40.0, 80.0]
    templates: Annotated[dict[Name, TemplateSection], Field(min_length=1)] = Field(default_factory=_usual)
    default_template: Name = "scalp"

    @model_validator(mode="after")
    def default_exists(self) -> Self:
        """The default is one of the templates."""
        if self.default_template not in self.templates:
            known = ", ".join(self.templates)
            raise ValueError(f"expected a default_template among {known}, was {self.default_template!r}")
        return self
