"""A verdict's whole trace: the proposal, every check of every layer with its numbers, and what came of it."""

from cockpit.domain.kinds import Outcome
from cockpit.domain.verdict import Check, Verdict
from cockpit.tui import numbers
from cockpit.tui.panes.gatelog import setup_name
from cockpit.tui.text import Line, facts, left, wrap
from cockpit.tui.view import View, plain_reason

NAME_CELLS = 24
OUTCOMES = {
    Outcome.PASS: ("pass", "good"),
    Outcome.REDUCE: ("reduce", "warn"),
    Outcome.WARN: ("warn", "warn"),
    Outcome.BLOCK: ("BLOCK", "bad"),
    Outcome.NO_DATA: ("NO DATA", "bad"),
}


def lines(verdict: Verdict, view: View, cells: int) -> list[Line]:
    """The trace, wrapped to the width."""
    proposal = verdict.proposal
    drawn: list[Line] = [
        ((f"{setup_name(verdict)}  ", "strong"), (f"{proposal.asset} {proposal.side.value.upper()}", "strong")),
        _head(verdict),
        facts(
            ("asked", f"{numbers.money(proposal.requested_usd)} USD at {numbers.price(proposal.decision_price)}"),
            ("stop", f"{proposal.stop_bps:g} bps"),
            ("targets", _targets(verdict)),
        ),
    ]
    drawn += _text_lines("because", proposal.why, "text", cells)
    drawn += _text_lines("size", verdict.size_text, "text", cells)
    drawn += _text_lines("result", _result(verdict), "strong", cells)
    layer = None
    for check in verdict.checks:
        if check.layer is not layer:
            layer = check.layer
            drawn += [(), ((f"{layer.number} {layer.value.replace('_', ' ')}", "info"),)]
        drawn += _check(check, cells)
    return drawn


def _text_lines(name: str, text: str, role: str, cells: int) -> list[Line]:
    """A name, and a text wrapped beside it."""
    rows = wrap(text, cells - len(name) - 1)
    return [((f"{name if number == 0 else ' ' * len(name)} ", "dim"), (row, role)) for number, row in enumerate(rows)]


def _head(verdict: Verdict) -> Line:
    role, word = ("good", "APPROVED") if verdict.approved else ("bad", "DENIED")
    place = f"{verdict.verdict_id}  {verdict.mode.value}  {verdict.venue}  {numbers.day_clock(verdict.ts_ns)}Z"
    return ((f"{word}  ", role), (place, "dim"))


def _result(verdict: Verdict) -> str:
    if not verdict.approved:
        return f"denied by {verdict.reason_check.replace('_', ' ')}: {plain_reason(verdict.reason)}"
    what = (
        f"{numbers.amount(verdict.qty)} coins, {numbers.money(verdict.notional_usd)} USD, "
        f"{verdict.size_factor:.2f}x, stop {verdict.stop_bps:g} bps"
    )
    return f"{what}: sent as {verdict.trade_id}" if verdict.sent else f"{what}: not sent, {verdict.not_sent_because}"


def _targets(verdict: Verdict) -> str:
    return "  ".join(f"+{rung.distance_bps:g} {rung.share_pct:g}%" for rung in verdict.proposal.targets)


def _check(check: Check, cells: int) -> list[Line]:
    word, role = OUTCOMES[check.outcome]
    head = ((f"  {word:<8}", role), (left(check.name.replace("_", " "), NAME_CELLS) + " ", "text"))
    rows = list(wrap(plain_reason(check.sentence), max(20, cells - NAME_CELLS - 11))) or [""]
    space = " " * (NAME_CELLS + 11)
    rest: list[Line] = [((space, "dim"), (row, "dim")) for row in rows[1:]]
    return [(*head, (rows[0], "dim")), *rest]
