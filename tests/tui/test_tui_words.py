"""What the panes say, in a trader's words: what is urgent is never cut, and nothing rounds to minus nothing."""

import msgspec
import pytest
from scenes import Scene
from screen_stage import StandingLink, staged
from test_tui_panes import drawn, view_of

from cockpit.client.link import LinkChange
from cockpit.domain.account import Halt
from cockpit.domain.actions import TradeChanged
from cockpit.domain.kinds import EngineState, FeedState, Reading, Side, TradePhase
from cockpit.domain.stream import LogFrame
from cockpit.tui import footer, numbers
from cockpit.tui.keys import keymap
from cockpit.tui.screens.checklist import limits
from cockpit.tui.view import HALTED_BY_KEY, View, plain_detail, state_note

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
    "largest rise 64.7 bps in 288 s seen (BTC), at or above 60: no short into a squeeze",
    "funding spread -0.33 bps not above +0.25 (BTC): no reclaim long without the premium",
    "short % 54.4 at or above 54.0 (BTC): no shorts into heavy shorts",
    "no data on Jito tips: 9.62e-06 SOL, no baseline yet",
)
"""As the gate gave them over half an hour of the simulated market, the longest of each kind."""


@pytest.mark.parametrize(("size", "least"), [((120, 40), 99), ((160, 50), 45), ((200, 60), 99), ((240, 70), 99)])
async def test_no_number_of_a_setups_reason_is_cut(trading: Scene, size: tuple[int, int], least: int) -> None:
    now = trading.snapshot
    blocked = tuple(
        replace(setup, gate_would_approve=False, gate_reason=reason)
        for setup, reason in zip(now.setups, REASONS, strict=True)
    )
    async with staged(StandingLink(trading.with_snapshot(setups=blocked)), size=size) as stage:
        shown = stage.text()
        for reason in REASONS:
            until_the_last_number = reason[: max(at for at, sign in enumerate(reason) if sign.isdigit()) + 1][:least]
            assert f"✕ {until_the_last_number}" in shown or f"blocked: {until_the_last_number}" in shown, shown


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
