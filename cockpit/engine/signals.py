"""Outside signals: known names only, once only, in time only; and what a signal proposes."""

from collections.abc import Iterable

from msgspec import Struct

from cockpit.config.model import CockpitConfig
from cockpit.config.setups import ExternalStrategy
from cockpit.domain.actions import CommandAnswered
from cockpit.domain.bounded import BoundedMap
from cockpit.domain.commands import Signal
from cockpit.domain.kinds import Mode, Side
from cockpit.domain.numbers import apart
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import utc_text
from cockpit.domain.verdict import Proposal, Target
from cockpit.engine.decisions import Decisions
from cockpit.engine.outbox import Outbox
from cockpit.engine.risk import Risk
from cockpit.market.market import Market

SIGNALS_REMEMBERED = 1_000


class SignalAnswer(Struct, frozen=True):
    """What became of a signal, kept so that the same id gets the same answer."""

    ok: bool
    sentence: str
    verdict_id: str | None = None
    trade_id: str | None = None


class SignalIntake:
    """Checks signals before the gate sees them, and remembers the answers by signal id."""

    def __init__(self, config: CockpitConfig, market: Market, risk: Risk, decisions: Decisions) -> None:
        self._config = config
        self._market = market
        self._risk = risk
        self._decisions = decisions
        self._answers: BoundedMap[str, SignalAnswer] = BoundedMap(SIGNALS_REMEMBERED)
        self._traded: dict[str, SignalAnswer] = {}
        self.answered = 0
        """How many signals with an id were answered first-hand."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The newest ids answered so far, oldest first. Those that traded are known by their trades as well."""
        return tuple(self._answers)

    def restore(self, ids: tuple[str, ...], trades: Iterable[TradeRecord]) -> None:
        """Ids that an earlier engine answered: they are never traded again. Those that traded are known better."""
        for signal_id in ids:
            sentence = f"signal {signal_id} was handled before the engine restarted"
            self._answers[signal_id] = SignalAnswer(False, sentence)
        for trade in trades:
            if trade.signal_id:
                sentence = f"{trade.notional_usd:.2f} USD sent to {trade.venue} before the engine restarted"
                self._traded[trade.signal_id] = SignalAnswer(True, sentence, trade.verdict_id, trade.trade_id)

    def take(self, signal: Signal, out: Outbox) -> None:
        """Answer the signal as a command is answered."""
        answer = self._answer(signal, out)
        what = (signal.command_id, signal.by, "signal", answer.ok, answer.sentence)
        out.add(CommandAnswered(out.now_ns, *what, verdict_id=answer.verdict_id, trade_id=answer.trade_id))

    def _answer(self, signal: Signal, out: Outbox) -> SignalAnswer:
        """Trade a signal or say why not; the same id gets the same answer, and never a second trade."""
        known = self._traded.get(signal.signal_id or "") or self._answers.get(signal.signal_id or "")
        if known is not None:
            return known
        answer = self._first_answer(signal, out)
        if signal.signal_id:
            self._answers[signal.signal_id] = answer
            if answer.trade_id is not None:
                self._traded[signal.signal_id] = answer
            self.answered += 1
        return answer

    def _first_answer(self, signal: Signal, out: Outbox) -> SignalAnswer:
        refusal = self._refusal(signal, self._risk.accountant.mode, out.now_ns)
        if refusal is not None:
            return SignalAnswer(False, refusal)
        price = self._market.assets[signal.asset].price
        if price is None:
            return SignalAnswer(False, f"no price of {signal.asset} yet: no blind trading")
        verdict = self._decisions.decide(self._proposal(signal, price), self._venue(signal), (), True, out)
        done = f"{verdict.notional_usd:.2f} USD sent to {verdict.venue}"
        sentence = verdict.reason or verdict.not_sent_because or done
        return SignalAnswer(verdict.sent, sentence, verdict.verdict_id, verdict.trade_id)

    def _refusal(self, signal: Signal, mode: Mode, now_ns: int) -> str | None:
        """Why this signal never reaches the gate, or None."""
        strategy = self._config.strategy(signal.strategy)
        if strategy is None:
            known = ", ".join(known.name for known in self._config.external_strategies) or "none"
            return f"unknown strategy {signal.strategy!r}; known: {known}"
        bases = sorted({pair.split("/")[0] for pair in strategy.pairs})
        if signal.asset not in bases or signal.asset not in self._config.assets:
            return f"{strategy.name} trades {', '.join(bases)}, was {signal.asset}"
        if signal.mode is not mode:
            return f"signal asks for {signal.mode.value} mode, the engine is in {mode.value} mode"
        if signal.expires_ns is not None and now_ns >= signal.expires_ns:
            return f"signal expired at {utc_text(signal.expires_ns)}, now {utc_text(now_ns)}"
        if not signal.amount_usd > 0:
            return f"expected an amount over 0 USD, was {signal.amount_usd:g}"
        if signal.stop_bps is not None and not 0 < signal.stop_bps <= strategy.stop_bps:
            shown = apart(signal.stop_bps, strategy.stop_bps, ".1f")
            return f"stop {shown} bps wider than the {strategy.stop_bps:g} bps registered for {strategy.name}"
        unknown = [venue for venue in signal.venues if venue not in self._config.venues]
        if unknown:
            return f"this engine runs {', '.join(self._config.venues)}, was asked for {', '.join(unknown)}"
        if signal.venues and not self._listing(signal):
            return f"expected a venue that lists {signal.asset}, was {', '.join(signal.venues)}"
        return None

    def _listing(self, signal: Signal) -> list[str]:
        """The named venues that list the asset."""
        return [venue for venue in signal.venues if signal.asset in self._config.venues[venue].instruments]

    def _venue(self, signal: Signal) -> str:
        """The first named venue that lists the asset, or where the asset trades."""
        return next(iter(self._listing(signal)), self._config.assets[signal.asset].trade_on)

    def _proposal(self, signal: Signal, price: float) -> Proposal:
        """The trade this signal wants, with its strategy's registered stop and ladder."""
        strategy = self._known(signal.strategy)
        return Proposal(
            setup=strategy.name,
            asset=signal.asset,
            side=signal.side or Side(strategy.side),
            requested_usd=signal.amount_usd,
            decision_price=price,
            stop_bps=strategy.stop_bps if signal.stop_bps is None else signal.stop_bps,
            targets=_registered(strategy) if signal.targets is None else signal.targets,
            why=_why(signal),
            max_hold_s=strategy.max_hold_s,
            signal_id=signal.signal_id,
        )

    def _known(self, name: str) -> ExternalStrategy:
        strategy = self._config.strategy(name)
        if strategy is None:
            raise KeyError(name)
        return strategy


def _registered(strategy: ExternalStrategy) -> tuple[Target, ...]:
    return tuple(Target(rung.distance_bps, rung.share_pct) for rung in strategy.targets)


def _why(signal: Signal) -> str:
    """Where it came from, and the sender's own words where it said any."""
    said = [f"signal {signal.signal_id or signal.command_id} from outside"]
    if signal.reason:
        said.append(signal.reason)
    if signal.confidence is not None:
        said.append(f"confidence {signal.confidence:g}")
    return "; ".join(said)
