"""The engine: `on(event or command) -> actions`. No clock, no randomness, no I/O: time comes in as events, ids are counted."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from cockpit.config.model import CockpitConfig
from cockpit.domain import commands as asked
from cockpit.domain import events as happened
from cockpit.domain.account import EngineMemory
from cockpit.domain.actions import AnyAction, CommandAnswered, Decided, MemoryChanged
from cockpit.domain.commands import AnyCommand, Restore, Signal
from cockpit.domain.events import AnyEvent, ReadingEvent, Top, Trade
from cockpit.domain.kinds import EngineState, ExitReason, Mode, TradePhase
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.units import NS_PER_S
from cockpit.domain.verdict import Check, Proposal, Verdict
from cockpit.engine import views
from cockpit.engine.book import TradeBook
from cockpit.engine.operator import Operator
from cockpit.engine.outbox import Outbox
from cockpit.engine.risk import Risk
from cockpit.engine.signals import SignalAnswer, SignalDesk
from cockpit.gate.gate import judge
from cockpit.gate.inputs import GateInput
from cockpit.market.market import Market
from cockpit.setups.base import Setup
from cockpit.setups.registry import build_setups

NOTHING: Sequence[AnyAction] = ()
WATCH_NS = NS_PER_S


class Engine:
    """The pure machine that trades paper, test and live alike, and replays a recording bit for bit.

    `start_ns` is the session's first instant; `hold_context` keeps the config's market context fresh throughout.
    The engine starts disarmed. Feed it everything in order of arrival; give what it returns to the venues and sinks.
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
        self.verdicts_approved = 0
        self.verdicts_denied = 0
        self._operator = Operator(config, self.risk, self.book)
        self._signals = SignalDesk(config)
        self._assets = self.market.assets
        self._setups_of = {
            asset: [setup for setup in self.setups.values() if setup.asset == asset] for asset in self._assets
        }
        self._next_verdict = self._next_trade = 1
        self._clock_ns = start_ns
        self._watch_due_ns = start_ns
        self._due_ns = start_ns
        self._memory: EngineMemory | None = None
        self._handlers: dict[type, Callable[[Any], Sequence[AnyAction]]] = {
            Trade: self._on_trade,
            Top: self._on_top,
            **{kind: self._stepper(step) for kind, step in self._steps().items()},
        }
        for asset in self._assets:
            self._set_fences(asset)

    def on(self, item: AnyEvent | AnyCommand) -> Sequence[AnyAction]:
        """Take one event or command; return what follows from it, in order."""
        return self._handlers[type(item)](item)

    @property
    def now_ns(self) -> int:
        """The engine's time: the latest event time it acted on."""
        return self._clock_ns

    def probe(self, setup_name: str) -> Verdict:
        """What the gate would say to this setup right now. Changes nothing. Raises KeyError for an unknown name."""
        setup = self.setups[setup_name]
        proposal = setup.intent(self._clock_ns)
        venue = self.config.assets[setup.asset].trade_on
        enabled = self.config.setups[setup.config_name].enabled
        return self._judge("probe", proposal, venue, setup.guards(self._clock_ns), enabled)

    def snapshot(self) -> Snapshot:
        """One look at everything, as of the engine's time."""
        return views.snapshot(self)

    # The two events that come ten thousand times a second.

    def _on_trade(self, trade: Trade) -> Sequence[AnyAction]:
        if trade.ts_ns >= self._due_ns:
            return self._slow_trade(trade)
        asset = self._assets.get(trade.asset)
        if asset is None:
            return NOTHING
        asset.on_trade(trade)
        if asset.fence_low <= trade.price <= asset.fence_high or trade.venue != asset.watch:
            return NOTHING
        return self._stepped(trade.ts_ns, lambda out: self._price_crossed(trade, out))

    def _on_top(self, top: Top) -> Sequence[AnyAction]:
        actions = NOTHING
        if top.ts_ns >= self._due_ns:
            actions = self._stepped(top.ts_ns, lambda _: None)
        asset = self._assets.get(top.asset)
        if asset is not None:
            asset.on_top(top)
        return actions

    def _slow_trade(self, trade: Trade) -> Sequence[AnyAction]:
        """A print that also moves the clock past something due: what was due comes first."""
        out = Outbox(self._advance(trade.ts_ns))
        self._pass_time(out)
        asset = self._assets.get(trade.asset)
        if asset is not None:
            asset.on_trade(trade)
            if trade.venue == asset.watch and not asset.fence_low <= trade.price <= asset.fence_high:
                self._price_crossed(trade, out)
        self._settle(out)
        return out.actions

    # Everything else is rare, and goes step by step: time, the thing itself, what follows.

    def _steps(self) -> dict[type, Callable[[Any, Outbox], None]]:
        operator = self._operator
        readings = (
            happened.Positioning,
            happened.FundingRate,
            happened.OpenInterest,
            happened.HealthFactor,
            happened.PriorityFee,
            happened.JitoTip,
        )
        orders = (
            happened.OrderAccepted,
            happened.OrderRejected,
            happened.OrderFilled,
            happened.OrderCancelled,
            happened.OrderUnknown,
        )
        return {
            happened.Depth: self._on_depth,
            happened.MarkPrice: self._on_mark,
            happened.Liquidation: lambda event, out: None,
            happened.Tick: lambda event, out: None,
            happened.FeedHealth: lambda event, out: self.market.apply(event, out.now_ns),
            **dict.fromkeys(readings, self._on_reading),
            **dict.fromkeys(orders, self.book.on_order),
            happened.FundingPaid: self.book.on_funding,
            happened.VenuePosition: self.book.on_position,
            happened.VenueFlat: self._on_venue_flat,
            asked.Arm: operator.arm,
            asked.Disarm: operator.disarm,
            asked.HaltTrading: operator.halt,
            asked.Resume: operator.resume,
            asked.Flatten: operator.flatten,
            asked.SetMode: operator.set_mode,
            Signal: self._on_signal,
            Restore: self._on_restore,
        }

    def _stepper(self, step: Callable[[Any, Outbox], None]) -> Callable[[Any], Sequence[AnyAction]]:
        return lambda item: self._stepped(item.ts_ns, lambda out: step(item, out))

    def _stepped(self, ts_ns: int, step: Callable[[Outbox], None]) -> Sequence[AnyAction]:
        out = Outbox(self._advance(ts_ns))
        self._pass_time(out)
        step(out)
        self._settle(out)
        return out.actions

    def _advance(self, ts_ns: int) -> int:
        self._clock_ns = max(ts_ns, self._clock_ns)
        return self._clock_ns

    def _pass_time(self, out: Outbox) -> None:
        """Close the bars that ended, and once a second look at what only time can bring."""
        now_ns = out.now_ns
        if now_ns < self._due_ns:
            return
        if now_ns >= self.market.next_bar_ns:
            for asset, bar in self.market.close_bars(now_ns):
                for setup in self._setups_of[asset]:
                    self._consider(setup, setup.on_bar(bar, now_ns), out)
                self._check_ground(asset, out)
                self._set_fences(asset)
        self.book.on_time(out)
        if now_ns >= self._watch_due_ns:
            self._watch_due_ns = (now_ns // WATCH_NS + 1) * WATCH_NS
            self.risk.look(out)
        self._due_ns = self.book.next_due_ns(min(self.market.next_bar_ns, self._watch_due_ns))

    def _settle(self, out: Outbox) -> None:
        """Book what changed, let the consequences follow, and remember."""
        changes = self.book.changes()
        for before, after in changes:
            self.risk.on_trade_change(before, after, out)
            self._tell_setup(before.phase, after.setup, after.phase, out)
            self._set_fences(after.asset)
        if changes:
            self.risk.look(out)
            self._due_ns = self.book.next_due_ns(min(self.market.next_bar_ns, self._watch_due_ns))
        self.risk.follow_flatten(out)
        self.risk.announce(out)
        memory = self._memory_now()
        if memory != self._memory:
            self._memory = memory
            out.add(MemoryChanged(out.now_ns, memory))

    def _tell_setup(self, before: TradePhase, name: str, after: TradePhase, out: Outbox) -> None:
        setup = self.setups.get(name)
        if setup is None:
            return
        if after is TradePhase.OPEN and before is TradePhase.OPENING:
            setup.opened(out.now_ns)
        elif after is TradePhase.CLOSED:
            setup.closed(out.now_ns)
        elif after is TradePhase.ABANDONED:
            setup.denied(out.now_ns)

    # Market data and readings.

    def _price_crossed(self, trade: Trade, out: Outbox) -> None:
        for setup in self._setups_of[trade.asset]:
            self._consider(setup, setup.on_price(out.now_ns, trade.price), out)
        self._check_ground(trade.asset, out)
        self._set_fences(trade.asset)

    def _check_ground(self, asset: str, out: Outbox) -> None:
        """Close at market every open trade whose setup says its ground is gone."""
        for trade in self.book.trades:
            setup = self.setups.get(trade.record.setup)
            if setup is None or trade.record.asset != asset or trade.record.phase is not TradePhase.OPEN:
                continue
            sentence = setup.invalidated(trade.record, out.now_ns)
            if sentence is not None:
                trade.close(ExitReason.INVALIDATED, sentence, out)

    def _set_fences(self, asset: str) -> None:
        """Between the fences no setup waits for a price, so a print there wakes nobody."""
        setups = self._setups_of[asset]
        self._assets[asset].fence_low = max((setup.fence_low for setup in setups), default=float("-inf"))
        self._assets[asset].fence_high = min((setup.fence_high for setup in setups), default=float("inf"))

    def _on_depth(self, depth: happened.Depth, out: Outbox) -> None:
        asset = self._assets.get(depth.asset)
        if asset is not None:
            asset.on_depth(depth)

    def _on_mark(self, mark: happened.MarkPrice, out: Outbox) -> None:
        asset = self._assets.get(mark.asset)
        if asset is not None:
            asset.on_mark(mark)

    def _on_reading(self, reading: ReadingEvent, out: Outbox) -> None:
        self.market.apply(reading, out.now_ns)
        if isinstance(reading, happened.HealthFactor):
            self.risk.on_health(reading, out)
        for setup in self.setups.values():
            self._consider(setup, setup.on_reading(reading, out.now_ns), out)

    def _on_venue_flat(self, flat: happened.VenueFlat, out: Outbox) -> None:
        if self.risk.flattening is not None:
            self.risk.flattening.on_flat(flat.venue, out)

    # Proposals.

    def _consider(self, setup: Setup, proposal: Proposal | None, out: Outbox) -> None:
        if proposal is None:
            return
        venue = self.config.assets[setup.asset].trade_on
        enabled = self.config.setups[setup.config_name].enabled
        verdict = self._decide(proposal, venue, setup.guards(out.now_ns), enabled, out)
        if not verdict.approved:
            setup.denied(out.now_ns)
        elif not verdict.sent:
            setup.not_sent(out.now_ns)

    def _decide(
        self, proposal: Proposal, venue: str, guards: tuple[Check, ...], enabled: bool, out: Outbox
    ) -> Verdict:
        verdict = self._judge(f"v{self._next_verdict:06d}", proposal, venue, guards, enabled)
        self._next_verdict += 1
        if not verdict.approved:
            self.verdicts_denied += 1
            out.add(Decided(out.now_ns, verdict))
            return verdict
        self.verdicts_approved += 1
        state = self.risk.state
        if state is not EngineState.ARMED:
            verdict = replace(verdict, not_sent_because=f"{state.value}: {self.risk.reason}")
            out.add(Decided(out.now_ns, verdict))
            return verdict
        verdict = replace(verdict, sent=True, trade_id=f"t{self._next_trade:06d}")
        self._next_trade += 1
        out.add(Decided(out.now_ns, verdict))
        self.risk.accountant.sent()
        self.book.open(verdict, str(verdict.trade_id), out)
        return verdict

    def _judge(
        self, verdict_id: str, proposal: Proposal, venue: str, guards: tuple[Check, ...], enabled: bool
    ) -> Verdict:
        return judge(
            GateInput(
                verdict_id=verdict_id,
                now_ns=self._clock_ns,
                mode=self.risk.accountant.mode,
                config=self.config,
                market=self.market,
                account=self.risk.accountant.account,
                proposal=proposal,
                guards=guards,
                open_trades=len(self.book),
                exposure_usd=self.book.exposure_usd(),
                open_pnl_usd=self.book.open_usd(),
                drawdown_usd=self.risk.drawdown_usd(),
                setup_enabled=enabled,
                venue=venue,
            )
        )

    def _on_signal(self, signal: Signal, out: Outbox) -> None:
        """A signal proposes; the same id gets the same answer, and never a second trade."""
        answer = self._signals.earlier_answer(signal)
        if answer is None:
            answer = self._answer_signal(signal, out)
            self._signals.remember(signal, answer)
        out.add(
            CommandAnswered(
                out.now_ns,
                signal.command_id,
                signal.by,
                "signal",
                answer.ok,
                answer.sentence,
                verdict_id=answer.verdict_id,
                trade_id=answer.trade_id,
            )
        )

    def _answer_signal(self, signal: Signal, out: Outbox) -> SignalAnswer:
        refusal = self._signals.refusal(signal, self.risk.accountant.mode, out.now_ns)
        if refusal is not None:
            return SignalAnswer(False, refusal)
        price = self._assets[signal.asset].price
        if price is None:
            return SignalAnswer(False, f"no price of {signal.asset} yet: no blind trading")
        proposal = self._signals.proposal(signal, price)
        verdict = self._decide(proposal, self._signals.venue(signal), (), True, out)
        sentence = verdict.reason or verdict.not_sent_because or f"{verdict.notional_usd:.2f} USD sent to {verdict.venue}"
        return SignalAnswer(verdict.sent, sentence, verdict.verdict_id, verdict.trade_id)

    # Memory.

    def _memory_now(self) -> EngineMemory:
        return EngineMemory(
            mode=self.risk.accountant.mode,
            state=self.risk.state,
            account=self.risk.accountant.account,
            next_verdict=self._next_verdict,
            next_trade=self._next_trade,
            next_order=0,
            signal_ids=self._signals.ids,
            other_accounts=self.risk.accountant.others,
        )

    def _on_restore(self, restore: Restore, out: Outbox) -> None:
        """Go on where an earlier engine stopped: disarmed, halts and exits as they were, a broken-off flatten goes on."""
        memory = restore.memory
        self.risk.accountant.restore(memory.mode, memory.account, memory.other_accounts)
        self._next_verdict, self._next_trade = memory.next_verdict, memory.next_trade
        self._signals.restore(memory.signal_ids)
        self.book.restore(restore.trades, restore.orders, out)
        for trade in self.book.trades:
            setup = self.setups.get(trade.record.setup)
            if setup is not None:
                setup.opened(out.now_ns)
        self.risk.look(out)
        if memory.state is EngineState.FLATTENING:
            self.risk.flatten("the flatten that a restart broke off", out)
        out.add(
            CommandAnswered(
                out.now_ns,
                restore.command_id,
                restore.by,
                "restore",
                True,
                f"restored {len(restore.trades)} open trades, {len(restore.orders)} orders; {self.risk.state.value}",
            )
        )
