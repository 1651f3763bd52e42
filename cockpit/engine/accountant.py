"""The session's account: every fill, every close, every UTC midnight booked into one value."""

from msgspec.structs import replace

from cockpit.domain.account import Account, Halt
from cockpit.domain.kinds import Mode
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import utc_day

DRAWDOWN_READS = 2
"""How many looks in a row must agree before an open loss counts as a drawdown: one bad price is not a reason."""


class Accountant:
    """The account of the running mode, and those of the other modes for the way back."""

    def __init__(self, start_ns: int, mode: Mode) -> None:
        self.mode = mode
        self.account = Account(utc_day=utc_day(start_ns), session_started_ns=start_ns)
        self._others: dict[Mode, Account] = {}
        self._confirmations = 0

    @property
    def others(self) -> tuple[tuple[Mode, Account], ...]:
        return tuple(self._others.items())

    def restore(self, mode: Mode, account: Account, others: tuple[tuple[Mode, Account], ...]) -> None:
        """Take over what an earlier engine had booked."""
        self.mode, self.account, self._others = mode, account, dict(others)

    def change_mode(self, mode: Mode, now_ns: int) -> None:
        """Put this mode's account aside and go on with the other's; a halt comes along."""
        halt = self.account.halt
        self._others[self.mode] = self.account
        fresh = Account(utc_day=utc_day(now_ns), session_started_ns=now_ns)
        self.account = replace(self._others.pop(mode, fresh), halt=halt)
        self.mode = mode
        self.roll(now_ns, 0.0)

    def sent(self) -> None:
        """An entry went out: it counts as a trade of the day from now on."""
        self.account = replace(self.account, trades_today=self.account.trades_today + 1)

    def abandoned(self) -> None:
        """The entry never filled: it was no trade."""
        self.account = replace(self.account, trades_today=max(0, self.account.trades_today - 1))

    def book(self, before: TradeRecord, after: TradeRecord) -> None:
        """Book what a trade's change realised."""
        gained = after.pnl_usd - before.pnl_usd
        account = self.account
        self.account = replace(
            account,
            realised_usd=account.realised_usd + gained,
            fees_usd=account.fees_usd + after.fees_usd - before.fees_usd,
            session_r=account.session_r + after.r - before.r,
        )

    def closed(self, trade: TradeRecord) -> None:
        """Count the streak: a loss is net P&L under zero, anything else ends the streak."""
        lost = trade.pnl_usd < 0
        account = self.account
        self.account = replace(
            account,
            consecutive_losses=account.consecutive_losses + 1 if lost else 0,
            losses_since_review=account.losses_since_review + 1 if lost else 0,
        )

    def halt(self, halt: Halt | None) -> None:
        """Set or clear the halt."""
        self.account = replace(self.account, halt=halt)

    def reviewed(self, open_usd: float | None) -> None:
        """An operator reviewed and resumes: the streak since review starts anew, and so does what caused the halt."""
        cause = self.account.halt.cause if self.account.halt else ""
        account = replace(self.account, halt=None, losses_since_review=0)
        if cause == "losses_kill":
            account = replace(account, consecutive_losses=0)
        if cause == "drawdown" and open_usd is not None:
            account = replace(account, equity_peak_usd=self.equity_usd(open_usd))
        self._confirmations = 0
        self.account = account

    def equity_usd(self, open_usd: float) -> float:
        """Today's result: realised, plus what is open, less what was open when the day began."""
        return self.account.realised_usd + open_usd - self.account.day_open_usd

    def drawdown_usd(self, open_usd: float) -> float:
        """How far the equity lies under its peak of the session."""
        return max(0.0, self.account.equity_peak_usd - self.equity_usd(open_usd))

    @property
    def is_confirming(self) -> bool:
        """Whether the last look was at a drawdown at the limit: the next one counts, whatever it sees."""
        return self._confirmations > 0

    def review(self, open_usd: float, limit_usd: float, is_watch: bool) -> float | None:
        """One look at the equity: moves the peak, and returns the drawdown once it is confirmed at the limit.

        A realised drawdown needs no second look. An open one needs `DRAWDOWN_READS` of the watch's looks in a row,
        which are a second apart: those after a fill see the same prices again.
        """
        equity = self.equity_usd(open_usd)
        drawdown = self.drawdown_usd(open_usd)
        account = self.account
        if equity > account.equity_peak_usd or drawdown > account.max_drawdown_usd:
            self.account = replace(
                account,
                equity_peak_usd=max(equity, account.equity_peak_usd),
                max_drawdown_usd=max(drawdown, account.max_drawdown_usd),
            )
        if drawdown < limit_usd:
            self._confirmations = 0
            return None
        self._confirmations += is_watch
        is_realised = self.drawdown_usd(max(0.0, open_usd)) >= limit_usd
        return drawdown if is_realised or self._confirmations >= DRAWDOWN_READS else None

    def roll(self, now_ns: int, open_usd: float) -> bool:
        """Begin a new UTC day if one has begun: counts and results start anew, streak, halt and drawdown stay."""
        day = utc_day(now_ns)
        if day <= self.account.utc_day:
            return False
        self.account = replace(
            self.account,
            utc_day=day,
            session_started_ns=now_ns,
            realised_usd=0.0,
            day_open_usd=open_usd,
            session_r=0.0,
            equity_peak_usd=self.drawdown_usd(open_usd),
            trades_today=0,
            fees_usd=0.0,
        )
        return True
