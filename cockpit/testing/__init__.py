"""A kit for the tests of setups and feeds of one's own: the real engine, handed prices; a real server, asked."""

from cockpit.testing.feeds import FeedBench
from cockpit.testing.setups import Prices, SetupBench

__all__ = ["FeedBench", "Prices", "SetupBench"]
