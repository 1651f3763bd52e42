"""The words of the command line: what each asks for, and what is said of those that ask for nothing."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.command_line import Call, completions, read_line
from cockpit.domain.line_tokens import Known, LineError, OpenTrade
from cockpit.domain.verdict import Target

KNOWN = Known(
    prices={"BTC": 108_402.0, "ETH": 4_000.0, "XRP": 2.4},
    trades=(OpenTrade("t000002", "BTC", "t000002e1"), OpenTrade("t000003", "ETH", "t000003e1")),
    venues=("binance", "okx"),
    setups=("btc_lower_band_long",),
    templates={"scalp": (Target(25.0, 60.0), Target(50.0, 40.0)), "single": (Target(50.0, 100.0),)},
)
PRICE = {"on": "price", "asset": "BTC"}
LONG = {"strategy": "manual", "asset": "BTC", "side": "long"}


def calls(line: str, known: Known = KNOWN) -> tuple[Call, ...]:
    return read_line(line, known).calls


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("long btc 30 stop 28", LONG | {"amount": 30.0, "stop": {"bps": 28.0}}),
        ("buy BTC $30", LONG | {"amount": 30.0}),
        ("long btc 2u stop 107900", LONG | {"units": 2.0, "stop": {"price": 107_900.0}}),
        ("long btc risk 2 stop @107,900.5", LONG | {"risk_usd": 2.0, "stop": {"price": 107_900.5}}),
        ("long btc 30 stop btc_lower_band_long", LONG | {"amount": 30.0, "stop": {"setup": "btc_lower_band_long"}}),
        ("long xrp 20 stop 2.39", LONG | {"asset": "XRP", "amount": 20.0, "stop": {"price": 2.39}}),
        ("long xrp 20 stop 30", LONG | {"asset": "XRP", "amount": 20.0, "stop": {"bps": 30.0}}),
        (
            "short eth 30 at 4010.5 for 5m post targets 25:60/50:40 hold 10m on okx",
            {
                "strategy": "manual",
                "asset": "ETH",
                "side": "short",
                "amount": 30.0,
                "targets": [{"distance_bps": 25.0, "share_pct": 60.0}, {"distance_bps": 50.0, "share_pct": 40.0}],
                "hold_s": 600.0,
                "venue": "okx",
                "entry": {"type": "limit", "price": 4_010.5, "within_s": 300.0, "post_only": True},
            },
        ),
        ("long btc template single", LONG | {"template": "single"}),
        ("long btc 30 targets scalp", LONG | {"amount": 30.0, "template": "scalp"}),
    ],
)
def test_an_entry(line: str, body: dict[str, object]) -> None:
    assert calls(line) == (Call("/api/trade/enter", body, opens_risk=True, text=line),)
    assert calls(f"preview {line}") == (Call("/api/trade/preview", body, reads_only=True, text=f"preview {line}"),)


@pytest.mark.parametrize(
    ("line", "path", "body"),
    [
        ("close 2", "/api/trades/t000002/close", {}),
        ("close t000003 half", "/api/trades/t000003/close", {"share": 0.5}),
        ("close eth 1/4", "/api/trades/t000003/close", {"share": 0.25}),
        ("close 2 75%", "/api/trades/t000002/close", {"share": 0.75}),
        ("stop 2 be", "/api/trades/t000002/stop", {"to": "entry"}),
        ("stop 2 -5", "/api/trades/t000002/stop", {"tighter_bps": 5.0}),
        ("stop 2 108000", "/api/trades/t000002/stop", {"price": 108_000.0}),
        ("trail 3 20", "/api/trades/t000003/trail", {"bps": 20.0}),
        ("trail 3 0.5r", "/api/trades/t000003/trail", {"r": 0.5}),
        ("trail 3 40%", "/api/trades/t000003/trail", {"ratio": 0.4}),
        ("trail 3 off", "/api/trades/t000003/trail", {}),
        ("targets 3 none", "/api/trades/t000003/targets", {"targets": []}),
        ("hold 3 90", "/api/trades/t000003/time-stop", {"after_s": 90.0}),
        ("hold 3 off", "/api/trades/t000003/time-stop", {"after_s": None}),
        ("cancel 3", "/api/orders/t000003e1/cancel", {}),
        ("cancel t000003t4", "/api/orders/t000003t4/cancel", {}),
        ("disarm", "/api/disarm", {}),
        ("halt the spread looks wrong", "/api/halt", {"reason": "the spread looks wrong"}),
        ("flatten", "/api/flatten", {}),
        ("alarm btc > 110000 close", "/api/alarms", PRICE | {"above": True, "level": 110_000.0, "action": "close"}),
        ("alarm hf < 2.3", "/api/alarms", {"on": "health_factor", "above": False, "level": 2.3}),
        ("alarm pnl < -5 flatten", "/api/alarms", {"on": "pnl", "above": False, "level": -5.0, "action": "flatten"}),
        ("alarm drop a1", "/api/alarms/drop", {"alarm_id": "a1"}),
    ],
)  # fmt: skip
def test_what_sheds_risk(line: str, path: str, body: dict[str, object]) -> None:
    assert calls(line) == (Call(path, body, text=line),)


@pytest.mark.parametrize("line", ["arm", "resume looked", "reverse 2 30 stop 28", "adopt okx btc single stop 40"])
def test_what_opens_risk_is_marked(line: str) -> None:
    (call,) = calls(line)
    assert call.opens_risk


def test_a_chain_is_read_in_order_and_risk_stays_set() -> None:
    line = read_line("risk 2; long btc stop 28; close 3 half;", KNOWN)
    assert [call.path for call in line.calls] == ["/api/trade/enter", "/api/trades/t000003/close"]
    assert line.calls[0].body["risk_usd"] == 2.0
    assert read_line("long eth", line.known).calls[0].body["risk_usd"] == 2.0
    assert "risk_usd" not in read_line("long eth 30", line.known).calls[0].body
    assert read_line("risk off; long eth", line.known).calls[0].body.keys() == {"strategy", "asset", "side"}


def test_what_follows_an_entry_of_the_same_asset_waits_for_its_trade() -> None:
    line = read_line("risk 0.3; long xrp stop 30; trail xrp 20; hold xrp 5m", KNOWN)
    assert [call.path for call in line.calls] == ["/api/trade/enter"]
    assert line.rest == "trail xrp 20; hold xrp 5m" and line.known.risk_usd == 0.3
    opened = msgspec.structs.replace(line.known, trades=(*KNOWN.trades, OpenTrade("t000004", "XRP")))
    rest = read_line(line.rest, opened)
    assert [call.path for call in rest.calls] == ["/api/trades/t000004/trail", "/api/trades/t000004/time-stop"]
    assert rest.rest == ""


def test_the_older_trade_is_not_taken_for_the_one_that_an_entry_opens() -> None:
    line = read_line("long btc 30; trail btc 20", KNOWN)
    assert line.rest == "trail btc 20"
    both = msgspec.structs.replace(KNOWN, trades=(*KNOWN.trades, OpenTrade("t000004", "BTC")))
    with pytest.raises(LineError, match=r"trail: expected a trade \(2 BTC, 3 ETH, 4 BTC\), was btc"):
        read_line(line.rest, both)
    assert read_line("long eth 30; trail btc 20", KNOWN).rest == "", "another asset's trade is known"


def test_close_all_is_every_trade() -> None:
    assert [call.path for call in calls("close all")] == ["/api/trades/t000002/close", "/api/trades/t000003/close"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("lnog btc 30", "expected one of adopt, alarm, arm, "),
        ("long", "long: expected an asset, was nothing"),
        ("long doge 30", "expected an asset among BTC, ETH, XRP, was doge"),
        ("long btc thirty", "expected an amount in USD, was thirty"),
        ("long btc -30", "expected an amount in USD above 0, was -30"),
        ("long btc nan", "expected an amount in USD above 0, was nan"),
        ("long btc 30 stop", "stop: expected a value, was nothing"),
        ("long btc 30 post", "expected `at` with a price before `for` and `post`, was a market entry"),
        ("long btc 30 template moon", "expected a template among scalp, single, was moon"),
        ("close", "close: expected a trade (2 BTC, 3 ETH), was nothing"),
        ("close sol", "close: expected a trade (2 BTC, 3 ETH), was sol"),
        ("close 2 150%", "expected a share of at most 1, as in half, 1/4 or 25%, was 150%"),
        ("stop 2", "stop: expected be, -BPS or a price, was nothing"),
        ("halt", "halt: expected a reason, was nothing"),
        ("alarm btc 110000", "alarm: expected > or < and a level, was 110000"),
        ("close 2; lnog", "expected one of "),
    ],
)
def test_what_nobody_knows_is_said(line: str, reason: str) -> None:
    with pytest.raises(LineError) as refused:
        read_line(line, KNOWN)
    assert reason in str(refused.value)


TOKENS = st.sampled_from(
    ["long", "btc", "30", "stop", "close", "2", "half", ";", "trail", "@", "risk", "1/0", "e9", "at"]
)


@given(st.text(max_size=60) | st.lists(TOKENS).map(" ".join))
def test_no_line_breaks_the_reader(line: str) -> None:
    try:
        read = read_line(line, KNOWN)
    except LineError as refused:
        assert str(refused)
    else:
        assert all(call.path.startswith("/api/") for call in read.calls)
    assert all(isinstance(one, str) for one in completions(line, KNOWN))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("lo", ["long"]),
        ("long b", ["btc"]),
        ("close ", ["2", "3", "all"]),
        ("close 2 h", ["half"]),
        ("arm; tr", ["trail"]),
        ("long btc 30 stop btc_", ["btc_lower_band_long"]),
        ("long btc 30 template s", ["scalp", "single"]),
        ("adopt o", ["okx"]),
        ("stop 2 ", ["be"]),
    ],
)
def test_completions(text: str, found: list[str]) -> None:
    assert completions(text, KNOWN) == found
