"""BTC upper-band short: a wick above the band's lower edge that closes back and then makes a lower high, sold."""

import math
from itertools import pairwise

import msgspec

from cockpit.config.model import CockpitConfig
from cockpit.config.setups import UpperBandShort
from cockpit.domain.kinds import Outcome, SetupPhase, Side
from cockpit.domain.numbers import apart
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import ns_to_seconds, seconds_to_ns
from cockpit.domain.verdict import Check, Proposal
from cockpit.market.bars import Bar
from cockpit.market.book import MINUTE_S
from cockpit.market.market import Market
from cockpit.market.readings import COMPARED_DECIMALS
from cockpit.setups.base import Setup
from cockpit.setups.guards import finding, no_data
from cockpit.setups.texts import away_text, clock_text, seconds_text


class Wick(msgspec.Struct):
    """A break above the band: its high so far, and whether the last bar closed back below."""

    start_ns: int
    first_end_ns: int
    last_end_ns: int
    high: float
    has_closed_back: bool = False


class UpperBandShortSetup(Setup[UpperBandShort]):
    """Idle until a print above the trigger; watching the wick close back, then for the lower high.

    A wick that does not close back in time is a break: nothing begins before a bar has closed below the trigger again.
    """

    def __init__(self, name: str, rules: UpperBandShort, config: CockpitConfig, market: Market) -> None:
        super().__init__(name, rules, config, market)
        self.set_side(Side.SHORT)
        self._bar_ns = seconds_to_ns(rules.bar_s)
        self._trigger, self._invalid_above = self._edges_now()
        self._above_since_ns: int | None = None
        self._wick: Wick | None = None
        self._is_broken = False
        if rules.enabled:
            self.start_afresh()

    def guards(self, now_ns: int) -> tuple[Check, ...]:
        """Shorts are not crowded, the premium does not pay longs, and nobody is being squeezed."""
        return (self._short_guard(now_ns), self._funding_guard(now_ns), self._squeeze_guard())

    def invalidated(self, trade: TradeRecord, now_ns: int) -> str | None:
        """The break held beyond the band, or the perp's basis keeps rising."""
        rules = self.rules
        held_s = self._held_s(now_ns)
        if held_s is not None and held_s >= rules.invalid_held_s:
            return (
                f"held {held_s:.0f} s above {self.price_text(self._invalid_above)} "
                f"({rules.invalid_beyond_band_usd:g} USD over the band), limit {rules.invalid_held_s:g} s"
            )
        return self._rising_basis(now_ns)

    def _rising_basis(self, now_ns: int) -> str | None:
        """By the slope of one-minute medians: over the whole time each lies above the one a minute before."""
        rising_s = self.rules.basis_rising_s
        medians = self.quotes.basis_medians_bps(math.ceil(rising_s / MINUTE_S) + 1, now_ns)
        if not medians or any(later <= earlier for earlier, later in pairwise(medians)):
            return None
        steps = ", ".join(f"{bps:+.2f}" for bps in medians)
        return f"perp basis rising for {rising_s:g} s: its one-minute medians were {steps} bps"

    @property
    def rests_on_bands(self) -> bool:
        """From its proposal until its trade is over."""
        return self.phase is SetupPhase.TRIGGERED

    @property
    def bar_awaited_s(self) -> float | None:
        """A wick waits for its close back, a break for a close below."""
        return self.rules.bar_s if self._wick is not None or self._is_broken else None

    @property
    def closes_between(self) -> tuple[float, float]:
        """After a break only a close below the trigger counts."""
        return super().closes_between if self._wick is not None else (self._trigger, math.inf)

    @property
    def ground_waits(self) -> bool:
        """Without a mark there is no basis that could rise."""
        return self.quotes.mark is None

    def bands_changed(self) -> None:
        """A wick over the band as it was is given up."""
        self._trigger, self._invalid_above = self._edges_now()
        if self.is_listening:
            self.start_afresh()

    def _edges_now(self) -> tuple[float, float]:
        """Where a wick begins, and above what an open trade has no ground any more."""
        bands = self.market.bands(self.asset)
        low, high = bands.upper[0] if bands and bands.upper else (math.inf, math.inf)
        return low, high + self.rules.invalid_beyond_band_usd

    def on_price(self, asset: str, ts_ns: int, price: float) -> Proposal | None:
        if self._wick is None and not self._is_broken and price > self._trigger:
            self._begin_wick(ts_ns, price)
        return None

    def on_bar(self, asset: str, bar: Bar, now_ns: int) -> Proposal | None:
        wick = self._wick
        if bar.length_s != self.rules.bar_s:
            return None
        is_below = bar.close < self._trigger
        if wick is None:
            if self._is_broken and is_below:
                self._await_wick()
            return None
        if now_ns > self._last_end_ns(wick) + self._bar_ns:
            return None  # news of the past: the feed had a gap, and the wick is over
        if wick.has_closed_back and is_below and bar.high < wick.high:
            return self.proposal(self.side, self._lower_high_text(wick, bar))
        if bar.end_ns > wick.last_end_ns:
            self._end_wick(is_break=not is_below)
            return None
        wick.high = max(wick.high, bar.high)
        wick.has_closed_back = is_below and bar.end_ns >= wick.first_end_ns
        self.wake_at(self._last_end_ns(wick))
        return None

    def on_time(self, now_ns: int) -> Proposal | None:
        """The wick is out of time, and no bar ended in time that made something of it."""
        if self._wick is not None:
            self._end_wick(is_break=not self._wick.has_closed_back)
        return None

    def on_price_in_trade(self, asset: str, ts_ns: int, price: float) -> None:
        if price <= self._invalid_above:
            self._above_since_ns = None
            self.wake_at(None)
            self.set_fences(high=self._invalid_above)
        elif self._above_since_ns is None:
            # A print exactly at the limit is not above it any more.
            self._above_since_ns = ts_ns
            self.wake_at(ts_ns + seconds_to_ns(self.rules.invalid_held_s))
            self.set_fences(low=math.nextafter(self._invalid_above, math.inf))

    def on_triggered(self) -> None:
        self._wick = None
        self._is_broken = False
        self._above_since_ns = None
        self.set_fences(high=self._invalid_above)

    def start_afresh(self) -> None:
        self._end_wick(is_break=self._is_held_above())

    def _end_wick(self, is_break: bool) -> None:
        self._wick = None
        self.wake_at(None)
        self._is_broken = is_break
        self.go_idle()
        self.set_fences(high=math.inf if is_break else self._trigger)

    def _await_wick(self) -> None:
        self._end_wick(is_break=False)

    def _is_held_above(self) -> bool:
        """Whether no bar closed below the trigger for as long as a wick may last: a break nobody watched begin."""
        rules = self.rules
        bars = self.quotes.last_bars(rules.bar_s, 1 + math.ceil(rules.close_back_within_s / rules.bar_s))
        from_ns = self.quotes.received_ns - seconds_to_ns(rules.close_back_within_s)
        before = [bar for bar in bars if bar.end_ns <= from_ns][-1:]
        bars = before + [bar for bar in bars if bar.end_ns > from_ns]
        return bool(bars) and bars[0].start_ns <= from_ns and all(bar.close >= self._trigger for bar in bars)

    def _begin_wick(self, ts_ns: int, price: float) -> None:
        # The wick's bars tell its high: no further print is needed.
        self._wick = Wick(
            start_ns=ts_ns,
            first_end_ns=ts_ns + seconds_to_ns(self.rules.close_back_after_s),
            last_end_ns=ts_ns + seconds_to_ns(self.rules.close_back_within_s),
            high=price,
        )
        self.go_watching()
        self.wake_at(self._wick.last_end_ns)
        self.set_fences()

    def _last_end_ns(self, wick: Wick) -> int:
        """The last bar end that counts: after a close back, the lower high has one bar more."""
        return wick.last_end_ns + (self._bar_ns if wick.has_closed_back else 0)

    def _held_s(self, now_ns: int) -> float | None:
        return None if self._above_since_ns is None else ns_to_seconds(now_ns - self._above_since_ns)

    def _short_guard(self, now_ns: int) -> Check:
        name, under = "setup_short_pct", self.rules.short_pct_under
        limit = f"< {under:.1f} %"
        view = self.market.short_pct(self.asset, now_ns)
        short_pct = view.tradable
        if short_pct is None:
            return no_data(name, f"short % ({self.asset})", limit, view)
        text = apart(short_pct, under, ".1f")
        observed = view.shown(f"{text} %")
        if short_pct < under:
            return finding(name, Outcome.PASS, observed, limit, f"short % {text} under {under:.1f} ({self.asset})")
        words = f"short % {text} at or above {under:.1f} ({self.asset}): no band short into heavy shorts"
        return finding(name, Outcome.BLOCK, observed, limit, words)

    def _funding_guard(self, now_ns: int) -> Check:
        name, under = "setup_funding_spread", self.rules.funding_spread_under_bps
        limit = f"< {under:+.2f} bps"
        view = self.market.funding_spread_bps(self.asset, now_ns)
        spread_bps = view.tradable
        if spread_bps is None:
            return no_data(name, f"funding spread ({self.asset})", limit, view)
        text = f"{apart(spread_bps, under, '+.2f')} bps"
        words = f"funding spread {text}"
        if spread_bps < under:
            words = f"{words} under {under:+.2f} ({self.asset})"
            return finding(name, Outcome.PASS, view.shown(text), limit, words)
        words = f"{words} at or above {under:+.2f} ({self.asset}): no band short against the premium"
        return finding(name, Outcome.BLOCK, view.shown(text), limit, words)

    def _squeeze_guard(self) -> Check:
        name, rules = "setup_squeeze", self.rules
        largest_bps, seen_s = self.quotes.rise_bps(rules.squeeze_window_s)
        rise_bps = round(largest_bps, COMPARED_DECIMALS)
        limit = f"< {rules.squeeze_rise_bps:g} bps within {rules.squeeze_window_s:g} s"
        observed = f"{apart(rise_bps, rules.squeeze_rise_bps, '.1f')} bps in {seen_s:.0f} s"
        if seen_s < rules.squeeze_min_seen_s:
            words = (
                f"{seen_s:.0f} s of prices seen ({self.asset}), {rules.squeeze_min_seen_s:g} s needed to tell a squeeze"
            )
            return finding(name, Outcome.NO_DATA, observed, limit, words)
        most_bps = rules.squeeze_rise_bps
        up = f"up {apart(rise_bps, most_bps, '.1f')} bps in {seconds_text(seen_s)}"
        words = f"{up} ({self.asset}), limit {most_bps:g}"
        if rise_bps < rules.squeeze_rise_bps:
            return finding(name, Outcome.PASS, observed, limit, f"no squeeze: {words}")
        words = f"squeeze: {words}: no short into it"
        return finding(name, Outcome.BLOCK, observed, limit, words)

    def _lower_high_text(self, wick: Wick, bar: Bar) -> str:
        return (
            f"lower high {self.price_text(bar.high)} under the wick's {self.price_text(wick.high)}, "
            f"closed {self.price_text(bar.close)}; wick above {self.price_text(self._trigger)} "
            f"since {clock_text(wick.start_ns)}"
        )

    def idle_text(self, now_ns: int) -> str:
        if math.isinf(self._trigger):
            return f"no upper band of {self.asset} in the config"
        if self._is_broken:
            bar = f"{self.rules.bar_s:g} s bar"
            return f"close under {self.price_text(self._trigger)}; a {bar}, as it held above longer than a wick"
        return f"wick above {self.price_text(self._trigger)} ({away_text(self.quotes.price, self._trigger)})"

    def watching_text(self, now_ns: int) -> str:
        wick, bar = self._wick, f"{self.rules.bar_s:g} s bar"
        if wick is None:
            return self.idle_text(now_ns)
        if wick.has_closed_back:
            high, edge = self.price_text(wick.high), self.price_text(self._trigger)
            return f"high under {high}, close under {edge}; a {bar}"
        first, last = clock_text(wick.first_end_ns), clock_text(wick.last_end_ns)
        return f"close under {self.price_text(self._trigger)}, by {last} (not before {first}); a {bar}"

    def triggered_text(self, now_ns: int) -> str:
        held_s = self._held_s(now_ns)
        so_far = "" if held_s is None else f", {held_s:.0f} s so far"
        limit = f"out after {self.rules.invalid_held_s:g} s above {self.price_text(self._invalid_above)}{so_far}"
        basis = f"or {self.rules.basis_rising_s:g} s of rising basis (one-minute medians)"
        return f"{super().triggered_text(now_ns)}; {limit}, {basis}"
