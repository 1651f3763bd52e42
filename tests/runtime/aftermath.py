"""What a killed engine left behind, looked at the way its successor will: journal, restored engine, paper venue."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import create_engine, text

from cockpit.config.model import CockpitConfig
from cockpit.domain.account import Account
from cockpit.domain.actions import AnyAction, TradeChanged
from cockpit.domain.commands import Restore
from cockpit.domain.events import Tick, Top
from cockpit.domain.kinds import ExitReason, OrderRole, TradePhase
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.engine.machine import Engine
from cockpit.engine.session import Session
from cockpit.journal.sessions import FeedKind
from cockpit.journal.store import Journal
from cockpit.paper.venue import PaperVenue
from cockpit.replay.replay import run_replay

CENT = 1e-9
OVER = (TradePhase.CLOSED, TradePhase.ABANDONED)


class Rows:
    """The journal's rows, read with nothing of ours in between."""

    def __init__(self, home: Path) -> None:
        engine = create_engine(f"sqlite:///{home / 'journal.sqlite'}")
        with engine.connect() as connection:
            self.trades = [
                msgspec.json.decode(row.body, type=TradeRecord)
                for row in connection.execute(text("select body from trades"))
            ]
            self.fills = list(connection.execute(text("select trade_id, order_id, qty, price, fee_usd from fills")))
            placed = connection.execute(text("select body from requests where request = 'place_order'"))
            self.placed = [json.loads(row.body)["order"]["order_id"] for row in placed]
            self.verdict_ids = [row.verdict_id for row in connection.execute(text("select verdict_id from verdicts"))]
            resumes = "select ts_ns from operator_actions where command = 'resume' and ok order by session_id, seq"
            self.resumed_ns = [row.ts_ns for row in connection.execute(text(resumes))]
        engine.dispose()

    def of_day(self, account: Account) -> list[TradeRecord]:
        since_ns = account.session_started_ns
        return [trade for trade in self.trades if trade.closed_ns is None or trade.closed_ns >= since_ns]


def restore_of(home: Path) -> Restore:
    """What the next engine would be told."""
    journal = Journal(home / "journal.sqlite")
    restored = journal.latest_restore(0, FeedKind.SIMULATED)
    assert journal.close()
    assert restored is not None
    return msgspec.structs.replace(restored.command, ts_ns=restored.last_ns)


def check_home(home: Path, config: CockpitConfig, acknowledged: dict[str, Any]) -> None:
    """Everything that must hold after a kill; `said` is the last thing that was acknowledged before it."""
    restore, rows = restore_of(home), Rows(home)
    _journal_agrees_with_itself(rows)
    _account_agrees_with_the_trades(restore.memory.account, rows)
    _nothing_acknowledged_is_lost(restore, rows, acknowledged)
    _positions_are_covered(restore, config)


def _journal_agrees_with_itself(rows: Rows) -> None:
    for ids in (rows.placed, rows.verdict_ids, [trade.trade_id for trade in rows.trades]):
        twice = [name for name, count in Counter(ids).items() if count > 1]
        assert not twice, f"ids given twice: {twice}"
    bought: Counter[str] = Counter()
    sold: Counter[str] = Counter()
    for fill in rows.fills:
        (bought if fill.order_id.startswith(f"{fill.trade_id}e") else sold)[fill.trade_id] += fill.qty
    for trade in rows.trades:
        fills = [fill for fill in rows.fills if fill.trade_id == trade.trade_id]
        entered, left = bought[trade.trade_id], sold[trade.trade_id]
        told = f"{trade.trade_id}: expected entry {entered:g}, exit {left:g} of its fills {fills}, was {trade}"
        assert trade.entry_qty == pytest.approx(entered), told
        assert trade.exit_qty == pytest.approx(left), told
        assert trade.open_qty == pytest.approx(trade.entry_qty - trade.exit_qty, abs=CENT), told
        assert (trade.open_qty == 0) or trade.phase not in OVER, told


def _account_agrees_with_the_trades(account: Account, rows: Rows) -> None:
    day = rows.of_day(account)
    counted = [trade for trade in day if trade.phase is not TradePhase.ABANDONED]
    counted = [trade for trade in counted if trade.decided_ns >= account.session_started_ns]
    assert account.trades_today == len(counted)
    if all(trade.decided_ns >= account.session_started_ns for trade in day):
        assert account.realised_usd == pytest.approx(sum(trade.pnl_usd for trade in day), abs=CENT)
        assert account.fees_usd == pytest.approx(sum(trade.fees_usd for trade in day), abs=CENT)
    closed = [trade for trade in rows.trades if trade.phase is TradePhase.CLOSED]
    reviewed_ns = max(rows.resumed_ns, default=0)
    unreviewed = [trade for trade in closed if (trade.closed_ns or 0) > reviewed_ns]
    for streak, ended in ((account.consecutive_losses, closed), (account.losses_since_review, unreviewed)):
        fewest, most = _trailing_losses(ended, losses_last=False), _trailing_losses(ended, losses_last=True)
        assert fewest <= streak <= most, f"expected {fewest} to {most} losses in a row, was {account}"


def _trailing_losses(closed: list[TradeRecord], *, losses_last: bool) -> int:
    """The losses at the end; which of two trades closed in the same instant came last no row says."""
    count = 0
    for trade in sorted(closed, key=lambda one: (one.closed_ns or 0, (one.pnl_usd < 0) == losses_last), reverse=True):
        if trade.pnl_usd >= 0:
            break
        count += 1
    return count


def _nothing_acknowledged_is_lost(restore: Restore, rows: Rows, acknowledged: dict[str, Any]) -> None:
    account, memory = restore.memory.account, restore.memory
    known = {trade.trade_id: trade for trade in rows.trades}
    restored = {trade.trade_id for trade in restore.trades}
    for told in acknowledged["trades"]:
        trade = known[told["trade_id"]]
        assert (trade.trade_id in restored) == (trade.phase not in OVER)
        assert trade.entry_qty >= told["entry_qty"] - CENT and trade.exit_qty >= told["exit_qty"] - CENT
    assert memory.next_verdict >= acknowledged["next_verdict"] and memory.next_trade >= acknowledged["next_trade"]
    was = msgspec.convert(acknowledged["account"], Account)
    assert account.utc_day >= was.utc_day and account.max_drawdown_usd >= was.max_drawdown_usd - CENT
    if account.utc_day == was.utc_day:
        assert account.equity_peak_usd >= was.equity_peak_usd - CENT
        assert account.session_started_ns == was.session_started_ns
    has_resumed = max(rows.resumed_ns, default=0) >= acknowledged["now_ns"]
    if was.halt is not None and not has_resumed:
        assert account.halt is not None, f"the halt was forgotten: {was.halt}"


def _positions_are_covered(restore: Restore, config: CockpitConfig) -> None:
    """A second and a half after the restart, with a calm market, every position has its one live stop."""
    engine, venue = Engine(config, restore.ts_ns), PaperVenue(config)
    changes = Changes()
    session = Session(engine, venue, [changes])
    session.feed(restore)
    for item in _calm_market(restore):
        session.feed(item)
    gone = [change.trade for change in changes.seen if change.trade.exit_reason is ExitReason.NO_STOP]
    assert not gone, f"a restart is no reason to close for want of a stop: {gone[-1]}"
    held: Counter[tuple[str, str]] = Counter()
    for trade in engine.book.trades:
        record = trade.record
        held[record.venue, record.asset] += record.side.sign * record.open_qty
        if record.open_qty == 0 or record.phase is TradePhase.CLOSING:
            continue
        orders = [order for order in venue.working() if order.request.trade_id == record.trade_id]
        stops = [order for order in orders if order.request.role is OrderRole.STOP]
        assert [stop.request.order_id for stop in stops] == [record.stop_order_id], record
        assert stops[0].open_qty == pytest.approx(record.open_qty), record
        assert stops[0].request.trigger_price == record.stop_price and record.stop_rests_on_venue, record
    for venue_name, section in config.venues.items():
        for asset in section.instruments:
            assert venue.position(venue_name, asset) == pytest.approx(held[venue_name, asset], abs=CENT)


class Changes:
    """Hears of every change of a trade."""

    def __init__(self) -> None:
        self.seen: list[TradeChanged] = []

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        self.seen += [action for action in actions if isinstance(action, TradeChanged)]


def _calm_market(restore: Restore) -> Iterator[Top | Tick]:
    """A book two bps on the good side of the newest entry, and time."""
    now_ns = restore.ts_ns
    prices = {
        trade.asset: (trade.entry_price or trade.decision_price) * (1 + trade.side.sign * 2e-4)
        for trade in restore.trades
    }
    for _ in range(30):
        now_ns += 50 * NS_PER_MS
        for asset, price in prices.items():
            yield Top(now_ns, now_ns, "binance", asset, price, 1_000.0, price * 1.00001, 1_000.0)
        yield Tick(now_ns)
    yield Tick(now_ns + NS_PER_S)


def verify_recording(home: Path) -> int:
    """The newest recording replays to the same decisions, up to its torn tail; returns how many inputs that were."""
    newest = max((home / "recordings").glob("*.rec"), key=lambda path: path.name)
    replayed = run_replay(newest, None, verify=True)
    assert replayed.verified, f"{newest.name}: {replayed.difference}"
    return replayed.events
