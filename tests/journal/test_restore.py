"""A restarted engine goes on where the killed one stopped; where its own bookkeeping lags, the trades are the truth."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_samples import (
    DAY,
    SESSION,
    START_NS,
    at,
    closed,
    entry_fill,
    exit_fill,
    life,
    memory,
    notice,
    opened,
    order,
    trade,
    verdict,
)
from msgspec.structs import replace

from cockpit.domain.account import Account, Halt
from cockpit.domain.actions import AnyAction, CommandAnswered, Decided, OrderChanged, StateChanged, TradeChanged
from cockpit.domain.kinds import EngineState, Mode, OrderRole, OrderStatus, TradePhase
from cockpit.domain.units import NS_PER_DAY
from cockpit.engine.accountant import Accountant
from cockpit.journal.rebuild import BookedFill, rebuild_account
from cockpit.journal.restore import Restored
from cockpit.journal.sessions import FeedKind, SessionInfo
from cockpit.journal.store import Journal

NOW_NS = at(10_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def run(path: Path, *steps: Sequence[AnyAction], session: SessionInfo = SESSION, after: Restored | None = None) -> None:
    """A session that took these steps and then was gone."""
    journal = Journal(path)
    journal.begin(session, after)
    for step in steps:
        journal.append(step)
    assert journal.close(30)


def restored(path: Path, feed: FeedKind = FeedKind.LIVE) -> Restored | None:
    journal = Journal(path)
    found = journal.latest_restore(NOW_NS, feed, 30)
    journal.close(30)
    return found


def must_restore(path: Path) -> Restored:
    found = restored(path)
    assert found is not None
    return found


def test_nothing_to_restore_is_none(path: Path) -> None:
    assert restored(path) is None
    run(path, [notice(1)])
    assert restored(path) is None


def test_memory_open_trades_and_their_orders_come_back(path: Path) -> None:
    held, gone = opened(2), closed(1, 0.05)
    entry = order(held, OrderRole.ENTRY, 1, OrderStatus.FILLED)
    stop = order(held, OrderRole.STOP, 2, OrderStatus.WORKING)
    old_stop = order(gone, OrderRole.STOP, 2, OrderStatus.CANCELLED)
    swept_late = order(gone, OrderRole.TARGET, 3, OrderStatus.UNKNOWN)
    told = memory(at(121), next_trade=3, realised_usd=0.03, trades_today=2)
    run(
        path,
        [TradeChanged(at(90), gone, "closed"), OrderChanged(at(90), old_stop), OrderChanged(at(90), swept_late)],
        [TradeChanged(at(120), held, "opened"), OrderChanged(at(120), entry), OrderChanged(at(120), stop), told],
    )
    found = must_restore(path)
    assert not found.is_rebuilt
    command = found.command
    assert (command.ts_ns, command.memory, command.trades) == (NOW_NS, told.memory, (held,))
    assert set(command.orders) == {entry, stop, swept_late}, "all of an open trade's, and any that may still live"


def test_what_was_booked_since_the_oldest_open_trade_comes_back_with_its_venue(path: Path) -> None:
    """A closed trade's executions too; one that was shared goes by the id the venue tells."""
    gone, held = closed(1, 0.05), opened(2)
    shared = replace(exit_fill(gone), order_id="flatten-okx-BTC-1", fill_id="BTC-77/t000001", ts_ns=held.decided_ns)
    long_ago = replace(entry_fill(gone), fill_id="BTC-1", ts_ns=held.decided_ns - 3_600 * 10**9)
    run(path, [TradeChanged(at(90), gone, "closed"), shared, long_ago])
    second = replace(SESSION, session_id=SESSION.session_id + 1)
    run(path, [TradeChanged(at(120), held, "opened"), entry_fill(held)], session=second, after=must_restore(path))
    assert must_restore(path).command.booked == ((gone.venue, "BTC-77"), (held.venue, f"f-{held.entry_order_id}"))


def test_each_kind_of_feed_has_its_own_account(path: Path) -> None:
    run(path, [memory(at(1), next_trade=7)])
    simulated = replace(SESSION, session_id=SESSION.session_id + 1, feed=FeedKind.SIMULATED)
    run(path, [memory(at(2), next_trade=99)], session=simulated)
    assert must_restore(path).command.memory.next_trade == 7


def test_a_restored_session_goes_on_with_the_same_trade(path: Path) -> None:
    run(path, [TradeChanged(at(60), opened(1), "opened"), memory(at(61), next_trade=2)])
    second = replace(SESSION, session_id=SESSION.session_id + 1)
    run(
        path,
        [TradeChanged(at(90), closed(1, 0.05), "closed"), memory(at(91), next_trade=2)],
        session=second,
        after=must_restore(path),
    )
    third = must_restore(path)
    assert third.lineage == SESSION.session_id
    assert third.command.trades == ()


def test_a_restart_that_died_before_its_first_word_changes_nothing(path: Path) -> None:
    run(path, [TradeChanged(at(60), opened(1), "opened"), memory(at(61), next_trade=2)])
    first = must_restore(path)
    second = replace(SESSION, session_id=SESSION.session_id + 1, started_ns=first.last_ns)
    run(path, session=second, after=first)
    assert must_restore(path) == replace(first, session_id=second.session_id)


def test_the_newest_instant_in_the_journal_is_told(path: Path) -> None:
    journal = Journal(path)
    journal.begin(SESSION)
    journal.append([memory(at(1), next_trade=2), notice(5)])
    assert journal.close(30)
    assert must_restore(path).last_ns == at(5)
    again = Journal(path)
    again.begin(replace(SESSION, session_id=SESSION.session_id + 1), must_restore(path))
    again.alive(at(60), Mode.PAPER)
    assert again.close(30)
    assert must_restore(path).last_ns == at(60)


def test_counters_run_past_every_id_in_the_journal(path: Path) -> None:
    run(path, [memory(at(1), next_trade=2)], [*life(41, 0.05)])
    counted = must_restore(path).command.memory
    assert (counted.next_verdict, counted.next_trade) == (42, 42)


def test_an_account_older_than_its_trades_is_brought_up_from_them(path: Path) -> None:
    told = memory(at(91), next_trade=2, realised_usd=0.03, trades_today=1, equity_peak_usd=0.03)
    run(path, [*life(1, 0.05), told], life(2, -0.08), life(3, -0.06), [TradeChanged(at(180), opened(4), "opened")])
    found = must_restore(path)
    assert found.is_rebuilt
    account = found.command.memory.account
    assert account.realised_usd == pytest.approx(0.03 - 0.10 - 0.08 - 0.01)
    assert account.session_r == pytest.approx(0.3 - 1.0 - 0.8 - 0.1)
    assert account.fees_usd == pytest.approx(6 * 0.01)
    assert account.trades_today == 4
    assert (account.consecutive_losses, account.losses_since_review) == (2, 2)
    assert account.equity_peak_usd == pytest.approx(0.03), "after the first trade"
    assert account.max_drawdown_usd == pytest.approx(0.10 + 0.08), "the second and the third from there"


def test_without_any_memory_the_trades_alone_tell_the_account(path: Path) -> None:
    run(path, life(1, -0.08), life(2, -0.08))
    account = must_restore(path).command.memory.account
    assert account.realised_usd == pytest.approx(-0.20)
    assert (account.trades_today, account.consecutive_losses) == (2, 2)


def test_a_new_day_begins_a_new_account_but_not_a_new_streak(path: Path) -> None:
    late = 16 * 60
    told = memory(at(1), realised_usd=-5.0, trades_today=4, consecutive_losses=1, losses_since_review=1)
    run(path, [told], life(late, -0.08))
    account = must_restore(path).command.memory.account
    assert account.utc_day == DAY + 1
    assert account.session_started_ns == (DAY + 1) * NS_PER_DAY
    assert account.realised_usd == pytest.approx(-0.10)
    assert (account.trades_today, account.consecutive_losses) == (1, 2)


def test_a_trade_held_over_midnight_counts_on_each_day_what_it_realised_there() -> None:
    midnight = (DAY + 1) * NS_PER_DAY
    held = replace(closed(1, 0.05), decided_ns=midnight - 10, opened_ns=midnight - 5, closed_ns=midnight + 5)
    fills = [
        BookedFill(midnight - 5, held.trade_id, held.entry_order_id, 0.00029, 100_000.0, 0.01),
        BookedFill(midnight + 5, held.trade_id, "t000001c9", 0.00029, held.exit_price, 0.01),
    ]
    before = Account(utc_day=DAY, session_started_ns=START_NS)
    account = rebuild_account(before, midnight - 20, Mode.PAPER, [held], fills, midnight + 5, 0, [held.trade_id])
    assert account.realised_usd == pytest.approx(0.05 - 0.01), "the entry's fee was yesterday's"
    assert account.trades_today == 0


def test_of_trades_that_closed_in_one_instant_the_loss_counts_last() -> None:
    won, lost = (replace(closed(number, gain), closed_ns=at(90)) for number, gain in ((2, 0.05), (1, -0.08)))
    before = Account(utc_day=DAY, session_started_ns=START_NS)
    for trades in ([won, lost], [lost, won]):
        changed = [trade.trade_id for trade in trades]
        account = rebuild_account(before, at(1), Mode.PAPER, trades, [], at(91), 0, changed)
        assert (account.consecutive_losses, account.losses_since_review) == (1, 1)


def test_a_review_after_the_memory_clears_the_streak_it_reviewed(path: Path) -> None:
    resumed = CommandAnswered(at(200), "c", "key", "resume", True, "resumed", "read them")
    refused = CommandAnswered(at(400), "c", "key", "resume", False, "nothing to resume")
    run(path, [memory(at(1))], life(1, -0.08), life(2, -0.08), [resumed], life(5, -0.08), [refused])
    account = must_restore(path).command.memory.account
    assert (account.consecutive_losses, account.losses_since_review) == (3, 1)


def test_a_halt_after_the_memory_is_not_forgotten(path: Path) -> None:
    halt = Halt(at(100), "operator", "halted by key: lunch")
    change = StateChanged(at(100), EngineState.ARMED, EngineState.HALTED, halt.sentence, halt)
    run(path, [memory(at(1))], [change])
    remembered = must_restore(path).command.memory
    assert (remembered.state, remembered.account.halt) == (EngineState.HALTED, halt)


def test_a_state_before_the_memory_says_nothing_new(path: Path) -> None:
    change = StateChanged(at(1), EngineState.ARMED, EngineState.HALTED, "halted", Halt(at(1), "operator", "halted"))
    run(path, [change, memory(at(2))])
    assert must_restore(path).command.memory.state is EngineState.ARMED


def test_a_signal_after_the_memory_is_not_traded_again(path: Path) -> None:
    run(path, [memory(at(1))], [Decided(at(2), verdict(1, denied_by="short_pct", signal_id="abc"))])
    assert must_restore(path).command.memory.signal_ids == ("abc",)


gains = st.lists(st.tuples(st.integers(-9, 9), st.booleans()), max_size=8)


@given(gains=gains, told_after=st.integers(0, 8))
def test_the_rebuilt_account_is_the_accountants_own(gains: list[tuple[int, bool]], told_after: int) -> None:
    """Whatever the engine's accountant booked, the journal's trades and fills tell the same."""
    accountant = Accountant(START_NS, Mode.PAPER)
    told, told_ns = accountant.account, START_NS
    trades, fills = [], []
    for number, (cents, filled) in enumerate(gains, start=1):
        accountant.sent()
        sent = trade(number)
        if filled:
            began, done = opened(number), closed(number, cents / 100)
            for before, after in ((sent, began), (began, done)):
                accountant.book(before, after)
                accountant.review(0.0, 1e9, is_watch=False)
            accountant.closed(done)
            fills += [entry_fill(began), exit_fill(done)]
        else:
            accountant.abandoned()
            done = replace(sent, phase=TradePhase.ABANDONED, closed_ns=sent.decided_ns + 1)
        trades.append(done)
        if number == told_after:
            told, told_ns = accountant.account, done.closed_ns or 0
    booked = [
        BookedFill(fill.ts_ns, fill.trade_id, fill.order_id, fill.qty, fill.price, fill.fee_usd) for fill in fills
    ]
    found = rebuild_account(
        told, told_ns, Mode.PAPER, trades, booked, at(3600), 0, [trade.trade_id for trade in trades]
    )
    wanted = accountant.account
    for name in Account.__struct_fields__:
        assert getattr(found, name) == pytest.approx(getattr(wanted, name), abs=1e-9), name


def test_the_ids_of_closed_trades_are_restored_however_long_ago(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    journal.begin(SESSION)
    for number in range(1, 1_201):
        done = closed(number, 0.05, signal_id=f"signal-{number}")
        journal.append([TradeChanged(done.closed_ns or 0, done, "closed")])
    assert journal.flush(30)
    restored = journal.latest_restore(2 * 10**18, SESSION.feed, 30)
    assert journal.close(30)
    assert restored is not None
    assert {trade.signal_id for trade in restored.command.signalled} == {f"signal-{n}" for n in range(1, 1_201)}
