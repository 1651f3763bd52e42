"""The channels of an exchange's stream, and what each is worth when it falls silent."""

from enum import StrEnum


class Channel(StrEnum):
    """What is subscribed to. Their values are the words the operator reads."""

    TRADES = "trades"
    TOPS = "tops"
    DEPTH = "depth"
    MARK = "mark price"
    INDEX = "index price"
    LIQUIDATIONS = "liquidations"
    HEARTBEAT = "heartbeat"


STEADY = frozenset({Channel.MARK, Channel.INDEX, Channel.HEARTBEAT})
"""Sent on a clock whatever the market does: their silence alone proves a fault."""

SPARSE = frozenset({Channel.LIQUIDATIONS})
"""May say nothing for hours: their silence proves nothing."""
