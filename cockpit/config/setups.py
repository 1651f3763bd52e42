"""The setups' parameters. `kind` names the state machine; a name may be used by several kinds of market."""

from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from cockpit.config.base import Asset, Name, NotNegative, Percent, Positive, Section, StopBps
from cockpit.config.own_kinds import OwnToo
from cockpit.config.signal_sources import EntryBounds

SHARE_TOLERANCE_PCT = 0.01
Multiplier = Annotated[float, Field(gt=0, le=5)]


class TargetSection(Section):
    """One rung: how far beyond the entry, and which share of the size leaves there."""

    distance_bps: Positive
    share_pct: Percent


class Laddered(Section):
    """A stop and a target ladder whose shares make up the whole size."""

    stop_bps: StopBps
    targets: Annotated[list[TargetSection], Field(min_length=1, max_length=6)]

    @model_validator(mode="after")
    def ladder_is_whole(self) -> Self:
        """The rungs run outward and their shares add up to 100 %."""
        total = sum(rung.share_pct for rung in self.targets)
        if abs(total - 100.0) > SHARE_TOLERANCE_PCT:
            raise ValueError(f"expected the targets' share_pct to add up to 100, was {total:g}")
        distances = [rung.distance_bps for rung in self.targets]
        if distances != sorted(set(distances)):
            raise ValueError(f"expected the targets' distance_bps to rise, was {distances}")
        return self


class SetupSection(Laddered):
    """What every setup has."""

    enabled: bool = True
    size_multiplier: Multiplier
    cooldown_s: NotNegative

    @property
    @abstractmethod
    def traded(self) -> tuple[str, ...]:
        """The assets it trades, one state machine each."""

    @property
    def watched_beside(self) -> tuple[str, ...]:
        """The assets that each of its machines watches beside the one it trades."""
        return ()

    @property
    def bars_s(self) -> tuple[float, ...]:
        """The lengths of the bars it listens to."""
        return ()

    @property
    def lookback_s(self) -> float:
        """How far back it looks over bars and books."""
        return 0.0


class OwnSetup(SetupSection):
    """The keys of a setup of one's own, to be subclassed as `Rules` in `setups/KIND.py` beside the config.

    `machine` is the state machine: a `cockpit.setups.base.Setup`, made as `machine(name, rules, config, market)`.
    """

    machine: ClassVar[type[Any]]
    kind: Name
    asset: Asset
    also_watch: list[Asset] = []
    bar_s: Positive = 5.0
    also_bars_s: list[Positive] = []
    window_s: NotNegative = 0.0

    @property
    def traded(self) -> tuple[str, ...]:
        return (self.asset,)

    @property
    def watched_beside(self) -> tuple[str, ...]:
        return tuple(self.also_watch)

    @property
    def bars_s(self) -> tuple[float, ...]:
        return (self.bar_s, *self.also_bars_s)

    @property
    def lookback_s(self) -> float:
        """`window_s`."""
        return self.window_s


class LowerBandLong(SetupSection):
    """A flush under a lower band and its reclaim, bought."""

    kind: Literal["lower_band_long"]
    asset: Asset
    bar_s: Positive
    reclaim_after_s: Positive
    reclaim_within_s: Positive
    funding_spread_above_bps: float
    thin_book_stop_bps: StopBps
    thin_book_under_share: Annotated[float, Field(gt=0, lt=1)]
    thin_book_baseline_s: Positive
    failures_to_stand_down: Annotated[int, Field(ge=1)]
    failures_within_s: Positive
    stand_down_s: Positive

    @property
    def traded(self) -> tuple[str, ...]:
        return (self.asset,)

    @property
    def bars_s(self) -> tuple[float, ...]:
        return (self.bar_s,)

    @property
    def lookback_s(self) -> float:
        """`thin_book_baseline_s`."""
        return self.thin_book_baseline_s


class UpperBandShort(SetupSection):
    """A failed break above an upper band, sold."""

    kind: Literal["upper_band_short"]
    asset: Asset
    bar_s: Positive
    close_back_after_s: Positive
    close_back_within_s: Positive
    short_pct_under: Percent
    funding_spread_under_bps: float
    squeeze_rise_bps: Positive
    squeeze_window_s: Positive
    squeeze_min_seen_s: Positive
    invalid_beyond_band_usd: NotNegative
    invalid_held_s: Positive
    basis_rising_s: Positive

    @property
    def traded(self) -> tuple[str, ...]:
        return (self.asset,)

    @property
    def bars_s(self) -> tuple[float, ...]:
        return (self.bar_s,)

    @property
    def lookback_s(self) -> float:
        """`squeeze_window_s`, and a minute more than `basis_rising_s`: it is told by medians of a minute."""
        return max(self.squeeze_window_s, self.basis_rising_s + 60.0)


class PriorityFeeFade(SetupSection):
    """A Solana priority-fee shock that fades: back toward the session's VWAP."""

    kind: Literal["priority_fee_fade"]
    asset: Asset
    shock_multiple: Annotated[float, Field(gt=1)]
    baseline_s: Positive
    fall_pct: Percent
    fall_within_s: Positive
    vwap_dead_zone_bps: NotNegative
    tip_multiple: Annotated[float, Field(gt=1)]
    tip_size_factor: Annotated[float, Field(gt=0, le=1)]
    tip_stop_bps: StopBps

    @property
    def traded(self) -> tuple[str, ...]:
        return (self.asset,)


class SqueezeGuard(SetupSection):
    """Dips under the 5-minute VWAP where sellers turn to buyers; never short into crowded shorts."""

    kind: Literal["squeeze_guard"]
    assets: Annotated[list[Asset], Field(min_length=1)]
    bar_s: Positive
    vwap_window_s: Positive
    dip_bps: Positive
    max_hold_s: Positive

    @property
    def traded(self) -> tuple[str, ...]:
        return tuple(self.assets)

    @property
    def bars_s(self) -> tuple[float, ...]:
        return (self.bar_s,)

    @property
    def lookback_s(self) -> float:
        """`vwap_window_s`."""
        return self.vwap_window_s


BuiltInSetup = LowerBandLong | UpperBandShort | PriorityFeeFade | SqueezeGuard
AnySetup = Annotated[BuiltInSetup, Field(discriminator="kind"), OwnToo("setups", OwnSetup)]
"""One of the kinds built in, or an `OwnSetup` where the config file has such a file beside it."""


class ExternalStrategy(Laddered):
    """A registered outside signal: what it is, where it may trade, its side when it says `auto`, stop and ladder."""

    name: Name
    type: Name
    side: Literal["long", "short"]
    pairs: Annotated[list[Name], Field(min_length=1)]
    max_hold_s: Positive | None = None
    entry: EntryBounds = EntryBounds()

    @model_validator(mode="after")
    def pairs_are_pairs(self) -> Self:
        """A pair is BASE/QUOTE."""
        for pair in self.pairs:
            if pair.count("/") != 1:
                raise ValueError(f"expected a pair as BASE/QUOTE, was {pair!r}")
        return self
