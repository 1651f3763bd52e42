"""Limits that cannot bind because another comes first: said with their numbers, so that nobody counts on them."""

from collections.abc import Iterator, Sequence

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import Mode
from cockpit.domain.units import BPS
from cockpit.gate.arithmetic import SetupArithmetic
from cockpit.gate.sizing import round_trip_fee_bps


def unreached_limits(config: CockpitConfig, arithmetic: Sequence[SetupArithmetic], mode: Mode) -> tuple[str, ...]:
    """A sentence for each limit that something else comes before, and what the profit stop is in money.

    Counted without slippage, on the setups that are enabled and fit their venue.
    """
    setups = [one for one in arithmetic if one.enabled and not one.is_denied]
    return tuple(_sentences(config, setups, mode)) if setups else ()


def _sentences(config: CockpitConfig, setups: Sequence[SetupArithmetic], mode: Mode) -> Iterator[str]:
    limits = config.limits
    losses = [one.traded.loss_at_stop_usd for one in setups]
    largest_usd = max(one.traded.notional_usd for one in setups)
    drawdown_usd = config.capital.hot_wallet_usd * limits.session_drawdown_pct / 100.0
    if drawdown_usd <= limits.daily_loss_usd:
        yield f"{limits.daily_loss_usd:g} USD daily loss: the {drawdown_usd:.2f} drawdown comes first"
    worst_usd = limits.max_trades_per_day * max(losses)
    outside_usd = limits.max_trades_per_day * _outside_loss_usd(config)
    if max(worst_usd, outside_usd) < drawdown_usd:
        outside = f", of outside signals at the largest size {outside_usd:.2f}" if outside_usd else ""
        yield (
            f"{drawdown_usd:.2f} USD drawdown: the {limits.max_trades_per_day} trades of a day, "
            f"all of them full stops, lose {worst_usd:.2f}{outside}"
        )
    if largest_usd < limits.max_notional_usd:
        yield (
            f"{limits.max_notional_usd:g} USD a position: the largest setup trades {largest_usd:.2f}, "
            "only what is asked from outside or by hand reaches it"
        )
    yield f"{limits.net_profit_stop_r:+g} R ends the day at about {_money(limits.net_profit_stop_r, losses)}"
    if mode is Mode.TEST:
        yield from _test_sentences(config, max(losses), largest_usd)


def _test_sentences(config: CockpitConfig, loss_usd: float, largest_usd: float) -> Iterator[str]:
    test, most_open = config.modes.test, config.limits.max_open_trades
    worst_usd, exposure_usd = test.max_trades * loss_usd, min(most_open, test.max_trades) * largest_usd
    if worst_usd < test.max_session_loss_usd:
        yield (
            f"{test.max_session_loss_usd:g} USD test session loss: {test.max_trades} trades, all of them full stops, "
            f"lose {worst_usd:.2f}"
        )
    if exposure_usd <= test.max_exposure_usd:
        yield f"{test.max_exposure_usd:g} USD test exposure: all that can be open at once is {exposure_usd:.2f}"


def _outside_loss_usd(config: CockpitConfig) -> float:
    """The full stop of an outside signal at the largest size there is; 0 where none is registered."""
    fee_bps = max(round_trip_fee_bps(config, where.trade_on) for where in config.assets.values())
    stops = [strategy.stop_bps for strategy in config.external_strategies]
    return config.limits.max_notional_usd * (max(stops) + fee_bps) / BPS if stops else 0.0


def _money(r: float, losses: Sequence[float]) -> str:
    least, most = (f"{r * loss_usd:+.2f}" for loss_usd in (min(losses), max(losses)))
    return f"{least} USD" if least == most else f"{least} to {most} USD, by the setup"
