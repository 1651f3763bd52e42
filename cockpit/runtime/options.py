"""How an engine process is to be started, as the command line says it."""

from dataclasses import dataclass

from cockpit.domain.kinds import Mode
from cockpit.feeds.simulated.shocks import Shock


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """`feed` is sim, live or a recording's path; `speed` paces recordings and the simulated market (0 = unpaced).

    `max_trades` ends the session's entries after that many; `override_reason` climbs the way up without its evidence
    and is journalled. `seed` and `shocks` choose and script the simulated market.
    """

    mode: Mode = Mode.PAPER
    feed: str = "sim"
    speed: float = 1.0
    max_trades: int | None = None
    arm: bool = False
    host: str = "127.0.0.1"
    port: int = 8000
    override_reason: str = ""
    seed: int | None = None
    shocks: tuple[Shock, ...] = ()


def against_more_trades(max_trades: int | None, max_trades_per_day: int) -> str:
    """What is said of a `--max-trades` over the day's limit, which stays; empty for any other."""
    if max_trades is None or max_trades <= max_trades_per_day:
        return ""
    return (
        f"--max-trades {max_trades} asks for more than the day's {max_trades_per_day} "
        f"(limits.max_trades_per_day): {max_trades_per_day} it is, change the config for more"
    )
