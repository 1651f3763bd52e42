"""What a backtest showed of each setup, kept in the profile: the screen shows it, the report holds paper against it."""

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from cockpit.config.ownership import read_file
from cockpit.domain.numbers import counted
from cockpit.journal.errors import JournalError

FILE = "backtest.json"
VERSION = 1
HOURS_A_DAY = 24.0
Z95 = 1.96
ENOUGH_TRADES = 5
"""Under so many trades a record agrees with everything."""


class SetupBacktest(msgspec.Struct, frozen=True):
    """One setup's trades over `first` to `last`: the mean in R and its 95 % interval, None where too few were made."""

    setup: str
    trades: int
    mean_r: float
    low_r: float | None
    high_r: float | None
    first: str
    last: str
    days: int
    slippage_bps: float | None = None

    @property
    def text(self) -> str:
        """For the screen: what it proves, then the edge with its interval."""
        if self.low_r is None or self.high_r is None:
            return f"backtest: no evidence ({counted(self.trades, 'trade')})"
        reach = f"{self.mean_r:+.2f} R, {self.low_r:+.2f} to {self.high_r:+.2f}, {counted(self.trades, 'trade')}"
        verdict = "no evidence"
        if self.low_r > 0.0:
            verdict = "earned"
        elif self.high_r < 0.0:
            verdict = "loses"
        return f"backtest: {verdict} ({reach})"

    def beside(
        self, trades: int, mean_r: float | None, slippage_bps: float | None = None, hours: float | None = None
    ) -> str:
        """Whether a record of trades over so many hours agrees with it in result, frequency and slippage, in words."""
        parts = [self._result(trades, mean_r), self._frequency(trades, hours), self._slippage(trades, slippage_bps)]
        return "; ".join(part for part in parts if part)

    def beyond(self, trades: int, total_r: float) -> str:
        """How a record's result leaves the interval; empty where it does not, or too few trades tell."""
        if self.low_r is None or self.high_r is None or trades < ENOUGH_TRADES:
            return ""
        mean_r = total_r / trades
        if self.low_r <= mean_r <= self.high_r:
            return ""
        expected = f"expected {self.low_r:+.2f} to {self.high_r:+.2f}"
        return f"LEFT ITS BACKTEST: {mean_r:+.2f} R over {counted(trades, 'trade')}, {expected}"

    def _frequency(self, trades: int, hours: float | None) -> str:
        """How often it traded, held against the chance of such a count (Poisson, both counts uncertain)."""
        if not hours or not self.trades or not self.days:
            return ""
        share = hours / (HOURS_A_DAY * self.days)
        expected = self.trades * share
        reach = Z95 * math.sqrt(expected + expected * share)
        low, high = max(0.0, expected - reach), expected + reach
        told = f"{counted(trades, 'trade')} in {hours:.1f} h here, expected {expected:.1f} ({low:.1f} to {high:.1f})"
        return told if low <= trades <= high else f"{told}: ANOTHER FREQUENCY"

    def _slippage(self, trades: int, slippage_bps: float | None) -> str:
        """Entries' mean slippage here and there."""
        if not trades or slippage_bps is None or self.slippage_bps is None:
            return ""
        return f"slippage {slippage_bps:+.2f} bps here, {self.slippage_bps:+.2f} expected"

    def _result(self, trades: int, mean_r: float | None) -> str:
        if self.low_r is None or self.high_r is None:
            return "the backtest says too little to compare"
        if mean_r is None or trades < ENOUGH_TRADES:
            return f"{counted(trades, 'trade')} here, {ENOUGH_TRADES} needed to compare"
        reach = (
            f"{mean_r:+.2f} R over {counted(trades, 'trade')} here, expected {self.low_r:+.2f} to {self.high_r:+.2f}"
        )
        return f"{reach}: agrees" if self.low_r <= mean_r <= self.high_r else f"{reach}: LEAVES THE INTERVAL"


class Backtests(msgspec.Struct, frozen=True):
    """The file: what was kept last, by which code."""

    build: str
    setups: list[SetupBacktest]
    version: int = VERSION


def keep_backtests(home: Path, build: str, setups: Iterable[SetupBacktest]) -> Path:
    """Put these in place of what was kept before. Raises `JournalError` where it cannot be written."""
    path = home / FILE
    part = path.with_name(f".{FILE}.part")
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.write_bytes(msgspec.json.encode(Backtests(build, list(setups))))
        part.replace(path)
    except OSError as error:
        raise JournalError(f"{path}: expected to write it, was {error.strerror or error}") from error
    return path


def read_backtests(home: Path) -> dict[str, SetupBacktest]:
    """What was kept, by setup; nothing where nothing was. Raises `JournalError` for a file that is damaged."""
    path = home / FILE
    try:
        found = msgspec.json.decode(read_file(path), type=Backtests)
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise JournalError(f"{path}: expected kept backtests, was unreadable: {error}: keep them anew") from error
    if found.version > VERSION:
        raise JournalError(f"{path}: expected version {VERSION} or older, was {found.version}: use a newer Cockpit")
    return {one.setup: one for one in found.setups}


class BacktestSummaries:
    """The words for the screen, read anew when the file is another one."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._seen: tuple[int, int] | None = None
        self._texts: Mapping[str, str] = {}

    def latest(self) -> Mapping[str, str]:
        """By setup. A file that cannot be read says nothing: the report says why."""
        try:
            found = os.stat(self._home / FILE)
        except OSError:
            self._seen, self._texts = None, {}
            return self._texts
        if (found.st_mtime_ns, found.st_ino) != self._seen:
            self._seen = (found.st_mtime_ns, found.st_ino)
            try:
                self._texts = {name: one.text for name, one in read_backtests(self._home).items()}
            except JournalError:
                self._texts = {}
        return self._texts
