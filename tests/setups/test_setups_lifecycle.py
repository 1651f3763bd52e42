"""What all setups share: one proposal at a time, cooling down, being off, asking without changing anything."""

import pytest

from cockpit.domain.kinds import Layer, SetupPhase, Side
from cockpit.market.market import Market
from cockpit.setups.registry import build_setups

NAMES = ["btc_lower_band_long", "btc_upper_band_short", "sol_fee_fade", "squeeze_guard.XRP", "squeeze_guard.ETH"]


def dip(street, at_s):
    """A squeeze-guard proposal at the close of the bar that ends 30 s later; `at_s` begins a bar."""
    street.trades([(at_s, 2.5, 1e9), (at_s + 1, 2.49, -2e9), (at_s + 15, 2.48, 5.0)])
    street.tick(at_s + 30)


@pytest.fixture
def triggered(street):
    xrp = street("squeeze_guard.XRP")
    dip(xrp, 0.0)
    assert xrp.proposed_at == [30.0]
    return xrp


def test_every_setup_of_the_config_is_built_one_machine_an_asset(shipped_config):
    setups = build_setups(shipped_config, Market(shipped_config, 0))
    assert [setup.name for setup in setups] == NAMES
    assert [setup.config_name for setup in setups] == [*NAMES[:3], "squeeze_guard", "squeeze_guard"]
    assert [setup.asset for setup in setups] == ["BTC", "BTC", "SOL", "XRP", "ETH"]
    sides = [setup.side for setup in setups if setup.name != "sol_fee_fade"]
    assert sides == [Side.LONG, Side.SHORT, Side.LONG, Side.LONG]


@pytest.mark.parametrize("tell", ["denied", "not_sent", "closed"])
def test_triggered_until_told_then_it_cools_down_for_60_s(triggered, tell):
    xrp = triggered
    dip(xrp, 60.0)
    assert xrp.proposed_at == [30.0]
    assert xrp.phase(100.0) is SetupPhase.TRIGGERED
    getattr(xrp.setup, tell)(xrp.at(100.0))
    assert xrp.waiting_for(115.0) == "cooling down 45 s"
    dip(xrp, 120.0)
    assert xrp.proposed_at == [30.0]
    assert xrp.phase(159.9) is SetupPhase.COOLING_DOWN
    assert xrp.phase(160.0) is SetupPhase.IDLE
    dip(xrp, 165.0)
    assert xrp.proposed_at == [30.0, 195.0]


def test_triggered_says_whether_the_entry_or_the_close_is_awaited(triggered):
    assert triggered.waiting_for(30.0) == "entry under way since 12:00:30"
    triggered.setup.opened(triggered.at(35.0))
    assert triggered.waiting_for(36.0) == "in trade since 12:00:30"


def test_a_restored_trade_keeps_its_setup_quiet_until_it_closes(street):
    xrp = street("squeeze_guard.XRP")
    xrp.setup.opened(xrp.at(0.0))
    dip(xrp, 15.0)
    assert xrp.proposals == []
    assert xrp.phase(45.0) is SetupPhase.TRIGGERED
    xrp.setup.closed(xrp.at(45.0))
    assert xrp.phase(45.0) is SetupPhase.COOLING_DOWN


def test_news_of_no_proposal_changes_nothing(street):
    xrp = street("squeeze_guard.XRP")
    xrp.setup.denied(xrp.at(0.0))
    assert xrp.phase(0.0) is SetupPhase.IDLE


def test_a_disabled_setup_is_off_and_silent(street):
    xrp = street("squeeze_guard.XRP", enabled=False)
    dip(xrp, 0.0)
    assert xrp.proposals == []
    status = xrp.setup.status(xrp.at(30.0))
    assert (status.phase, status.waiting_for) == (SetupPhase.OFF, "disabled in the config")


@pytest.mark.parametrize("name", ["btc_lower_band_long", "btc_upper_band_short"])
def test_a_disabled_band_setup_wants_no_price(street, name):
    off = street(name, enabled=False)
    off.trades([(1.0, 90_000.0), (2.0, 200_000.0)])
    assert off.setup.fences(off.setup.asset) == (float("-inf"), float("inf"))
    assert off.setup.take_price(off.setup.asset, off.at(3.0), 1.0) is None
    assert off.phase(3.0) is SetupPhase.OFF


def test_a_disabled_setup_whose_restored_trade_closes_is_off_again(street):
    off = street("btc_upper_band_short", enabled=False)
    off.setup.opened(off.at(0.0))
    off.setup.closed(off.at(1.0))
    off.trade(70.0, 109_800.0)
    off.tick(80.0)
    assert off.phase(80.0) is SetupPhase.OFF
    assert off.setup.fences(off.setup.asset)[1] == float("inf")


def test_asking_changes_nothing(street):
    """Two streets, the same day; one is asked for its status and intent all the time, also ahead of time."""
    asked, left_alone = street("squeeze_guard.XRP"), street("squeeze_guard.XRP")
    for begin_s in (0.0, 60.0, 120.0, 180.0):
        for one in (asked, left_alone):
            dip(one, begin_s)
            if one.phase(begin_s + 30) is SetupPhase.TRIGGERED:
                one.setup.denied(one.at(begin_s + 31))
        for ahead_s in (0.0, 30.0, 1e6):
            asked.setup.status(asked.at(begin_s + ahead_s))
            asked.setup.intent(asked.at(begin_s + ahead_s))
            asked.setup.guards(asked.at(begin_s + ahead_s))
    assert asked.proposed_at == left_alone.proposed_at == [30.0, 150.0]


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_asked_before_anything_was_seen(street, name):
    fresh = street(name)
    intent = fresh.setup.intent(fresh.at(0.0))
    assert (intent.setup, intent.asset, intent.side) == (name, fresh.setup.asset, fresh.setup.side)
    assert intent.decision_price == 0.0
    assert fresh.phase(0.0) is SetupPhase.IDLE
    assert all(check.layer is Layer.TACTICAL for check in fresh.setup.guards(fresh.at(0.0)))
    assert fresh.waiting_for(0.0)


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf"), float("-inf")])
def test_what_is_no_price_is_no_flush_and_no_wick(street, price):
    for name in NAMES[:2]:
        btc = street(name)
        btc.setup.take_price("BTC", btc.at(1.0), price)
        assert btc.phase(1.0) is SetupPhase.IDLE
