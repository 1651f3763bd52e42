"""Layer 4: what stops everything: switches, a halt, the session's drawdown and losses, the wallet's last line."""

from cockpit.domain.kinds import Layer, Outcome
from cockpit.domain.units import utc_text
from cockpit.domain.verdict import Check
from cockpit.gate.health import health_or_finding, health_text
from cockpit.gate.inputs import GateInput
from cockpit.gate.wording import usd

LAYER = Layer.KILL_SWITCH


def checks(asked: GateInput) -> tuple[Check, ...]:
    return (
        enabled(asked),
        setup_enabled(asked),
        halted(asked),
        drawdown(asked),
        losses_kill(asked),
        health_kill(asked),
    )


def enabled(asked: GateInput) -> Check:
    """The config lets anything trade at all."""
    if asked.config.enabled:
        return Check(LAYER, "enabled", Outcome.PASS, "true", "true", "the config is enabled")
    return Check(LAYER, "enabled", Outcome.BLOCK, "false", "true", "enabled is false in the config: 0 trades allowed")


def setup_enabled(asked: GateInput) -> Check:
    """The setup, or the outside strategy, is switched on."""
    name = asked.proposal.setup
    if asked.setup_enabled:
        return Check(LAYER, "setup_enabled", Outcome.PASS, "true", "true", f"{name} is enabled")
    sentence = f"{name} is switched off: 0 trades allowed to it"
    return Check(LAYER, "setup_enabled", Outcome.BLOCK, "false", "true", sentence)


def halted(asked: GateInput) -> Check:
    """No halt waits for an operator."""
    halt = asked.account.halt
    if halt is None:
        return Check(LAYER, "halted", Outcome.PASS, "no", "no", "not halted")
    sentence = f"halted since {utc_text(halt.ts_ns)} ({halt.cause}): {halt.sentence}"
    return Check(LAYER, "halted", Outcome.BLOCK, halt.cause, "no", sentence)


def drawdown(asked: GateInput) -> Check:
    """The session is not too far under its equity peak."""
    pct, fall_usd = asked.config.limits.session_drawdown_pct, asked.drawdown_usd
    limit_usd = asked.config.capital.hot_wallet_usd * pct / 100.0
    limit = f"< {limit_usd:.2f} USD"
    if fall_usd is None:
        sentence = f"no data on the session's drawdown: open P&L unknown, must be {limit}"
        return Check(LAYER, "drawdown", Outcome.NO_DATA, "no data", limit, sentence)
    shown = usd(fall_usd, limit_usd)
    if fall_usd < limit_usd:
        sentence = f"session drawdown {shown} under {limit_usd:.2f} ({pct:g} % of the hot wallet)"
        return Check(LAYER, "drawdown", Outcome.PASS, shown, limit, sentence)
    sentence = f"session drawdown {shown} at or above {limit_usd:.2f} ({pct:g} % of the hot wallet): kill switch"
    return Check(LAYER, "drawdown", Outcome.BLOCK, shown, limit, sentence)


def losses_kill(asked: GateInput) -> Check:
    """Consecutive losses, reviewed or not, are fewer than the kill switch's number."""
    most, losses = asked.config.limits.losses_until_kill, asked.account.consecutive_losses
    if losses < most:
        sentence = f"{losses} losses in a row, kill switch at {most}"
        return Check(LAYER, "losses_kill", Outcome.PASS, str(losses), f"< {most}", sentence)
    sentence = f"{losses} losses in a row of {most}: kill switch"
    return Check(LAYER, "losses_kill", Outcome.BLOCK, str(losses), f"< {most}", sentence)


def health_kill(asked: GateInput) -> Check:
    """The health factor is above the line under which everything is closed."""
    least, view = asked.config.gate.health_factor_flatten_under, asked.market.health_factor(asked.now_ns)
    value, limit = health_or_finding(asked, LAYER, "health_kill", least, view), f">= {least:.2f}"
    if isinstance(value, Check):
        return value
    text = health_text(asked, value)
    if value < least:
        sentence = f"health factor {text} under {least:.2f}: kill switch"
        return Check(LAYER, "health_kill", Outcome.BLOCK, view.shown(text), limit, sentence)
    sentence = f"health factor {text} at or above {least:.2f}"
    return Check(LAYER, "health_kill", Outcome.PASS, view.shown(text), limit, sentence)
