"""XRP and ETH squeeze guard, rule by rule: dips only, where the 15 s taker delta turns from negative to positive."""

import pytest

from cockpit.domain.kinds import SetupPhase, Side

NAME = "squeeze_guard.XRP"
VWAP = 2.5
DIP = VWAP * (1 - 16e-4)


@pytest.fixture
def xrp(street):
    """Heavy volume at 2.5 makes the VWAP; then sellers take the price 16 bps under it in the bar from 15 s to 30 s."""
    xrp = street(NAME)
    xrp.trades([(1.0, VWAP, 1e9), (20.0, DIP, -10.0)])
    return xrp


def test_a_dip_whose_sellers_turn_to_buyers_is_bought_at_the_bar_close(xrp):
    xrp.trade(40.0, DIP, 5.0)
    assert xrp.proposals == []
    xrp.tick(45.0)
    (at_s, proposal), *more = xrp.proposals
    assert (at_s, more) == (45.0, [])
    assert (proposal.setup, proposal.asset, proposal.side) == (NAME, "XRP", Side.LONG)
    assert proposal.requested_usd == pytest.approx(1660 * 0.025 * 0.5)
    assert proposal.stop_bps == 22
    assert [(rung.distance_bps, rung.share_pct) for rung in proposal.targets] == [(20, 45), (40, 35), (75, 20)]
    assert proposal.max_hold_s == 60
    assert "16.0 bps under" in proposal.why and "-10.000 then +5.000 XRP" in proposal.why


@pytest.mark.parametrize(("under_bps", "is_bought"), [(15.01, True), (14.99, False), (-16.0, False)])
def test_only_15_bps_or_more_under_the_vwap(xrp, under_bps, is_bought):
    xrp.trade(40.0, VWAP * (1 - under_bps / 1e4), 5.0)
    xrp.tick(45.0)
    assert xrp.proposed_at == ([45.0] if is_bought else [])


@pytest.mark.parametrize(
    ("before", "now", "is_bought"),
    [(-10.0, 5.0, True), (10.0, 5.0, False), (-10.0, -5.0, False), (10.0, -5.0, False)],
)
def test_only_where_the_delta_turns_from_negative_to_positive(street, before, now, is_bought):
    xrp = street(NAME)
    xrp.trades([(1.0, VWAP, 1e9), (20.0, DIP, before), (40.0, DIP, now)])
    xrp.tick(45.0)
    assert xrp.proposed_at == ([45.0] if is_bought else [])


@pytest.mark.parametrize(("before", "now"), [((-10.0, 10.0), (5.0,)), ((-10.0,), (5.0, -5.0))])
def test_a_delta_of_zero_is_neither(street, before, now):
    xrp = street(NAME)
    xrp.trade(1.0, VWAP, 1e9)
    xrp.trades([(20.0, DIP, qty) for qty in before] + [(40.0, DIP, qty) for qty in now])
    xrp.tick(45.0)
    assert xrp.proposals == []


def test_the_vwap_is_that_of_5_minutes(xrp):
    """After 5 minutes at the dip's price the heavy volume at 2.5 is out of the window: no dip any more."""
    for at_s in range(40, 340, 10):
        xrp.trade(float(at_s), DIP, -1.0)
    xrp.trade(346.0, DIP, 5.0)
    xrp.tick(360.0)
    assert xrp.proposals == []


def test_sellers_before_a_long_silence_do_not_turn_now(xrp):
    xrp.trades([(3_600.0, VWAP, 1e9), (3_605.0, DIP, 5.0)])
    xrp.tick(3_615.0)
    assert xrp.proposals == []


def test_a_bar_of_sellers_in_the_dip_is_watched(xrp):
    assert xrp.phase(20.0) is SetupPhase.IDLE
    assert xrp.waiting_for(20.0) == "15 bps under VWAP (now 16.0 under); then sellers turn to buyers"
    xrp.tick(30.0)
    assert xrp.phase(30.0) is SetupPhase.WATCHING
    assert xrp.waiting_for(30.0) == "buyers' 15 s bar in dip (now 16.0 under)"
    xrp.trade(40.0, VWAP, -1.0)
    xrp.tick(45.0)
    assert xrp.phase(45.0) is SetupPhase.IDLE


def test_without_trades_it_says_so(street):
    assert "no trades yet" in street(NAME).waiting_for(0.0)
