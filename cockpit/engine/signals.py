"""Outside signals: known names only, once only, in time only; and what a signal proposes."""

from cockpit.config.model import CockpitConfig
from cockpit.config.setups import ExternalStrategy
from cockpit.domain.actions import CommandAnswered
from cockpit.domain.commands import Signal
from cockpit.domain.kinds import Mode, Side
from cockpit.domain.numbers import apart
from cockpit.domain.units import utc_text
from cockpit.domain.verdict import Proposal, Target, Verdict
from cockpit.engine.answered_ids import Answer, AnsweredIds
from cockpit.engine.decisions import Decisions
from cockpit.engine.outbox import Outbox
from cockpit.engine.risk import Risk
from cockpit.market.market import Market


class SignalIntake:
    """Checks signals before the gate sees them."""

    def __init__(
        self, config: CockpitConfig, market: Market, risk: Risk, decisions: Decisions, answered: AnsweredIds
    ) -> None:
        self._config = config
        self._market = market
        self._risk = risk
        self._decisions = decisions
        self._answered = answered

    def take(self, signal: Signal, out: Outbox) -> None:
        """Answer the signal as a command is answered."""
        answer = self._answer(signal, out)
        what = (signal.command_id, signal.by, "signal", answer.ok, answer.sentence)
        out.add(CommandAnswered(out.now_ns, *what, verdict_id=answer.verdict_id, trade_id=answer.trade_id))

    def _answer(self, signal: Signal, out: Outbox) -> Answer:
        """Trade a signal or say why not; the same id gets the same answer, and never a second trade."""
        known = self._answered.known(signal.signal_id)
        return known or self._answered.keep(signal.signal_id, self._first_answer(signal, out))

    def preview(self, signal: Signal, now_ns: int) -> Verdict | str:
        """What the gate would say to a signal, or why it would never reach the gate. Changes nothing."""
        refusal = self._refusal(signal, self._risk.accountant.mode, now_ns)
        price = None if refusal else self._market.assets[signal.asset].price
        if refusal is not None or price is None:
            return refusal or _no_price(signal.asset)
        return self._decisions.probe(self._proposal(signal, price), self._venue(signal), (), True, now_ns)

    def _first_answer(self, signal: Signal, out: Outbox) -> Answer:
        refusal = self._refusal(signal, self._risk.accountant.mode, out.now_ns)
        if refusal is not None:
            return Answer(False, refusal)
        price = self._market.assets[signal.asset].price
        if price is None:
            return Answer(False, _no_price(signal.asset))
        verdict = self._decisions.decide(self._proposal(signal, price), self._venue(signal), (), True, out)
        done = f"{verdict.notional_usd:.2f} USD sent to {verdict.venue}"
        sentence = verdict.reason or verdict.not_sent_because or done
        return Answer(verdict.sent, sentence, verdict.verdict_id, verdict.trade_id)

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


def _no_price(asset: str) -> str:
    return f"no price of {asset} yet: no blind trading"


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
