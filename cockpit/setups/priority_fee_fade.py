"""SOL priority-fee shock fade: a fee shock that dies down is traded back toward the session's VWAP."""

import math

import msgspec

from cockpit.config.model import CockpitConfig
from cockpit.config.setups import PriorityFeeFade
from cockpit.domain.events import PriorityFee, ReadingEvent
from cockpit.domain.kinds import Origin, Outcome, SetupPhase, Side
from cockpit.domain.units import bps_between, seconds_to_ns
from cockpit.domain.verdict import Check, Proposal
from cockpit.market.market import Market
from cockpit.market.onchain import distance
from cockpit.market.readings import COMPARED_DECIMALS
from cockpit.setups.base import Setup
from cockpit.setups.guards import aged, finding, no_data, unusable_because, wider_stop
from cockpit.setups.texts import clock_text


class Shock(msgspec.Struct, frozen=True):
    """The highest fee of a shock so far, the baseline it broke out of, and until when a fall counts."""

    peak: float
    baseline: float
    last_ns: int


class PriorityFeeFadeSetup(Setup[PriorityFeeFade]):
    """Idle until the fee jumps over its baseline; watching for its fall from the peak. Fees in micro-lamports."""

    def __init__(self, name: str, rules: PriorityFeeFade, config: CockpitConfig, market: Market) -> None:
        super().__init__(name, rules, config, market)
        self._apart_bps = config.birdeye.apart_bps
        self._fee_ages, self._tip_ages = config.feeds.priority_fee, config.feeds.jito_tip
        self._newest_fee_ns = 0
        self._shock: Shock | None = None
        self._last_shock_text = ""

    @property
    def side(self) -> Side:
        """The side of its open trade; before one, toward the VWAP as things stand (long while that is unknown)."""
        if self.phase is SetupPhase.TRIGGERED:
            return super().side
        over_bps = self._over_vwap_bps()
        return Side.SHORT if over_bps is not None and over_bps > 0 else Side.LONG

    @property
    def bar_awaited_s(self) -> float | None:
        """Fees alone drive it."""
        return None

    @property
    def readings_awaited(self) -> tuple[type, ...]:
        return (PriorityFee,)

    def guards(self, now_ns: int) -> tuple[Check, ...]:
        """The fee is known, the price has somewhere to go back to, tips tell the size, the chain agrees or warns."""
        return (self._fee_guard(now_ns), self._vwap_guard(), self._tip_guard(now_ns), self._chain_guard(now_ns))

    def on_reading(self, event: ReadingEvent, now_ns: int) -> Proposal | None:
        if not isinstance(event, PriorityFee) or event.origin is Origin.EXTERNAL:
            return None
        fee, shock = event.p50_microlamports, self._shock
        # A reading that arrives out of order is old news; the market drops it too.
        if not math.isfinite(fee) or event.ts_ns < self._newest_fee_ns:
            return None
        self._newest_fee_ns = event.ts_ns
        if shock is not None and event.ts_ns > shock.last_ns:
            shock = None
        if shock is None:
            self._watch_for_shock(fee, event.ts_ns)
        elif fee > shock.peak:
            self._follow_shock(fee, shock.baseline, event.ts_ns)
        elif round((1.0 - fee / shock.peak) * 100.0, COMPARED_DECIMALS) >= self.rules.fall_pct:
            return self._fade(shock, fee, event.ts_ns)
        return None

    def on_time(self, now_ns: int) -> Proposal | None:
        """The shock is out of time: a fall at its last instant still counted."""
        if self._shock is not None:
            self._go_idle(f"no fall by {clock_text(self._shock.last_ns)}")
        return None

    def on_triggered(self) -> None:
        super().on_triggered()
        self._shock = None
        self._last_shock_text = ""

    def _watch_for_shock(self, fee: float, ts_ns: int) -> None:
        """The baseline leaves out the newest reading, and is None while it holds less than a minute of them."""
        baseline = self.market.fee_baseline(self.rules.baseline_s)
        # A multiple of no fee at all says nothing.
        if baseline is not None and baseline > 0.0 and fee > self.rules.shock_multiple * baseline:
            self._follow_shock(fee, baseline, ts_ns)
            self.go_watching()
        elif self._shock is not None:
            self._go_idle(f"no fall by {clock_text(self._shock.last_ns)}")

    def _follow_shock(self, peak: float, baseline: float, ts_ns: int) -> None:
        self._shock = Shock(peak, baseline, ts_ns + seconds_to_ns(self.rules.fall_within_s))
        self.wake_at(self._shock.last_ns + 1)

    def _go_idle(self, outcome: str) -> None:
        self._shock = None
        self.wake_at(None)
        self.go_idle()
        self._last_shock_text = f"; last shock: {outcome}"

    def _fade(self, shock: Shock, fee: float, ts_ns: int) -> Proposal | None:
        over_bps, dead_bps = self._over_vwap_bps(), self.rules.vwap_dead_zone_bps
        if over_bps is None:
            self._go_idle(f"fell at {clock_text(ts_ns)}, no session VWAP yet")
            return None
        if abs(over_bps) <= dead_bps:
            self._go_idle(f"fell at {clock_text(ts_ns)}, price {over_bps:+.1f} bps from the VWAP, within {dead_bps:g}")
            return None
        side = Side.SHORT if over_bps > 0 else Side.LONG
        self.set_side(side)
        return self.proposal(
            side,
            f"priority fee fell {(1.0 - fee / shock.peak):.0%} from its peak {shock.peak:,.0f} "
            f"({shock.peak / shock.baseline:.1f} x its baseline) to {fee:,.0f}, "
            f"price {over_bps:+.1f} bps from the session VWAP",
        )

    def _over_vwap_bps(self) -> float | None:
        price, vwap = self.quotes.price, self.quotes.session_vwap
        if price is None or vwap is None or vwap <= 0.0:
            return None
        return round(bps_between(price, vwap), COMPARED_DECIMALS)

    def _fee_guard(self, now_ns: int) -> Check:
        name, limit = "setup_priority_fee", f"read within {self._fee_ages.stand_down_after_s:g} s"
        view = self.market.priority_fee(now_ns)
        fee = view.tradable
        if fee is None:
            return no_data(name, "the Solana priority fee", limit, view)
        observed = view.shown(f"{fee:,.0f}")
        check = finding(name, Outcome.PASS, observed, limit, f"priority fee {fee:,.0f} micro-lamports")
        return aged(check, view, self._fee_ages)

    def _vwap_guard(self) -> Check:
        name, dead_bps = "setup_vwap_distance", self.rules.vwap_dead_zone_bps
        limit = f"> {dead_bps:g} bps either way"
        over_bps = self._over_vwap_bps()
        if over_bps is None:
            return finding(name, Outcome.NO_DATA, "no data", limit, f"no session VWAP yet ({self.asset})")
        observed = f"{over_bps:+.1f} bps"
        words = f"price {observed} from the session VWAP ({self.asset})"
        if abs(over_bps) <= dead_bps:
            return finding(name, Outcome.BLOCK, observed, limit, f"{words}, within {dead_bps:g}: nothing to fade")
        return finding(name, Outcome.PASS, observed, limit, f"{words}, beyond {dead_bps:g}")

    def _tip_guard(self, now_ns: int) -> Check:
        name, rules = "setup_jito_tip", self.rules
        limit = f"<= {rules.tip_multiple:g} x its median over {rules.baseline_s:g} s"
        view = self.market.jito_tip(now_ns)
        tip, baseline = view.tradable, self.market.tip_baseline(rules.baseline_s)
        if tip is None:
            return no_data(name, "Jito tips", limit, view)
        observed = view.shown(f"{tip:.3g} SOL")
        if baseline is None:
            return finding(
                name, Outcome.NO_DATA, observed, limit, f"no data on Jito tips: {tip:.3g} SOL, no baseline yet"
            )
        words = f"Jito tip {tip:.3g} SOL, baseline {baseline:.3g}"
        if tip <= rules.tip_multiple * baseline:
            check = finding(name, Outcome.PASS, observed, limit, f"{words}: at most {rules.tip_multiple:g} x")
            return aged(check, view, self._tip_ages)
        return wider_stop(
            name,
            observed,
            limit,
            f"{words}: above {rules.tip_multiple:g} x",
            stop_bps=rules.stop_bps,
            wide_stop_bps=rules.tip_stop_bps,
            size_factor=rules.tip_size_factor,
        )

    def _chain_guard(self, now_ns: int) -> Check:
        """The price on chain beside the perp's. It can only warn: the source is optional."""
        name, limit = "setup_onchain_price", f"<= {self._apart_bps:g} bps either way"
        seen = distance(self.market, self.asset, now_ns)
        if seen is None:
            return self._not_compared(name, limit, now_ns)
        observed, words = f"{seen.apart_bps:+.1f} bps", seen.sentence(self.asset, self._apart_bps)
        if abs(seen.apart_bps) > self._apart_bps:
            return finding(name, Outcome.WARN, observed, limit, f"{words}: prices part")
        return finding(name, Outcome.PASS, observed, limit, words)

    def _not_compared(self, name: str, limit: str, now_ns: int) -> Check:
        """Without the source there is nothing to warn of; a source that has fallen silent is worth a warning."""
        view = self.market.onchain_price(self.asset, now_ns)
        outcome = Outcome.PASS if view.age_s is None else Outcome.WARN
        why = "no price of the perp" if view.usable else unusable_because(view)
        words = f"{self.asset} on chain not compared with the perp: {why}"
        return finding(name, outcome, "not compared", limit, words)

    def idle_text(self, now_ns: int) -> str:
        multiple, baseline = self.rules.shock_multiple, self.market.fee_baseline(self.rules.baseline_s)
        if baseline is None:
            return f"fee above {multiple:g}x baseline (none yet){self._last_shock_text}"
        fee = self.market.priority_fee(now_ns).tradable
        now = "now unknown" if fee is None else f"now {fee:,.0f}"
        return f"fee above {multiple * baseline:,.0f} ({now}){self._last_shock_text}"

    def watching_text(self, now_ns: int) -> str:
        shock = self._shock
        if shock is None:
            return self.idle_text(now_ns)
        goal = shock.peak * (1.0 - self.rules.fall_pct / 100.0)
        return f"fee at or under {goal:,.0f}, by {clock_text(shock.last_ns)} (peak {shock.peak:,.0f})"
