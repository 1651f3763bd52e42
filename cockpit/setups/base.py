"""What every setup is: a state machine that watches one asset and sometimes proposes a trade. Time is passed in."""

import math
from abc import ABC, abstractmethod

import msgspec

from cockpit.config.model import CockpitConfig
from cockpit.config.setups import SetupSection
from cockpit.domain.events import ReadingEvent
from cockpit.domain.kinds import SetupPhase, Side
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import ns_to_seconds, seconds_to_ns
from cockpit.domain.verdict import Check, Proposal, Target
from cockpit.market.bars import BASE_BAR_S, Bar
from cockpit.market.market import Market
from cockpit.setups.texts import clock_text, price_decimals, seconds_text

DELTA_NOISE = 1e-6
"""Base coins: a taker delta nearer to 0 than this is a rounding error of its sum, far below any venue's lot."""


class SetupStatus(msgspec.Struct, frozen=True):
    """Where a setup stands, and in one line with its numbers what it still waits for."""

    phase: SetupPhase
    waiting_for: str


class Setup(ABC):
    """One setup on one asset.

    The engine hands it prints beyond its fences, closed bars and readings, each after the market has taken it in, and
    calls `on_time` at the first event at or past `due_ns`: after the bars that ended by then, before that event. It
    answers with a proposal or None. After a proposal it is TRIGGERED and proposes nothing until the engine says what
    became of it (`denied`, `not_sent`, `closed`); then it cools down and starts afresh. No market data makes it raise.

    `fence_low`, `fence_high` and `due_ns` may change at every call: a print inside the fences means nothing to this
    setup, nor does time before it is due.
    """

    def __init__(
        self, name: str, config_name: str, asset: str, section: SetupSection, config: CockpitConfig, market: Market
    ) -> None:
        self.name = name
        self.config_name = config_name
        self.asset = asset
        self.fence_low = -math.inf
        self.fence_high = math.inf
        self._side = Side.LONG
        self._section = section
        self._market = market
        self._quotes = market.assets[asset]
        self._enabled = section.enabled
        self._requested_usd = config.capital.base_unit_usd * section.size_multiplier
        self._targets = tuple(Target(rung.distance_bps, rung.share_pct) for rung in section.targets)
        self._max_hold_s: float | None = None
        self._decimals = price_decimals(config.instrument(asset).tick_usd)
        self._phase = SetupPhase.IDLE if section.enabled else SetupPhase.OFF
        self._ready_ns = 0
        self._wake_ns: int | None = None
        self._rest_reason = ""
        self._triggered_ns = 0
        self._trade_open = False

    @property
    def rests_on_bands(self) -> bool:
        """Whether a proposal or trade of its own rests on the bands as they are."""
        return False

    @property
    def side(self) -> Side:
        """The side of its open or next trade, as things stand."""
        return self._side

    @property
    def due_ns(self) -> int | None:
        """When time alone next means something to it: the end of its cooldown, or what its pattern asked for."""
        return self._ready_ns if self._phase is SetupPhase.COOLING_DOWN else self._wake_ns

    @property
    def bar_awaited_s(self) -> float | None:
        """The length of the bars whose ends mean something to it as things stand; None while none does.

        A backtest passes over all others: to name too short a length costs time, to name none too early is wrong.
        """
        return BASE_BAR_S

    # What the engine hands in.

    def on_time(self, now_ns: int) -> Proposal | None:
        """The instant it was due at has come; `now_ns` may lie past it. Returns a proposal when this completes one."""
        self._settle(now_ns)
        if self._wake_ns is None or now_ns < self._wake_ns:
            return None
        self._wake_ns = None
        return self._propose(self._on_time(now_ns), now_ns) if self._is_listening else None

    def on_price(self, ts_ns: int, price: float) -> Proposal | None:
        """A print of its asset beyond somebody's fences; `price` in USD. Returns a proposal when this completes one."""
        if not 0.0 < price < math.inf:
            return None
        self._settle(ts_ns)
        if self._phase is SetupPhase.TRIGGERED:
            self._follow(ts_ns, price)
            return None
        return self._propose(self._on_price(ts_ns, price), ts_ns) if self._is_listening else None

    def on_bar(self, bar: Bar, now_ns: int) -> Proposal | None:
        """A closed bar of its asset, of any length. Returns a proposal when this completes one."""
        self._settle(bar.end_ns)
        return self._propose(self._on_bar(bar, now_ns), now_ns) if self._is_listening else None

    def on_reading(self, event: ReadingEvent, now_ns: int) -> Proposal | None:
        """A slow reading the market has just applied. Returns a proposal when this completes one."""
        self._settle(now_ns)
        return self._propose(self._on_reading(event), now_ns) if self._is_listening else None

    def opened(self, now_ns: int) -> None:
        """Its trade is open (or was restored so): nothing is proposed until `closed`."""
        if self._phase is not SetupPhase.TRIGGERED:
            self._enter_triggered(now_ns)
        self._trade_open = True

    def closed(self, now_ns: int) -> None:
        """Its trade is over: cool down."""
        self._cool_down(now_ns)

    def denied(self, now_ns: int) -> None:
        """The gate refused its proposal: cool down."""
        self._cool_down(now_ns)

    def not_sent(self, now_ns: int) -> None:
        """The gate approved, but nothing was sent (disarmed): cool down."""
        self._cool_down(now_ns)

    def bands_changed(self) -> None:
        """The asset's bands are others now: take up watching from them. Never while it `rests_on_bands`."""
        return None

    # What the engine asks. Asking changes nothing, whenever and however often it is done.

    @abstractmethod
    def guards(self, now_ns: int) -> tuple[Check, ...]:
        """Its own guards, as tactical checks with their numbers."""

    def intent(self, now_ns: int) -> Proposal:
        """What it would propose if its pattern completed right now; the price is 0 while no print was ever seen."""
        return self._proposal(self.side, "asked ahead of its trigger")

    def invalidated(self, trade: TradeRecord, now_ns: int) -> str | None:
        """A sentence when the open trade's ground is gone: close it at market. None while it holds."""
        return None

    def status(self, now_ns: int) -> SetupStatus:
        """Phase and what it still waits for."""
        phase = self._phase
        if phase is SetupPhase.COOLING_DOWN and now_ns >= self._ready_ns:
            phase = self._resting_phase
        match phase:
            case SetupPhase.OFF:
                words = "disabled in the config"
            case SetupPhase.COOLING_DOWN:
                words = self._cooling_text(now_ns)
            case SetupPhase.TRIGGERED:
                words = self._triggered_text(now_ns)
            case SetupPhase.WATCHING:
                words = self._watching_text(now_ns)
            case SetupPhase.IDLE:
                words = self._idle_text(now_ns)
        return SetupStatus(phase, words)

    # What each setup fills in. These run only while it may propose.

    def _on_price(self, ts_ns: int, price: float) -> Proposal | None:
        return None

    def _on_bar(self, bar: Bar, now_ns: int) -> Proposal | None:
        return None

    def _on_reading(self, event: ReadingEvent) -> Proposal | None:
        return None

    def _on_time(self, now_ns: int) -> Proposal | None:
        """The instant asked for by `_wake_at` has come, and no print, bar or reading took it back before."""
        return None

    def _follow(self, ts_ns: int, price: float) -> None:
        """A print beyond somebody's fences while its own trade is on."""
        return None

    def _on_triggered(self) -> None:
        """A proposal was made, or an open trade restored: drop the pattern, set the fences the trade needs."""
        self._set_fences()

    def _start_afresh(self) -> None:
        """The cooldown is over: take up watching from what the market shows now."""
        self._phase = SetupPhase.IDLE

    @abstractmethod
    def _idle_text(self, now_ns: int) -> str:
        """What starts its pattern."""

    def _watching_text(self, now_ns: int) -> str:
        return self._idle_text(now_ns)

    def _triggered_text(self, now_ns: int) -> str:
        stage = "in trade since" if self._trade_open else "entry under way since"
        return f"{stage} {clock_text(self._triggered_ns)}"

    # Shared steps.

    @property
    def _is_listening(self) -> bool:
        return self._phase in (SetupPhase.IDLE, SetupPhase.WATCHING)

    @property
    def _resting_phase(self) -> SetupPhase:
        return SetupPhase.IDLE if self._enabled else SetupPhase.OFF

    def _set_fences(self, low: float = -math.inf, high: float = math.inf) -> None:
        self.fence_low = low
        self.fence_high = high

    def _wake_at(self, due_ns: int | None) -> None:
        """Ask for `_on_time` at this instant, in place of any asked for before; None asks for nothing any more."""
        self._wake_ns = due_ns

    def _settle(self, now_ns: int) -> None:
        if self._phase is SetupPhase.COOLING_DOWN and now_ns >= self._ready_ns:
            self._phase = self._resting_phase
            if self._enabled:
                self._start_afresh()

    def _propose(self, proposal: Proposal | None, now_ns: int) -> Proposal | None:
        if proposal is not None:
            self._enter_triggered(now_ns)
        return proposal

    def _enter_triggered(self, now_ns: int) -> None:
        self._phase = SetupPhase.TRIGGERED
        self._triggered_ns = now_ns
        self._trade_open = False
        self._wake_at(None)
        self._on_triggered()

    def _cool_down(self, now_ns: int) -> None:
        if self._phase is SetupPhase.TRIGGERED:
            self._rest_until(now_ns + seconds_to_ns(self._section.cooldown_s), "")

    def _rest_until(self, ready_ns: int, reason: str) -> None:
        self._phase = SetupPhase.COOLING_DOWN
        self._ready_ns = ready_ns
        self._rest_reason = reason
        self._trade_open = False
        self._wake_at(None)
        self._set_fences()

    def _cooling_text(self, now_ns: int) -> str:
        left = seconds_text(ns_to_seconds(self._ready_ns - now_ns))
        return f"paused {left}: {self._rest_reason}" if self._rest_reason else f"cooling down {left}"

    def _proposal(self, side: Side, why: str) -> Proposal:
        return Proposal(
            setup=self.name,
            asset=self.asset,
            side=side,
            requested_usd=self._requested_usd,
            decision_price=self._quotes.price or 0.0,
            stop_bps=self._section.stop_bps,
            targets=self._targets,
            why=why,
            max_hold_s=self._max_hold_s,
        )

    def _price_text(self, price: float) -> str:
        return f"{price:,.{self._decimals}f}"
