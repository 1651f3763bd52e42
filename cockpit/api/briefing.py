"""What the config says that a screen shows, in sentences."""

from cockpit.config.model import CockpitConfig
from cockpit.domain.stream import Briefing
from cockpit.gate.arithmetic import setup_arithmetic
from cockpit.preflight.checklist_text import arithmetic_lines


def briefing_of(config: CockpitConfig) -> Briefing:
    """The session's plan, the operator's checklist, what each mode may risk, and the setups' arithmetic."""
    gate = config.gate
    return Briefing(
        session=f"{config.session.name} ({config.session.date})",
        thesis=config.thesis,
        bias=tuple(f"{share.share_pct:g} % {share.scenario}" for share in config.bias),
        checklist=tuple(config.checklist),
        mode_limits=_mode_limits(config),
        arithmetic=tuple(arithmetic_lines(tuple(setup_arithmetic(config)))),
        longs_only_above_bps=gate.funding_spread_longs_only_above_bps,
        warn_below_bps=gate.funding_spread_warn_below_bps,
    )


def _mode_limits(config: CockpitConfig) -> tuple[tuple[str, str], ...]:
    limits, test = config.limits, config.modes.test
    everywhere = (
        f"at most {limits.max_notional_usd:g} USD a position, {limits.max_open_trades} open, "
        f"{limits.max_trades_per_day} trades a day, {limits.daily_loss_usd:g} USD daily loss"
    )
    extra = (
        f"{everywhere}; at most {test.max_exposure_usd:g} USD in all, {test.max_trades} trades "
        f"and {test.max_session_loss_usd:g} USD loss a session"
    )
    wallet = f"the hot wallet, {config.capital.hot_wallet_usd:g} USD: {everywhere}"
    return (("paper", f"no money: {everywhere}"), ("test", f"real money: {extra}"), ("live", wallet))
