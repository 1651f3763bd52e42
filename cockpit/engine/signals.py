"""Outside signals: known names only, once only, in time only; and what a signal proposes."""

from msgspec import Struct

from cockpit.config.model import CockpitConfig
from cockpit.config.setups import ExternalStrategy
from cockpit.domain.commands import Signal
from cockpit.domain.kinds import Mode, Side
from cockpit.domain.units import utc_text
from cockpit.domain.verdict import Proposal, Target

SIGNALS_REMEMBERED = 1_000


class SignalAnswer(Struct, frozen=True):
    """What became of a signal, kept so that the same id gets the same answer."""

    ok: bool
    sentence: str
    verdict_id: str | None = None
    trade_id: str | None = None


class SignalDesk:
    """Checks signals before the gate sees them, and remembers the answers by signal id."""

    def __init__(self, config: CockpitConfig) -> None:
        self._config = config
        self._answers: dict[str, SignalAnswer] = {}

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids answered so far, oldest first."""
        return tuple(self._answers)

    def restore(self, ids: tuple[str, ...]) -> None:
        """Ids that an earlier engine answered: they are never traded again."""
        for signal_id in ids:
            self._answers[signal_id] = SignalAnswer(False, f"signal {signal_id} was handled before the engine restarted")

    def earlier_answer(self, signal: Signal) -> SignalAnswer | None:
        """The answer already given to this id."""
        return self._answers.get(signal.signal_id) if signal.signal_id else None

    def remember(self, signal: Signal, answer: SignalAnswer) -> None:
        """Keep the answer under the signal's id."""
        if not signal.signal_id:
            return
        self._answers[signal.signal_id] = answer
        if len(self._answers) > SIGNALS_REMEMBERED:
            del self._answers[next(iter(self._answers))]

    def refusal(self, signal: Signal, mode: Mode, now_ns: int) -> str | None:
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
        return None

    def venue(self, signal: Signal) -> str:
        """The first named venue that lists the asset, or where the asset trades."""
        for venue in signal.venues:
            if signal.asset in self._config.venues[venue].instruments:
                return venue
        return self._config.assets[signal.asset].trade_on

    def proposal(self, signal: Signal, price: float) -> Proposal:
        """The trade this signal wants, with its strategy's registered stop and ladder."""
        strategy = self._known(signal.strategy)
        return Proposal(
            setup=strategy.name,
            asset=signal.asset,
            side=signal.side or Side(strategy.side),
            requested_usd=signal.amount_usd,
            decision_price=price,
            stop_bps=strategy.stop_bps,
            targets=tuple(Target(rung.distance_bps, rung.share_pct) for rung in strategy.targets),
            why=f"signal {signal.signal_id or signal.command_id} from outside",
            max_hold_s=strategy.max_hold_s,
            signal_id=signal.signal_id,
        )

    def _known(self, name: str) -> ExternalStrategy:
        strategy = self._config.strategy(name)
        if strategy is None:
            raise KeyError(name)
        return strategy
