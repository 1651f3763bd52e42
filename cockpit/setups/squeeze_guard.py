"""XRP and ETH squeeze guard: a dip under the VWAP is bought where sellers turn to buyers. Never a short."""

import math

from cockpit.config.model import CockpitConfig
from cockpit.config.setups import SqueezeGuard
from cockpit.domain.units import bps_between, seconds_to_ns
from cockpit.domain.verdict import Check, Proposal
from cockpit.market.bars import Bar
from cockpit.market.market import Market
from cockpit.market.readings import COMPARED_DECIMALS
from cockpit.setups.base import DELTA_NOISE, Setup


class SqueezeGuardSetup(Setup[SqueezeGuard]):
    """Idle until a bar in the dip with sellers ahead; watching for the next bar to have buyers ahead."""

    def __init__(self, name: str, asset: str, rules: SqueezeGuard, config: CockpitConfig, market: Market) -> None:
        super().__init__(f"{name}.{asset}", rules, config, market, asset=asset, config_name=name)
        self.max_hold_s = rules.max_hold_s

    def guards(self, now_ns: int) -> tuple[Check, ...]:
        """None of its own: it only buys, and the gate's tactical layer blocks shorts into crowded shorts."""
        return ()

    @property
    def bar_awaited_s(self) -> float | None:
        """Every bar may turn the sellers, as long as it listens."""
        return self.rules.bar_s if self.is_listening else None

    def on_bar(self, asset: str, bar: Bar, now_ns: int) -> Proposal | None:
        rules = self.rules
        if bar.length_s != rules.bar_s:
            return None
        under_bps = self._under_vwap_bps(bar.close)
        if under_bps is None or under_bps < rules.dip_bps:
            self.go_idle()
            return None
        before = self._bar_before(bar)
        if before is not None and before.taker_delta < -DELTA_NOISE and bar.taker_delta > DELTA_NOISE:
            return self.proposal(self.side, self._turn_text(before, bar, under_bps))
        if bar.taker_delta < -DELTA_NOISE:
            self.go_watching()
        else:
            self.go_idle()
        return None

    def _bar_before(self, bar: Bar) -> Bar | None:
        """The bar before, as long as it lies within the VWAP's window: sellers of an hour ago do not turn now."""
        bars = self.quotes.last_bars(self.rules.bar_s, 2)
        before = bars[0] if len(bars) == 2 else None
        is_recent = before is not None and bar.end_ns - before.end_ns <= seconds_to_ns(self.rules.vwap_window_s)
        return before if is_recent else None

    def _under_vwap_bps(self, price: float | None) -> float | None:
        vwap = self.quotes.vwap(self.rules.vwap_window_s)
        if price is None or vwap is None or not math.isfinite(vwap) or vwap <= 0.0:
            return None
        return round(-bps_between(price, vwap), COMPARED_DECIMALS)

    def _turn_text(self, before: Bar, bar: Bar, under_bps: float) -> str:
        rules = self.rules
        return (
            f"dip: {self.price_text(bar.close)} is {under_bps:.1f} bps under the {rules.vwap_window_s:g} s VWAP, "
            f"{rules.bar_s:g} s taker delta {before.taker_delta:+,.3f} then {bar.taker_delta:+,.3f} {self.asset}"
        )

    def idle_text(self, now_ns: int) -> str:
        return f"{self.rules.dip_bps:g} bps under VWAP ({self._from_vwap()}); then sellers turn to buyers"

    def watching_text(self, now_ns: int) -> str:
        return f"buyers' {self.rules.bar_s:g} s bar in dip ({self._from_vwap()})"

    def _from_vwap(self) -> str:
        under_bps = self._under_vwap_bps(self.quotes.price)
        if under_bps is None:
            return "no trades yet"
        return f"now {abs(under_bps):.1f} {'under' if under_bps >= 0 else 'over'}"
