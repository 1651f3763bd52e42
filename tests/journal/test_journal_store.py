"""The journal takes everything at once, writes it in order exactly once, and says when it cannot."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_samples import SESSION, any_of, at, life, memory, notice, opened, order, rows, sentences, trade, verdict
from msgspec.structs import replace

from cockpit.domain.actions import (
    AnyAction,
    CommandAnswered,
    Decided,
    FlattenVenues,
    Notice,
    OrderChanged,
    PlaceOrder,
    TradeChanged,
)
from cockpit.domain.kinds import Mode, OrderRole, OrderStatus
from cockpit.journal import schema
from cockpit.journal.errors import JournalError
from cockpit.journal.reading import JournalReader
from cockpit.journal.rows import json_text
from cockpit.journal.store import Journal

FAST = (0.01,)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    journal = Journal(path, backoff_s=FAST)
    journal.begin(SESSION)
    yield journal
    journal.close(30)


def test_a_trades_whole_life_is_in_its_tables(journal: Journal, path: Path) -> None:
    journal.append([*life(1, 0.05), memory(at(90), realised_usd=0.03, max_drawdown_usd=0.01)])
    assert journal.flush(30)
    (decided,) = rows(path, schema.verdicts)
    assert (decided.verdict_id, decided.approved, decided.sent, decided.trade_id) == ("v000001", True, True, "t000001")
    assert decided.body == json_text(verdict(1, ts_ns=at(60), trade_id="t000001"))
    (request,) = rows(path, schema.requests)
    assert (request.request, request.venue) == ("place_order", "okx")
    (entry,) = rows(path, schema.orders)
    assert (entry.order_id, entry.status, entry.filled_qty) == ("t000001e1", "filled", 0.00029)
    assert [fill.order_id for fill in rows(path, schema.fills)] == ["t000001e1", "t000001c9"]
    (done,) = rows(path, schema.trades)
    assert (done.phase, done.change, done.exit_reason) == ("closed", "closed", "targets")
    assert (done.pnl_usd, done.r) == pytest.approx((0.03, 0.3))
    (account,) = rows(path, schema.accounts)
    assert (account.mode, account.realised_usd, account.max_drawdown_usd) == ("paper", 0.03, 0.01)
    (session,) = rows(path, schema.sessions)
    assert (session.feed, session.lineage) == ("live", SESSION.session_id)


@settings(max_examples=15)
@given(actions=st.lists(st.one_of([any_of(kind) for kind in get_args(AnyAction)]), max_size=10))
def test_any_action_finds_its_place(tmp_path_factory: pytest.TempPathFactory, actions: list[AnyAction]) -> None:
    path = tmp_path_factory.mktemp("any") / "journal.sqlite"
    journal = Journal(path)
    journal.begin(SESSION)
    journal.append(actions)
    assert journal.flush(30)
    assert (journal.health().refused, journal.health().written) == (0, len(actions) + 1)
    journal.close(30)
    kept = [action.verdict for action in actions if isinstance(action, Decided)]
    assert JournalReader(path).verdicts() == kept[::-1]
    latest = {action.trade.trade_id: action.trade for action in actions if isinstance(action, TradeChanged)}
    found = JournalReader(path).trades()
    assert {found_trade.trade_id: found_trade for found_trade in found} == latest


def test_an_operators_words_are_kept(journal: Journal, path: Path) -> None:
    said = CommandAnswered(at(1), "c1", "key", "set_mode", True, "test mode", "override: the week was shown elsewhere")
    journal.append([said])
    assert journal.flush(30)
    (row,) = rows(path, schema.operator_actions)
    assert (row.asked_by, row.command, row.ok, row.reason_given) == ("key", "set_mode", True, said.reason_given)


def test_text_that_postgres_would_refuse_is_stored(journal: Journal, path: Path) -> None:
    journal.append([Notice(at(1), "info", "test", "a\x00b")])
    assert journal.flush(30)
    assert sentences(rows(path, schema.notices)) == ["a\ufffdb"]


def test_orders_and_trades_have_one_row_that_is_replaced(journal: Journal, path: Path) -> None:
    stop = order(opened(1), OrderRole.STOP, 2, OrderStatus.SENT)
    journal.append([PlaceOrder(at(61), stop.request), OrderChanged(at(61), stop)])
    for status in (OrderStatus.WORKING, OrderStatus.CANCELLED):
        journal.append([OrderChanged(at(62), replace(stop, status=status))])
        assert journal.flush(30)
    journal.append([TradeChanged(at(60), trade(1), "sent"), TradeChanged(at(61), opened(1), "opened")])
    assert journal.flush(30)
    assert [row.status for row in rows(path, schema.orders)] == ["cancelled"]
    assert [row.phase for row in rows(path, schema.trades)] == ["open"]


def test_a_fresh_session_never_touches_an_earlier_ones_trades(path: Path) -> None:
    for number, gross_usd in enumerate((0.05, -0.08)):
        journal = Journal(path)
        session = replace(SESSION, session_id=SESSION.session_id + number)
        journal.begin(session)
        journal.append(life(1, gross_usd))
        journal.close(30)
    assert [row.pnl_usd for row in rows(path, schema.trades)] == pytest.approx([0.03, -0.10])
    assert len(rows(path, schema.fills)) == 4


def test_memory_is_pruned_to_the_newest(journal: Journal, path: Path) -> None:
    for number in range(50):
        journal.append([memory(at(number), next_trade=number)])
    assert journal.flush(30)
    kept = rows(path, schema.memory)
    assert [row.ts_ns for row in kept] == [at(number) for number in range(30, 50)]


def test_a_flatten_counts_for_every_venue_it_names(journal: Journal, path: Path) -> None:
    journal.append([FlattenVenues(at(1), ("okx", "binance"), "key")])
    assert journal.flush(30)
    assert JournalReader(path).evidence().requests == {"okx": 1, "binance": 1}


@pytest.mark.parametrize(
    ("seconds", "spans"),
    [
        ([0, 60, 120], [(0, 120)]),
        ([0, 120, 241], [(0, 120), (241, 241)]),
        ([0, 60, 30], [(0, 60)]),
        ([0], [(0, 0)]),
    ],
)
def test_hours_are_made_of_signs_of_life(
    journal: Journal, path: Path, seconds: list[int], spans: list[tuple[int, int]]
) -> None:
    for second in seconds:
        journal.alive(at(second), Mode.PAPER)
    assert journal.flush(30)
    assert [(row.from_ns, row.to_ns) for row in rows(path, schema.uptime)] == [(at(a), at(b)) for a, b in spans]


def test_a_mode_change_begins_a_new_stretch(journal: Journal, path: Path) -> None:
    for second, mode in ((0, Mode.PAPER), (60, Mode.PAPER), (90, Mode.TEST), (120, Mode.PAPER), (180, Mode.PAPER)):
        journal.alive(at(second), mode)
    assert journal.flush(30)
    found = [(row.mode, row.from_ns, row.to_ns) for row in rows(path, schema.uptime)]
    assert found == [("paper", at(0), at(60)), ("test", at(90), at(90)), ("paper", at(120), at(180))]


def test_only_its_owner_may_read_it(journal: Journal, path: Path) -> None:
    assert journal.flush(30)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes["journal.sqlite"] == 0o600
    assert set(modes.values()) == {0o600}


def test_appending_before_a_session_began_is_a_mistake(path: Path) -> None:
    journal = Journal(path)
    with pytest.raises(JournalError, match="expected a session to be begun"):
        journal.append([notice(1)])
    journal.append([])
    journal.close(30)


def test_closing_twice_is_fine_and_a_closed_journal_is_whole(path: Path) -> None:
    journal = Journal(path)
    journal.begin(SESSION)
    journal.append([notice(1)])
    assert journal.close(30)
    assert journal.close(30)
    assert journal.health().ok
    assert sentences(rows(path, schema.notices)) == ["notice 1"]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("mysql://root@localhost/x", "expected a SQLite file or a PostgreSQL URL"),
        ("sqlite://", "expected a SQLite file"),
        ("not a://url", "was neither"),
    ],
)
def test_a_place_that_is_no_journal_says_so(place: str, said: str) -> None:
    with pytest.raises(JournalError, match=said):
        Journal(place)


def test_a_file_that_is_no_database_says_so(path: Path) -> None:
    path.write_bytes(b"x" * 8192)
    with pytest.raises(JournalError, match="file is not a database"):
        Journal(path)


def test_a_directory_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="No such file or directory"):
        Journal(tmp_path / "none" / "journal.sqlite")


def test_a_password_is_never_shown() -> None:
    with pytest.raises(JournalError) as raised:
        Journal("mysql://root:canary-7f3a@localhost/x")
    assert "canary-7f3a" not in str(raised.value)


def test_looking_where_there_is_no_journal_makes_none(path: Path) -> None:
    with pytest.raises(JournalError, match="it is made when an engine first runs"):
        JournalReader(path)
    assert not path.exists()


def test_pages_run_from_the_newest(journal: Journal, path: Path) -> None:
    for number in range(1, 6):
        journal.append([Decided(at(number), verdict(number, denied_by="short_pct"))])
    assert journal.flush(30)
    reader = JournalReader(path)
    assert [found.verdict_id for found in reader.verdicts(limit=2)] == ["v000005", "v000004"]
    assert [found.verdict_id for found in reader.verdicts(limit=2, offset=4)] == ["v000001"]
