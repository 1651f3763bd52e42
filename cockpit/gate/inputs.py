"""Everything one judgement needs, gathered by the engine so that the gate itself stays a pure function."""

from dataclasses import dataclass

from cockpit.config.model import CockpitConfig
from cockpit.domain.account import Account
from cockpit.domain.kinds import Mode
from cockpit.domain.verdict import Check, Proposal
from cockpit.market.market import Market


@dataclass(frozen=True, slots=True)
class GateInput:
    """A proposal and the world it is judged in, at `now_ns` event time.

    `guards` are the setup's own checks (layer 2); an external signal has none. `open_trades` and `exposure_usd` (sum of
    absolute notionals) count every trade that holds or may still come to hold a position. `open_pnl_usd` is None when
    it is unknown, which denies while trades are open; `drawdown_usd` (from the session's equity peak, >= 0) is None
    when it is unknown, which denies always. `setup_enabled` comes from the caller because an external strategy has no
    entry among the config's setups. `venue` is where the trade would go: a key of `config.venues`.
    """

    verdict_id: str
    now_ns: int
    mode: Mode
    config: CockpitConfig
    market: Market
    account: Account
    proposal: Proposal
    guards: tuple[Check, ...]
    open_trades: int
    exposure_usd: float
    open_pnl_usd: float | None
    drawdown_usd: float | None
    setup_enabled: bool
    venue: str

    @property
    def known_open_pnl_usd(self) -> float | None:
        """Open P&L where it is known; without a trade it is 0 by nature."""
        return 0.0 if self.open_trades == 0 and self.open_pnl_usd is None else self.open_pnl_usd
