"""From a proposal to a verdict, and from an approved verdict to a trade: the only way an entry can start."""

from msgspec.structs import replace

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import Decided
from cockpit.domain.kinds import EngineState, Layer, Outcome
from cockpit.domain.verdict import Check, Proposal, Verdict
from cockpit.engine.book import TradeBook
from cockpit.engine.outbox import Outbox
from cockpit.engine.risk import Risk
from cockpit.gate.gate import judge
from cockpit.gate.inputs import GateInput
from cockpit.market.market import Market


class Decisions:
    """Puts proposals before the gate, counts its verdicts, and opens what it approves while the engine is armed."""

    def __init__(self, config: CockpitConfig, market: Market, book: TradeBook, risk: Risk) -> None:
        self.approved = 0
        self.denied = 0
        self.next_verdict = 1
        self.next_trade = 1
        self._config = config
        self._market = market
        self._book = book
        self._risk = risk

    @property
    def next_id(self) -> str:
        """What the next verdict goes by."""
        return f"v{self.next_verdict:06d}"

    def count(self, verdict: Verdict) -> str | None:
        """Take a verdict that was made elsewhere into the counts; the trade's id where it is sent, which counts too."""
        self.next_verdict += 1
        self.approved += verdict.approved
        self.denied += not verdict.approved
        if not verdict.sent:
            return None
        trade_id = f"t{self.next_trade:06d}"
        self.next_trade += 1
        self._risk.accountant.sent()
        return trade_id

    def decide(
        self,
        proposal: Proposal,
        venue: str,
        guards: tuple[Check, ...],
        enabled: bool,
        out: Outbox,
        held_back: str = "",
    ) -> Verdict:
        """Judge a proposal; approved and armed, it becomes a trade on `venue`. The verdict says what was done.

        `held_back` says why it is not sent even then.
        """
        verdict = self._judge(self.next_id, proposal, venue, guards, enabled, out.now_ns)
        state = self._risk.state
        if verdict.approved and held_back:
            verdict = replace(verdict, not_sent_because=held_back)
        elif verdict.approved and state is EngineState.ARMED:
            verdict = replace(verdict, sent=True)
        elif verdict.approved:
            verdict = replace(verdict, not_sent_because=f"{state.value}: {self._risk.reason}")
        verdict = replace(verdict, trade_id=self.count(verdict))
        out.add(Decided(out.now_ns, verdict))
        if verdict.trade_id is not None:
            self._book.open(verdict, verdict.trade_id, out)
        return verdict

    def probe(self, proposal: Proposal, venue: str, guards: tuple[Check, ...], enabled: bool, now_ns: int) -> Verdict:
        """What the gate would say right now. Changes nothing."""
        return self._judge("probe", proposal, venue, guards, enabled, now_ns)

    def _judge(
        self,
        verdict_id: str,
        proposal: Proposal,
        venue: str,
        guards: tuple[Check, ...],
        enabled: bool,
        now_ns: int,
    ) -> Verdict:
        return judge(
            GateInput(
                verdict_id=verdict_id,
                now_ns=now_ns,
                mode=self._risk.accountant.mode,
                config=self._config,
                market=self._market,
                account=self._risk.accountant.account,
                proposal=proposal,
                guards=(
                    *guards,
                    *self._one_direction(proposal, venue),
                    *self._venue_checks(venue, proposal.asset),
                ),
                open_trades=len(self._book),
                exposure_usd=self._book.exposure_usd(),
                open_pnl_usd=self._book.open_usd(),
                drawdown_usd=self._risk.drawdown_usd(),
                setup_enabled=enabled,
                venue=venue,
            )
        )

    def _venue_checks(self, venue: str, asset: str) -> tuple[Check, ...]:
        """No entry where the account's own venue says something that stands against it, or holds what nobody knows."""
        said = [(notice.topic.value, notice.sentence) for notice in self._risk.venue_notices.against(venue, asset)]
        unexplained = self._book.unexplained(venue, asset)
        if unexplained is not None:
            said.append(("position", f"{unexplained}: no entry there before they agree"))
        return tuple(
            Check(Layer.TACTICAL, "venue_account", Outcome.BLOCK, observed, f"nothing against {venue}", sentence)
            for observed, sentence in said
        )

    def _one_direction(self, proposal: Proposal, venue: str) -> tuple[Check, ...]:
        """A venue nets long and short of one perpetual: the later trade would close the earlier, stops and all."""
        other = self._book.opposed_to(venue, proposal.asset, proposal.side)
        if other is None:
            return ()
        size = other.open_qty or other.asked_qty
        observed = f"{other.side.value} {size:g} {other.asset}"
        sentence = (
            f"{other.trade_id} is {observed} on {venue}: a {proposal.side.value} there would close it "
            "and leave both without their stops"
        )
        limit = f"no {proposal.side.opposite.value} on {venue}"
        return (Check(Layer.TACTICAL, "one_direction", Outcome.BLOCK, observed, limit, sentence),)
