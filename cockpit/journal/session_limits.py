"""The limits a session ran under, kept with it: its trades are judged by them, whatever the config says later."""

import msgspec

from cockpit.config.model import CockpitConfig


class SessionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the report counts again. The names are the config's; `test_` ones are those of test mode."""

    hot_wallet_usd: float
    max_notional_usd: float
    max_stop_bps: float
    daily_loss_usd: float
    max_open_trades: int
    max_trades_per_day: int
    losses_until_review: int
    session_drawdown_pct: float
    net_profit_stop_r: float
    test_max_exposure_usd: float
    test_max_trades: int
    test_max_session_loss_usd: float

    @property
    def drawdown_usd(self) -> float:
        return self.hot_wallet_usd * self.session_drawdown_pct / 100.0


def limits_of(config: CockpitConfig) -> SessionLimits:
    limits, test = config.limits, config.modes.test
    return SessionLimits(
        hot_wallet_usd=config.capital.hot_wallet_usd,
        max_notional_usd=limits.max_notional_usd,
        max_stop_bps=limits.max_stop_bps,
        daily_loss_usd=limits.daily_loss_usd,
        max_open_trades=limits.max_open_trades,
        max_trades_per_day=limits.max_trades_per_day,
        losses_until_review=limits.losses_until_review,
        session_drawdown_pct=limits.session_drawdown_pct,
        net_profit_stop_r=limits.net_profit_stop_r,
        test_max_exposure_usd=test.max_exposure_usd,
        test_max_trades=test.max_trades,
        test_max_session_loss_usd=test.max_session_loss_usd,
    )


def limits_text(config: CockpitConfig) -> str:
    """As the journal keeps them."""
    return msgspec.json.encode(limits_of(config)).decode()


def limits_from(text: str) -> SessionLimits | None:
    """As they were kept; None for a session of a version that kept none."""
    return msgspec.json.decode(text, type=SessionLimits) if text else None
