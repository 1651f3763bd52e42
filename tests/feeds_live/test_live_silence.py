"""Silence: a quiet market is left in peace, a lost subscription and a dead socket are found on data alone."""

from itertools import pairwise

from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.silence import Silence

SOCKETS = {
    Channel.TRADES: "market",
    Channel.MARK: "market",
    Channel.LIQUIDATIONS: "market",
    Channel.TOPS: "public",
    Channel.DEPTH: "public",
}
SILENT_S, QUIET_S = 10.0, 60.0


class Market:
    """A market second by second; `speaks` says who is heard in each."""

    def __init__(self) -> None:
        self.silence = Silence(["XRP"], SOCKETS, SILENT_S, QUIET_S, 0)
        self.now_ns = 0
        self.named: list[tuple[float, Channel, bool]] = []

    def pass_s(self, seconds: int, *speaks: Channel) -> None:
        for _ in range(seconds):
            self.now_ns += NS_PER_S
            for channel in speaks:
                self.silence.received(channel, "XRP", self.now_ns)
            for silent in self.silence.judge(self.now_ns):
                self.named.append((self.now_ns / NS_PER_S, silent.channel, silent.others_are_live))
                self.silence.subscribed(silent.channel, self.now_ns)


ALL = (Channel.TRADES, Channel.MARK, Channel.TOPS, Channel.DEPTH)


def test_while_everybody_speaks_nobody_is_named() -> None:
    market = Market()
    market.pass_s(600, *ALL)
    assert market.named == []


def test_a_quiet_market_that_only_marks_is_left_in_peace_for_a_minute() -> None:
    market = Market()
    market.pass_s(30, *ALL)
    market.pass_s(59, Channel.MARK)
    assert market.named == []


def test_a_market_that_stays_quiet_makes_no_storm_of_reconnects() -> None:
    market = Market()
    market.pass_s(30, *ALL)
    market.pass_s(3_600, Channel.MARK)
    times = [at for at, channel, _ in market.named if channel is Channel.TRADES]
    assert len(times) <= 6
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps == sorted(gaps)


def test_a_mark_that_stops_is_a_fault_at_once_however_quiet_the_market() -> None:
    market = Market()
    market.pass_s(30, *ALL)
    market.pass_s(12)
    assert market.named[0] == (41.0, Channel.MARK, False)


def test_tops_that_stop_while_prints_go_on_are_a_lost_subscription() -> None:
    market = Market()
    market.pass_s(30, *ALL)
    market.pass_s(12, Channel.TRADES, Channel.MARK, Channel.DEPTH)
    assert market.named == [(41.0, Channel.TOPS, True)]


def test_forced_orders_may_be_silent_for_hours() -> None:
    market = Market()
    market.pass_s(7_200, *ALL)
    assert not [channel for _, channel, _ in market.named if channel is Channel.LIQUIDATIONS]


def test_a_channel_with_long_pauses_of_its_own_is_given_longer() -> None:
    market = Market()
    for _ in range(20):
        market.pass_s(7, Channel.MARK, Channel.TOPS, Channel.DEPTH)
        market.pass_s(1, *ALL)
    market.pass_s(27, Channel.MARK, Channel.TOPS, Channel.DEPTH)
    assert market.named == [], "prints come every 8 s here: 27 s without are no fault"
    market.pass_s(6, Channel.MARK, Channel.TOPS, Channel.DEPTH)
    assert [channel for _, channel, _ in market.named] == [Channel.TRADES]


def test_a_dead_socket_is_told_from_one_that_speaks() -> None:
    market = Market()
    market.pass_s(30, *ALL)
    market.pass_s(12, Channel.TRADES, Channel.MARK)
    assert [(channel, others) for _, channel, others in market.named] == [
        (Channel.TOPS, False),
        (Channel.DEPTH, False),
    ], "prints come through the other socket"


def test_what_was_subscribed_anew_is_waited_for_until_it_speaks() -> None:
    silence = Silence(["BTC", "XRP"], SOCKETS, SILENT_S, QUIET_S, 0)
    silence.subscribed(Channel.TOPS, 5)
    assert (Channel.TOPS, "XRP") in silence.waited_for()
    assert silence.received(Channel.TOPS, "XRP", 6)
    assert not silence.received(Channel.TOPS, "XRP", 7)
    assert (Channel.TOPS, "XRP") not in silence.waited_for()
    assert (Channel.TOPS, "BTC") in silence.waited_for()
    assert not [asset for channel, asset in silence.waited_for() if channel is Channel.LIQUIDATIONS]
