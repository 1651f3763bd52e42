"""Outside signals: known names only, once only, in time only; and what a signal proposes."""

from cockpit.config.model import CockpitConfig
from cockpit.config.setups import ExternalStrategy
from cockpit.domain.actions import CommandAnswered
from cockpit.domain.commands import Signal
from cockpit.domain.kinds import Mode, Side
from cockpit.domain.numbers import apart, price_text
from cockpit.domain.units import bps_between, utc_text
from cockpit.domain.verdict import Proposal, Target, Verdict
from cockpit.engine.answered_ids import Answer, AnsweredIds
from cockpit.engine.decisions import Decisions
from cockpit.engine.outbox import Outbox
from cockpit.engine.paper_tracks import PaperTracks
from cockpit.engine.risk import Risk
from cockpit.engine.sources import SourceBook
from cockpit.gate.sizing import round_trip_fee_bps
from cockpit.market.market import Market

SOURCE = "api"
"""Whose signal it is where no registered source sent it."""


class SignalIntake:
    """Checks signals before the gate sees them."""

    def __init__(
        self,
        config: CockpitConfig,
        market: Market,
        risk: Risk,
        decisions: Decisions,
        answered: AnsweredIds,
        sources: SourceBook,
        tracks: PaperTracks,
    ) -> None:
        self._config = config
        self._market = market
        self._risk = risk
        self._decisions = decisions
        self._answered = answered
        self._sources = sources
        self._tracks = tracks

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
        refusal = against_terms(signal, self._known(signal.strategy), price)
        if refusal:
            return refusal
        return self._decisions.probe(self._proposal(signal, price), self._venue(signal), (), True, now_ns)

    def _first_answer(self, signal: Signal, out: Outbox) -> Answer:
        refusal = self._sources.refusal(signal, out) or self._refusal(signal, self._risk.accountant.mode, out.now_ns)
        if refusal is not None:
            return Answer(False, refusal)
        price = self._market.assets[signal.asset].price
        if price is None:
            return Answer(False, _no_price(signal.asset))
        refusal = against_terms(signal, self._known(signal.strategy), price)
        if refusal:
            return Answer(False, refusal)
        verdict = self._decisions.decide(
            self._proposal(signal, price), self._venue(signal), (), True, out, self._held_back(signal.source)
        )
        if verdict.sent:
            self._sources.sent(signal.source, verdict.notional_usd)
        else:
            fee_bps = round_trip_fee_bps(self._config, verdict.venue)
            self._tracks.begin(verdict, self._market.assets[signal.asset], fee_bps, out.now_ns)
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
        """The trade this signal wants; its strategy's registered terms where it names none."""
        strategy = self._known(signal.strategy)
        return Proposal(
            setup=strategy.name,
            asset=signal.asset,
            side=side_of(signal, strategy),
            requested_usd=signal.amount_usd,
            decision_price=price,
            stop_bps=stop_bps_of(signal, strategy, price),
            targets=_registered(strategy) if signal.targets is None else signal.targets,
            why=_why(signal),
            max_hold_s=strategy.max_hold_s if signal.hold_s is None else signal.hold_s,
            entry_limit_price=signal.limit_price,
            entry_wait_s=signal.limit_within_s if signal.limit_price is not None else None,
            signal_id=signal.signal_id,
            source=signal.source or SOURCE,
            stop_price=signal.stop_price,
        )

    def _held_back(self, name: str) -> str:
        """Why an approved proposal of this source is not sent; empty where it is."""
        source = self._config.sources.get(name)
        return f"source {name} is a shadow: judged, never sent" if source is not None and source.shadow else ""

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
    said = [f"signal {signal.signal_id or signal.command_id} from {signal.source or 'outside'}"]
    if signal.reason:
        said.append(signal.reason)
    if signal.confidence is not None:
        said.append(f"confidence {signal.confidence:g}")
    return "; ".join(said)


# A signal's own terms, held to what is registered for its strategy: stricter, never looser.

NEAREST_STOP_BPS = 1.0
"""A stop nearer than this is hit by the spread alone."""


def side_of(signal: Signal, strategy: ExternalStrategy) -> Side:
    """The side it says, or the registered one."""
    return signal.side or Side(strategy.side)


def stop_bps_of(signal: Signal, strategy: ExternalStrategy, price: float) -> float:
    """How far its stop is from where it would enter; below 0 where it is on the wrong side of that."""
    if signal.stop_price is not None:
        entry = signal.limit_price or price
        return -side_of(signal, strategy).sign * bps_between(signal.stop_price, entry)
    return strategy.stop_bps if signal.stop_bps is None else signal.stop_bps


def against_terms(signal: Signal, strategy: ExternalStrategy, price: float) -> str:
    """Why its own terms are refused, with both numbers; empty where they are within the registered ones."""
    if signal.stop_bps is not None and signal.stop_price is not None:
        return f"expected one of stop_bps and stop_price, was both ({signal.stop_bps:g}, {signal.stop_price:g})"
    stop_bps = stop_bps_of(signal, strategy, price)
    if not 0 < stop_bps <= strategy.stop_bps:
        shown = apart(stop_bps, strategy.stop_bps, ".1f")
        if stop_bps <= 0:
            return f"expected a stop on the losing side of the entry, was {shown} bps beyond it"
        return f"stop {shown} bps wider than the {strategy.stop_bps:g} bps registered for {strategy.name}"
    if signal.stop_price is not None and stop_bps < NEAREST_STOP_BPS:
        return f"expected a stop at least {NEAREST_STOP_BPS:g} bps away, was {apart(stop_bps, NEAREST_STOP_BPS, '.2f')}"
    if signal.hold_s is not None and strategy.max_hold_s is not None and signal.hold_s > strategy.max_hold_s:
        shown = apart(signal.hold_s, strategy.max_hold_s, ".0f")
        return f"hold {shown} s longer than the {strategy.max_hold_s:g} s registered for {strategy.name}"
    return _against_entry(signal, strategy, price)


def _against_entry(signal: Signal, strategy: ExternalStrategy, price: float) -> str:
    limit, bounds = signal.limit_price, strategy.entry
    if limit is None:
        return "expected a limit price beside within_s, was none" if signal.limit_within_s is not None else ""
    if bounds.limit_within_s <= 0:
        return f"{strategy.name} enters at market, was a limit at {price_text(limit)}"
    wait_s = signal.limit_within_s
    if wait_s is None or not 0 < wait_s <= bounds.limit_within_s:
        was = "none" if wait_s is None else apart(wait_s, bounds.limit_within_s, ".0f")
        return f"expected within_s up to the {bounds.limit_within_s:g} s registered for {strategy.name}, was {was}"
    away_bps = abs(bps_between(limit, price))
    if away_bps > bounds.limit_away_bps:
        shown = apart(away_bps, bounds.limit_away_bps, ".1f")
        return (
            f"limit {price_text(limit)} is {shown} bps from the market, "
            f"registered for {strategy.name} are {bounds.limit_away_bps:g}"
        )
    return ""
