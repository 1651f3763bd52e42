"""The engine's conscience: the account, what halts it, what stands it down, and the flatten that follows."""

from cockpit.config.model import CockpitConfig
from cockpit.domain.account import Halt
from cockpit.domain.actions import StateChanged
from cockpit.domain.events import HealthFactor, VenueNotice, VenuePosition
from cockpit.domain.kinds import EngineState, ExitReason, Mode, Origin, TradePhase, VenueTopic
from cockpit.domain.numbers import apart
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import seconds_to_ns
from cockpit.engine.accountant import Accountant
from cockpit.engine.book import TradeBook
from cockpit.engine.flattening import Flattening
from cockpit.engine.notices import VenueNotices
from cockpit.engine.outbox import Outbox
from cockpit.engine.standing import StandDowns, compose
from cockpit.market.market import Market

# Whether a health factor under the flatten limit is confirmed: by a second reading, or by a second source.


class HealthWatch:
    """Counts each source's readings under the limit in a row; together they confirm.

    So a source that lags behind and still says all is well cannot veto another that has said twice it is not. An
    unknown reading neither confirms nor clears, the same one heard twice is one, one older than `valid_s` is none.
    """

    def __init__(self, flatten_under: float, confirmations: int, valid_s: float) -> None:
        self._flatten_under = flatten_under
        self._confirmations = confirmations
        self._valid_ns = seconds_to_ns(valid_s)
        self._under: dict[str, list[int]] = {}
        """The stamps of each source's readings under the limit since its last one that was not."""

    def confirmed(self, reading: HealthFactor) -> bool:
        """Take one reading; True when the fall under the limit is confirmed.

        A reading pushed from outside is no confirmation: it only blocks entries at the gate.
        """
        if reading.origin is Origin.EXTERNAL or (reading.value is None and not reading.no_debt):
            return False
        if reading.no_debt or reading.value is None or reading.value >= self._flatten_under:
            self._under.pop(reading.source, None)
            return False
        stamps = self._under.setdefault(reading.source, [])
        if reading.ts_ns in stamps:
            return False
        self._under[reading.source] = [*stamps, reading.ts_ns][-self._confirmations :]
        since_ns = reading.ts_ns - self._valid_ns
        recent = [stamp for known in self._under.values() for stamp in known if stamp >= since_ns]
        return len(recent) >= self._confirmations


SEVERITY_OF_CAUSE = (
    "loss_review",
    "operator",
    "second_writer",
    "keys",
    "flatten",
    "losses_kill",
    "drawdown",
    "health_factor",
)
"""Causes of a halt, the graver the later: a graver one replaces a lesser one, never the other way round."""


class Risk:
    """Decides the engine's state from its causes, and acts when a limit is crossed."""

    def __init__(self, config: CockpitConfig, market: Market, book: TradeBook, start_ns: int, mode: Mode) -> None:
        self._config = config
        self._market = market
        self._book = book
        self.accountant = Accountant(start_ns, mode)
        self.armed = False
        self.flattening: Flattening | None = None
        self.stand_downs = StandDowns(config)
        self.venue_notices = VenueNotices(config)
        self.flatten_steps: list[str] = []
        """The steps of the flatten under way, or of the last one."""
        self._health = HealthWatch(
            config.gate.health_factor_flatten_under,
            config.gate.health_factor_confirmations,
            config.feeds.health_factor.stand_down_after_s,
        )
        self._announced = EngineState.DISARMED

    @property
    def state(self) -> EngineState:
        """What the engine may do right now."""
        halt = self.accountant.account.halt
        return compose(self.armed, halt, self.flattening is not None, self.stand_downs.causes)

    @property
    def reason(self) -> str:
        """Why it is in that state, in one line."""
        match self.state:
            case EngineState.FLATTENING:
                return self.flattening.reason if self.flattening else ""
            case EngineState.HALTED:
                halt = self.accountant.account.halt
                return halt.sentence if halt else ""
            case EngineState.STANDING_DOWN:
                return self.stand_downs.reason
            case EngineState.DISARMED:
                return "judged, not sent: arm first"
            case EngineState.ARMED:
                return "armed"

    @property
    def drawdown_limit_usd(self) -> float:
        """The session drawdown that is the kill switch."""
        return self._config.capital.hot_wallet_usd * self._config.limits.session_drawdown_pct / 100.0

    def drawdown_usd(self) -> float | None:
        """The session's drawdown now; None while an open trade cannot be priced."""
        open_usd = self._book.open_usd()
        return None if open_usd is None else self.accountant.drawdown_usd(open_usd)

    def equity_usd(self) -> float | None:
        """Today's result, realised and open; None while an open trade cannot be priced."""
        open_usd = self._book.open_usd()
        return None if open_usd is None else self.accountant.equity_usd(open_usd)

    def on_health(self, reading: HealthFactor, out: Outbox) -> None:
        """A confirmed health factor under the limit flattens everything and halts, whatever `flatten_on_kill` says."""
        if not self._health.confirmed(reading):
            return
        limit = self._config.gate.health_factor_flatten_under
        value = "unknown" if reading.value is None else apart(reading.value, limit, ".3f")
        sentence = f"health factor {value} under {limit:.2f}, confirmed by {reading.source}"
        self.kill("health_factor", sentence, out, flatten=True)

    def on_venue_notice(self, notice: VenueNotice, out: Outbox) -> None:
        """A venue tells of our account there: some notices forbid entries, some halt, some are steps of the flatten."""
        if notice.topic is VenueTopic.FLATTEN and self.flattening is not None:
            self.flattening.emit(notice.sentence, out, notice.is_grave)
            return
        self.venue_notices.take(notice, out)
        if notice.topic is VenueTopic.SESSION and not notice.is_over:
            self._book.take_back_entries(notice.venue, notice.asset, notice.sentence, out)
        if notice.topic is VenueTopic.CLOSING and not notice.is_over:
            self._book.leave(notice.venue, notice.asset, ExitReason.VENUE_CLOSES, notice.sentence, out)
        if notice.topic.halts and not notice.is_over:
            self.kill(notice.topic.value, notice.sentence, out, flatten=False)

    def on_trade_change(self, before: TradeRecord, after: TradeRecord, out: Outbox) -> None:
        """Book a trade's change; a close counts for the streak and may halt."""
        self.accountant.book(before, after)
        if after.phase is TradePhase.ABANDONED:
            self.accountant.abandoned()
        elif before.phase is TradePhase.ABANDONED:
            self.accountant.sent()
        elif after.phase is TradePhase.CLOSED and before.phase is not TradePhase.CLOSED:
            self.accountant.closed(after)

    def review(self, out: Outbox, is_watch: bool = False) -> None:
        """Once a second (the watch) and after every fill: roll the day, look at losses, drawdown and stand-downs."""
        open_usd = self._book.open_usd()
        if self.accountant.roll(out.now_ns, open_usd or 0.0):
            out.notice("info", "day", "a new UTC day: daily counts and results start anew; streak and halt stay")
            self._market.start_session(out.now_ns)
        self._count_losses(out)
        if open_usd is not None:
            drawdown = self.accountant.review(open_usd, self.drawdown_limit_usd, is_watch)
            if drawdown is not None:
                limit = self.drawdown_limit_usd
                pct = self._config.limits.session_drawdown_pct
                sentence = f"session drawdown {drawdown:.2f} at or above {limit:.2f} USD ({pct:g} % of the hot wallet)"
                self.kill("drawdown", sentence, out, flatten=self._config.kill_switch.flatten_on_kill)
        equity = None if open_usd is None else self.accountant.equity_usd(open_usd)
        account, mode = self.accountant.account, self.accountant.mode
        notices = self.venue_notices.in_the_way
        causes_changed = self.stand_downs.review(self._market, account, mode, equity, out.now_ns, notices)
        self.announce(out, causes_changed)

    def kill(self, cause: str, sentence: str, out: Outbox, flatten: bool) -> None:
        """Halt for a cause, once for each cause until resumed; entries that have not filled are taken back."""
        halt = self.accountant.account.halt
        if halt is not None and SEVERITY_OF_CAUSE.index(cause) <= SEVERITY_OF_CAUSE.index(halt.cause):
            return
        self.accountant.halt(Halt(out.now_ns, cause, sentence))
        self.armed = False
        out.notice("critical", "halt", f"HALTED: {sentence}")
        self._book.cancel_entries(out)
        if flatten:
            self.flatten(sentence, out)

    def flatten(self, reason: str, out: Outbox) -> None:
        """Start closing everything, unless that is under way already."""
        if self.flattening is not None:
            return
        venues = self._book.venues(self.accountant.mode)
        self.flattening = Flattening(reason, venues, out.now_ns)
        self.flatten_steps = self.flattening.steps
        self.announce(out)
        self.flattening.start(self._book.trades, out)

    def on_position(self, position: VenuePosition, out: Outbox) -> None:
        """A venue said what it holds: the books hear it, and a flatten that waits for that venue."""
        self._book.on_position(position, out)
        if self.flattening is not None:
            self.flattening.on_position(position, out)

    def follow_flatten(self, out: Outbox) -> None:
        """Take the flatten as far as the venues' answers allow."""
        if self.flattening is None:
            return
        busy, trades = self._book.busy_venues(), self._book.trades
        if self.flattening.is_over(trades):
            self.flattening.finish(trades, out)
            self.flattening = None
            return
        if self.flattening.is_flat and self.flattening.contradicts(trades, out):
            self._book.take_as_gone(out)
        self.flattening.ask(trades, busy, out)
        swept = self.flattening.go_on(busy, out)
        for trade in trades:
            if trade.record.venue in swept:
                trade.reasking.leave_to_the_sweep()

    def announce(self, out: Outbox, causes_changed: bool = False) -> None:
        """Say the state when it changed, or when what stands it down changed."""
        state = self.state
        if state is self._announced and not causes_changed:
            return
        causes = self.stand_downs.causes
        halt = self.accountant.account.halt
        out.add(StateChanged(out.now_ns, self._announced, state, self.reason, halt, causes))
        self._announced = state

    def _count_losses(self, out: Outbox) -> None:
        account, limits = self.accountant.account, self._config.limits
        if account.consecutive_losses >= limits.losses_until_kill:
            sentence = f"{account.consecutive_losses} losses in a row, limit {limits.losses_until_kill}"
            self.kill("losses_kill", sentence, out, flatten=self._config.kill_switch.flatten_on_kill)
        elif account.losses_since_review >= limits.losses_until_review:
            sentence = (
                f"{account.losses_since_review} losses in a row, limit {limits.losses_until_review}: "
                "review them, then resume with a reason"
            )
            self.kill("loss_review", sentence, out, flatten=False)
