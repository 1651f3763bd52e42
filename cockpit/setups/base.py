"""What every setup is: a state machine that watches one asset or more and sometimes proposes a trade of one of them.

Time is passed in. What the engine calls are the `take_` methods; what a setup fills in are the `on_` ones.
"""

import math
from abc import ABC, abstractmethod
from typing import Any, Generic

import msgspec
from typing_extensions import TypeVar

from cockpit.config.model import CockpitConfig
from cockpit.config.setups import SetupSection
from cockpit.domain.events import ReadingEvent
from cockpit.domain.kinds import Outcome, SetupPhase, Side
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import ns_to_seconds, seconds_to_ns
from cockpit.domain.verdict import Check, Proposal, Target
from cockpit.market.asset import AssetMarket
from cockpit.market.bars import BASE_BAR_S, Bar
from cockpit.market.market import Market
from cockpit.setups.guards import finding, unusable_because
from cockpit.setups.texts import clock_text, price_decimals, seconds_text

DELTA_NOISE = 1e-6
"""Base coins: a taker delta nearer to 0 than this is a rounding error of its sum, far below any venue's lot."""
NO_FENCES = (-math.inf, math.inf)

Rules = TypeVar("Rules", bound=SetupSection, default=Any)
"""The keys of its config entry."""

SOURCE = "setups"
"""Whose proposals these are, in verdicts and trades."""


class SetupStatus(msgspec.Struct, frozen=True):
    """Where a setup stands, and in one line with its numbers what it still waits for."""

    phase: SetupPhase
    waiting_for: str


class Setup(ABC, Generic[Rules]):
    """One setup that trades one asset and may watch others beside it.

    The engine hands it prints beyond its fences, closed bars and readings, each after the market has taken it in, and
    calls `take_time` at the first event at or past `due_ns`: after the bars that ended by then, before that event. It
    answers with a proposal or None. After a proposal it is TRIGGERED and proposes nothing until the engine says what
    became of it (`denied`, `not_sent`, `closed`); then it cools down and starts afresh. No market data makes it raise.

    `watched` are the assets it is handed prints and bars of, its own first. Its fences and `due_ns` may change at every
    call: a print inside the fences of its asset means nothing to this setup, nor does time before it is due.
    """

    def __init__(
        self, name: str, rules: Rules, config: CockpitConfig, market: Market, *, asset: str = "", config_name: str = ""
    ) -> None:
        """`asset` and `config_name` where the rules trade several assets, with one machine each."""
        self.name = name
        self.config_name = config_name or name
        self.asset = asset or rules.traded[0]
        self.watched = tuple(dict.fromkeys((self.asset, *rules.watched_beside)))
        self.rules = rules
        self.market = market
        self.quotes = market.assets[self.asset]
        self.max_hold_s: float | None = None
        self._fences = dict.fromkeys(self.watched, NO_FENCES)
        self._side = Side.LONG
        self._requested_usd = config.capital.base_unit_usd * rules.size_multiplier
        self._targets = tuple(Target(rung.distance_bps, rung.share_pct) for rung in rules.targets)
        self._decimals = {one: price_decimals(config.instrument(one).tick_usd) for one in self.watched}
        self._phase = SetupPhase.IDLE if rules.enabled else SetupPhase.OFF
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
    def phase(self) -> SetupPhase:
        """Where it stands, whatever time has passed since it was last called."""
        return self._phase

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

    @property
    def closes_between(self) -> tuple[float, float]:
        """Between which closes of its own asset an awaited bar means nothing to it, both ends included.

        A backtest passes over those too: too narrow costs time, too wide is wrong. By default no close means nothing.
        """
        return math.inf, -math.inf

    @property
    def readings_awaited(self) -> tuple[type, ...] | None:
        """The events of the readings whose coming means something to it, beyond what it asks the market; None: any.

        A backtest lets those that nobody waits for become the market's latest and wakes nobody.
        """
        return () if type(self).on_reading is Setup.on_reading else None

    @property
    def ground_waits(self) -> bool:
        """Whether its open trade can lose its ground only at a print beyond its fences or at an instant it asked for.

        A backtest asks it about its trade at every second's watch where not. One that overrides `invalidated` says so.
        """
        return type(self).invalidated is Setup.invalidated

    def fences(self, asset: str) -> tuple[float, float]:
        """Between which prices of a watched asset no print means anything to it."""
        return self._fences[asset]

    # What the engine hands in.

    def take_time(self, now_ns: int) -> Proposal | None:
        """The instant it was due at has come; `now_ns` may lie past it. Returns a proposal when this completes one."""
        self._settle(now_ns)
        if self._wake_ns is None or now_ns < self._wake_ns:
            return None
        self._wake_ns = None
        return self._propose(self.on_time(now_ns), now_ns) if self.is_listening else None

    def take_price(self, asset: str, ts_ns: int, price: float) -> Proposal | None:
        """A print of a watched asset beyond somebody's fences, in USD. Returns a proposal when this completes one."""
        if not 0.0 < price < math.inf:
            return None
        self._settle(ts_ns)
        if self._phase is SetupPhase.TRIGGERED:
            self.on_price_in_trade(asset, ts_ns, price)
            return None
        return self._propose(self.on_price(asset, ts_ns, price), ts_ns) if self.is_listening else None

    def take_bar(self, asset: str, bar: Bar, now_ns: int) -> Proposal | None:
        """A closed bar of a watched asset, of any length. Returns a proposal when this completes one."""
        self._settle(bar.end_ns)
        return self._propose(self.on_bar(asset, bar, now_ns), now_ns) if self.is_listening else None

    def take_reading(self, event: ReadingEvent, now_ns: int) -> Proposal | None:
        """A slow reading the market has just applied. Returns a proposal when this completes one."""
        self._settle(now_ns)
        return self._propose(self.on_reading(event, now_ns), now_ns) if self.is_listening else None

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

    def checks(self, now_ns: int) -> tuple[Check, ...]:
        """Its guards, and for each asset it watches beside its own whether that is heard."""
        beside = tuple(self._watched_guard(asset, now_ns) for asset in self.watched[1:])
        return (*self.guards(now_ns), *beside)

    @abstractmethod
    def guards(self, now_ns: int) -> tuple[Check, ...]:
        """Its own guards, as tactical checks with their numbers."""

    def intent(self, now_ns: int) -> Proposal:
        """What it would propose if its pattern completed right now; the price is 0 while no print was ever seen."""
        return self.proposal(self.side, "asked ahead of its trigger")

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
                words = self.triggered_text(now_ns)
            case SetupPhase.WATCHING:
                words = self.watching_text(now_ns)
            case SetupPhase.IDLE:
                words = self.idle_text(now_ns)
        return SetupStatus(phase, words)

    # What each setup fills in. The first four run only while it may propose.

    def on_price(self, asset: str, ts_ns: int, price: float) -> Proposal | None:
        """A print beyond somebody's fences."""
        return None

    def on_bar(self, asset: str, bar: Bar, now_ns: int) -> Proposal | None:
        """A closed bar, of any length that any setup of the config asked for."""
        return None

    def on_reading(self, event: ReadingEvent, now_ns: int) -> Proposal | None:
        """A slow reading, of any asset and kind."""
        return None

    def on_time(self, now_ns: int) -> Proposal | None:
        """The instant asked for by `wake_at` has come, and no print, bar or reading took it back before."""
        return None

    def on_price_in_trade(self, asset: str, ts_ns: int, price: float) -> None:
        """A print beyond somebody's fences while its own trade is on."""
        return None

    def on_triggered(self) -> None:
        """A proposal was made, or an open trade restored: drop the pattern, set the fences the trade needs."""
        for asset in self.watched:
            self.set_fences(asset=asset)

    def start_afresh(self) -> None:
        """The cooldown is over: take up watching from what the market shows now."""
        self.go_idle()

    @abstractmethod
    def idle_text(self, now_ns: int) -> str:
        """What starts its pattern."""

    def watching_text(self, now_ns: int) -> str:
        """What its pattern still lacks."""
        return self.idle_text(now_ns)

    def triggered_text(self, now_ns: int) -> str:
        """What its trade waits for."""
        stage = "in trade since" if self._trade_open else "entry under way since"
        return f"{stage} {clock_text(self._triggered_ns)}"

    # What each setup may use.

    @property
    def is_listening(self) -> bool:
        """Whether it may propose: neither off, nor in a trade, nor cooling down."""
        return self._phase in (SetupPhase.IDLE, SetupPhase.WATCHING)

    def quotes_of(self, asset: str) -> AssetMarket:
        """The market of an asset it watches. Raises KeyError for one it does not."""
        if asset not in self.watched:
            raise KeyError(asset)
        return self.market.assets[asset]

    def go_idle(self) -> None:
        """Nothing of its pattern is there."""
        self._phase = SetupPhase.IDLE

    def go_watching(self) -> None:
        """Its pattern has begun."""
        self._phase = SetupPhase.WATCHING

    def set_side(self, side: Side) -> None:
        """The side of its next trade: long unless it says so."""
        self._side = side

    def set_fences(self, low: float = -math.inf, high: float = math.inf, asset: str = "") -> None:
        """Ask for prints under `low` and over `high`, of its own asset unless another watched one is named."""
        self._fences[asset or self.asset] = (low, high)

    def wake_at(self, due_ns: int | None) -> None:
        """Ask for `on_time` at this instant, in place of any asked for before; None asks for nothing any more."""
        self._wake_ns = due_ns

    def rest_until(self, ready_ns: int, reason: str) -> None:
        """Cool down until then without having proposed anything; `reason` is shown."""
        self._phase = SetupPhase.COOLING_DOWN
        self._ready_ns = ready_ns
        self._rest_reason = reason
        self._trade_open = False
        self.wake_at(None)
        self._fences = dict.fromkeys(self.watched, NO_FENCES)

    def proposal(self, side: Side, why: str) -> Proposal:
        """A trade of its asset on that side, sized, stopped and laddered as its rules say, at the last print."""
        return Proposal(
            setup=self.name,
            asset=self.asset,
            side=side,
            requested_usd=self._requested_usd,
            decision_price=self.quotes.price or 0.0,
            stop_bps=self.rules.stop_bps,
            targets=self._targets,
            why=why,
            max_hold_s=self.max_hold_s,
            source=SOURCE,
        )

    def price_text(self, price: float, asset: str = "") -> str:
        """A price with the decimals of its asset's tick, or of another watched one's."""
        return f"{price:,.{self._decimals[asset or self.asset]}f}"

    # How it goes from phase to phase.

    @property
    def _resting_phase(self) -> SetupPhase:
        return SetupPhase.IDLE if self.rules.enabled else SetupPhase.OFF

    def _settle(self, now_ns: int) -> None:
        if self._phase is SetupPhase.COOLING_DOWN and now_ns >= self._ready_ns:
            self._phase = self._resting_phase
            if self.rules.enabled:
                self.start_afresh()

    def _propose(self, proposal: Proposal | None, now_ns: int) -> Proposal | None:
        if proposal is not None:
            self._enter_triggered(now_ns)
        return proposal

    def _enter_triggered(self, now_ns: int) -> None:
        self._phase = SetupPhase.TRIGGERED
        self._triggered_ns = now_ns
        self._trade_open = False
        self.wake_at(None)
        self.on_triggered()

    def _cool_down(self, now_ns: int) -> None:
        if self._phase is SetupPhase.TRIGGERED:
            self.rest_until(now_ns + seconds_to_ns(self.rules.cooldown_s), "")

    def _cooling_text(self, now_ns: int) -> str:
        left = seconds_text(ns_to_seconds(self._ready_ns - now_ns))
        return f"paused {left}: {self._rest_reason}" if self._rest_reason else f"cooling down {left}"

    def _watched_guard(self, asset: str, now_ns: int) -> Check:
        """A pattern of two assets is none while one of them is not heard."""
        name, view = "setup_watched", self.market.stream(asset, now_ns)
        limit = f"heard within {self.market.config.feeds.stream.stand_down_after_s:g} s"
        price = view.tradable
        if price is None:
            words = f"no data on {asset}, which {self.name} watches: {unusable_because(view)}"
            return finding(name, Outcome.NO_DATA, "no data", limit, words)
        return finding(name, Outcome.PASS, self.price_text(price, asset), limit, f"{asset} is heard")
