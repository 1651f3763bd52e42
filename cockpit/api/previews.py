"""An entry by hand as the API takes it, and a verdict as a ticket shows it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from cockpit.api.hand_models import EntryTerms, ManualRequest, PreviewAnswer, StopTerms, TradedAnswer
from cockpit.api.models import TargetRequest
from cockpit.config.model import CockpitConfig
from cockpit.domain.commands import ManualEntry
from cockpit.domain.kinds import EngineState, Mode, Outcome, Side
from cockpit.domain.verdict import Target, Verdict
from cockpit.gate.arithmetic import verdict_arithmetic


def targets_of(asked: Sequence[TargetRequest] | None) -> tuple[Target, ...] | None:
    """The asked ladder, None where none was asked."""
    return None if asked is None else tuple(Target(rung.distance_bps, rung.share_pct) for rung in asked)


def stop_terms(asked: StopTerms | None) -> StopTerms:
    """The asked stop, or one that says nothing."""
    return asked or StopTerms()


def manual_entry(asked: ManualRequest) -> ManualEntry:
    """What the body asks for."""
    entry, stop = asked.entry or EntryTerms(), stop_terms(asked.stop)
    return ManualEntry(
        asset=asked.asset,
        side=Side(asked.side),
        amount_usd=asked.amount,
        units=asked.units,
        risk_usd=asked.risk_usd,
        stop_bps=stop.bps,
        stop_price=stop.price,
        stop_of=stop.setup or "",
        limit_price=entry.price,
        within_s=entry.within_s,
        post_only=bool(entry.post_only),
        template=asked.template or "",
        targets=targets_of(asked.targets),
        hold_s=asked.hold_s,
        venue=(asked.venue or "").lower(),
        mode=None if asked.mode is None else Mode(asked.mode),
        reason=asked.reason or "",
    )


def preview_of(config: CockpitConfig, verdict: Verdict, state: EngineState, why: str) -> PreviewAnswer:
    """The verdict, what would be traded, and whether it would be sent in this state."""
    numbers = verdict_arithmetic(config, verdict)
    is_armed = state is EngineState.ARMED
    return PreviewAnswer(
        verdict=msgspec.to_builtins(verdict),
        traded=TradedAnswer(
            qty=verdict.sizing.qty if verdict.sizing is not None else 0.0,
            notional_usd=numbers.notional_usd,
            stop_bps=verdict.stop_bps,
            loss_at_stop_usd=numbers.loss_at_stop_usd,
            fees_usd=numbers.fees_usd,
            break_even_all=numbers.break_even_all_pct,
            break_even_first=numbers.break_even_first_pct,
        ),
        would_send=verdict.approved and is_armed,
        not_sent_because=verdict.reason or ("" if is_armed else f"{state.value}: {why}"),
        passes=_named(verdict, Outcome.PASS),
        shrinks=_named(verdict, Outcome.REDUCE),
        warns=_named(verdict, Outcome.WARN),
        blocks=_named(verdict, Outcome.BLOCK, Outcome.NO_DATA),
    )


def manual_view(config: CockpitConfig) -> dict[str, Any]:
    """What a ticket needs of the config: sizes at hand, templates, the base unit."""
    section = config.manual
    return {
        "enabled": section.enabled,
        "base_unit_usd": config.capital.base_unit_usd,
        "max_notional_usd": config.limits.max_notional_usd,
        "size_presets_usd": section.size_presets_usd,
        "templates": {name: template.model_dump() for name, template in section.templates.items()},
        "default_template": section.default_template,
        "cooldown_s": section.cooldown_s,
        "limit_within_s": section.limit_within_s,
        "setups": list(config.setups),
        "venues": list(config.venues),
    }


def _named(verdict: Verdict, *outcomes: Outcome) -> list[str]:
    return [check.name for check in verdict.checks if check.outcome in outcomes]
