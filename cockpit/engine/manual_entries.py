"""Entries by hand: what a person wants, as a proposal before the same gate as everybody's."""

from collections.abc import Mapping
from math import inf

from cockpit.config.manual import TemplateSection
from cockpit.config.model import BY_HAND, CockpitConfig
from cockpit.domain.commands import Enter, ManualEntry
from cockpit.domain.kinds import Layer, OrderStatus, OrderType, Outcome, Side, TradePhase
from cockpit.domain.numbers import apart, price_text
from cockpit.domain.units import BPS, NS_PER_S, bps_between, seconds_to_ns
from cockpit.domain.verdict import Check, Proposal, Target, Verdict
from cockpit.engine.answered_ids import Answer, AnsweredIds, late_text
from cockpit.engine.book import TradeBook
from cockpit.engine.decisions import Decisions
from cockpit.engine.ladder import on_grid
from cockpit.engine.outbox import Outbox
from cockpit.engine.risk import Risk
from cockpit.gate.sizing import round_trip_fee_bps
from cockpit.market.market import Market
from cockpit.setups.base import Setup

MANUAL = BY_HAND[0]
UNITS = 1.0


class Refusal(Exception):
    """Why an entry never reaches the gate, with its numbers."""


class ManualEntries:
    """Makes proposals of what a person wants, and sends them once the gate approves."""

    def __init__(
        self,
        config: CockpitConfig,
        market: Market,
        book: TradeBook,
        risk: Risk,
        decisions: Decisions,
        setups: Mapping[str, Setup],
        answered: AnsweredIds,
    ) -> None:
        self._config = config
        self._market = market
        self._book = book
        self._risk = risk
        self._decisions = decisions
        self._setups = setups
        self._answered = answered
        self._sent_ns: dict[str, int] = {}

    def enter(self, command: Enter, out: Outbox, is_reverse: bool = False) -> Answer:
        """Trade it or say why not; the same id gets the same answer, and never a second trade.

        A reverse's entry follows a close that no key can double: it waits for no cool-down.
        """
        known = self._answered.known(command.request_id)
        if known is not None:
            return known
        answer = self._first_answer(command, out, is_reverse)
        return self._answered.keep(command.request_id, answer)

    def preview(self, entry: ManualEntry, now_ns: int) -> Verdict | str:
        """What the gate would say right now, or why it would never reach the gate. Changes nothing."""
        try:
            proposal, venue = self._proposal(entry, None, "asked ahead", now_ns)
        except Refusal as refusal:
            return str(refusal)
        return self._decisions.probe(proposal, venue, self._guards(proposal), self._config.manual.enabled, now_ns)

    def _first_answer(self, command: Enter, out: Outbox, is_reverse: bool) -> Answer:
        late = late_text(command.expires_ns, out.now_ns)
        if late:
            return Answer(False, f"not sent: {late}")
        why = f"by {command.by}" + (f": {command.entry.reason}" if command.entry.reason else "")
        try:
            if not is_reverse:
                self._keep_apart(command.entry.asset, out.now_ns)
            proposal, venue = self._proposal(command.entry, command.request_id, why, out.now_ns)
        except Refusal as refusal:
            return Answer(False, f"not sent: {refusal}")
        verdict = self._decisions.decide(proposal, venue, self._guards(proposal), self._config.manual.enabled, out)
        if verdict.sent:
            self._sent_ns[proposal.asset] = out.now_ns
        sentence = verdict.reason or verdict.not_sent_because or f"{proposal.side.value} {verdict.size_text}"
        return Answer(verdict.sent, sentence, verdict.verdict_id, verdict.trade_id)

    def _keep_apart(self, asset: str, now_ns: int) -> None:
        """A key that repeats, or is struck twice, doubles nothing."""
        cooldown_s, sent_ns = self._config.manual.cooldown_s, self._sent_ns.get(asset)
        if sent_ns is not None and now_ns - sent_ns < seconds_to_ns(cooldown_s):
            ago_s = (now_ns - sent_ns) / NS_PER_S
            raise Refusal(f"an entry of {asset} by hand went out {ago_s:.2f} s ago: the next after {cooldown_s:g} s")
        for trade in self._book.trades:
            record = trade.record
            is_same = record.setup == MANUAL and record.asset == asset and record.phase is TradePhase.OPENING
            order = self._book.order(record.entry_order_id) if is_same else None
            if order is None:
                continue
            is_market = order.request.order_type is OrderType.MARKET
            if is_market or order.status in (OrderStatus.SENT, OrderStatus.UNKNOWN):
                raise Refusal(f"{record.trade_id} of {asset} is still on its way ({order.status.value}): one at a time")

    def _proposal(self, entry: ManualEntry, request_id: str | None, why: str, now_ns: int) -> tuple[Proposal, str]:
        """Raises `Refusal`."""
        venue = self._venue(entry)
        mode = self._risk.accountant.mode
        if entry.mode not in (None, mode):
            raise Refusal(f"asked for {entry.mode} mode, the engine is in {mode} mode")
        template = self._template(entry)
        price = self._price(entry, venue)
        stop_bps = self._stop_bps(entry, template, price, now_ns)
        targets = entry.targets
        if targets is None:
            targets = tuple(Target(rung.distance_bps, rung.share_pct) for rung in template.targets)
        is_limit = entry.limit_price is not None
        if not is_limit and (entry.post_only or entry.within_s is not None):
            raise Refusal("expected a limit price with post-only or a time limit, was a market entry")
        proposal = Proposal(
            setup=MANUAL,
            asset=entry.asset,
            side=entry.side,
            requested_usd=self._amount_usd(entry, stop_bps, venue),
            decision_price=price,
            stop_bps=stop_bps,
            targets=targets,
            why=why,
            max_hold_s=template.max_hold_s if entry.hold_s is None else _positive(entry.hold_s, "a time stop over 0 s"),
            entry_limit_price=price if is_limit else None,
            entry_wait_s=self._wait_s(entry) if is_limit else None,
            signal_id=request_id,
            source=MANUAL,
            stop_price=entry.stop_price,
            post_only=entry.post_only,
        )
        return proposal, venue

    def _venue(self, entry: ManualEntry) -> str:
        where = self._config.assets.get(entry.asset)
        if where is None:
            raise Refusal(f"expected an asset among {', '.join(self._config.assets)}, was {entry.asset}")
        venue = entry.venue or where.trade_on
        section = self._config.venues.get(venue)
        if section is None or entry.asset not in section.instruments:
            listing = [name for name, one in self._config.venues.items() if entry.asset in one.instruments]
            raise Refusal(f"expected a venue that lists {entry.asset} ({', '.join(listing)}), was {venue}")
        return venue

    def _template(self, entry: ManualEntry) -> TemplateSection:
        section = self._config.manual
        template = section.templates.get(entry.template or section.default_template)
        if template is None:
            raise Refusal(f"expected a template among {', '.join(section.templates)}, was {entry.template!r}")
        return template

    def _price(self, entry: ManualEntry, venue: str) -> float:
        """The price it is decided at: its limit on the grid, never worse than asked, or the one it would take."""
        if entry.limit_price is not None:
            limit = _positive(entry.limit_price, "a limit price above 0")
            return on_grid(limit, entry.side.opposite, self._config.instrument(entry.asset, venue).tick_usd)
        asset = self._market.assets[entry.asset]
        if asset.price is None:
            raise Refusal(f"no price of {entry.asset} yet: no blind trading")
        if asset.top is None:
            return asset.price
        return asset.top.ask if entry.side is Side.LONG else asset.top.bid

    def _stop_bps(self, entry: ManualEntry, template: TemplateSection, price: float, now_ns: int) -> float:
        named = [entry.stop_bps is not None, entry.stop_price is not None, bool(entry.stop_of)]
        if sum(named) > 1:
            raise Refusal(f"expected one stop of bps, price and a setup's, was {sum(named)}")
        if entry.stop_bps is not None:
            return _positive(entry.stop_bps, "a stop over 0 bps")
        if entry.stop_price is not None:
            stop_bps = -entry.side.sign * bps_between(_positive(entry.stop_price, "a stop price above 0"), price)
            if stop_bps <= 0:
                side = "under" if entry.side is Side.LONG else "over"
                was = f"{price_text(entry.stop_price)} against an entry at {price_text(price)}"
                raise Refusal(f"expected a {entry.side.value}'s stop {side} its entry, was {was}")
            return stop_bps
        if entry.stop_of:
            setup = self._setups.get(entry.stop_of)
            if setup is None:
                raise Refusal(f"expected a setup among {', '.join(self._setups)}, was {entry.stop_of!r}")
            return setup.intent(now_ns).stop_bps
        return template.stop_bps

    def _amount_usd(self, entry: ManualEntry, stop_bps: float, venue: str) -> float:
        """The notional it asks for, before any factor of the gate."""
        sizes = [entry.amount_usd, entry.units, entry.risk_usd]
        if sum(size is not None for size in sizes) > 1:
            raise Refusal("expected one size of amount, units and risk, was more")
        if entry.amount_usd is not None:
            return _positive(entry.amount_usd, "an amount over 0 USD")
        if entry.risk_usd is not None:
            lost_bps = stop_bps + round_trip_fee_bps(self._config, venue)
            return _positive(entry.risk_usd, "a risk over 0 USD") * BPS / lost_bps
        units = UNITS if entry.units is None else _positive(entry.units, "more than 0 base units")
        return self._config.capital.base_unit_usd * units

    def _wait_s(self, entry: ManualEntry) -> float:
        return self._config.manual.limit_within_s if entry.within_s is None else _positive(entry.within_s, "over 0 s")

    def _guards(self, proposal: Proposal) -> tuple[Check, ...]:
        """Of a limit: not absurdly far from the price, and with post-only beyond what it would take."""
        limit_price = proposal.entry_limit_price
        if limit_price is None:
            return ()
        checks = [self._distance(proposal, limit_price)]
        if proposal.post_only:
            checks.append(self._post_only(proposal, limit_price))
        return tuple(checks)

    def _distance(self, proposal: Proposal, limit_price: float) -> Check:
        most_bps = self._config.manual.max_limit_distance_bps
        market = self._market.assets[proposal.asset].price
        limit = f"<= {most_bps:g} bps"
        if market is None:
            sentence = f"no data on {proposal.asset}'s price: the limit's distance is unknown, must be {limit}"
            return Check(Layer.TACTICAL, "limit_price", Outcome.NO_DATA, "no price", limit, sentence)
        away_bps = abs(bps_between(limit_price, market))
        shown = f"{apart(away_bps, most_bps, '.1f')} bps"
        what = f"limit {price_text(limit_price)} is {shown} from {price_text(market)}"
        if away_bps <= most_bps:
            return Check(Layer.TACTICAL, "limit_price", Outcome.PASS, shown, limit, f"{what}, within {most_bps:g}")
        return Check(Layer.TACTICAL, "limit_price", Outcome.BLOCK, shown, limit, f"{what}: over {most_bps:g}")

    def _post_only(self, proposal: Proposal, limit_price: float) -> Check:
        top, is_long = self._market.assets[proposal.asset].top, proposal.side is Side.LONG
        if top is None:
            sentence = f"no data on {proposal.asset}'s book: whether a post-only limit would take is unknown"
            return Check(Layer.TACTICAL, "post_only", Outcome.NO_DATA, "no book", "rests", sentence)
        name, best = ("ask", top.ask) if is_long else ("bid", top.bid)
        takes = limit_price >= best if is_long else limit_price <= best
        shown = f"{price_text(limit_price)} against the {name} {price_text(best)}"
        outcome = Outcome.BLOCK if takes else Outcome.PASS
        ending = "would take: it is post-only" if takes else "rests"
        return Check(Layer.TACTICAL, "post_only", outcome, shown, "rests", f"{shown} {ending}")


def _positive(value: float, expected: str) -> float:
    if not 0.0 < value < inf:
        raise Refusal(f"expected {expected}, was {value:g}")
    return value
