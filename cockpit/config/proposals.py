"""When liquidation clusters are worth proposing as bands. An operator accepts them or leaves them."""

from typing import Annotated

from pydantic import Field

from cockpit.config.base import NotNegative, Percent, Positive, Section


class BandProposalsSection(Section):
    """Clusters from `min_distance_bps` to `within_pct` off the price are looked at every `every_s`.

    A cluster makes a band when it holds at least `min_share_pct` of what its own kind (observed or estimated) holds on
    its side, and the least notional of its kind; an estimate also has to explain `min_explained_pct` of open interest.
    At most `max_bands` a side, none wider than `widest_bps` nor nearer to the next than `apart_bps`. Edges that moved
    by no more than `change_bps` are no news.
    """

    every_s: Positive = 60.0
    min_distance_bps: NotNegative = 15.0
    within_pct: Annotated[float, Field(gt=0, le=50)] = 3.0
    min_share_pct: Percent = 15.0
    min_observed_usd: NotNegative = 50_000.0
    min_estimated_usd: NotNegative = 1_000_000.0
    min_explained_pct: Percent = 10.0
    max_bands: Annotated[int, Field(ge=1, le=10)] = 3
    widest_bps: Positive = 40.0
    apart_bps: NotNegative = 10.0
    change_bps: NotNegative = 5.0
