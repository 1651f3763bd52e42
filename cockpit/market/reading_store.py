"""The newest value of every reading that has no keeper of its own, by what it is about."""

from collections.abc import Iterable, Iterator
from typing import Any

from cockpit.domain.kinds import Origin, Reading
from cockpit.market.reading_table import KEPT_ELSEWHERE, ROW_OF, ROW_OF_EVENT, ROWS, About
from cockpit.market.readings import Latest
from cockpit.market.windows import Baseline


class ReadingStore:
    """Readings of assets that the config does not name are ignored, and so are those from outside that nothing can be
    tightened by. `with_baseline` names the readings whose values of the last `baseline_s` are kept too.
    """

    def __init__(
        self, assets: Iterable[str], venues: Iterable[str], with_baseline: Iterable[Reading], baseline_s: float
    ) -> None:
        assets, venues = tuple(assets), tuple(venues)
        places: dict[About, tuple[tuple[str, ...], tuple[str, ...]]] = {
            About.ASSET: (assets, ("",)),
            About.ASSET_AT_VENUE: (assets, venues),
            About.ITSELF: (("",), ("",)),
        }
        self._assets = frozenset(("", *assets))
        self._latest: dict[Reading, dict[str, dict[str, Latest[Any]]]] = {
            row.reading: {asset: {venue: Latest() for venue in places[row.about][1]} for asset in places[row.about][0]}
            for row in ROWS
            if row.reading not in KEPT_ELSEWHERE
        }
        """By asset, then by venue, "" for neither: a second's review asks for each asset's."""
        self._baselines = {reading: Baseline(baseline_s) for reading in with_baseline}

    def take(self, event: Any) -> None:
        """Remember a reading, if it is news."""
        row = ROW_OF_EVENT[type(event)]
        asset, venue = row.applies_to(event)
        if asset not in self._assets or (row.outside and event.origin is Origin.EXTERNAL):
            return
        is_news = self._latest[row.reading].setdefault(asset, {}).setdefault(venue, Latest()).take(event)
        baseline = self._baselines.get(row.reading)
        if is_news and baseline is not None:
            value = row.value(event)
            if value is not None:
                baseline.add(event.ts_ns, value)

    def own(self, reading: Reading, asset: str = "", venue: str = "") -> Any:
        """The newest value of our own feeds (or the config's seed); None before the first."""
        latest = self._latest[reading].get(asset, {}).get(venue)
        return latest.own if latest is not None else None

    def external(self, reading: Reading, asset: str = "") -> Any:
        """The newest value from outside; None without one."""
        latest = self._latest[reading].get(asset, {}).get("")
        return latest.external if latest is not None else None

    def places(self, reading: Reading, asset: str) -> Iterator[tuple[str, Any]]:
        """Every venue's value for an asset, ("", value) for a reading that is of no venue; None where there is none."""
        for venue, latest in self._latest[reading].get(asset, {}).items():
            yield venue, latest.own

    def received(self, reading: Reading) -> list[tuple[str, Any]]:
        """Every asset that has a value, with it."""
        return [
            (asset, latest.own)
            for asset, by_venue in self._latest[reading].items()
            for latest in by_venue.values()
            if latest.own is not None
        ]

    def median_before(self, reading: Reading, window_s: float) -> float | None:
        """The median of the values before the newest one; None while they span less than a minute."""
        return self._baselines[reading].median(window_s)


def waits_for(reading: Reading, asset: str, source: str) -> str:
    """What a reading is called while nothing of it was received."""
    return ROW_OF[reading].missing.format(asset=asset, source=source)
