"""What the panes say, in a trader's words: what is urgent is never cut, and nothing rounds to minus nothing."""

import msgspec
import pytest
from scenes import Scene, scene
from screen_stage import StandingLink, staged
from sourced import SOURCES
from test_tui_panes import drawn, view_of

from cockpit.client.link import LinkChange
from cockpit.domain.account import Halt
from cockpit.domain.actions import Decided, TradeChanged
from cockpit.domain.kinds import EngineState, FeedState, Reading, Side, TradePhase
from cockpit.domain.signal_sources import SourceView
from cockpit.domain.stream import LogFrame
from cockpit.tui import footer, numbers
from cockpit.tui.keys import keymap
from cockpit.tui.panes.gatelog import GateLog
from cockpit.tui.panes.ladder import Ladder
from cockpit.tui.screens import history
from cockpit.tui.screens.checklist import limits
from cockpit.tui.text import line_width
from cockpit.tui.view import HALTED_BY_KEY, View, plain_detail, plain_reason, state_note

replace = msgspec.structs.replace
MINUTE_NS = 60_000_000_000


def text(pane: str, view: View, size: tuple[int, int]) -> str:
    return "\n".join("".join(span for span, _ in line)[: size[0]] for line in drawn(pane, view, size))


@pytest.mark.parametrize("size", [(36, 9), (43, 9), (56, 9), (81, 9), (36, 13), (56, 13)])
def test_the_time_stop_is_never_what_is_cut(trading: Scene, size: tuple[int, int]) -> None:
    now = trading.snapshot
    due = tuple(replace(t, trade=replace(t.trade, time_stop_ns=now.ts_ns + MINUTE_NS)) for t in now.open_trades)
    shown = text("trades", view_of(trading.with_snapshot(open_trades=due)), size)
    assert shown.count("60 s") == len(due), shown


@pytest.mark.parametrize(
    ("left_s", "told"), [(0, "0 s"), (59, "59 s"), (99, "99 s"), (100, "1m"), (3_599, "59m"), (5_280, "1h28m")]
)
def test_a_countdown_never_says_less_than_is_left_in_seconds(left_s: int, told: str) -> None:
    assert numbers.until(left_s) == told


def test_two_setups_of_one_kind_are_told_apart_where_there_is_little_room(trading: Scene) -> None:
    shown = text("setups", view_of(trading), (43, 5))
    assert "XRP squeeze" in shown and "ETH squeeze" in shown
    assert "TRIG" in shown and "cool" in shown, "the phase is not told by colour alone"


@pytest.mark.parametrize("size", [(43, 5), (60, 5), (79, 5), (79, 10), (160, 10)])
def test_a_setup_that_left_its_backtest_is_marked_and_says_by_how_much(trading: Scene, size: tuple[int, int]) -> None:
    said = "LEFT ITS BACKTEST: -1.00 R over 5 trades, expected +0.10 to +0.30"
    first, *others = trading.snapshot.setups
    left = replace(first, beyond_backtest=said, gate_reason="losses", backtest="backtest: earned")
    lines = drawn("setups", view_of(trading.with_snapshot(setups=(left, *others))), size)
    marked = [text for line in lines for text, role in line if text.rstrip().endswith("!") and role == "warn"]
    assert len(marked) == 1 and "lower" in marked[0]
    shown = ["".join(span for span, _ in line)[: size[0]] for line in lines]
    assert size[1] < 10 or any(said in row for row in shown), shown


def test_nothing_rounds_to_minus_nothing(trading: Scene) -> None:
    flat = trading.with_snapshot(
        assets=tuple(replace(asset, open_interest_change_24h_pct=-0.01) for asset in trading.snapshot.assets)
    )
    assert "-0.0" not in text("positioning", view_of(flat), (70, 10))
    view = view_of(trading)
    closed = replace(
        trading.snapshot.open_trades[0].trade, phase=TradePhase.CLOSED, gross_usd=-0.001, fees_usd=0.0, funding_usd=0.0
    )
    view.store.take(LogFrame(9_000, TradeChanged(1, closed, "closed")), 0.0)
    assert view.store.news[-1].text.startswith("BTC short closed: 0.00 USD 0.0 R")
    assert view.store.news[-1].role == "text"


def test_a_feed_that_fails_says_why_where_its_price_is_missed(trading: Scene) -> None:
    now = trading.snapshot
    dead = trading.with_snapshot(
        assets=tuple(replace(asset, price=None, mark=None) for asset in now.assets),
        feeds=tuple(
            replace(feed, state=FeedState.DOWN, age_s=None, detail="no route to fstream")
            if feed.reading is Reading.STREAM
            else feed
            for feed in now.feeds
        ),
    )
    assert "no route to fstream" in " ".join(text("bands", view_of(dead), (33, 20)).split())


def test_a_lost_engine_has_one_age_and_no_system_numbers(trading: Scene) -> None:
    view = view_of(trading)
    view.store.take(LinkChange(True, 0.0), 0.0)
    view.store.take(LinkChange(False, 6.0, "[Errno 111] Connection refused"), 6.0)
    later = View(view.store, now_s=20.0)  # the last word came at 0, the link went at 6
    told = " ".join(row for row, _ in footer.lost_rows(later, "F12 twice"))
    assert "ENGINE LOST 20 s" in told and "To get out now: F12 twice" in told
    assert "Errno" not in told and "Connection refused" in told
    assert "LOST 20 s" in text("status", later, (150, 1))
    assert plain_detail("[Errno -2] Name or service not known") == "Name or service not known"


def test_a_halt_by_the_screens_key_is_yours(trading: Scene) -> None:
    halted = trading.with_snapshot(state=EngineState.HALTED, halt=Halt(MINUTE_NS, "operator", HALTED_BY_KEY))
    assert state_note(view_of(halted)) == ("HALTED: by you at 00:01:00", "bad")


@pytest.mark.parametrize("offered", [footer.Offered.PANES, footer.Offered.TRADE])
@pytest.mark.parametrize("cells", [60, 80, 120, 160])
def test_the_key_that_shows_every_key_is_offered_at_every_width(
    cells: int, offered: footer.Offered, trading: Scene
) -> None:
    line = "".join(part for part, _ in footer.keys_line(dict(keymap()), view_of(trading), cells, offered))
    assert line.startswith(" F12/^\\ FLATTEN  a disarm  h halt  ? help "), line


def test_in_a_replay_the_footer_has_its_keys(trading: Scene) -> None:
    view = view_of(trading)
    assert view.store.process is not None
    view.store.process = replace(view.store.process, replay="held")
    line = "".join(part for part, _ in footer.keys_line(dict(keymap()), view, 80))
    assert line.startswith(" F12/^\\ FLATTEN  , hold  . step ")


def test_without_an_engine_nothing_is_offered_that_asks_it(trading: Scene) -> None:
    view = view_of(trading)
    view.store.take(LinkChange(True, 0.0), 0.0)
    view.store.take(LinkChange(False, 0.0, "connection refused"), 0.0)
    line = "".join(part for part, _ in footer.keys_line(dict(keymap()), view, 200))
    assert "FLATTEN" in line and "detach" in line
    assert not any(f" {label} " in line for label in ("disarm", "halt", "resume", "ticket", "command"))


REASONS = (
    "funding spread +1.276 bps (binance +0.773, okx -0.503) above +0.25: longs only",
    "squeeze: up 64.7 bps in 4m48s (BTC), limit 60: no short into it",
    "funding spread -0.33 bps not above +0.25 (BTC): no reclaim long without the premium",
    "short % 54.4 at or above 54.0 (BTC): no shorts into heavy shorts",
    "no data on Jito tips: 9.62e-06 SOL, no baseline yet",
)
"""As the gate gave them over half an hour of the simulated market, the longest of each kind."""


WAITS = (
    "buyers' close above 106,800.0, by 14:03:15 (not before 14:02:45); and funding spread above +0.25 bps (now -0.45)",
    "in trade since 14:01:15; out after 60 s above 110,050.0, 12 s so far, or 180 s of rising basis (medians)",
    "fee at or under 42,073, by 14:02:15 (peak 70,122)",
    "15 bps under VWAP (now 118.5 under); then sellers turn to buyers",
    "high under 109,900.0, close under 109,700.0; a 15 s bar",
)
SHOWN = (
    ("funding spread +1.276 bps", "above +0.25"),
    ("squeeze: up 64.7 bps in 4m48s", "limit 60"),
    ("funding spread -0.33 bps", "not above +0.25"),
    ("short % 54.4 at or above 54.0",),
    ("no data on Jito tips: 9.62e-06 SOL, no baseline yet",),
    ("buyers' close above 106,800.0, by 14:03:15",),
    ("in trade since 14:01:15",),
    ("fee at or under 42,073, by 14:02:15",),
    ("15 bps under VWAP",),
    ("high under 109,900.0, close under 109,700.0",),
)
"""Of each sentence what must be there."""


@pytest.mark.parametrize("sources", [(), SOURCES, SOURCES[:1]], ids=["none", "one cut off", "one"])
@pytest.mark.parametrize("size", [(120, 40), (160, 50), (200, 60), (240, 70)])
async def test_no_sentence_of_a_setup_is_cut(
    trading: Scene, size: tuple[int, int], sources: tuple[SourceView, ...]
) -> None:
    now = trading.snapshot
    blocked = tuple(
        replace(setup, gate_would_approve=False, gate_reason=reason, waiting_for=wait)
        for setup, reason, wait in zip(now.setups, REASONS, WAITS, strict=True)
    )
    async with staged(StandingLink(trading.with_snapshot(setups=blocked, sources=sources)), size=size) as stage:
        place = stage.app.panes.plan.regions["setups"]
        rows = [row[place.x : place.x + place.width] for row in stage.rows()[place.y : place.y + place.height]]
        shown = "\n".join(rows)
        assert "…" not in shown, shown
        for parts in SHOWN:
            assert any(all(part in row for part in parts) for row in rows), shown
        assert all(any(source.name in row for row in rows) for source in sources if source.cut_off), shown
        assert len(sources) != 1 or f"{sources[0].name} " in shown


def test_a_halt_in_a_reason_has_the_time_of_day_and_is_yours() -> None:
    begin = "halted since 2026-11-29T23:39:05.054Z"
    assert plain_reason(f"{begin} (operator): {HALTED_BY_KEY}") == "halted by you at 23:39:05"
    assert plain_reason(f"{begin} (drawdown): drawdown 20.10 of 19.92 USD") == (
        "halted at 23:39:05: drawdown 20.10 of 19.92 USD"
    )
    assert plain_reason("3 trades open of 3") == "3 trades open of 3"


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)])
async def test_a_halts_note_and_the_panes_name_stand_beside_each_other(trading: Scene, size: tuple[int, int]) -> None:
    why = "2 losses in a row, limit 2: review them, then resume with a reason"
    halted = trading.with_snapshot(state=EngineState.HALTED, halt=Halt(MINUTE_NS, "losses", why))
    async with staged(StandingLink(halted), size=size) as stage:
        top = next(row for row in stage.rows() if "HALTED: " in row)
        assert "HALTED: 2 losses in a row" in top and "…" not in top
        assert "5 Setups" in top or "4 Open trades" in top


async def test_what_was_not_sent_says_so_where_there_is_little_room(trading: Scene) -> None:
    verdict = next(one for one in view_of(trading).store.verdicts.values() if one.approved)
    unsent = replace(verdict, verdict_id="v-unsent", sent=False, not_sent_because="disarmed: not armed")
    async with staged(StandingLink(trading), (60, 20)) as stage:
        assert " USD stop 22 bps, sent" in stage.text()
        stage.app.store.take(LogFrame(9_001, Decided(1, unsent)), stage.clock())
        await stage.settle()
        assert "bps, not sent" in stage.text()


def test_what_was_closed_is_never_cut(later: Scene) -> None:
    for cells in range(42, 110):
        for line in drawn("trades", view_of(later), (cells, 9)):
            assert line_width(line) <= cells, line


async def test_a_source_that_is_cut_off_moves_no_figure_of_the_status_line(trading: Scene) -> None:
    for size in ((60, 20), (80, 24), (120, 40), (200, 60)):
        async with staged(StandingLink(trading), size) as stage:
            before = stage.rows()[: 2 if size[0] < 110 else 1]
        async with staged(StandingLink(trading.with_snapshot(sources=SOURCES)), size) as stage:
            assert "CUT OFF chart" in "".join(stage.rows()[:2])
            for row, then in zip(before, stage.rows()[: len(before)], strict=True):
                assert then.partition("CUT OFF")[0].rstrip() in row, size


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (160, 50), (200, 60), (240, 70)])
async def test_no_title_is_cut(trading: Scene, size: tuple[int, int]) -> None:
    async with staged(StandingLink(trading), size=size) as stage:
        for board in stage.app.panes.boards:
            top = "".join(sign for sign, _ in board.cells[0]) if board.display and board.cells else ""
            assert "…" not in top, top


def test_a_trade_says_how_far_it_is_from_its_stop_and_its_target(trading: Scene) -> None:
    now = trading.snapshot
    shown = replace(now.open_trades[0], trade=replace(now.open_trades[0].trade, stop_price=109_812.9))
    up = tuple(replace(one, price=109_703.2) if one.asset == "BTC" else one for one in now.assets)
    told = text("trades", view_of(trading.with_snapshot(open_trades=(shown,), assets=up)), (79, 7))
    assert "10 bps to stop, 55 to target" in told
    past = tuple(replace(one, price=109_900.0) if one.asset == "BTC" else one for one in now.assets)
    told = text("trades", view_of(trading.with_snapshot(open_trades=(shown,), assets=past)), (79, 7))
    assert "-8 bps to stop" in told


def test_what_the_stops_would_cost_is_told_under_the_trades(trading: Scene) -> None:
    now = trading.snapshot
    usd = sum(
        (t.trade.stop_price - t.trade.entry_price) * t.trade.open_qty * (1 if t.trade.side is Side.LONG else -1)
        for t in now.open_trades
        if t.trade.stop_price is not None
    )
    assert f"at the stops {numbers.gain(usd)} USD" in text("trades", view_of(trading), (79, 9))
    bare = (replace(now.open_trades[0], trade=replace(now.open_trades[0].trade, stop_price=None)), *now.open_trades[1:])
    shown = text("trades", view_of(trading.with_snapshot(open_trades=bare)), (79, 9))
    assert "at the stops: one has none" in shown
    assert "at the stops" not in text("trades", view_of(trading.with_snapshot(open_trades=())), (79, 9))


@pytest.mark.parametrize("name", ["trading", "later"])
def test_no_check_under_the_log_is_cut_and_those_without_room_are_counted(name: str) -> None:
    view, log = view_of(scene(name)), GateLog()
    for verdict in view.store.verdicts.values():
        log.cursor = verdict.verdict_id
        rows = ["".join(part for part, _ in line) for line in log.lines(view, 132, 14, True)]
        at = next(number for number, row in enumerate(rows) if row.startswith("── "))
        assert not [row for row in rows[at:] if "…" in row]
        told = sum(f"{check.name.replace('_', ' ')} " in "\n".join(rows[at:]) for check in verdict.checks)
        assert told == len(verdict.checks) or " more: Enter " in rows[at]


@pytest.mark.parametrize("cells", [50, 60])
@pytest.mark.parametrize(("state", "age_s"), [(FeedState.STALE, 95.0), (FeedState.DOWN, None), (FeedState.FRESH, 3.0)])
def test_no_row_of_positioning_is_cut_when_its_feeds_fail(
    trading: Scene, cells: int, state: FeedState, age_s: float | None
) -> None:
    now = trading.snapshot
    feeds = tuple(replace(feed, state=state, age_s=age_s) for feed in now.feeds)
    moved = tuple(replace(asset, open_interest_change_24h_pct=-12.34) for asset in now.assets)
    view = view_of(trading.with_snapshot(feeds=feeds, assets=moved))
    rows = drawn("positioning", view, (cells, 9))
    assert [row for row in rows if line_width(row) > cells] == []
    if state is not FeedState.FRESH:
        assert all("pos" in text("positioning", view, (cells, 9)).splitlines()[at] for at in (2, 4, 6, 8))


@pytest.mark.parametrize("cells", [60, 80])
def test_a_second_status_row_begins_where_the_first_ones_text_does(cells: int, trading: Scene) -> None:
    first, second = text("status", view_of(trading), (cells, 2)).splitlines()
    assert first.startswith(" PAPER ") and second[0] == " " != second[1], second


async def test_a_large_screen_has_every_assets_price_in_its_status_line(trading: Scene) -> None:
    async with staged(StandingLink(trading), (200, 60)) as stage:
        for asset in trading.snapshot.assets:
            assert f"{asset.asset} {numbers.price(asset.price)}" in stage.rows()[0]
        before = stage.rows()[0]
        stage.app.store.take(LinkChange(False, 0.0, "connection refused"), stage.clock())
        stage.clock.now_s += 12
        await stage.settle()
        own, _, lost = stage.rows()[0].partition("LOST 12 s")
        assert not lost.strip() and before.startswith(own.rstrip()), "what is sudden moves nothing"


async def test_what_was_said_before_the_newest_stands_beside_it_where_there_is_room(trading: Scene) -> None:
    async with staged(StandingLink(trading), (200, 60)) as stage:
        stage.app.store.notify("the first")
        stage.app.store.notify("the second", "bad")
        await stage.settle()
        assert "the second   " in stage.rows()[-2] and "the first" in stage.rows()[-2]
        stage.app.store.notify("the third " * 20)
        await stage.settle()
        assert "the second" not in stage.rows()[-2], "it is there whole or not at all"


@pytest.mark.parametrize("price", [109_703.2, 109_690.0, 109_850.0, 111_000.0, 106_700.0, 105_000.0])
@pytest.mark.parametrize("cells", [29, 33, 34])
def test_no_row_of_the_map_is_cut(trading: Scene, price: float, cells: int) -> None:
    near = tuple(replace(one, price=price) if one.asset == "BTC" else one for one in trading.snapshot.assets)
    view = view_of(trading.with_snapshot(assets=near))
    assert [line for line in Ladder().lines(view, cells, 30) if line_width(line) > cells] == []


def test_every_figure_of_closed_trades_has_its_unit(later: Scene) -> None:
    view = view_of(later)
    for cells in (76, 116):
        told = "\n".join("".join(part for part, _ in line) for line in history.lines(view, cells))
        trade = view.store.closed_trades[0]
        size, fees = numbers.money(trade.notional_usd), numbers.money(trade.fees_usd)
        assert (f"size {size} USD" in told and f"fees {fees} USD" in told) or "size USD slip bps fees USD" in told
        assert "of -100.00 USD" in told


def test_the_ceremony_tells_limits_from_losses(trading: Scene) -> None:
    assert limits(view_of(trading), "live")[-1].startswith("limits: day's loss 100.00 USD")


async def test_resume_asks_for_no_reason_where_nothing_is_halted(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("r")
        assert len(stage.app.screen_stack) == 1
        assert "resume: nothing is halted, the engine is armed" in stage.text()


@pytest.mark.parametrize("size", [(40, 12), (60, 20), (80, 24), (120, 40)])
async def test_the_ceremony_shows_its_input_and_its_limits_at_every_size(trading: Scene, size: tuple[int, int]) -> None:
    async with staged(StandingLink(trading), size=size) as stage:
        await stage.press("t")
        first = " ".join(stage.text().replace("│", " ").split())
        assert "415 USD a position" in first and "6 trades a day" in first, "the limits are what is seen first"
        seen = ""
        for _ in range(40):
            shown = stage.text()
            assert "Type test: it also disarms." in " ".join(shown.replace("│", " ").split())
            answer = stage.app.screen.query_one("Answer").region
            assert answer.height == 1 and answer.bottom <= size[1], "the answer's own row is on the screen"
            seen += " ".join(shown.replace("│", " ").split())
            await stage.press("down")
        for sentence in limits(stage.app.view, "test"):
            assert all(word in seen for word in sentence.split()), sentence
        await stage.press(*"test", "enter")
        await stage.until(lambda: stage.link.asked == [("set_mode", "test", "")])
