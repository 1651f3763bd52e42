"""The engine: `on(event or command) -> actions`. No clock, no randomness, no I/O."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cockpit.config.context import AssetBands
from cockpit.config.model import CockpitConfig
from cockpit.domain import commands as asked
from cockpit.domain import events as happened
from cockpit.domain.actions import AnyAction, CommandAnswered
from cockpit.domain.commands import AnyCommand, ManualEntry, Restore, Signal
from cockpit.domain.events import AnyEvent, ReadingEvent, Top, Trade
from cockpit.domain.kinds import EngineState, ExitReason, Mode, TradePhase
from cockpit.domain.numbers import counted
from cockpit.domain.verdict import Proposal, Verdict
from cockpit.engine.adoption import Adoption
from cockpit.engine.answered_ids import AnsweredIds
from cockpit.engine.band_updates import BandUpdates
from cockpit.engine.book import TradeBook
from cockpit.engine.decisions import Decisions
from cockpit.engine.hands_on import HandsOn
from cockpit.engine.manual_entries import ManualEntries
from cockpit.engine.memory import Memory
from cockpit.engine.notices import CrossCheck, ReadingIntake
from cockpit.engine.operator import Operator
from cockpit.engine.outbox import Outbox
from cockpit.engine.outside import ForeignPositions
from cockpit.engine.paper_tracks import PaperTracks
from cockpit.engine.personal_alarms import PersonalAlarms
from cockpit.engine.risk import Risk
from cockpit.engine.signals import SignalIntake
from cockpit.engine.sources import SourceBook
from cockpit.engine.trade_life import TradeLife
from cockpit.engine.wake_plan import WakePlan
from cockpit.market.asset import AssetMarket
from cockpit.market.market import Market
from cockpit.market.reading_table import ROW_OF_EVENT, WAKING
from cockpit.setups.base import Setup
from cockpit.setups.registry import build_setups

NOTHING: Sequence[AnyAction] = ()


class Engine:
    """The pure machine that trades paper, test and live alike, and replays a recording bit for bit.

    `start_ns` is the session's first instant; `hold_context` keeps the config's market context fresh throughout.
    Time comes in as events, ids are counted. The engine starts disarmed. Feed it everything in order of arrival; give
    what it returns to the venues and sinks.
    """

    def __init__(
        self, config: CockpitConfig, start_ns: int, mode: Mode = Mode.PAPER, hold_context: bool = False
    ) -> None:
        self.config = config
        self.market = Market(config, start_ns, hold_context)
        self.market.start_session(start_ns)
        self.setups: dict[str, Setup] = {setup.name: setup for setup in build_setups(config, self.market)}
        self.book = TradeBook(config, self.market)
        self.risk = Risk(config, self.market, self.book, start_ns, mode)
        self.decisions = Decisions(config, self.market, self.book, self.risk)
        self.bands = BandUpdates(config, self.market, self.setups.values())
        self.foreign = ForeignPositions()
        self._readings = ReadingIntake(self.market, CrossCheck(config, self.market))
        self._operator = Operator(config, self.risk, self.book, self.foreign)
        self._answered = AnsweredIds(config.sources)
        self._tracks = PaperTracks()
        self.sources = SourceBook(config, self.book, start_ns)
        self._signals = SignalIntake(
            config, self.market, self.risk, self.decisions, self._answered, self.sources, self._tracks
        )
        self._manual = ManualEntries(
            config, self.market, self.book, self.risk, self.decisions, self.setups, self._answered
        )
        adoption = Adoption(config, self.market, self.book, self.risk, self.decisions, self.foreign)
        self.alarms = PersonalAlarms(config, self.market)
        self._hands_on = HandsOn(self.book, self.risk, self._manual, adoption, self.alarms, self._answered)
        self._assets = self.market.assets
        self._setups_of = {
            asset: [setup for setup in self.setups.values() if asset in setup.watched] for asset in self._assets
        }
        self._wakes = WakePlan(self.market, self._setups_of, self.book, self.alarms, self._tracks, start_ns)
        self._clock_ns = start_ns
        self._memory = Memory(
            self.risk, self.decisions, self._answered, self.bands, self.alarms, self.sources, self._tracks
        )
        self._unsent: list[AnyAction] = []
        self.handlers: Mapping[type, Callable[[Any], Sequence[AnyAction]]] = {
            Trade: self._trade_taker(),
            Top: self._top_taker(),
            happened.Depth: self._taker(AssetMarket.on_depth),
            happened.MarkPrice: self._taker(AssetMarket.on_mark),
            **{kind: self._stepper(step) for kind, step in self._steps().items()},
        }
        """What `on` calls for each kind of input: a loop in a hurry looks it up itself."""

    def on(self, item: AnyEvent | AnyCommand) -> Sequence[AnyAction]:
        """Take one event or command; return what follows from it, in order."""
        return self.handlers[type(item)](item)

    @property
    def now_ns(self) -> int:
        """The engine's time: the latest event time it has seen of the watched venues, or of anything rarer."""
        return max(self._clock_ns, *(asset.received_ns for asset in self._assets.values()))

    @property
    def next_due_ns(self) -> int:
        """When time alone next brings something: an event before it changes nothing but what it says itself.

        A bar's end, the watch of every second, a time stop, an instant a setup waits for. It may be too early, never
        too late.
        """
        return self._wakes.due_ns

    def redraw_bands(self, asset: str, bands: AssetBands) -> bool:
        """Put the bands of a new session in place of the asset's. False, and nothing is changed, while a setup's
        proposal or trade rests on the old ones.
        """
        setups = [setup for setup in self._setups_of[asset] if setup.asset == asset]
        if any(setup.rests_on_bands for setup in setups):
            return False
        self.market.replace_bands(asset, bands)
        for setup in setups:
            setup.bands_changed()
        self._wakes.set_fences_beside(asset)
        return True

    def probe(self, setup_name: str) -> Verdict:
        """What the gate would say to this setup right now. Changes nothing. Raises KeyError for an unknown name."""
        setup, now_ns = self.setups[setup_name], self.now_ns
        venue = self.config.assets[setup.asset].trade_on
        enabled = self.config.setups[setup.config_name].enabled
        return self.decisions.probe(setup.intent(now_ns), venue, setup.checks(now_ns), enabled, now_ns)

    def preview(self, wanted: ManualEntry | Signal) -> Verdict | str:
        """What the gate would say to an entry by hand or a signal right now, or why it never gets there."""
        if isinstance(wanted, Signal):
            return self._signals.preview(wanted, self.now_ns)
        return self._manual.preview(wanted, self.now_ns)

    # What comes ten thousand times a second: nearly always it only becomes the market's latest.

    def _trade_taker(self) -> Callable[[Trade], Sequence[AnyAction]]:
        """The handler of prints."""
        assets, wakes = self._assets, self._wakes

        def on_trade(trade: Trade) -> Sequence[AnyAction]:
            asset = assets.get(trade.asset)
            if asset is None:
                return NOTHING
            if trade.ts_ns >= wakes.due_ns:
                return self._stepped(trade.ts_ns, lambda out: self._on_late_trade(trade, asset, out))
            asset.on_trade(trade)
            if asset.fence_low <= trade.price <= asset.fence_high or trade.venue != asset.watch:
                return NOTHING
            return self._stepped(trade.ts_ns, lambda out: self._price_crossed(trade, out))

        return on_trade

    def _on_late_trade(self, trade: Trade, asset: AssetMarket, out: Outbox) -> None:
        """A print that also moved the clock past something due."""
        asset.on_trade(trade)
        if trade.venue == asset.watch and not asset.fence_low <= trade.price <= asset.fence_high:
            self._price_crossed(trade, out)

    def _top_taker(self) -> Callable[[Top], Sequence[AnyAction]]:
        """The handler of tops, three in four of all there is: what `AssetMarket.on_top` does, without the call."""
        assets, wakes = self._assets, self._wakes

        def on_top(top: Top) -> Sequence[AnyAction]:
            asset = assets.get(top.asset)
            if asset is None:
                return NOTHING
            if top.ts_ns >= wakes.due_ns:
                return self._stepped(top.ts_ns, lambda _: asset.on_top(top))
            if top.venue == asset.watch:
                asset.top = top
            return NOTHING

        return on_top

    def _taker(self, take: Callable[[AssetMarket, Any], None]) -> Callable[[Any], Sequence[AnyAction]]:
        """A handler of quotes: `take` is how an asset's market remembers one."""
        assets, wakes = self._assets, self._wakes

        def on_quote(quote: happened.Depth | happened.MarkPrice) -> Sequence[AnyAction]:
            asset = assets.get(quote.asset)
            if asset is None:
                return NOTHING
            if quote.ts_ns >= wakes.due_ns:
                return self._stepped(quote.ts_ns, lambda _: take(asset, quote))
            take(asset, quote)
            return NOTHING

        return on_quote

    # Everything else is rare, and goes step by step: time, the thing itself, what follows.

    def _steps(self) -> dict[type, Callable[[Any, Outbox], object]]:
        operator = self._operator
        orders = (
            happened.OrderAccepted,
            happened.OrderRejected,
            happened.OrderFilled,
            happened.OrderCancelled,
            happened.OrderUnknown,
        )
        return {
            happened.Liquidation: lambda event, out: self.market.liquidations.on_forced_order(event),
            happened.Tick: lambda event, out: None,
            **dict.fromkeys((happened.FeedHealth, *ROW_OF_EVENT), self._readings.apply),
            **dict.fromkeys(WAKING, self._on_reading),
            happened.OnChainPrice: self._readings.on_chain_price,
            **dict.fromkeys(orders, self.book.on_order),
            happened.FillInferred: self.book.on_inferred_fill,
            happened.FundingPaid: self.book.on_funding,
            happened.VenuePosition: self.risk.on_position,
            happened.ForeignPosition: self.foreign.take,
            happened.VenueFlat: self._on_venue_flat,
            happened.VenueNotice: self.risk.on_venue_notice,
            asked.Arm: operator.arm,
            asked.Disarm: operator.disarm,
            asked.HaltTrading: operator.halt,
            asked.Resume: operator.resume,
            asked.Flatten: operator.flatten,
            asked.SetMode: operator.set_mode,
            asked.AcceptBands: self._then_fences(self.bands.accept),
            Signal: self._on_signal,
            asked.CutOffSource: self.sources.cut,
            asked.LiftSource: self.sources.lift,
            **{kind: self._then_fences(step) for kind, step in self._hands_on.steps().items()},
            Restore: self._on_restore,
        }

    def _then_fences(self, step: Callable[[Any, Outbox], None]) -> Callable[[Any, Outbox], None]:
        """A step after which somebody may wait for another price."""

        def stepped(command: Any, out: Outbox) -> None:
            step(command, out)
            self._wakes.set_all_fences()

        return stepped

    def _stepper(self, step: Callable[[Any, Outbox], object]) -> Callable[[Any], Sequence[AnyAction]]:
        return lambda item: self._stepped(max(item.ts_ns, self.now_ns), lambda out: step(item, out))

    def _stepped(self, ts_ns: int, step: Callable[[Outbox], object]) -> Sequence[AnyAction]:
        """Time first, then the thing itself, then what follows.

        Should a defect break a step off, what it had decided by then is not lost: it goes out with the next one.
        """
        now_ns = self._clock_ns = max(ts_ns, self._clock_ns)
        out = Outbox(now_ns, self._unsent)
        is_due = now_ns >= self._wakes.due_ns
        if is_due:
            self._pass_time(out)
        step(out)
        if is_due:
            self.book.close_uncovered(out)
        if is_due or out.actions:
            self._settle(out)
            self._unsent = []
        return out.actions or NOTHING

    def _pass_time(self, out: Outbox) -> None:
        """Once a second the watch, then the bars that ended, then what setups wait for.

        The watch is first: it is what begins a new day.
        """
        now_ns = out.now_ns
        if self._wakes.is_watch_due(now_ns):
            self.risk.review(out, is_watch=True)
            self._hands_on.shed(self.alarms.on_time(self.risk.equity_usd(), out), out)
            self.sources.review(out)
            for asset in self.bands.on_time(out):
                self._wakes.set_fences(asset)
        if now_ns >= self.market.next_bar_ns:
            self._close_bars(out)
        for setup in self.setups.values():
            self._wake(setup, now_ns, out)
        self._tracks.on_time(self._assets, out)
        self.book.on_time(out)
        for trade in self.book.trades:
            self._check_ground(trade, out)
        self._wakes.plan()

    def _close_bars(self, out: Outbox) -> None:
        for asset, bar in self.market.close_bars(out.now_ns):
            self.book.on_bar(asset, bar)
            for setup in self._setups_of[asset]:
                # What it was due at before the bar ended comes first; at the very end of the bar the bar does.
                self._wake(setup, bar.end_ns - 1, out)
                self._consider(setup, setup.take_bar(asset, bar, out.now_ns), out)
            self._wakes.set_fences_beside(asset)

    def _wake(self, setup: Setup, until_ns: int, out: Outbox) -> None:
        """Call a setup that was due by then."""
        if setup.due_ns is not None and setup.due_ns <= until_ns:
            self._consider(setup, setup.take_time(out.now_ns), out)
            self._wakes.set_fences_beside(setup.asset)

    def _settle(self, out: Outbox) -> None:
        """Book what changed, let the consequences follow, and remember."""
        changes = self.book.changes()
        for before, after in changes:
            self.risk.on_trade_change(before, after, out)
            self._hands_on.on_trade_change(after)
            self.sources.on_trade_change(before, after, out)
            self._notify_setup(before.phase, after.setup, after.phase, out)
            self._wakes.set_fences_beside(after.asset)
        if changes:
            self.risk.review(out)
            self._wakes.plan()
        self.risk.follow_flatten(out)
        self.risk.announce(out)
        self._hands_on.go_on(out)
        self._memory.remember(out)

    def _notify_setup(self, before: TradePhase, name: str, after: TradePhase, out: Outbox) -> None:
        setup = self.setups.get(name)
        if setup is None:
            return
        if after is TradePhase.OPEN and before is TradePhase.OPENING:
            setup.opened(out.now_ns)
        elif after is TradePhase.CLOSED and before is not TradePhase.CLOSED:
            setup.closed(out.now_ns)
        elif after is TradePhase.ABANDONED:
            setup.denied(out.now_ns)

    # Market data and readings.

    def _price_crossed(self, trade: Trade, out: Outbox) -> None:
        for setup in self._setups_of[trade.asset]:
            self._consider(setup, setup.take_price(trade.asset, out.now_ns, trade.price), out)
        self._tracks.on_price(trade.asset, trade.price, out)
        for open_trade in self.book.trades:
            if open_trade.record.asset == trade.asset:
                self._check_ground(open_trade, out)
                open_trade.on_price(trade.price, out)
        self._hands_on.shed(self.alarms.on_price(trade.asset, trade.price, out), out)
        self._wakes.set_fences_beside(trade.asset)

    def _check_ground(self, trade: TradeLife, out: Outbox) -> None:
        """Close an open trade at market when its setup says its ground is gone."""
        setup = self.setups.get(trade.record.setup)
        if setup is None or trade.record.phase is not TradePhase.OPEN:
            return
        sentence = setup.invalidated(trade.record, out.now_ns)
        if sentence is not None:
            trade.close(ExitReason.INVALIDATED, sentence, out)

    def _on_reading(self, reading: ReadingEvent, out: Outbox) -> None:
        if not self._readings.apply(reading, out):
            return
        if isinstance(reading, happened.HealthFactor):
            self.risk.on_health(reading, out)
        for setup in self.setups.values():
            self._consider(setup, setup.take_reading(reading, out.now_ns), out)
        self._wakes.set_all_fences()

    def _on_venue_flat(self, flat: happened.VenueFlat, out: Outbox) -> None:
        if self.risk.flattening is not None:
            self.risk.flattening.on_flat(flat, out)

    # Proposals.

    def _consider(self, setup: Setup, proposal: Proposal | None, out: Outbox) -> None:
        if proposal is None:
            return
        venue = self.config.assets[setup.asset].trade_on
        enabled = self.config.setups[setup.config_name].enabled
        verdict = self.decisions.decide(proposal, venue, setup.checks(out.now_ns), enabled, out)
        if not verdict.approved:
            setup.denied(out.now_ns)
        elif not verdict.sent:
            setup.not_sent(out.now_ns)

    def _on_signal(self, signal: Signal, out: Outbox) -> None:
        self._signals.take(signal, out)
        if signal.asset in self._assets:
            self._wakes.set_fences(signal.asset)
            self._wakes.plan()

    def _on_restore(self, restore: Restore, out: Outbox) -> None:
        """Go on where an earlier engine stopped: disarmed, halts and exits as they were, a flatten goes on."""
        memory = restore.memory
        self._memory.restore(restore)
        self.risk.venue_notices.begin(restore.unread, out)
        self.book.restore(restore.trades, restore.orders, restore.booked, out)
        for trade in self.book.trades:
            setup = self.setups.get(trade.record.setup)
            if setup is not None:
                setup.opened(out.now_ns)
        self._wakes.set_all_fences()
        self.risk.review(out)
        if memory.state is EngineState.FLATTENING:
            self.risk.flatten("the flatten that a restart broke off", out)
        what = f"{counted(len(restore.trades), 'open trade')}, {counted(len(restore.orders), 'order')}"
        sentence = f"restored {what}; {self.risk.state.value}"
        out.add(CommandAnswered(out.now_ns, restore.command_id, restore.by, "restore", True, sentence))
