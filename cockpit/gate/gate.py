"""The gate: a proposal and the world in, a verdict with every check out."""

from cockpit.domain.kinds import Outcome
from cockpit.domain.verdict import Check, Verdict
from cockpit.gate import global_limits, kill_switch, market_conditions, tactical
from cockpit.gate.inputs import GateInput
from cockpit.gate.sizing import Size, size_for, sizing_of


def judge(asked: GateInput) -> Verdict:
    """Judge a proposal: every check of all four layers, in layer order; the first that denies is the reason.

    Pure and total: a reading that is missing is a finding (`no data` denies), never an exception. An approved verdict
    carries the notional (USD) and quantity (base coins, a whole number of lots) to send; a denied one carries 0 for
    both, and still the size factor and stop it would have had.
    """
    later = (*tactical.checks(asked), *market_conditions.checks(asked), *kill_switch.checks(asked))
    budget = global_limits.loss_budget(asked, size_for(asked, later))
    size = size_for(asked, (budget, *later))
    checks = (*global_limits.checks(asked, size, budget), *later)
    return _verdict(asked, size, checks)


def _verdict(asked: GateInput, size: Size, checks: tuple[Check, ...]) -> Verdict:
    denial = next((check for check in checks if check.outcome in (Outcome.BLOCK, Outcome.NO_DATA)), None)
    return Verdict(
        verdict_id=asked.verdict_id,
        ts_ns=asked.now_ns,
        mode=asked.mode,
        proposal=asked.proposal,
        approved=denial is None,
        reason=denial.sentence if denial else "",
        reason_check=denial.name if denial else "",
        checks=checks,
        size_factor=size.factor,
        stop_bps=size.stop_bps,
        notional_usd=0.0 if denial else size.notional_usd,
        qty=0.0 if denial else size.qty,
        venue=asked.venue,
        sizing=sizing_of(asked, size),
    )
