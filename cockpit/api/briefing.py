"""What the config says that a screen shows, in sentences."""

from collections.abc import Mapping

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import Mode
from cockpit.domain.stream import Briefing
from cockpit.gate.arithmetic import setup_arithmetic
from cockpit.gate.unreached import unreached_limits
from cockpit.preflight.checklist_text import arithmetic_lines


def briefing_of(
    config: CockpitConfig, prices_usd: Mapping[str, float] | None = None, mode: Mode = Mode.PAPER
) -> Briefing:
    """The session's plan, the operator's checklist, what each mode may risk, and what the setups trade at these prices
    (the market context's where none is given)."""
    gate, arithmetic = config.gate, tuple(setup_arithmetic(config, prices_usd))
    idle = tuple(f"cannot bind: {sentence}" for sentence in unreached_limits(config, arithmetic, mode))
    return Briefing(
        session=f"{config.session.name} ({config.session.date})",
        thesis=config.thesis,
        bias=tuple(f"{share.share_pct:g} % {share.scenario}" for share in config.bias),
        checklist=tuple(config.checklist),
        mode_limits=_mode_limits(config),
        arithmetic=(*arithmetic_lines(arithmetic), *idle),
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
