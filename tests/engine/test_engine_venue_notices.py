"""What a venue's account tells beside orders: it blocks entries there, halts, or is a step of a flatten."""

import pytest

from cockpit.domain.actions import Notice
from cockpit.domain.commands import Enter, ManualEntry, Restore, Resume, SetMode
from cockpit.domain.events import OrderFilled, VenueFlat, VenueNotice, VenuePosition
from cockpit.domain.kinds import EngineState, ExitReason, Mode, OrderRole, Side, TradePhase, VenueTopic
from cockpit.engine.views import snapshot
from tests.engine.scenario import Bare, Scenario, restore_of


def notify(stage: Bare | Scenario, topic: VenueTopic, sentence: str, asset: str = "", is_over: bool = False) -> None:
    stage.feed(VenueNotice(stage.now_ns, "okx", asset, topic, sentence, is_over))


BLOCKING = [
    (VenueTopic.UNREAD, ""),
    (VenueTopic.UNEXPLAINED, "ETH"),
    (VenueTopic.UNEXPLAINED, ""),
    (VenueTopic.NO_STOPS, "ETH"),
]


@pytest.mark.parametrize(("topic", "asset"), BLOCKING)
def test_no_entry_starts_where_a_word_stands(topic: VenueTopic, asset: str, bare: Bare) -> None:
    notify(bare, topic, "okx said something with 2 numbers", asset)
    answer = bare.signal("ETH")
    assert not answer.ok
    assert answer.sentence == "okx said something with 2 numbers"
    assert bare.check("venue_account") == "block: okx said something with 2 numbers"
    notify(bare, topic, "it is over", asset, is_over=True)
    assert bare.signal("ETH").ok


def test_a_word_about_one_perpetual_leaves_the_others_alone(bare: Bare) -> None:
    notify(bare, VenueTopic.UNEXPLAINED, "okx holds +2 ETH of somebody's", "ETH")
    assert bare.signal("BTC").ok


def test_a_word_is_said_once_and_its_end_too(bare: Bare) -> None:
    for _ in range(3):
        notify(bare, VenueTopic.UNEXPLAINED, "okx holds +2 ETH of somebody's", "ETH")
    notify(bare, VenueTopic.UNEXPLAINED, "gone", "ETH", is_over=True)
    notify(bare, VenueTopic.UNEXPLAINED, "gone", "ETH", is_over=True)
    assert [(notice.severity, notice.sentence) for notice in bare.seen.of(Notice) if notice.topic == "stranger"] == [
        ("warning", "okx holds +2 ETH of somebody's"),
        ("info", "gone"),
    ]


@pytest.mark.parametrize("topic", [VenueTopic.KEYS, VenueTopic.SECOND_WRITER])
def test_lost_keys_and_a_second_writer_halt_until_resumed(topic: VenueTopic, bare: Bare) -> None:
    trade = bare.opened()
    notify(bare, topic, "okx refuses our key: 50111")
    assert bare.state is EngineState.HALTED
    assert bare.engine.risk.reason == "okx refuses our key: 50111"
    assert not bare.arm().ok
    bare.fill(bare.placed(OrderRole.STOP)[0], 3_988.0)
    assert bare.trades[trade.trade_id].phase is TradePhase.CLOSED
    notify(bare, topic, "okx takes our key again", is_over=True)
    assert bare.state is EngineState.HALTED
    assert bare.command(Resume, reason="new key").ok


def test_refused_keys_block_entries_whoever_resumes(bare: Bare) -> None:
    notify(bare, VenueTopic.KEYS, "okx refuses our key: 50111")
    assert bare.resume().ok and bare.arm().ok
    assert bare.signal().sentence == "okx refuses our key: 50111"


def test_an_acknowledged_second_writer_blocks_no_longer(bare: Bare) -> None:
    notify(bare, VenueTopic.SECOND_WRITER, "okx filled an order of another cockpit")
    assert bare.resume().ok and bare.arm().ok
    assert bare.signal().ok


def test_back_in_paper_no_venue_has_a_say(bare: Bare) -> None:
    bare.command(SetMode, mode=Mode.TEST, way_up_open=True, unread=("okx",))
    bare.command(SetMode, mode=Mode.PAPER)
    bare.arm()
    assert bare.signal().ok


def test_a_real_mode_begins_with_venues_that_have_told_nothing_yet(bare: Bare) -> None:
    bare.health(3.0)
    bare.command(SetMode, mode=Mode.TEST, way_up_open=True, unread=("okx",))
    bare.arm()
    unread = "okx has not told yet what its account holds: no entry there before that"
    assert bare.signal().sentence == unread
    notify(bare, VenueTopic.UNREAD, "okx holds nothing", is_over=True)
    assert bare.signal().ok
    memory, trades, orders = restore_of(bare)
    after = Bare(bare.config)
    after.command(Restore, memory=memory, trades=trades, orders=orders, unread=("okx",))
    after.health(3.0)
    after.arm()
    assert after.signal("BTC").sentence == unread


def test_a_venue_without_an_asset_of_ours_stands_in_nobodys_way(bare: Bare) -> None:
    bare.command(SetMode, mode=Mode.TEST, way_up_open=True, unread=("binance", "okx"))
    bare.wait_s(1)
    assert [(cause.cause, cause.scope) for cause in snapshot(bare.engine).stand_downs] == [("venue:okx:unread", "okx")]
    bare.health(3.0)
    bare.arm()
    assert bare.signal(venues=("binance",)).sentence == (
        "binance is where no asset of the config trades: no entry there"
    )


def test_from_test_to_live_what_venues_have_told_stays(bare: Bare) -> None:
    bare.health(3.0)
    bare.command(SetMode, mode=Mode.TEST, way_up_open=True, unread=("okx",))
    notify(bare, VenueTopic.UNREAD, "okx is read", is_over=True)
    notify(bare, VenueTopic.UNEXPLAINED, "okx holds +2 BTC of somebody's", "BTC")
    bare.command(SetMode, mode=Mode.LIVE, way_up_open=True, unread=("okx",))
    bare.arm()
    assert bare.signal("ETH").ok
    assert not bare.signal("BTC").ok


def test_what_nobody_explains_is_never_traded_past(bare: Bare) -> None:
    for _ in range(2):
        bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 2.0, 4_000.0, 0))
        bare.wait_s(1)
    answer = bare.signal("ETH")
    assert not answer.ok
    assert answer.sentence == "okx holds +2 ETH, our trades hold +0: no entry there before they agree"
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.0, 0.0, 0))
    assert bare.signal("ETH").ok


def test_a_flattens_steps_are_shown(bare: Bare) -> None:
    bare.flatten()
    notify(bare, VenueTopic.FLATTEN, "okx CLOSE: 2 ETH of nobody's, reduce-only")
    assert snapshot(bare.engine).flatten_steps[-1].endswith(" ms okx CLOSE: 2 ETH of nobody's, reduce-only")


def swept(bare: Bare, order_id: str, qty: float, fill_id: str = "x1") -> None:
    bare.feed(OrderFilled(bare.now_ns, order_id, fill_id, qty, 3_999.0, 0.02, False))


def test_what_a_flatten_of_the_venue_closes_is_booked_to_the_trade(bare: Bare) -> None:
    trade = bare.opened()
    bare.flatten()
    for _ in range(2):
        swept(bare, "flatten-okx-ETH-1", 0.01)
    closed = bare.trades[trade.trade_id]
    assert (closed.phase, closed.exit_reason, closed.exit_price) == (TradePhase.CLOSED, ExitReason.FLATTEN, 3_999.0)
    assert closed.fees_usd == pytest.approx(trade.fees_usd + 0.02)
    for _ in range(2):
        bare.feed(VenueFlat(bare.now_ns, "okx"))
    assert bare.notices("critical", "order") == []


def test_what_it_closes_beyond_our_trades_is_told(bare: Bare) -> None:
    bare.opened()
    bare.flatten()
    swept(bare, "flatten-okx-ETH-1", 0.03)
    assert bare.last_trade.phase is TradePhase.CLOSED
    assert "closed 0.02 ETH at 3,999 on okx that no trade of ours held" in bare.notices("info", "flatten")
    assert bare.notices("critical", "order") == []


def test_what_it_closes_of_nobodys_is_told_once(bare: Bare) -> None:
    for _ in range(2):
        swept(bare, "flatten-okx-BTC-4", 0.5)
    assert len([text for text in bare.notices("info", "flatten") if "no trade of ours held" in text]) == 1


@pytest.mark.parametrize("asset", ["", "ETH"])
def test_a_venue_that_closes_has_its_trades_closed_where_the_config_wants_it(asset: str, bare: Bare) -> None:
    trade = bare.opened()
    notify(bare, VenueTopic.CLOSING, "okx ends its session at 21:00 UTC", asset)
    closing = bare.trades[trade.trade_id]
    assert (closing.phase, closing.exit_reason) == (TradePhase.CLOSING, ExitReason.VENUE_CLOSES)
    assert closing.exit_detail == "okx ends its session at 21:00 UTC"
    close = bare.placed(OrderRole.CLOSE)[-1]
    assert close.reduce_only and close.qty == trade.open_qty
    assert not bare.signal("ETH").ok


@pytest.mark.parametrize(
    ("topic", "asset"), [(VenueTopic.SESSION, ""), (VenueTopic.CLOSING, "BTC"), (VenueTopic.CLOSING, "SOL")]
)
def test_other_trades_and_a_mere_end_of_entries_leave_a_trade_alone(topic: VenueTopic, asset: str, bare: Bare) -> None:
    trade = bare.opened()
    notify(bare, topic, "okx ends its session at 21:00 UTC", asset)
    assert bare.trades[trade.trade_id].phase is TradePhase.OPEN
    assert bare.signal("ETH").ok is (asset != "")


@pytest.mark.parametrize(
    ("topic", "asset", "is_back"),
    [
        (VenueTopic.SESSION, "", True),
        (VenueTopic.SESSION, "ETH", True),
        (VenueTopic.SESSION, "SOL", False),
        (VenueTopic.UNEXPLAINED, "", False),
    ],
)
def test_an_entry_that_rests_is_taken_back_when_the_venue_is_about_to_close(
    topic: VenueTopic, asset: str, is_back: bool, bare: Bare
) -> None:
    assert bare.command(Enter, entry=ManualEntry("ETH", Side.LONG, limit_price=3_990.0, within_s=600.0)).ok
    (entry,) = bare.placed(OrderRole.ENTRY)
    bare.accept(entry)
    bare.fill(entry, 3_990.0, entry.qty / 2)
    notify(bare, topic, "okx ends its session at 21:00 UTC", asset)
    assert bare.cancels() == ([entry.order_id] if is_back else [])
    told = "t000001's entry of ETH is taken back: okx ends its session at 21:00 UTC"
    assert bare.notices("warning", "entry") == ([told] if is_back else [])
    if is_back:
        bare.cancelled(entry)
        trade = bare.last_trade
        assert (trade.phase, trade.open_qty) == (TradePhase.OPEN, entry.qty / 2), "what filled stays, with its stop"
        assert bare.placed(OrderRole.STOP)[-1].qty == trade.open_qty
