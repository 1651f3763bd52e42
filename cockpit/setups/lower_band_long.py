"""BTC lower-band long: a flush under the band's upper edge, bought when the price is held back above it by buyers."""

import math
from collections import deque

import msgspec

from cockpit.config.model import CockpitConfig
from cockpit.config.setups import LowerBandLong
from cockpit.domain.kinds import Outcome, SetupPhase
from cockpit.domain.numbers import apart
from cockpit.domain.units import ns_to_seconds, seconds_to_ns
from cockpit.domain.verdict import Check, Proposal
from cockpit.market.bars import Bar
from cockpit.market.market import Market
from cockpit.setups.base import DELTA_NOISE, Setup
from cockpit.setups.guards import finding, no_data, unusable_because, wider_stop
from cockpit.setups.texts import away_text, clock_text


class Attempt(msgspec.Struct, frozen=True):
    """A try to win the band back: bars count that end from `first_end_ns` to `last_end_ns`, where it fails."""

    start_ns: int
    first_end_ns: int
    last_end_ns: int
    delta_before: float


class LowerBandLongSetup(Setup[LowerBandLong]):
    """Idle until a flush; watching for the first print back above the trigger, then through the attempt it starts."""

    def __init__(self, name: str, rules: LowerBandLong, config: CockpitConfig, market: Market) -> None:
        super().__init__(name, rules, config, market)
        self._bar_ns = seconds_to_ns(rules.bar_s)
        self._trigger = self._trigger_now()
        self._attempt: Attempt | None = None
        self._failures: deque[int] = deque(maxlen=rules.failures_to_stand_down)
        if rules.enabled:
            self.start_afresh()

    def guards(self, now_ns: int) -> tuple[Check, ...]:
        """The funding spread still pays for longs; a thin book asks for the wider stop."""
        return (self._funding_guard(now_ns), self._book_guard())

    @property
    def rests_on_bands(self) -> bool:
        """From its proposal until its trade is over."""
        return self.phase is SetupPhase.TRIGGERED

    @property
    def bar_awaited_s(self) -> float | None:
        """Only an attempt waits for a bar."""
        return self.rules.bar_s if self._attempt is not None else None

    @property
    def closes_between(self) -> tuple[float, float]:
        """A close at or under the trigger wins nothing back."""
        return -math.inf, self._trigger

    def bands_changed(self) -> None:
        """An attempt at the band as it was is given up."""
        self._trigger = self._trigger_now()
        if self.is_listening:
            self.start_afresh()

    def _trigger_now(self) -> float:
        bands = self.market.bands(self.asset)
        return bands.lower[0][1] if bands and bands.lower else -math.inf

    def on_price(self, asset: str, ts_ns: int, price: float) -> Proposal | None:
        if self._attempt is not None:
            return None
        if self.phase is SetupPhase.IDLE:
            if price < self._trigger:
                self._await_reclaim()
        elif price > self._trigger:
            self._begin_attempt(ts_ns)
        return None

    def on_bar(self, asset: str, bar: Bar, now_ns: int) -> Proposal | None:
        attempt = self._attempt
        if attempt is None or bar.length_s != self.rules.bar_s:
            return None
        if self._is_reclaim(attempt, bar, now_ns):
            return self.proposal(self.side, self._reclaim_text(attempt, bar, now_ns))
        return None

    def on_time(self, now_ns: int) -> Proposal | None:
        """The attempt is out of time: what comes next may be the next flush, or the start of the next attempt."""
        if self._attempt is not None:
            self._fail(self._attempt)
        return None

    def on_triggered(self) -> None:
        super().on_triggered()
        self._attempt = None

    def start_afresh(self) -> None:
        """Under the trigger the flush has happened already; anywhere else a new one is needed."""
        price = self.quotes.price
        self._attempt = None
        self.wake_at(None)
        if price is not None and price < self._trigger:
            self._await_reclaim()
        else:
            self.go_idle()
            self.set_fences(low=self._trigger)

    def _await_reclaim(self) -> None:
        self.go_watching()
        self.set_fences(high=self._trigger)

    def _begin_attempt(self, ts_ns: int) -> None:
        self._attempt = Attempt(
            start_ns=ts_ns,
            first_end_ns=ts_ns + seconds_to_ns(self.rules.reclaim_after_s),
            last_end_ns=ts_ns + seconds_to_ns(self.rules.reclaim_within_s),
            delta_before=self.quotes.delta_before_last_trade,
        )
        self.wake_at(self._attempt.last_end_ns)
        self.set_fences()

    def _is_reclaim(self, attempt: Attempt, bar: Bar, now_ns: int) -> bool:
        # A bar seen more than its own length after the window is news of the past: the feed had a gap.
        is_in_time = attempt.first_end_ns <= bar.end_ns <= attempt.last_end_ns
        is_seen_in_time = now_ns <= attempt.last_end_ns + self._bar_ns
        is_held = bar.close > self._trigger and self._delta_since(attempt) > DELTA_NOISE
        return is_in_time and is_seen_in_time and is_held and self._spread_pays(now_ns)

    def _delta_since(self, attempt: Attempt) -> float:
        return self.quotes.cumulative_delta - attempt.delta_before

    def _spread_pays(self, now_ns: int) -> bool:
        spread_bps = self.market.funding_spread_bps(self.asset, now_ns).tradable
        return spread_bps is not None and spread_bps > self.rules.funding_spread_above_bps

    def _fail(self, attempt: Attempt) -> None:
        rules = self.rules
        self._failures.append(attempt.last_end_ns)
        span_ns = self._failures[-1] - self._failures[0]
        if len(self._failures) == rules.failures_to_stand_down and span_ns <= seconds_to_ns(rules.failures_within_s):
            reason = f"{len(self._failures)} reclaims failed within {rules.failures_within_s:g} s"
            self._failures.clear()
            self._attempt = None
            self.rest_until(attempt.last_end_ns + seconds_to_ns(rules.stand_down_s), reason)
        else:
            self.start_afresh()

    def _funding_guard(self, now_ns: int) -> Check:
        name, above = "setup_funding_spread", self.rules.funding_spread_above_bps
        limit = f"> {above:+.2f} bps"
        view = self.market.funding_spread_bps(self.asset, now_ns)
        spread_bps = view.tradable
        if spread_bps is None:
            return no_data(name, f"funding spread ({self.asset})", limit, view)
        text = f"{apart(spread_bps, above, '+.2f')} bps"
        if spread_bps > above:
            words = f"funding spread {text} above {above:+.2f} ({self.asset}): the premium is behind longs"
            return finding(name, Outcome.PASS, view.shown(text), limit, words)
        words = f"funding spread {text} not above {above:+.2f} ({self.asset}): no reclaim long without the premium"
        return finding(name, Outcome.BLOCK, view.shown(text), limit, words)

    def _book_guard(self) -> Check:
        name, rules = "thin_book", self.rules
        limit = f">= {rules.thin_book_under_share:.0%} of its median over {rules.thin_book_baseline_s:g} s"
        share = self.quotes.thin_book_share(rules.thin_book_baseline_s)
        if share is None:
            words = f"no depth baseline yet ({self.asset}): stop stays {rules.stop_bps:g} bps"
            return finding(name, Outcome.WARN, "no baseline", limit, words)
        text = apart(share, rules.thin_book_under_share, ".0%")
        if share >= rules.thin_book_under_share:
            return finding(name, Outcome.PASS, text, limit, f"book at {text} of its usual depth ({self.asset})")
        return wider_stop(
            name,
            text,
            limit,
            f"book at {text} of its usual depth, under {rules.thin_book_under_share:.0%} ({self.asset})",
            stop_bps=rules.stop_bps,
            wide_stop_bps=rules.thin_book_stop_bps,
            size_factor=1.0,
        )

    def _reclaim_text(self, attempt: Attempt, bar: Bar, now_ns: int) -> str:
        view = self.market.funding_spread_bps(self.asset, now_ns)
        spread = "unknown" if view.value is None else f"{view.value:+.2f} bps"
        return (
            f"reclaim: {self.rules.bar_s:g} s bar closed at {self.price_text(bar.close)}, "
            f"above {self.price_text(self._trigger)}, "
            f"{ns_to_seconds(bar.end_ns - attempt.start_ns):.1f} s into the attempt of {clock_text(attempt.start_ns)}, "
            f"taker delta {self._delta_since(attempt):+.3f} {self.asset}, funding spread {spread}"
        )

    def idle_text(self, now_ns: int) -> str:
        if math.isinf(self._trigger):
            return f"no lower band of {self.asset} in the config"
        return f"flush under {self.price_text(self._trigger)} ({away_text(self.quotes.price, self._trigger)})"

    def watching_text(self, now_ns: int) -> str:
        edge, attempt = self.price_text(self._trigger), self._attempt
        if attempt is None:
            return f"print back above {edge} ({away_text(self.quotes.price, self._trigger)})"
        first, last = clock_text(attempt.first_end_ns), clock_text(attempt.last_end_ns)
        words = f"buyers' close above {edge}, by {last} (not before {first})"
        if self._spread_pays(now_ns):
            return words
        view = self.market.funding_spread_bps(self.asset, now_ns)
        spread_bps = view.tradable
        now = unusable_because(view) if spread_bps is None else f"{spread_bps:+.2f} bps"
        return f"{words}; and funding spread above {self.rules.funding_spread_above_bps:+.2f} bps (now {now})"
