"""A silent channel: a quiet market, a lost subscription, or a dead socket? Judged on data alone, pings do not count.

A channel has reason to speak where it is sent on a clock, or where other channels of the same asset moved since.
It is given the silence its config allows, and longer where longer pauses are usual for it or where subscribing anew
did not help: a quiet market must not become a storm of reconnects.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cockpit.domain.units import ns_to_seconds, seconds_to_ns
from cockpit.exchanges.base.channels import SPARSE, STEADY, Channel

USUAL_PAUSES = 4.0
"""How many of its longest recent pauses a channel may be silent."""
PAUSE_FADES = 0.995
MOST_DOUBLINGS = 5


class Silent(NamedTuple):
    """A channel that should have spoken. `others_are_live`: other data still comes through its socket."""

    channel: Channel
    asset: str
    silent_s: float
    others_are_live: bool


class _ChannelState:
    __slots__ = ("fruitless", "longest_pause_ns", "received_ns", "since_ns")

    def __init__(self, now_ns: int) -> None:
        self.since_ns = now_ns
        self.received_ns = 0
        self.longest_pause_ns = 0.0
        self.fruitless = 0


class Silence:
    """Remembers when each channel of a venue last gave data.

    `sockets` says which channels share a socket; `silent_s` and `quiet_s` are those of the config's live section.
    """

    def __init__(
        self,
        assets: Iterable[str],
        sockets: Mapping[Channel, str],
        silent_s: float,
        quiet_s: float,
        now_ns: int,
    ) -> None:
        self._sockets = sockets
        self._silent_ns = seconds_to_ns(silent_s)
        self._quiet_ns = seconds_to_ns(quiet_s)
        self._lines = {(channel, asset): _ChannelState(now_ns) for asset in assets for channel in sockets}

    def received(self, channel: Channel, asset: str, now_ns: int) -> bool:
        """Data came. True where it is the first since the channel was last subscribed to."""
        line = self._lines.get((channel, asset))
        if line is None:
            return False
        first = line.received_ns < line.since_ns
        if not first:
            line.longest_pause_ns = max(line.longest_pause_ns * PAUSE_FADES, now_ns - line.received_ns)
        line.received_ns = max(now_ns, line.since_ns)
        line.fruitless = 0
        return first

    def subscribed(self, channel: Channel, now_ns: int) -> None:
        """The channel is subscribed to anew: its silence counts from here."""
        for (name, _), line in self._lines.items():
            if name is channel:
                line.since_ns = now_ns

    def judge(self, now_ns: int) -> list[Silent]:
        """The channels that should have spoken by now. Whoever is named here is given longer the next time."""
        found = []
        for (channel, asset), line in self._lines.items():
            if channel in SPARSE:
                continue
            silent_ns = now_ns - max(line.received_ns, line.since_ns)
            if silent_ns > self._patience_ns(channel, asset, line):
                line.fruitless = min(MOST_DOUBLINGS, line.fruitless + 1)
                found.append(
                    Silent(channel, asset, ns_to_seconds(silent_ns), self._others_received(channel, asset, now_ns))
                )
        return found

    def waited_for(self) -> list[tuple[Channel, str]]:
        """The channels that have not given data since they were last subscribed to; those that rarely do left out."""
        return [key for key, line in self._lines.items() if key[0] not in SPARSE and line.received_ns < line.since_ns]

    def _patience_ns(self, channel: Channel, asset: str, line: _ChannelState) -> float:
        has_reason = channel in STEADY or self._others_moved(channel, asset, line)
        base_ns = self._silent_ns if has_reason else self._quiet_ns
        return max(base_ns, USUAL_PAUSES * line.longest_pause_ns) * 2.0**line.fruitless

    def _others_moved(self, channel: Channel, asset: str, line: _ChannelState) -> bool:
        """Whether other moving channels of the asset were heard well after this one fell silent."""
        last_ns = max(line.received_ns, line.since_ns)
        return any(
            other.received_ns > last_ns + self._silent_ns // 2
            for (name, of), other in self._lines.items()
            if of == asset and name is not channel and name not in STEADY | SPARSE
        )

    def _others_received(self, channel: Channel, asset: str, now_ns: int) -> bool:
        return any(
            now_ns - other.received_ns < self._silent_ns
            for key, other in self._lines.items()
            if key != (channel, asset) and other.received_ns and self._sockets[key[0]] == self._sockets[channel]
        )
