"""Making a position that is not ours a trade of ours: with a stop on the venue first, then the ladder of a template.

It begins at the price of now: what it earned or lost before is nobody's business here, and what it may lose from here
on is counted, limited and stopped like any trade's.
"""

from msgspec.structs import replace

from cockpit.config.model import BY_HAND, CockpitConfig
from cockpit.domain.actions import Decided
from cockpit.domain.commands import Adopt
from cockpit.domain.events import ForeignPosition
from cockpit.domain.kinds import EngineState, Layer, Outcome, Side
from cockpit.domain.numbers import price_text
from cockpit.domain.quantity import is_multiple
from cockpit.domain.units import bps_between
from cockpit.domain.verdict import Check, Proposal, Target, Verdict
from cockpit.engine.answered_ids import Answer, late_text
from cockpit.engine.book import TradeBook
from cockpit.engine.decisions import Decisions
from cockpit.engine.outbox import Outbox
from cockpit.engine.outside import ForeignPositions
from cockpit.engine.risk import Risk
from cockpit.market.market import Market

ADOPTED = BY_HAND[1]
NET_SIDES = ("", "net", "both")
"""How venues call a position that nets with our orders."""


class Adoption:
    """Adopts on request, or refuses with the reason: until then the position stays flagged, and protected."""

    def __init__(
        self,
        config: CockpitConfig,
        market: Market,
        book: TradeBook,
        risk: Risk,
        decisions: Decisions,
        foreign: ForeignPositions,
    ) -> None:
        self._config = config
        self._market = market
        self._book = book
        self._risk = risk
        self._decisions = decisions
        self._foreign = foreign

    def adopt(self, command: Adopt, out: Outbox) -> Answer:
        """Adopt it where every global limit allows a trade of that size, and the engine is armed."""
        late = late_text(command.expires_ns, out.now_ns)
        if late:
            return Answer(False, f"not adopted: {late}")
        position = self._position(command)
        if isinstance(position, str):
            return Answer(False, f"not adopted: {position}")
        proposal = self._proposal(command, position)
        if isinstance(proposal, str):
            return Answer(False, f"not adopted: {proposal}")
        verdict = self._judged(proposal, abs(position.qty), command.venue, out.now_ns)
        state = self._risk.state
        if verdict.approved and state is EngineState.ARMED:
            verdict = replace(verdict, sent=True)
        elif verdict.approved:
            verdict = replace(verdict, not_sent_because=f"{state.value}: {self._risk.reason}")
        trade_id = self._decisions.count(verdict)
        verdict = replace(verdict, trade_id=trade_id)
        out.add(Decided(out.now_ns, verdict))
        if trade_id is None:
            return Answer(False, f"not adopted: {verdict.reason or verdict.not_sent_because}", verdict.verdict_id)
        self._book.adopt(verdict, trade_id, position, out)
        self._foreign.adopted(position)
        what = f"{proposal.side.value} {abs(position.qty):g} {position.asset} on {position.venue}"
        sentence = f"{trade_id} is {what}, at {price_text(proposal.decision_price)} now"
        return Answer(True, f"{sentence}, a stop {verdict.stop_bps:.1f} bps away", verdict.verdict_id, trade_id)

    def _position(self, command: Adopt) -> ForeignPosition | str:
        """The one meant, or why it cannot be adopted."""
        there = [one for one in self._foreign.held if (one.venue, one.asset) == (command.venue, command.asset)]
        if not there:
            known = ", ".join(f"{one.venue} {one.asset} {one.qty:+g}" for one in self._foreign.held) or "none"
            return f"expected a position that is not ours ({known}), was {command.venue} {command.asset}"
        if len(there) > 1:
            return f"expected one position of {command.asset} on {command.venue}, were {len(there)}"
        position, wanted = there[0], self._config.execution.margin_mode
        if position.margin_mode not in ("", wanted):
            return f"expected {wanted} margin, was {position.margin_mode}: no order of ours acts on it"
        if position.position_side not in NET_SIDES:
            return f"expected a net position, was one on a {position.position_side} side of its own"
        section = self._config.venues.get(position.venue)
        instrument = None if section is None else section.instruments.get(position.asset)
        if instrument is None or position.asset not in self._config.assets:
            return f"expected an asset of the config on {position.venue}, was {position.asset}"
        if not is_multiple(abs(position.qty), instrument.lot):
            return f"expected whole lots of {instrument.lot:g}, was {abs(position.qty):.10g} {position.asset}"
        return position

    def _proposal(self, command: Adopt, position: ForeignPosition) -> Proposal | str:
        section = self._config.manual
        template = section.templates.get(command.template or section.default_template)
        if template is None:
            return f"expected a template among {', '.join(section.templates)}, was {command.template!r}"
        if command.stop_bps is not None and command.stop_price is not None:
            return "expected one stop of bps and a price, was both"
        side = Side.LONG if position.qty > 0 else Side.SHORT
        asset = self._market.assets[position.asset]
        price = asset.price if asset.top is None else asset.top.bid if side is Side.LONG else asset.top.ask
        if price is None:
            return f"no price of {position.asset} yet"
        stop_bps = template.stop_bps if command.stop_bps is None else command.stop_bps
        if command.stop_price is not None:
            stop_bps = -side.sign * bps_between(command.stop_price, price)
        if not stop_bps > 0:
            at = f"{price_text(command.stop_price)}" if command.stop_price is not None else f"{stop_bps:g} bps"
            return f"expected a stop on the losing side of {price_text(price)}, was {at}"
        return Proposal(
            setup=ADOPTED,
            asset=position.asset,
            side=side,
            requested_usd=abs(position.qty) * price,
            decision_price=price,
            stop_bps=stop_bps,
            targets=tuple(Target(rung.distance_bps, rung.share_pct) for rung in template.targets),
            why=f"held on {position.venue} at {price_text(position.entry_price)}, adopted by {command.by}",
            max_hold_s=template.max_hold_s,
            signal_id=command.request_id,
            source=ADOPTED,
            stop_price=command.stop_price,
        )

    def _judged(self, proposal: Proposal, qty: float, venue: str, now_ns: int) -> Verdict:
        """The global limits and the kill switch alone: the position is there, whatever the market is like.

        It is what it is: no factor makes it smaller.
        """
        full = self._decisions.probe(proposal, venue, (), True, now_ns)
        checks = [one for one in full.checks if one.layer in (Layer.GLOBAL, Layer.KILL_SWITCH)]
        checks += [one for one in full.checks if one.name == "one_direction"]
        checks = [one if one.outcome is not Outcome.REDUCE else _as_warning(one) for one in checks]
        denial = next((one for one in checks if one.outcome.denies), None)
        return replace(
            full,
            verdict_id=self._decisions.next_id,
            checks=tuple(checks),
            approved=denial is None,
            reason=denial.sentence if denial else "",
            reason_check=denial.name if denial else "",
            size_factor=1.0,
            stop_bps=proposal.stop_bps,
            notional_usd=0.0 if denial else proposal.requested_usd,
            qty=0.0 if denial else qty,
        )


def _as_warning(check: Check) -> Check:
    return replace(check, outcome=Outcome.WARN, sentence=f"{check.sentence}; it is adopted as it is")
