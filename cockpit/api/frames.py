"""The stream's greeting and snapshots as bytes: each snapshot is encoded once, however many screens look."""

from collections.abc import Mapping

from msgspec.structs import replace

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import Mode
from cockpit.domain.numbers import counted
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.stream import PROTOCOL, Briefing, DetailFrame, Hello, SnapshotFrame
from cockpit.domain.wire import encode
from cockpit.gate.arithmetic import setup_arithmetic
from cockpit.gate.unreached import unreached_limits
from cockpit.market.detail import DetailCursor
from cockpit.preflight.checklist_text import arithmetic_lines
from cockpit.runtime.host import Host

# What the config says that a screen shows, in sentences.


def briefing_of(
    config: CockpitConfig, prices_usd: Mapping[str, float] | None = None, mode: Mode = Mode.PAPER
) -> Briefing:
    """The session's plan, the operator's checklist, what each mode may risk, and what the setups trade at these prices
    (the market context's where none is given)."""
    gate, arithmetic = config.gate, tuple(setup_arithmetic(config, prices_usd))
    idle = tuple(f"cannot bind: {sentence}" for sentence in unreached_limits(config, arithmetic, mode))
    return Briefing(
        session=f"{config.session.name} ({config.session.date})",
        thesis=config.thesis,
        bias=tuple(f"{share.share_pct:g} % {share.scenario}" for share in config.bias),
        checklist=tuple(config.checklist),
        mode_limits=_mode_limits(config),
        arithmetic=(*arithmetic_lines(arithmetic), *idle),
        longs_only_above_bps=gate.funding_spread_longs_only_above_bps,
        warn_below_bps=gate.funding_spread_warn_below_bps,
    )


def _mode_limits(config: CockpitConfig) -> tuple[tuple[str, str], ...]:
    limits, test = config.limits, config.modes.test
    everywhere = (
        f"at most {limits.max_notional_usd:g} USD a position, {limits.max_open_trades} open, "
        f"{counted(limits.max_trades_per_day, 'trade')} a day, {limits.daily_loss_usd:g} USD daily loss"
    )
    extra = (
        f"{everywhere}; at most {test.max_exposure_usd:g} USD in all, {counted(test.max_trades, 'trade')} "
        f"and {test.max_session_loss_usd:g} USD loss a session"
    )
    wallet = f"the hot wallet, {config.capital.hot_wallet_usd:g} USD: {everywhere}"
    return (("paper", f"no money: {everywhere}"), ("test", f"real money: {extra}"), ("live", wallet))


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
        briefing = replace(briefing, arithmetic=(*briefing.arithmetic, *self._host.start_notes))
        return encode(Hello(PROTOCOL, self._host.epoch, log.first_seq, log.last_seq, gap, process, briefing))

    def snapshot(self) -> bytes:
        """The latest of everything."""
        latest = self._host.snapshot()
        if self._snapshot is None or self._snapshot[0] is not latest:
            self._snapshot = (latest, encode(SnapshotFrame(latest, self._host.process())))
        return self._snapshot[1]

    def detail(self, cursors: dict[str, DetailCursor]) -> bytes:
        """What is new of every market for a client that has been told so far, which is moved on."""
        assets = self._host.detail.assets
        return encode(
            DetailFrame(tuple(assets[name].since(cursors.setdefault(name, DetailCursor())) for name in assets))
        )

    def _prices_usd(self) -> dict[str, float]:
        assets = self._host.snapshot().assets
        return {asset.asset: asset.price for asset in assets if asset.price is not None}
