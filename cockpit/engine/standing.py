"""What the engine may do: disarmed, armed, standing down, halted, flattening; composed from its causes, never set."""

from collections.abc import Iterable, Sequence

from cockpit.config.model import CockpitConfig
from cockpit.domain.account import Account, Halt, StandDown
from cockpit.domain.events import VenueNotice
from cockpit.domain.kinds import EngineState, Mode
from cockpit.market.market import Market
from cockpit.market.staleness import StaleFeed, grouped, sentence_of, stale

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
        self.reason = ""
        """What keeps everybody from entering, each thing said once; empty when nothing does."""

    def review(
        self,
        market: Market,
        account: Account,
        mode: Mode,
        equity_usd: float | None,
        now_ns: int,
        words: Sequence[VenueNotice] = (),
    ) -> bool:
        """Look at every cause again; True when the set of causes changed. `words` are what venues say against entries:
        each keeps them from its venue or perpetual alone.
        """
        since = {(cause.cause, cause.scope): cause.since_ns for cause in self.causes}
        stale_feeds = stale(market, now_ns)
        limits = self._limits(account, mode, equity_usd)
        said = [(f"venue:{word.venue}:{word.topic.value}", word.asset or word.venue, word.sentence) for word in words]
        found = (*(self._of(feed) for feed in stale_feeds), *limits, *said)
        self.causes = tuple(
            StandDown(cause, scope, since.get((cause, scope), now_ns), sentence) for cause, scope, sentence in found
        )
        everywhere = grouped([feed for feed in stale_feeds if feed.scope == EVERYWHERE])
        self.reason = "; ".join((*everywhere, *(sentence for _, _, sentence in limits)))
        return {(cause.cause, cause.scope) for cause in self.causes} != set(since)

    def _of(self, feed: StaleFeed) -> tuple[str, str, str]:
        alone = "" if feed.scope == EVERYWHERE else f"; only {', '.join(self._setups_of(feed.scope))} stands down"
        return f"stale:{feed.name}", feed.scope, sentence_of([feed]) + alone

    def _setups_of(self, kind: str) -> list[str]:
        """The setups of the kind that a scope names."""
        return [name for name, setup in self._config.setups.items() if setup.kind.startswith(kind)]

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
        if account.trades_today >= test.max_trades:
            found.append(("test_trades", EVERYWHERE, f"test trades {account.trades_today} of {test.max_trades}"))
        if equity_usd is not None and -equity_usd >= test.max_session_loss_usd:
            sentence = f"test session loss {-equity_usd:.2f} of {test.max_session_loss_usd:.2f} USD"
            found.append(("test_session_loss", EVERYWHERE, sentence))
        return found
