"""Trading by hand at the keys: the ticket and its live verdict, the chosen trade, the command line."""

import gc
from typing import Any

import pytest
from scenes import Scene
from screen_stage import Stage, StandingLink, staged
from test_tui_foreign import HELD

from cockpit.client.errors import EngineRefused, EngineUnreachable
from cockpit.domain.kinds import EngineState, Mode
from cockpit.domain.personal_alarms import AlarmAction, AlarmLevel, AlarmOn
from cockpit.tui.messages import TicketWritten
from cockpit.tui.trade_actions import COOL_DOWN_S


def plain(stage: Stage) -> str:
    return " ".join(stage.text().replace("│", " ").split())


def armed(shown: Scene) -> Scene:
    return shown.with_snapshot(armed=True, state=EngineState.ARMED)


# The chosen trade.

OF_CHOSEN = {
    "X": ("close", {}),
    "M": ("close", {"share": 0.75}),
    "H": ("close", {"share": 0.5}),
    "Q": ("close", {"share": 0.25}),
    "B": ("stop", {"to": "entry"}),
    "N": ("stop", {"tighter_bps": 5.0}),
    "U": ("trail", {}),
    "D": ("targets", {"targets": []}),
    "W": ("time-stop", {"after_s": None}),
}


@pytest.mark.parametrize("state", [EngineState.ARMED, EngineState.DISARMED, EngineState.HALTED])
@pytest.mark.parametrize("key", OF_CHOSEN)
async def test_a_key_does_it_to_the_chosen_trade_in_every_state(trading: Scene, key: str, state: EngineState) -> None:
    shown = trading.with_snapshot(state=state, armed=state is EngineState.ARMED)
    second = shown.snapshot.open_trades[1].trade.trade_id
    async with staged(StandingLink(shown)) as stage:
        await stage.press("4", "down", key)
        what, body = OF_CHOSEN[key]
        await stage.until(lambda: stage.link.asked == [(f"/api/trades/{second}/{what}", body)])
        assert "done" in stage.rows()[-2]


async def test_a_key_that_is_held_counts_once(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("4", *["H"] * 12)
        await stage.until(lambda: len(stage.link.asked) == 1)
        for _ in range(20):  # it is still held
            stage.clock.now_s += COOL_DOWN_S / 2
            await stage.press("H")
        assert len(stage.link.asked) == 1
        stage.clock.now_s += COOL_DOWN_S
        await stage.press("H")
        await stage.until(lambda: len(stage.link.asked) == 2)


async def test_the_chosen_trade_stands_out_and_stays_chosen(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("4", "down")
        board = stage.app.panes.query_one("#trades")
        second = trading.snapshot.open_trades[1].trade
        chosen = [text for line in board.shown_lines for text, role in line if role == "cursor"]
        assert chosen == [f"{second.asset} {second.side.value.upper()}".ljust(10)]
        fewer = trading.with_snapshot(open_trades=trading.snapshot.open_trades[1:])
        stage.app.store.take(fewer.last, stage.clock())
        await stage.press("X")
        await stage.until(lambda: stage.link.asked == [(f"/api/trades/{second.trade_id}/close", {})])


async def test_over_the_open_trades_the_footer_offers_what_is_done_to_one(trading: Scene) -> None:
    async with staged(StandingLink(trading), size=(200, 40)) as stage:
        assert "half off" not in stage.rows()[-1]
        await stage.press("4")
        assert (
            "h halt  ? help  E ticket  : command  X close  H half off  Q quarter off  M 3/4 off  B stop to entry"
            in stage.rows()[-1]
        )
        await stage.press("6")
        assert "half off" not in stage.rows()[-1]


async def test_a_trade_chosen_and_closed_without_a_pause_is_that_one(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        second = trading.snapshot.open_trades[1].trade.trade_id
        for key in ("4", "down", "X"):
            stage.app.simulate_key(key)
        await stage.until(lambda: stage.link.asked == [(f"/api/trades/{second}/close", {})])


async def test_without_a_trade_the_key_says_so(quiet: Scene) -> None:
    async with staged(StandingLink(quiet)) as stage:
        await stage.press("X")
        assert "close: no trade is open" in stage.text() and stage.link.asked == []


async def test_a_refusal_is_in_the_engines_words(trading: Scene) -> None:
    link = StandingLink(trading)
    link.refusal = EngineRefused("stop of t000001 stays: 5 bps nearer is through the price", 409)
    async with staged(link) as stage:
        await stage.press("N")
        await stage.until(lambda: "stays: 5 bps nearer is through the price" in stage.text())


@pytest.mark.parametrize(
    ("key", "more", "what", "body"),
    [
        ("O", "", "time-stop", {"after_s": 60.0}),
        ("G", "40", "targets", {"targets": [{"distance_bps": 40.0, "share_pct": 100.0}]}),
        ("T", "", "trail", {"bps": 20.0}),
    ],
)
async def test_a_key_writes_what_it_would_do_to_be_looked_at(
    trading: Scene, key: str, more: str, what: str, body: dict[str, Any]
) -> None:
    first = trading.snapshot.open_trades[0].trade.trade_id
    async with staged(StandingLink(trading)) as stage:
        await stage.press("4", key)
        assert stage.link.asked == []
        await stage.press(*more, "enter")
        await stage.until(lambda: stage.link.asked == [(f"/api/trades/{first}/{what}", body)])


async def test_a_long_refusal_of_a_line_is_read_whole(trading: Scene) -> None:
    link = StandingLink(trading)
    link.refusal = EngineRefused(
        "expected " + " and ".join(f"reason-{number}" for number in range(12)) + " at last", 400
    )
    async with staged(link) as stage:
        await stage.press("colon", *"disarm;halt", "space", *"news", "enter")
        await stage.until(lambda: "disarm: refused" in stage.text())
        assert [number for number in range(12) if f"reason-{number}" not in stage.text()] == []
        assert len(stage.link.asked) == 1


async def test_a_size_for_entries_to_come_is_said(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("colon", *"risk", "space", *"0.3", "enter")
        await stage.until(lambda: "entries that name no size lose 0.3 USD at their stop" in stage.text())


# The command line.


async def test_a_line_is_completed_sent_and_found_again(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("colon", "c", "l")
        assert any("close" in row for row in stage.rows()[-8:])
        await stage.press("tab")
        number = trading.snapshot.open_trades[0].trade.trade_id.lstrip("t0")
        await stage.press(*number, "space", *"half", "enter")
        path = f"/api/trades/{trading.snapshot.open_trades[0].trade.trade_id}/close"
        await stage.until(lambda: stage.link.asked == [(path, {"share": 0.5})])
        await stage.press("colon", "up")
        assert f"close {number} half" in stage.text()


async def test_commands_go_in_order_until_one_is_refused(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("colon", *"disarm;long", "space", *"btc", "space", *"30;halt", "space", "x", "enter")
        await stage.until(lambda: ("/api/disarm", {}) in stage.link.asked)
        await stage.until(lambda: len(stage.link.asked) == 3)
    disarmed = trading.with_snapshot(armed=False, state=EngineState.DISARMED)
    async with staged(StandingLink(disarmed)) as stage:
        await stage.press("colon", *"disarm;long", "space", *"btc", "space", *"30;halt", "space", "x", "enter")
        await stage.until(lambda: "not sent: expected the engine armed, was disarmed (a arms)" in plain(stage))
        assert stage.link.asked == [("/api/disarm", {})]


async def test_what_cannot_be_read_stays_and_says_why(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("colon", *"long", "space", *"doge", "enter")
        assert "expected an asset among BTC, SOL, XRP, ETH, was doge" in plain(stage)
        assert len(stage.app.screen_stack) == 2 and stage.link.asked == []
        await stage.press("backspace")
        assert "was doge" not in plain(stage)


async def test_flatten_goes_by_the_flatten_keys_road_and_at_once(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("colon", *"flatten", "enter")
        await stage.until(lambda: stage.link.asked == [("flatten",)])
        assert "FLATTEN sent" in stage.text()


async def test_arming_real_money_still_takes_its_typed_word(trading: Scene) -> None:
    shown = trading.with_snapshot(mode=Mode.LIVE, armed=False, state=EngineState.DISARMED)
    async with staged(StandingLink(shown)) as stage:
        await stage.press("colon", *"arm", "enter")
        await stage.until(lambda: "Type arm live: setups trade." in plain(stage))
        assert stage.link.asked == []


async def test_risk_sets_the_size_of_what_follows(trading: Scene) -> None:
    async with staged(StandingLink(armed(trading))) as stage:
        await stage.press("colon", *"risk", "space", "2", "enter")
        await stage.press("colon", *"long", "space", *"btc", "enter")
        await stage.until(lambda: len(stage.link.asked) == 1)
        assert stage.link.asked[0][1]["risk_usd"] == 2.0


async def test_a_trailing_stop_is_written_down_to_be_looked_at(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("4", "T")
        trade_id = trading.snapshot.open_trades[0].trade.trade_id
        assert f"trail {trade_id.lstrip('t0')} 20" in stage.text() and stage.link.asked == []
        await stage.press("enter")
        await stage.until(lambda: stage.link.asked == [(f"/api/trades/{trade_id}/trail", {"bps": 20.0})])


async def test_a_position_that_is_not_ours_is_adopted_by_a_key(trading: Scene) -> None:
    async with staged(StandingLink(armed(trading).with_snapshot(foreign_positions=(HELD,)))) as stage:
        await stage.press("A")
        assert "adopt okx eth" in stage.text() and stage.link.asked == []
        await stage.press("enter")
        await stage.until(lambda: len(stage.link.asked) == 1)
        path, body = stage.link.asked[0]
        assert path == "/api/positions/adopt" and (body["venue"], body["asset"]) == ("okx", "ETH")
    disarmed = trading.with_snapshot(armed=False, state=EngineState.DISARMED, foreign_positions=(HELD,))
    async with staged(StandingLink(disarmed)) as stage:
        await stage.press("A", "enter")
        await stage.until(lambda: "not sent: expected the engine armed" in plain(stage))
        assert stage.link.asked == []


async def test_alarms_are_set_seen_and_dropped_by_keys(trading: Scene) -> None:
    level = AlarmLevel(AlarmOn.PRICE, 110_000.0, True, "BTC", AlarmAction.CLOSE, "a1")
    async with staged(StandingLink(trading.with_snapshot(alarms=(level,))), size=(200, 60)) as stage:
        price = next(asset.price for asset in trading.snapshot.assets if asset.asset == "BTC")
        await stage.press("L")
        assert f"alarm btc > {price:.10g}" in stage.text() and stage.link.asked == []
        await stage.press("space", *"close", "enter")
        await stage.until(lambda: len(stage.link.asked) == 1)
        path, body = stage.link.asked[0]
        assert path == "/api/alarms" and (body["level"], body["action"]) == (price, "close")
        assert "alarm a1 BTC > 110,000 close" in stage.text()
        await stage.press("K", "enter")
        await stage.until(lambda: stage.link.asked[1:] == [("/api/alarms/drop", {"alarm_id": "a1"})])


@pytest.mark.parametrize(("key", "said"), [("A", "no position that is not ours is held"), ("K", "none is set")])
async def test_where_there_is_nothing_the_key_says_so(trading: Scene, key: str, said: str) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press(key)
        assert said in stage.text() and len(stage.app.screen_stack) == 1


# The ticket.


@pytest.mark.parametrize("size", [(40, 12), (60, 20), (80, 24), (120, 40), (200, 60)])
async def test_the_verdict_is_on_the_ticket_while_it_is_filled_in(trading: Scene, size: tuple[int, int]) -> None:
    async with staged(StandingLink(trading), size=size) as stage:
        await stage.press("E", *"30")
        await stage.until(lambda: bool(stage.link.previewed) and stage.link.previewed[-1].get("amount") == 30.0)
        await stage.until(lambda: "would not be sent" in plain(stage) or size[1] < 14)
        assert stage.link.asked == []
        if size[1] >= 24:
            text = plain(stage)
            assert "0.0002 BTC, 21.94 USD stop 28 bps" in text and "loses 0.08 USD at the stop, fees 0.02 of it" in text
            assert "breaks even at 58 % / never of trades won" in text
            assert text.index("block: short % 56.2") < text.index("reduce: size 0.70x") and "1 check passes" in text


async def test_enter_sends_it_once_however_often_it_is_pressed(trading: Scene) -> None:
    async with staged(StandingLink(armed(trading))) as stage:
        await stage.press("E", *"30", *["enter"] * 8)
        await stage.until(lambda: len(stage.link.asked) == 1)
        await stage.press("escape", "escape")  # what the spare ones opened under the ticket
        assert len(stage.link.asked) == 1 and len(stage.app.screen_stack) == 1
        path, body = stage.link.asked[0]
        assert path == "/api/trade/enter" and body["asset"] == "BTC" and body["side"] == "long"
        assert body["amount"] == 30.0 and len(body["id"]) == 16
        assert "long btc 30: done" in stage.text()


@pytest.mark.parametrize("state", [EngineState.DISARMED, EngineState.HALTED, EngineState.STANDING_DOWN])
async def test_while_not_armed_nothing_is_sent_and_the_ticket_says_so(trading: Scene, state: EngineState) -> None:
    async with staged(StandingLink(trading.with_snapshot(armed=False, state=state))) as stage:
        await stage.press("E", *"30", "enter")
        assert f"not sent: expected the engine armed, was {state.value.replace('_', ' ')} (a arms)" in plain(stage)
        assert stage.link.asked == []


async def test_a_refusal_stays_on_the_ticket_and_the_next_is_another_order(trading: Scene) -> None:
    link = StandingLink(armed(trading))
    link.refusal = EngineRefused("denied by trades_today: trades today 6 of 6", 409)
    async with staged(link) as stage:
        await stage.press("E", *"30", "enter")
        await stage.until(lambda: "REFUSED: denied by trades_today: trades today 6 of 6" in plain(stage))
        await stage.press("enter")
        await stage.until(lambda: len(stage.link.asked) == 2)
        first, second = (body["id"] for _, body in stage.link.asked)
        assert first != second


async def test_one_that_was_not_answered_is_asked_for_again_under_its_own_id(trading: Scene) -> None:
    link = StandingLink(armed(trading))
    link.refusal = EngineUnreachable("expected an answer within 10 s, was none")
    async with staged(link) as stage:
        await stage.press("E", *"30", "enter")
        await stage.until(lambda: "NO ANSWER" in plain(stage))
        link.refusal = None
        await stage.press("enter")
        await stage.until(lambda: len(stage.app.screen_stack) == 1)
        first, second = (body["id"] for _, body in stage.link.asked)
        assert first == second


async def test_fields_are_walked_and_their_choices_cycled(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("E")
        await stage.until(lambda: "20 40 80" in plain(stage))
        await stage.press("pagedown", "up", "pagedown", "up", "pagedown", "down", "down", "down", "down", *"30")
        ticket: Any = stage.app.screen
        assert ticket.text == "short sol 20 stop 30"


async def test_what_is_typed_without_a_pause_goes_where_it_is_meant(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("E")
        for key in ("6", "0", "down", "down", *"400", "down", *"450"):
            stage.app.simulate_key(key)
        ticket: Any = stage.app.screen
        await stage.until(lambda: ticket.text.endswith("450"))
        assert ticket.text == "long btc 60 stop 400 targets 450"


async def test_a_question_that_is_replaced_before_it_was_asked_leaves_nothing_behind(trading: Scene) -> None:
    async with staged(StandingLink(armed(trading))) as stage:
        await stage.press("E")
        ticket: Any = stage.app.screen
        for amount in (40, 50, 60):
            stage.app.ticket_written(TicketWritten(ticket, f"long btc {amount} stop 400 targets 450"))
        await stage.until(lambda: bool(stage.link.previewed) and stage.link.previewed[-1].get("amount") == 60.0)
    gc.collect()  # a question that was never begun would be collected now


@pytest.mark.parametrize("key", ["f9", "f12"])
async def test_halt_and_flatten_work_over_ticket_and_command_line(trading: Scene, key: str) -> None:
    for opened in ("E", "colon"):
        async with staged(StandingLink(armed(trading))) as stage:
            await stage.press(opened, "x", key)
            if key == "f9":
                await stage.until(lambda stage=stage: stage.link.asked == [("halt", "the halt key")])
            else:
                assert "FLATTEN? press again" in stage.text()


async def test_a_ticket_takes_a_limit_with_its_time_and_short_words_for_the_market(trading: Scene) -> None:
    async with staged(StandingLink(armed(trading))) as stage:
        await stage.press("E", *"30", "down", "ctrl+u", *"109000", "space", *"for", "space", *"30", "space", *"post")
        limit = {"type": "limit", "price": 109_000.0, "within_s": 30.0, "post_only": True}
        await stage.until(lambda: bool(stage.link.previewed) and stage.link.previewed[-1].get("entry") == limit)
        await stage.press("ctrl+u", "m")
        await stage.until(lambda: "entry" not in stage.link.previewed[-1])


async def test_the_last_tick_of_a_screen_that_ends_draws_nothing(trading: Scene) -> None:
    async with staged(StandingLink(armed(trading))) as stage:
        await stage.press("E")
    stage.app.redraw()
