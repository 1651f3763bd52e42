"""The stream's greeting and snapshots as bytes: each snapshot is encoded once, however many screens look."""

from cockpit.api.briefing import briefing_of
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.stream import PROTOCOL, Hello, SnapshotFrame
from cockpit.domain.wire import encode
from cockpit.runtime.host import Host


class Frames:
    """Makes and keeps the bytes. Not to be shared between engines."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._snapshot: tuple[Snapshot, bytes] | None = None

    def hello(self, gap: bool) -> bytes:
        """The first frame of a connection."""
        log = self._host.log
        process = self._host.process()
        briefing = briefing_of(self._host.config, self._prices_usd(), self._host.mode)
        return encode(Hello(PROTOCOL, self._host.epoch, log.first_seq, log.last_seq, gap, process, briefing))

    def snapshot(self) -> bytes:
        """The latest of everything."""
        latest = self._host.snapshot()
        if self._snapshot is None or self._snapshot[0] is not latest:
            self._snapshot = (latest, encode(SnapshotFrame(latest, self._host.process())))
        return self._snapshot[1]

    def _prices_usd(self) -> dict[str, float]:
        """The last prices there are."""
        assets = self._host.snapshot().assets
        return {asset.asset: asset.price for asset in assets if asset.price is not None}
