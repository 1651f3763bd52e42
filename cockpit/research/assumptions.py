"""What a backtest assumes where history does not say: the price of a fill. One number makes all of it worse."""

import msgspec

from cockpit.config.model import CockpitConfig
from cockpit.paper.frictions import Frictions

LATENCY_SPREAD = 0.5
"""Sigma of the lognormal latency: 5 % of requests take more than 2.3 times the median."""


class Assumptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`pessimism` scales latency, fees, the modelled spread, what of a seen size can be had, and what stops lose.

    0 is a market without frictions, 1 is meant as fair, 2 doubles the costs. The modelled spread and size are used on
    days of which only trades are stored.
    """

    pessimism: float = 1.0
    modelled_spread_bps: float = 1.0
    modelled_top_usd: float = 20_000.0
    stop_slippage_bps: float = 0.5
    bands_away_bps: float | None = None
    """How far from the last price bands are drawn anew each day, to their near edges; None: those of the config."""
    bands_height_bps: float = 20.0
    seed: int = 0
    resumes_daily: bool = True
    """Whether the operator reviews a halt and resumes as each UTC day begins; without, the first halt is the end."""

    @property
    def spread_bps(self) -> float:
        """The modelled spread that is charged."""
        return self.modelled_spread_bps * self.pessimism

    @property
    def frictions(self) -> Frictions:
        """What the paper venue holds against us."""
        return Frictions(
            latency_spread=LATENCY_SPREAD if self.pessimism > 0.0 else 0.0,
            size_share=1.0 / (1.0 + self.pessimism),
            stop_slippage_bps=self.stop_slippage_bps * self.pessimism,
            seed=self.seed,
        )

    def applied_to(self, config: CockpitConfig) -> CockpitConfig:
        """The config with its fees and latency scaled."""
        if self.pessimism == 1.0:
            return config
        venues = {
            name: venue.model_copy(
                update={
                    "taker_fee_bps": venue.taker_fee_bps * self.pessimism,
                    # A rebate is never made larger by expecting worse.
                    "maker_fee_bps": venue.maker_fee_bps * (self.pessimism if venue.maker_fee_bps > 0.0 else 1.0),
                }
            )
            for name, venue in config.venues.items()
        }
        paper = config.paper.model_copy(update={"latency_ms": config.paper.latency_ms * self.pessimism})
        return config.model_copy(update={"venues": venues, "paper": paper})
