"""`POST /api/dashboard/update`: news from outside. It can only tighten, and the answer says what was taken."""

import asyncio
from typing import Any, NamedTuple

from fastapi import APIRouter

from cockpit.api.api_router import api_router
from cockpit.api.context import ApiContext
from cockpit.api.denial import Denied
from cockpit.api.models import Ignored, UpdateAnswer, UpdateRequest
from cockpit.domain.events import HealthFactor, Positioning, ReadingEvent
from cockpit.domain.kinds import Origin, Reading
from cockpit.domain.snapshot import Snapshot
from cockpit.market.reading_table import ROW_OF

# What an outside dashboard pushes: which of it becomes a reading that can only tighten, and why the rest does not.

SOURCE = "external"
HEALTH_NAMES = ("health_factor", "aave_health_factor", "value")
ASSET_NAMES = ("asset", "symbol", "pair")
HIGHEST_HEALTH_FACTOR = 1e6
FACTS_KEPT = 32
LONGEST_FACT = 200
WHY = {
    "price": ROW_OF[Reading.STREAM].outside,
    "funding": ROW_OF[Reading.FUNDING].outside,
    "funding_rate": ROW_OF[Reading.FUNDING].outside,
    "open_interest": ROW_OF[Reading.OPEN_INTEREST].outside,
}
NOT_KNOWN = "not a reading this engine takes from outside"


class Update(NamedTuple):
    """What became of an update: readings for the engine, sentences for the caller, facts for the dashboards."""

    readings: tuple[ReadingEvent, ...]
    taken: list[str]
    ignored: list[Ignored]
    facts: dict[str, Any]


def read_update(asked: UpdateRequest, snapshot: Snapshot) -> Update:
    """Understand one update against the market as it stands. Never raises: what is wrong is ignored, and why."""
    match asked.event:
        case "trade_completed":
            facts, ignored = _facts(asked.data)
            return Update((), [f"told to dashboards: {len(facts)} facts; no book is touched"], ignored, facts)
        case "health_factor_update":
            return _health(asked.data, snapshot)
        case "market_update":
            return _market(asked.data, snapshot)


def _health(data: dict[str, Any], snapshot: Snapshot) -> Update:
    name = next((name for name in HEALTH_NAMES if name in data), None)
    ignored = [_ignored(key) for key in data if key != name]
    if name is None:
        ignored.append(Ignored(what="health_factor", why="expected a number, was none"))
        return Update((), [], ignored, {})
    value = _number(data[name], 0.0, HIGHEST_HEALTH_FACTOR)
    if value is None or value == 0.0:
        was = _value(data[name])
        ignored.append(
            Ignored(what=name, why=f"expected a number over 0 and up to {HIGHEST_HEALTH_FACTOR:g}, was {was}")
        )
        return Update((), [], ignored, {})
    own = snapshot.health
    known = f"{own.value:.3f}" if own.value is not None else "none"
    taken = f"health factor {value:.3f} (external): counts only where it is the lower one, known is {known}"
    reading = HealthFactor(snapshot.ts_ns, SOURCE, value, detail="pushed from outside", origin=Origin.EXTERNAL)
    return Update((reading,), [taken], ignored, {"health_factor": value})


def _market(data: dict[str, Any], snapshot: Snapshot) -> Update:
    name = next((name for name in ASSET_NAMES if name in data), None)
    ignored = [_ignored(key) for key in data if key not in (name, "short_pct", "long_pct")]
    asset = str(data[name]).upper().split("/")[0] if name is not None and isinstance(data[name], str) else ""
    known = [view.asset for view in snapshot.assets]
    if asset not in known:
        why = f"expected one of {', '.join(known)}, was {asset[:20] or 'none'}"
        return Update((), [], [*ignored, Ignored(what="asset", why=why)], {})
    short = _number(data.get("short_pct"), 0.0, 100.0)
    long = _number(data.get("long_pct"), 0.0, 100.0)
    for what, value in (("short_pct", short), ("long_pct", long)):
        if what in data and value is None:
            ignored.append(Ignored(what=what, why=f"expected a number from 0 to 100, was {_value(data[what])}"))
    if short is None and long is None:
        return Update((), [], ignored or [Ignored(what="short_pct", why="expected a number, was none")], {})
    short = 100.0 - long if short is None and long is not None else short or 0.0
    long = 100.0 - short if long is None else long
    reading = Positioning(snapshot.ts_ns, asset, SOURCE, long, short, Origin.EXTERNAL)
    taken = f"{asset} short {short:.1f} %, long {long:.1f} % (external): counts only where short is the higher one"
    return Update((reading,), [taken], ignored, {"asset": asset, "short_pct": short, "long_pct": long})


def _facts(data: dict[str, Any]) -> tuple[dict[str, Any], list[Ignored]]:
    """Flat facts in bounds, as other dashboards may be told them."""
    facts: dict[str, Any] = {}
    ignored: list[Ignored] = []
    for key, value in data.items():
        is_text = isinstance(value, str) and len(value) <= LONGEST_FACT and value.isprintable()
        is_flat = value is None or is_text or isinstance(value, bool) or _number(value, -1e15, 1e15) is not None
        if not is_flat or not key.isprintable() or len(key) > LONGEST_FACT or len(facts) >= FACTS_KEPT:
            ignored.append(Ignored(what=_shown(key), why="expected a few flat facts: text, numbers, true or false"))
        else:
            facts[key] = value
    return facts, ignored[:FACTS_KEPT]


def _number(value: Any, low: float, high: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return None
    return float(value)


def _value(value: Any) -> str:
    """What was sent, where it is a number."""
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else "no number"


def _ignored(key: str) -> Ignored:
    return Ignored(what=_shown(key), why=WHY.get(key, NOT_KNOWN))


def _shown(key: str) -> str:
    return key[:40].encode("ascii", "replace").decode()


TAKEN_WITHIN_S = 1.0


def update_routes(context: ApiContext) -> APIRouter:
    """The route, over this engine."""
    router = api_router("outside news")

    @router.post("/api/dashboard/update", summary="Push news from outside")
    async def update(asked: UpdateRequest) -> UpdateAnswer:
        """Readings are marked external: a higher health factor never replaces a lower one of our own, a lower short %
        never a higher one, and both expire. `trade_completed` is passed on to dashboards and touches no book.
        """
        found = read_update(asked, context.host.snapshot())
        try:
            async with asyncio.timeout(TAKEN_WITHIN_S):
                for reading in found.readings:
                    await context.host.push_reading(reading)
        except TimeoutError:
            reason = f"expected room for a reading within {TAKEN_WITHIN_S:g} s, was none: the engine is busy"
            raise Denied(503, "busy", reason) from None
        if found.facts:
            context.hub.announce(f"external_{asked.event}", found.facts)
        return UpdateAnswer(
            success=True,
            dashboard_updated=bool(found.facts),
            timestamp=context.timestamp(),
            taken=found.taken,
            ignored=found.ignored,
        )

    return router
