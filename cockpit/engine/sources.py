"""The registered sources of signals: what each has used of its limits today, and which of them are cut off."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from cockpit.config.model import CockpitConfig
from cockpit.config.signal_sources import SignalSource
from cockpit.domain.actions import CommandAnswered
from cockpit.domain.commands import CutOffSource, LiftSource, Signal
from cockpit.domain.kinds import TradePhase
from cockpit.domain.numbers import apart, counted
from cockpit.domain.signal_sources import SourceMemory, SourceView
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_S, utc_day
from cockpit.engine.book import TradeBook
from cockpit.engine.outbox import Outbox

MINUTE_NS = 60 * NS_PER_S


class SourceBook:
    """Holds each source to its limits before the gate is asked. Callers that are no registered source have none."""

    def __init__(self, config: CockpitConfig, book: TradeBook, start_ns: int) -> None:
        self._config = config
        self._book = book
        day = utc_day(start_ns)
        self._known = {name: SourceMemory(name, day) for name in config.sources}

    @property
    def memory(self) -> tuple[SourceMemory, ...]:
        """What a restart needs."""
        return tuple(self._known.values())

    def restore(self, memory: Iterable[SourceMemory]) -> None:
        """Go on with what an earlier engine had counted; a source that left the config is forgotten."""
        self._known |= {one.name: one for one in memory if one.name in self._known}

    def cut_off(self, name: str) -> str:
        """Why nothing of this source is taken, empty where it is."""
        known = self._known.get(name)
        return known.cut_off if known is not None else ""

    def refusal(self, signal: Signal, out: Outbox) -> str | None:
        """Count a proposal, and say why it goes no further, or None."""
        source = self._config.sources.get(signal.source)
        if source is None:
            return None if not signal.source else f"expected a registered source, was {signal.source!r}"
        self._roll(out.now_ns)
        if cut := self.cut_off(signal.source):
            return _cut_text(signal.source, cut)
        if "propose" not in source.scopes:
            return f"source {signal.source} has the scopes {', '.join(source.scopes)}, expected propose"
        if source.strategies is not None and signal.strategy not in source.strategies:
            return f"source {signal.source} proposes {', '.join(source.strategies)}, was {signal.strategy}"
        too_fast = self._count(signal.source, source, out)
        return too_fast or (None if source.shadow else self._over(signal, source, out))

    def sent(self, name: str, notional_usd: float) -> None:
        """An entry of this source went out."""
        known = self._known.get(name)
        if known is not None:
            self._known[name] = replace(known, notional_usd=known.notional_usd + notional_usd)

    def on_trade_change(self, before: TradeRecord, after: TradeRecord, out: Outbox) -> None:
        """Book what a trade's change realised; a source that has lost too much is cut off."""
        known = self._known.get(after.source)
        if known is None:
            return
        self._roll(out.now_ns)
        known = self._known[after.source]
        never_filled = after.phase is TradePhase.ABANDONED and before.phase is not TradePhase.ABANDONED
        self._known[after.source] = replace(
            known,
            realised_usd=known.realised_usd + after.pnl_usd - before.pnl_usd,
            notional_usd=max(0.0, known.notional_usd - after.notional_usd) if never_filled else known.notional_usd,
        )
        self._stop_losses(after.source, out)

    def review(self, out: Outbox) -> None:
        """Once a second: open losses count as well."""
        self._roll(out.now_ns)
        for name in self._known:
            if self._open_trades(name):
                self._stop_losses(name, out)

    def cut(self, command: CutOffSource, out: Outbox) -> None:
        """An operator cuts a source off."""
        refusal = self._unknown(command.source)
        if not refusal:
            self._cut_off(command.source, f"cut off by {command.by}: {command.reason}", out)
        done = refusal or _cut_text(command.source, self.cut_off(command.source))
        self._answer(command, "cut_off_source", not refusal, done, out)

    def lift(self, command: LiftSource, out: Outbox) -> None:
        """An operator has looked at it and takes its signals again: its minute and its day's loss begin anew."""
        refusal = self._unknown(command.source)
        known = self._known.get(command.source)
        if known is not None and not known.cut_off:
            refusal = f"nothing to lift: source {command.source} is not cut off"
        elif known is not None and not command.reason.strip():
            refusal = f"expected a reason to lift source {command.source}, was none; it was {known.cut_off}"
        if refusal or known is None:
            self._answer(command, "lift_source", False, refusal, out)
            return
        self._known[command.source] = replace(
            known, cut_off="", cut_off_ns=None, proposed_ns=(), refused_ns=(), lifted_usd=known.realised_usd
        )
        self._answer(command, "lift_source", True, f"source {command.source} lifted; it was {known.cut_off}", out)

    def views(self, now_ns: int) -> tuple[SourceView, ...]:
        """For a screen."""
        return tuple(self._view(name, source, now_ns) for name, source in self._config.sources.items())

    # Inside.

    def _count(self, name: str, source: SignalSource, out: Outbox) -> str | None:
        known, limits = self._known[name], source.limits
        proposed, refused = _last_minute(known.proposed_ns, out.now_ns), _last_minute(known.refused_ns, out.now_ns)
        if len(proposed) < limits.proposals_per_minute:
            self._known[name] = replace(known, proposed_ns=(*proposed, out.now_ns), refused_ns=refused)
            return None
        refused = (*refused, out.now_ns)
        self._known[name] = replace(known, proposed_ns=proposed, refused_ns=refused)
        told = (
            f"source {name} proposed {len(proposed) + len(refused)} times within a minute, "
            f"limit {limits.proposals_per_minute}"
        )
        if len(refused) >= limits.cut_off_at_refusals:
            self._cut_off(name, f"cut off: {told}", out)
            return _cut_text(name, self.cut_off(name))
        return told

    def _over(self, signal: Signal, source: SignalSource, out: Outbox) -> str | None:
        known, limits = self._known[signal.source], source.limits
        open_trades = len(self._open_trades(signal.source))
        if open_trades >= limits.open_trades:
            return f"source {signal.source} has {counted(open_trades, 'open trade')}, limit {limits.open_trades}"
        wanted_usd = known.notional_usd + signal.amount_usd
        if wanted_usd > limits.notional_usd_per_day:
            shown = apart(wanted_usd, limits.notional_usd_per_day, ".2f")
            return (
                f"source {signal.source} would have sent {shown} USD today, "
                f"limit {limits.notional_usd_per_day:.2f} ({known.notional_usd:.2f} sent so far)"
            )
        self._stop_losses(signal.source, out)
        cut = self.cut_off(signal.source)
        return _cut_text(signal.source, cut) if cut else None

    def _stop_losses(self, name: str, out: Outbox) -> None:
        loss_usd, limit_usd = self._loss_usd(name), self._config.sources[name].limits.loss_usd_per_day
        if loss_usd is not None and loss_usd >= limit_usd:
            shown = apart(loss_usd, limit_usd, ".2f")
            self._cut_off(name, f"cut off: it lost {shown} USD today, limit {limit_usd:.2f}", out)

    def _cut_off(self, name: str, sentence: str, out: Outbox) -> None:
        known = self._known[name]
        if known.cut_off:
            return
        self._known[name] = replace(known, cut_off=sentence, cut_off_ns=out.now_ns)
        out.notice("critical", "source", f"source {name} {sentence}; its open trades keep their stops")

    def _loss_usd(self, name: str) -> float | None:
        """What it has lost since the day began, or since it was lifted; None while an open trade has no price."""
        known = self._known[name]
        worths = [self._book.worth_usd(trade) for trade in self._open_trades(name)]
        open_usd = sum(worth for worth in worths if worth is not None)
        if len(worths) != sum(worth is not None for worth in worths):
            return None
        return max(0.0, known.lifted_usd - known.realised_usd - open_usd)

    def _open_trades(self, name: str) -> Sequence[TradeRecord]:
        return [trade.record for trade in self._book.trades if trade.record.source == name]

    def _roll(self, now_ns: int) -> None:
        day = utc_day(now_ns)
        for name, known in self._known.items():
            if known.utc_day < day:
                self._known[name] = replace(known, utc_day=day, notional_usd=0.0, realised_usd=0.0, lifted_usd=0.0)

    def _unknown(self, name: str) -> str:
        known = ", ".join(self._known) or "none"
        return "" if name in self._known else f"expected a registered source ({known}), was {name!r}"

    def _view(self, name: str, source: SignalSource, now_ns: int) -> SourceView:
        known, limits = self._known[name], source.limits
        return SourceView(
            name=name,
            scopes=tuple(source.scopes),
            shadow=source.shadow,
            cut_off=known.cut_off,
            cut_off_ns=known.cut_off_ns,
            proposals_last_minute=len(_last_minute(known.proposed_ns, now_ns)),
            proposals_per_minute=limits.proposals_per_minute,
            notional_usd=known.notional_usd,
            notional_limit_usd=limits.notional_usd_per_day,
            open_trades=len(self._open_trades(name)),
            open_limit=limits.open_trades,
            loss_usd=self._loss_usd(name),
            loss_limit_usd=limits.loss_usd_per_day,
        )

    def _answer(self, command: CutOffSource | LiftSource, name: str, ok: bool, sentence: str, out: Outbox) -> None:
        out.add(CommandAnswered(out.now_ns, command.command_id, command.by, name, ok, sentence, command.reason))


def _cut_text(name: str, cut: str) -> str:
    return f"source {name} is {cut}; an operator lifts it: cockpit source lift {name} REASON"


def _last_minute(stamps: tuple[int, ...], now_ns: int) -> tuple[int, ...]:
    return tuple(stamp for stamp in stamps if stamp > now_ns - MINUTE_NS)
