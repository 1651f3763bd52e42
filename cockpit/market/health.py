"""The watched wallet's Aave health factor, from one or more RPCs, tightened by what comes from outside.

An unknown reading does not wipe out the last known one: that one ages on, and the detail says why.
"""

from collections.abc import Sequence
from math import inf

import msgspec

from cockpit.config.limits import ReadingAges
from cockpit.domain.events import AaveExposure, HealthFactor
from cockpit.domain.kinds import FeedState, Origin
from cockpit.domain.snapshot import HealthDrop
from cockpit.market.freshness import age_s
from cockpit.market.readings import ReadingView, tightened, view_of

# How far each asset alone must move before the health factor reaches a limit: arithmetic on the split by asset.

WHOLE_PCT = 100.0


def move_to_reach_pct(exposures: Sequence[AaveExposure], symbol: str, target: float) -> float | None:
    """By how many percent this asset's price must change, all others unmoved, for the health factor to be `target`.

    Below 0 is a fall, above 0 a rise (an asset owed more than it secures). 0 where the health factor is there already;
    None where no price of this asset takes it there. Health factor = sum(collateral x threshold) / sum(debt).
    """
    weight = sum(entry.collateral_usd * entry.threshold for entry in exposures)
    debt_usd = sum(entry.debt_usd for entry in exposures)
    own = [entry for entry in exposures if entry.symbol == symbol]
    own_weight = sum(entry.collateral_usd * entry.threshold for entry in own)
    own_debt_usd = sum(entry.debt_usd for entry in own)
    spare = weight - target * debt_usd
    if spare <= 0.0:
        return 0.0
    # With its price times (1 + x): weight + x own_weight = target (debt + x own_debt).
    leverage = own_weight - target * own_debt_usd
    if leverage == 0.0:
        return None
    change = -spare / leverage
    return change * WHOLE_PCT if change > -1.0 else None


def drops(exposures: Sequence[AaveExposure], targets: Sequence[float]) -> tuple[HealthDrop, ...]:
    """The table: for every asset held or owed, the move that reaches each target. Largest exposure first."""
    largest_first = sorted(exposures, key=lambda entry: -max(entry.collateral_usd, entry.debt_usd))
    return tuple(
        HealthDrop(
            symbol=entry.symbol,
            collateral_usd=entry.collateral_usd,
            debt_usd=entry.debt_usd,
            moves=tuple((target, move_to_reach_pct(exposures, entry.symbol, target)) for target in targets),
        )
        for entry in largest_first
    )


def recomputed(exposures: Sequence[AaveExposure]) -> float | None:
    """The health factor the split makes; None without debt."""
    debt_usd = sum(entry.debt_usd for entry in exposures)
    if debt_usd <= 0.0:
        return None
    return sum(entry.collateral_usd * entry.threshold for entry in exposures) / debt_usd


def _limiting(reading: HealthFactor) -> float:
    return inf if reading.value is None else reading.value


class HealthWatch:
    """What each source said last. Of the sources that are not stale, the lowest counts."""

    __slots__ = ("_ages", "_configured", "_external", "_known", "_unknown")

    def __init__(self, ages: ReadingAges, *, configured: bool) -> None:
        self._ages = ages
        self._configured = configured
        self._known: dict[str, HealthFactor] = {}
        self._unknown: HealthFactor | None = None
        self._external: HealthFactor | None = None

    @property
    def watched(self) -> bool:
        """Whether an address is configured or any reading of our own was ever seen."""
        return self._configured or bool(self._known) or self._unknown is not None

    def take(self, reading: HealthFactor) -> None:
        """Remember a reading. A live one ends the config seed; a held one ignores all that follow."""
        if reading.origin is Origin.EXTERNAL:
            if reading.value is not None:
                self._external = reading
        elif any(known.origin is Origin.HELD for known in self._known.values()):
            return
        elif reading.value is None and not reading.no_debt:
            self._unknown = reading
        else:
            self._known = {key: known for key, known in self._known.items() if known.origin is not Origin.CONFIG}
            before = self._known.get(reading.source)
            if before is None or reading.ts_ns >= before.ts_ns:
                self._known[reading.source] = reading

    def counted(self, now_ns: int) -> HealthFactor | None:
        """The reading of our own that counts: the lowest of those not stale, else the newest."""
        limit_s = self._ages.stand_down_after_s
        timely = [known for known in self._known.values() if age_s(known.ts_ns, now_ns, known.origin) <= limit_s]
        if timely:
            return min(timely, key=lambda known: (_limiting(known), -known.ts_ns))
        return max(self._known.values(), key=lambda known: known.ts_ns, default=None)

    def latest(self) -> HealthFactor | None:
        """The newest reading for the screen: our own known one, else an unknown one, else an external one."""
        newest = max(self._known.values(), key=lambda known: known.ts_ns, default=None)
        return newest or self._unknown or self._external

    def view(self, now_ns: int) -> ReadingView:
        """The health factor that counts: the lower of our own and an external one not yet expired.

        Without debt `value` is None and `detail` is "no debt". Unwatched, a value can only be an external one: worth
        blocking on, never worth passing on.
        """
        own = self._own_view(now_ns)
        external = self._external
        if external is None or age_s(external.ts_ns, now_ns) > self._ages.stand_down_after_s:
            return own
        limit = own.value if own.value is not None else inf
        if _limiting(external) >= limit:
            return own
        seen = view_of(external.value, external.ts_ns, Origin.EXTERNAL, self._ages, now_ns)
        seen = msgspec.structs.replace(seen, source=external.source, detail=own.detail)
        return tightened(own, seen, "health factor") if self.watched else seen

    def no_debt(self, now_ns: int) -> bool:
        """Whether the wallet owes nothing, by a reading that is not stale and no external one contradicts."""
        own = self.counted(now_ns)
        if own is None or not own.no_debt:
            return False
        view = self.view(now_ns)
        return view.value is None and view.state in (FeedState.FRESH, FeedState.LATE)

    def _own_view(self, now_ns: int) -> ReadingView:
        own = self.counted(now_ns)
        doubt = f"unknown: {self._unknown.detail or 'no reason given'}" if self._unknown is not None else ""
        if own is None:
            if not self.watched:
                return ReadingView(None, None, FeedState.OFF, None, "not watched: no address configured")
            return ReadingView(None, None, FeedState.STALE, None, doubt or "no health factor received yet")
        view = view_of(own.value, own.ts_ns, own.origin, self._ages, now_ns)
        newer_doubt = doubt if self._unknown is not None and self._unknown.ts_ns > own.ts_ns else ""
        detail = "; ".join(part for part in ("no debt" if own.no_debt else "", newer_doubt) if part)
        return msgspec.structs.replace(view, detail=detail, source=own.source)
