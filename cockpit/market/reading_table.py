"""What a reading is, a row each: its event, what it is about, who can give it, who stands down for it, its words, and
what a value from outside may do. A new reading is a row here, a section of the config's `feeds`, a feed and a check.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from math import inf, isfinite
from typing import Any, NamedTuple

from cockpit.domain import events
from cockpit.domain.kinds import Reading

EVERYTHING = "all"
FEE_SCOPE = "priority_fee"
"""The fee readings stand down the setups of this kind alone."""


class About(StrEnum):
    """What one value of a reading is about: an asset, an asset at one venue, or neither."""

    ASSET = "asset"
    ASSET_AT_VENUE = "asset_at_venue"
    ITSELF = "itself"


class GivenBy(StrEnum):
    """Who can give a reading: any of several sources, nobody but the venue itself, or one worker whatever it names."""

    ANY_SOURCE = "any_source"
    ITS_VENUE = "its_venue"
    ONE_WORKER = "one_worker"


class ReadingRow(NamedTuple):
    """One reading.

    `value` takes the number out of its event. `missing` and `stale` are its words before the first value and past its
    age, with `{asset}` and `{source}`. `stands_down` is who stops for a stale one: everybody, one kind of setup, or
    nobody (""): such a reading only informs and wakes no setup. `outside` says why a value pushed from outside is not
    taken; empty = it is, where it is the tighter one. A value under `least` or over `most`, or that is no number,
    cannot be: it is refused where it comes in.
    """

    reading: Reading
    event: type[events.Event] | None
    about: About
    value: Callable[[Any], float | None]
    missing: str
    stale: str
    stands_down: str
    given_by: GivenBy
    outside: str
    least: float = -inf
    most: float = inf

    @property
    def informs_only(self) -> bool:
        """Whether nobody stands down for it."""
        return not self.stands_down

    def applies_to(self, event: Any) -> tuple[str, str]:
        """The asset and the venue that an event of this reading is about, "" for neither."""
        asset = "" if self.about is About.ITSELF else event.asset
        return asset, event.venue if self.about is About.ASSET_AT_VENUE else ""

    def refusal(self, event: Any) -> str | None:
        """Why its value cannot be, with the value and where it came from; None where it can."""
        values = (event.short_pct, event.long_pct) if self.reading is Reading.POSITIONING else (self.value(event),)
        wrong = [value for value in values if value is not None and not self.is_possible(value)]
        if not wrong:
            return None
        asset, venue = self.applies_to(event)
        source = venue or getattr(event, "source", "") or "its worker"
        what = self.missing.format(asset=asset, source=source)
        return f"{what} refused: expected {self._range_text}, was {wrong[0]:g} from {source}"

    def is_possible(self, value: float) -> bool:
        """Whether a value of this reading can be at all."""
        return isfinite(value) and self.least <= value <= self.most

    @property
    def _range_text(self) -> str:
        if isfinite(self.most):
            return f"{self.least:g} to {self.most:g}"
        return f"{self.least:g} or more" if isfinite(self.least) else "a number"


OWN_FEEDS_ALONE = "it comes from the engine's own feeds alone"
NO_TIGHTER_SIDE = "funding decides directions, so no outside value can be told to be the tighter one"

ROWS: tuple[ReadingRow, ...] = (
    ReadingRow(
        Reading.STREAM, None, About.ASSET, lambda event: None,
        "print or book of {asset}", "prices from {source}",
        EVERYTHING, GivenBy.ITS_VENUE, "prices come from the engine's own streams alone",
    ),
    ReadingRow(
        Reading.POSITIONING, events.Positioning, About.ASSET, lambda event: event.short_pct,
        "positioning of {asset}", "short % ({source})",
        EVERYTHING, GivenBy.ANY_SOURCE, "", 0.0, 100.0,
    ),
    ReadingRow(
        Reading.FUNDING, events.FundingRate, About.ASSET_AT_VENUE, lambda event: event.rate_bps_8h,
        "funding of {asset} on {source}", "funding on {source}",
        EVERYTHING, GivenBy.ITS_VENUE, NO_TIGHTER_SIDE,
    ),
    ReadingRow(
        Reading.OPEN_INTEREST, events.OpenInterest, About.ASSET, lambda event: event.change_24h_pct,
        "open interest of {asset}", "open interest ({source})",
        EVERYTHING, GivenBy.ANY_SOURCE, OWN_FEEDS_ALONE, -100.0,
    ),
    ReadingRow(
        Reading.HEALTH_FACTOR, events.HealthFactor, About.ITSELF, lambda event: event.value,
        "health factor", "Aave health factor ({source})",
        EVERYTHING, GivenBy.ANY_SOURCE, "", 0.0,
    ),
    ReadingRow(
        Reading.PRIORITY_FEE, events.PriorityFee, About.ITSELF, lambda event: event.p50_microlamports,
        "Solana priority fee", "Solana priority fee",
        FEE_SCOPE, GivenBy.ONE_WORKER, OWN_FEEDS_ALONE, 0.0,
    ),
    ReadingRow(
        Reading.JITO_TIP, events.JitoTip, About.ITSELF, lambda event: event.p50_sol,
        "Jito tip", "Jito tips",
        FEE_SCOPE, GivenBy.ONE_WORKER, OWN_FEEDS_ALONE, 0.0,
    ),
    ReadingRow(
        Reading.ONCHAIN_PRICE, events.OnChainPrice, About.ASSET, lambda event: event.price,
        "price of {asset} on chain", "price on chain ({source})",
        "", GivenBy.ONE_WORKER, OWN_FEEDS_ALONE, 0.0,
    ),
    ReadingRow(
        Reading.LIQUIDATION_MAP, events.LiquidationMap, About.ASSET, lambda event: event.explained_pct,
        "liquidation map of {asset}", "liquidation map ({source})",
        "", GivenBy.ONE_WORKER, OWN_FEEDS_ALONE, 0.0, 100.0,
    ),
)  # fmt: skip

ROW_OF: Mapping[Reading, ReadingRow] = {row.reading: row for row in ROWS}
ROW_OF_EVENT: Mapping[type[events.Event], ReadingRow] = {row.event: row for row in ROWS if row.event is not None}
WAKING = tuple(row.event for row in ROWS if row.event is not None and not row.informs_only)
"""The events of readings that rules ask for: they wake the setups."""
INFORMING = tuple(row.reading for row in ROWS if row.informs_only)
KEPT_ELSEWHERE = (Reading.STREAM, Reading.HEALTH_FACTOR)
"""By `AssetMarket`, by `HealthWatch`; the store keeps all others."""
_JUDGED = tuple(row for row in ROWS if not row.informs_only and row.reading not in KEPT_ELSEWHERE)
OF_AN_ASSET = tuple(row.reading for row in _JUDGED if row.about is not About.ITSELF)
OF_ITSELF = tuple(row.reading for row in _JUDGED if row.about is About.ITSELF)
