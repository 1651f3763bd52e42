"""What the engine may do: disarmed, armed, standing down, halted, flattening; composed from its causes, never set."""

from collections.abc import Iterable

from cockpit.config.model import CockpitConfig
from cockpit.domain.account import Account, Halt, StandDown
from cockpit.domain.kinds import EngineState, Mode
from cockpit.domain.numbers import apart
from cockpit.market.market import Market

EVERYWHERE = "all"


def compose(armed: bool, halt: Halt | None, is_flattening: bool, stand_downs: Iterable[StandDown]) -> EngineState:
    """The one state that follows from the causes; the strictest wins."""
    if is_flattening:
        return EngineState.FLATTENING
    if halt is not None:
        return EngineState.HALTED
    if not armed:
        return EngineState.DISARMED
    if any(cause.scope == EVERYWHERE for cause in stand_downs):
        return EngineState.STANDING_DOWN
    return EngineState.ARMED


class StandDowns:
    """The causes that forbid entries until they clear by themselves."""

    def __init__(self, config: CockpitConfig) -> None:
        self._config = config
        self.causes: tuple[StandDown, ...] = ()

    def review(self, market: Market, account: Account, mode: Mode, equity_usd: float | None, now_ns: int) -> bool:
        """Look at every cause again; True when the set of causes changed."""
        since = {(cause.cause, cause.scope): cause.since_ns for cause in self.causes}
        found = (*self._stale(market, now_ns), *self._limits(account, mode, equity_usd))
        self.causes = tuple(
            StandDown(cause, scope, since.get((cause, scope), now_ns), sentence) for cause, scope, sentence in found
        )
        return {(cause.cause, cause.scope) for cause in self.causes} != set(since)

    @staticmethod
    def _stale(market: Market, now_ns: int) -> list[tuple[str, str, str]]:
        return [
            (f"stale:{name}", scope, f"{name} is {apart(age_s, limit_s, '.0f')} s old, past its limit of {limit_s:g} s")
            for name, scope, age_s, limit_s in market.stale(now_ns)
        ]

    def _limits(self, account: Account, mode: Mode, equity_usd: float | None) -> list[tuple[str, str, str]]:
        limits = self._config.limits
        found: list[tuple[str, str, str]] = []
        if account.trades_today >= limits.max_trades_per_day:
            sentence = f"trades today {account.trades_today} of {limits.max_trades_per_day}"
            found.append(("trades_today", EVERYWHERE, sentence))
        if account.session_r >= limits.net_profit_stop_r:
            stop_r = f"{limits.net_profit_stop_r:+.2f} R"
            sentence = f"session at {account.session_r:+.2f} R, at or above {stop_r}: done for the day"
            found.append(("profit_stop", EVERYWHERE, sentence))
        if equity_usd is not None and -equity_usd >= limits.daily_loss_usd:
            found.append(("daily_loss", EVERYWHERE, f"daily loss {-equity_usd:.2f} of {limits.daily_loss_usd:.2f} USD"))
        return found + self._test_limits(account, equity_usd) if mode is Mode.TEST else found

    def _test_limits(self, account: Account, equity_usd: float | None) -> list[tuple[str, str, str]]:
        test = self._config.modes.test
        found: list[tuple[str, str, str]] = []
        if account.session_trades >= test.max_trades:
            found.append(("test_trades", EVERYWHERE, f"test trades {account.session_trades} of {test.max_trades}"))
        if equity_usd is not None and -equity_usd >= test.max_session_loss_usd:
            sentence = f"test session loss {-equity_usd:.2f} of {test.max_session_loss_usd:.2f} USD"
            found.append(("test_session_loss", EVERYWHERE, sentence))
        return found
