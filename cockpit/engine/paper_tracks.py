"""What a proposal that was not sent would have done, followed on paper from its decision to stop, target or time."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from cockpit.domain.actions import PaperTracked
from cockpit.domain.kinds import ExitReason
from cockpit.domain.signal_sources import PaperTrack
from cockpit.domain.units import BPS, bps_between, seconds_to_ns
from cockpit.domain.verdict import Verdict
from cockpit.engine.outbox import Outbox
from cockpit.market.asset import AssetMarket

MOST_OF_A_SOURCE = 50
"""Proposals of one source that are followed at once; more are judged and not followed."""
LONGEST_S = 86_400.0
"""Without a time of its own a proposal is followed for a day."""


class PaperTracks:
    """The proposals followed now. Fills are unkind: in across the spread, limits and targets beyond their price."""

    def __init__(self) -> None:
        self._open: dict[str, PaperTrack] = {}

    @property
    def memory(self) -> tuple[PaperTrack, ...]:
        """What a restart needs."""
        return tuple(self._open.values())

    def restore(self, tracks: Iterable[PaperTrack]) -> None:
        """Go on following; what happened meanwhile is not known, so a price beyond the stop ends it there."""
        self._open = {track.verdict_id: track for track in tracks}

    def begin(self, verdict: Verdict, asset: AssetMarket, fee_bps: float, now_ns: int) -> None:
        """Follow a proposal that was not sent."""
        proposal = verdict.proposal
        of_source = sum(track.source == proposal.source for track in self._open.values())
        if of_source >= MOST_OF_A_SOURCE:
            return
        sign = proposal.side.sign
        top = asset.top
        touch = proposal.decision_price if top is None else (top.ask if sign > 0 else top.bid)
        entry = touch if touch > 0 else proposal.decision_price
        limit, waits_until_ns = proposal.entry_limit_price, None
        if limit is not None and sign * (limit - entry) < 0:
            entry, waits_until_ns = limit, now_ns + seconds_to_ns(proposal.entry_wait_s or LONGEST_S)
        hold_ns = seconds_to_ns(proposal.max_hold_s or LONGEST_S)
        self._open[verdict.verdict_id] = PaperTrack(
            verdict_id=verdict.verdict_id,
            source=proposal.source,
            strategy=proposal.setup,
            asset=proposal.asset,
            side=proposal.side,
            denied_by=verdict.reason_check,
            began_ns=now_ns,
            ends_ns=now_ns + hold_ns,
            entry_price=entry,
            stop_price=entry * (1 - sign * verdict.stop_bps / BPS),
            stop_bps=verdict.stop_bps,
            fee_bps=fee_bps,
            targets=proposal.targets,
            waits_until_ns=waits_until_ns,
            hold_ns=hold_ns,
        )

    def fences(self, asset: str) -> tuple[float, float]:
        """Between these prices nobody here waits for anything."""
        low, high = float("-inf"), float("inf")
        for track in self._of(asset):
            if track.waits_until_ns is not None:
                low, high = _beyond_entry(track, low, high)
                continue
            stop, target = track.stop_price, _next_target(track)
            if track.side.sign > 0:
                low, high = max(low, stop), min(high, _or(target, high))
            else:
                low, high = max(low, _or(target, low)), min(high, stop)
        return low, high

    def next_due_ns(self, otherwise_ns: int) -> int:
        """When the first of them is over by time, or `otherwise_ns` where that is earlier."""
        return min((otherwise_ns, *(_due_ns(track) for track in self._open.values())))

    def on_price(self, asset: str, price: float, out: Outbox) -> None:
        """A print: stops first, then the targets that it went beyond."""
        for known in list(self._of(asset)):
            sign = known.side.sign
            if known.waits_until_ns is not None and sign * (price - known.entry_price) >= 0:
                continue
            track = known if known.waits_until_ns is None else self._entered(known, out.now_ns)
            if sign * (price - track.stop_price) <= 0:
                reason = ExitReason.BREAKEVEN_STOP if track.hit else ExitReason.STOP
                self._close(track, price, reason, out)
                continue
            self._reach(track, price, out)

    def on_time(self, assets: Mapping[str, AssetMarket], out: Outbox) -> None:
        """Close what is over by time, where a price is known."""
        for track in [track for track in self._open.values() if out.now_ns >= _due_ns(track)]:
            if track.waits_until_ns is not None:
                del self._open[track.verdict_id]
                out.add(PaperTracked(out.now_ns, track))
                continue
            market = assets.get(track.asset)
            price = market.price if market is not None else None
            if price is not None:
                self._close(track, price, ExitReason.TIME_STOP, out)

    def _entered(self, track: PaperTrack, now_ns: int) -> PaperTrack:
        """The market went through its limit: it is in, at the limit, and its time runs from here."""
        entered = replace(track, waits_until_ns=None, ends_ns=now_ns + (track.hold_ns or seconds_to_ns(LONGEST_S)))
        self._open[track.verdict_id] = entered
        return entered

    def _reach(self, track: PaperTrack, price: float, out: Outbox) -> None:
        sign = track.side.sign
        while (target := _next_target(track)) is not None and sign * (price - target) > 0:
            rung = track.targets[track.hit]
            at_entry = track.entry_price * (1 + sign * track.fee_bps / BPS)
            track = replace(
                track,
                hit=track.hit + 1,
                realised_bps=track.realised_bps + rung.distance_bps * rung.share_pct / 100.0,
                left_pct=max(0.0, track.left_pct - rung.share_pct),
                stop_price=at_entry,
            )
            self._open[track.verdict_id] = track
            if track.left_pct <= 0:
                self._close(track, target, ExitReason.TARGETS, out)
                return

    def _close(self, track: PaperTrack, price: float, reason: ExitReason, out: Outbox) -> None:
        del self._open[track.verdict_id]
        rest_bps = track.side.sign * bps_between(price, track.entry_price) * track.left_pct / 100.0
        net_bps = track.realised_bps + rest_bps - track.fee_bps
        r = net_bps / (track.stop_bps + track.fee_bps)
        out.add(PaperTracked(out.now_ns, replace(track, realised_bps=net_bps, left_pct=0.0, exit_reason=reason, r=r)))

    def _of(self, asset: str) -> Iterator[PaperTrack]:
        return (track for track in self._open.values() if track.asset == asset)


def _next_target(track: PaperTrack) -> float | None:
    if track.hit >= len(track.targets):
        return None
    return track.entry_price * (1 + track.side.sign * track.targets[track.hit].distance_bps / BPS)


def _due_ns(track: PaperTrack) -> int:
    return track.ends_ns if track.waits_until_ns is None else track.waits_until_ns


def _beyond_entry(track: PaperTrack, low: float, high: float) -> tuple[float, float]:
    """The fences of one that waits for its limit: only the side that it enters on."""
    if track.side.sign > 0:
        return max(low, track.entry_price), high
    return low, min(high, track.entry_price)


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
