"""What an account must look like before it is trusted with real orders, finding by finding."""

from typing import Any

import pytest

from cockpit.config.load import load_config
from cockpit.config.places import shipped_config_path
from cockpit.exchanges.base.account_facts import AccountFacts, Grid
from cockpit.preflight.account_checks import equity_item, facts_items
from cockpit.preflight.checklist import Standing

CONFIG = load_config(shipped_config_path())
SOUND = AccountFacts(
    can_trade=True,
    dangerous_permissions=(),
    is_ip_restricted=True,
    is_one_way=True,
    equity_usd=1_660.0,
    clock_offset_ms=12.0,
    leverage={"BTC": 5.0, "ETH": 3.0},
    is_isolated={"BTC": True, "ETH": True},
    taker_fee_bps=5.0,
    listed={"BTC": Grid(0.0001, 0.0001), "ETH": Grid(0.001, 0.001)},
)


def standings(**changes: Any) -> dict[str, tuple[Standing, str]]:
    items = facts_items("okx", SOUND._replace(**changes), ["BTC", "ETH"], CONFIG)
    return {item.name: (item.standing, item.detail) for item in items}


def test_a_sound_account_passes_everything() -> None:
    assert {standing for standing, _ in standings().values()} == {Standing.OK}


@pytest.mark.parametrize(
    ("changes", "name", "standing", "detail"),
    [
        ({"can_trade": False}, "permissions.okx", Standing.FAIL, "expected a key that may trade perpetuals"),
        (
            {"dangerous_permissions": ("withdraw", "transfer")},
            "permissions.okx",
            Standing.FAIL,
            "expected a key that moves no money out, was one that may: withdraw, transfer: make another key",
        ),
        ({"is_ip_restricted": False}, "permissions.okx", Standing.WARN, "not bound to an address"),
        ({"is_ip_restricted": None}, "permissions.okx", Standing.OK, "may trade and may not withdraw"),
        ({"clock_offset_ms": 1_000.0}, "clock.okx", Standing.OK, "okx's clock is +1000 ms from ours"),
        ({"clock_offset_ms": -1_001.0}, "clock.okx", Standing.FAIL, "at most 1000 ms, was: okx's clock is -1001 ms"),
        ({"is_one_way": False}, "position mode.okx", Standing.FAIL, "expected one-way mode, was hedged"),
        (
            {"is_isolated": {"BTC": True, "ETH": False}},
            "margin.okx",
            Standing.FAIL,
            "ETH is cross, expected isolated",
        ),
        ({"leverage": {}}, "margin.okx", Standing.OK, "isolated, leverage not told"),
        (
            {"is_isolated": {}, "leverage": {}},
            "margin.okx",
            Standing.WARN,
            "okx has one margin for everything: all that is in the account stands for every position; leverage not",
        ),
        ({"leverage": {"BTC": 5.1}}, "margin.okx", Standing.FAIL, "BTC has leverage 5.1, expected at most 5"),
        *(
            ({"listed": {**SOUND.listed, "BTC": Grid(lot, least)}}, "lots.okx", Standing.FAIL, f"was: BTC's {detail}")
            for lot, least, detail in (
                (0.00001, 0.0001, "lot is 1e-05, not 0.0001"),
                (0.001, 0.001, "lot is 0.001, not 0.0001"),
                (0.0001, 0.0002, "least order is 0.0002, not 0.0001"),
            )
        ),
        (
            {"listed": {"BTC": Grid(0.0001, 0.0001)}},
            "perpetuals.okx",
            Standing.FAIL,
            "expected okx to list ETH, was none",
        ),
        ({"taker_fee_bps": 5.5}, "fees.okx", Standing.WARN, "expected 5 bps taker as the config says, was 5.5"),
        ({"taker_fee_bps": None}, "fees.okx", Standing.WARN, "does not tell the taker fee: counted as 5 bps"),
    ],
)
def test_each_finding(changes: dict[str, Any], name: str, standing: Standing, detail: str) -> None:
    found = standings(**changes)
    assert found[name][0] is standing
    assert detail in found[name][1]
    assert {other for other, (how, _) in found.items() if how is Standing.FAIL} <= {name}


@pytest.mark.parametrize(
    ("equities", "standing"),
    [
        ({"okx": 1_660.0}, Standing.OK),
        ({"okx": 1_000.0, "binance": 660.0}, Standing.OK),
        ({"okx": 1_494.0}, Standing.OK),
        ({"okx": 1_493.0}, Standing.FAIL),
        ({"okx": 1_827.0}, Standing.FAIL),
        ({"okx": 0.0}, Standing.FAIL),
    ],
)
def test_the_money_at_the_venues_is_that_of_the_hot_wallet(equities: dict[str, float], standing: Standing) -> None:
    assert equity_item(equities, CONFIG).standing is standing


def test_the_money_is_told_with_its_numbers() -> None:
    assert equity_item({"okx": 1_000.0, "binance": 2_000.0}, CONFIG).detail == (
        "expected at most 10 % between them, was: 3000.00 USD (okx 1000.00, binance 2000.00) is +80.7 % off the hot "
        "wallet of 1660.00 USD"
    )
