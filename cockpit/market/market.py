"""The market as the core knows it: every asset's prints and books, every reading with its age, the bands."""

from collections.abc import Iterable, Mapping

import msgspec

from cockpit.config.context import AssetBands
from cockpit.config.limits import ReadingAges
from cockpit.config.model import CockpitConfig
from cockpit.config.setups import PriorityFeeFade
from cockpit.domain.events import (
    FeedHealth,
    FundingRate,
    HealthFactor,
    LiquidationMap,
    OnChainPrice,
    OpenInterest,
    Positioning,
    ReadingEvent,
)
from cockpit.domain.kinds import FeedState, Origin, Reading
from cockpit.market.asset import AssetMarket
from cockpit.market.bars import BASE_BAR_NS, BASE_BAR_S, Bar, ClosedBars, bar_start
from cockpit.market.clusters import Liquidations
from cockpit.market.freshness import FeedHealthLog, ages_of, health_text
from cockpit.market.health import HealthWatch
from cockpit.market.reading_store import ReadingStore, waits_for
from cockpit.market.reading_table import ROW_OF, ROW_OF_EVENT
from cockpit.market.readings import COMPARED_DECIMALS, ReadingView, tightened, unexpired, view_of


class Market:
    """The latest of everything. Pure: time is what the caller says it is.

    With `hold_context` the config's market context stays fresh for ever and live readings do not replace it.
    Raises ValueError for a setup's bar length that is no multiple of the base bar.
    """

    def __init__(self, config: CockpitConfig, start_ns: int, hold_context: bool = False) -> None:
        self.config = config
        lengths_s = _long_bar_lengths(config)
        history_s = _longest_window_s(config)
        self.assets: dict[str, AssetMarket] = {
            asset: AssetMarket(
                asset,
                where.watch,
                start_ns,
                history_s=history_s,
                bar_lengths_s=lengths_s,
                silent_after_s=config.feeds.stream.stand_down_after_s,
            )
            for asset, where in config.assets.items()
        }
        self.next_bar_ns = bar_start(start_ns, BASE_BAR_NS) + BASE_BAR_NS
        self._refusals: dict[tuple[Reading, str, str], str] = {}
        self.ages: Mapping[Reading, ReadingAges] = {reading: ages_of(config, reading) for reading in Reading}
        self.feed_health = FeedHealthLog()
        self.spread_of: tuple[str, ...] = tuple(config.gate.funding_spread_of)
        self._replaced_bands: dict[str, AssetBands] = {}
        fees = (Reading.PRIORITY_FEE, Reading.JITO_TIP)
        self.readings = ReadingStore(self.assets, self.spread_of, fees, _fee_baseline_s(config))
        self.health = HealthWatch(config.feeds.health_factor, configured=config.aave.address is not None)
        self.liquidations = Liquidations(config, self.assets, self.readings)
        self._seed(start_ns, Origin.HELD if hold_context else Origin.CONFIG)

    def _seed(self, start_ns: int, origin: Origin) -> None:
        context = self.config.market_context
        for asset, shares in context.positioning.items():
            seed = Positioning(start_ns, asset, "config", shares.long_pct, shares.short_pct, origin)
            self.apply(seed)
        for asset, rates in context.funding_bps.items():
            for venue, rate_bps in rates.items():
                self.apply(FundingRate(start_ns, asset, venue, rate_bps, origin=origin))
        for asset, change_pct in context.open_interest_change_24h_pct.items():
            self.apply(OpenInterest(start_ns, asset, "config", change_pct, origin=origin))
        if context.aave_health_factor is not None:
            self.apply(HealthFactor(start_ns, "config", context.aave_health_factor, origin=origin))

    # -- bars

    def close_bars(self, now_ns: int) -> list[tuple[str, Bar]]:
        """Close every bar that ended at or before `now_ns`: in order of their ends, then by asset, shorter first.

        Call it with the first event at or past `next_bar_ns`, before that event is applied.
        """
        if now_ns < self.next_bar_ns:
            return []
        boundary_ns = bar_start(now_ns, BASE_BAR_NS)
        closed = [(name, bar) for name, asset in self.assets.items() for bar in asset.close_bars(boundary_ns)]
        closed.sort(key=lambda named: named[1].end_ns)
        self.next_bar_ns = boundary_ns + BASE_BAR_NS
        return closed

    def pass_bars(self, boundary_ns: int, assets: Iterable[AssetMarket]) -> None:
        """Close what of these assets ended by then and tell nobody: for a reader of columns where nobody waits."""
        for asset in assets:
            asset.close_bars(boundary_ns)
        self.next_bar_ns = boundary_ns + BASE_BAR_NS

    def take_closed(self, closed: Mapping[str, ClosedBars], boundary_ns: int) -> None:
        """The same in one step for a stretch of bars, by asset, as a reader of columns has them from elsewhere."""
        for name, bars in closed.items():
            self.assets[name].take_closed(bars)
        self.next_bar_ns = boundary_ns + BASE_BAR_NS

    def start_session(self, now_ns: int) -> None:
        """A session or a UTC day begins: every session VWAP starts anew."""
        for asset in self.assets.values():
            asset.start_session()

    # -- readings in

    def apply(self, reading: ReadingEvent | OnChainPrice | LiquidationMap | FeedHealth) -> str | None:
        """Take a reading. An external one can only tighten: the table says which kinds count, others are ignored.

        Readings of assets the config does not name are ignored too. One that cannot be is refused: returns why.
        """
        if isinstance(reading, FeedHealth):
            self.feed_health.take(reading)
            return None
        row = ROW_OF_EVENT[type(reading)]
        place = (row.reading, *row.applies_to(reading))
        refusal = row.refusal(reading)
        if refusal is not None:
            self._refusals[place] = refusal
            if isinstance(reading, HealthFactor) and reading.origin is not Origin.EXTERNAL:
                self.health.take(msgspec.structs.replace(reading, value=None, detail=refusal))
            return refusal
        self._refusals.pop(place, None)
        if isinstance(reading, HealthFactor):
            self.health.take(reading)
        else:
            self.readings.take(reading)
        return None

    # -- readings out

    def short_pct(self, asset: str, now_ns: int) -> ReadingView:
        """Share of accounts that is short, 0..100; the higher of our own and an external one."""
        return self._positioning(asset, now_ns, "short %")

    def long_pct(self, asset: str, now_ns: int) -> ReadingView:
        """Share of accounts that is long, 0..100, of the same reading as `short_pct`."""
        return self._positioning(asset, now_ns, "long %")

    def _positioning(self, asset: str, now_ns: int, share: str) -> ReadingView:
        ages = self.config.feeds.positioning
        own: Positioning | None = self.readings.own(Reading.POSITIONING, asset)
        external: Positioning | None = unexpired(self.readings.external(Reading.POSITIONING, asset), ages, now_ns)
        view = self.view(Reading.POSITIONING, now_ns, asset)
        if own is not None:
            value = own.short_pct if share == "short %" else own.long_pct
            view = msgspec.structs.replace(view, value=value)
        if external is None or (own is not None and external.short_pct <= own.short_pct):
            return view
        value = external.short_pct if share == "short %" else external.long_pct
        seen = view_of(value, external.ts_ns, Origin.EXTERNAL, ages, now_ns)
        return tightened(view, msgspec.structs.replace(seen, source=external.source), share)

    def funding_rate(self, asset: str, venue: str, now_ns: int) -> ReadingView:
        """One venue's running funding rate over 8 h, in bps."""
        return self.view(Reading.FUNDING, now_ns, asset, venue)

    def funding_spread_bps(self, asset: str, now_ns: int) -> ReadingView:
        """The spread over 8 h, in bps, as old as the older of its two rates; a missing venue is named in the detail."""
        first, second = (self.funding_rate(asset, venue, now_ns) for venue in self.spread_of)
        if first.value is None or second.value is None:
            missing = [view for view in (first, second) if view.value is None]
            detail = "; ".join(view.detail for view in missing)
            state = max((view.state for view in missing), key=list(FeedState).index)
            return ReadingView(None, None, state, None, detail, "-".join(self.spread_of))
        older = max(first, second, key=lambda view: view.age_s or 0.0)
        return ReadingView(
            value=round(first.value - second.value, COMPARED_DECIMALS),
            age_s=older.age_s,
            state=older.state,
            origin=older.origin,
            detail="; ".join(view.detail for view in (first, second) if view.detail),
            source="-".join(self.spread_of),
        )

    def open_interest_change_pct(self, asset: str, now_ns: int) -> ReadingView:
        """Open interest's change over 24 h in percent."""
        return self.view(Reading.OPEN_INTEREST, now_ns, asset)

    def health_factor(self, now_ns: int) -> ReadingView:
        """The lower of our own Aave health factor and an external one; see `HealthWatch.view`."""
        view = self.health.view(now_ns)
        return self._with_health(Reading.HEALTH_FACTOR, view)

    def health_no_debt(self, now_ns: int) -> bool:
        """Whether the watched wallet owes nothing, by a reading not stale."""
        return self.health.no_debt(now_ns)

    @property
    def health_watched(self) -> bool:
        """Whether an Aave address is configured or any reading of our own was ever seen."""
        return self.health.watched

    def priority_fee(self, now_ns: int) -> ReadingView:
        """Solana's median priority fee in micro-lamports per compute unit."""
        return self.view(Reading.PRIORITY_FEE, now_ns)

    def jito_tip(self, now_ns: int) -> ReadingView:
        """The median landed Jito tip in SOL."""
        return self.view(Reading.JITO_TIP, now_ns)

    def onchain_price(self, asset: str, now_ns: int) -> ReadingView:
        """The asset's last price on chain in USD."""
        return self.view(Reading.ONCHAIN_PRICE, now_ns, asset)

    def fee_baseline(self, baseline_s: float) -> float | None:
        """Median of the priority fees before the newest one; None while they span less than a minute."""
        return self.readings.median_before(Reading.PRIORITY_FEE, baseline_s)

    def tip_baseline(self, baseline_s: float) -> float | None:
        """Median of the Jito tips before the newest one; None while they span less than a minute."""
        return self.readings.median_before(Reading.JITO_TIP, baseline_s)

    def stream(self, asset: str, now_ns: int) -> ReadingView:
        """The last print in USD, as old as the newest print, top or depth of the watched venue."""
        market = self.assets[asset]
        if not market.received_ns:
            missing = ReadingView(None, None, FeedState.STALE, None, "", market.watch)
            return self._with_health(Reading.STREAM, missing, f"no print or book of {asset} from {market.watch} yet")
        view = view_of(market.price, market.received_ns, Origin.FEED, self.config.feeds.stream, now_ns)
        detail = "" if market.price is not None else f"no print of {asset} from {market.watch} yet"
        return self._with_health(Reading.STREAM, msgspec.structs.replace(view, source=market.watch), detail)

    def view(self, kind: Reading, now_ns: int, asset: str = "", venue: str = "") -> ReadingView:
        """Our own reading as it stands, with what its worker says."""
        own = self.readings.own(kind, asset, venue)
        if own is None:
            missing = ReadingView(None, None, FeedState.STALE, None, "", venue)
            missing = self._with_health(kind, missing, f"no {waits_for(kind, asset, venue)} received yet")
            return self._with_refusal(missing, kind, asset, venue)
        bar_s, source = getattr(own, "bar_s", 0.0), venue or getattr(own, "source", "")
        view = view_of(ROW_OF[kind].value(own), own.ts_ns, own.origin, self.ages[kind], now_ns, bar_s)
        view = self._with_health(kind, msgspec.structs.replace(view, source=source))
        return self._with_refusal(view, kind, asset, venue)

    def _with_refusal(self, view: ReadingView, kind: Reading, asset: str, venue: str) -> ReadingView:
        """The newest value that was refused explains why the one before it grows old, or why there is none."""
        refusal = self._refusals.get((kind, asset, venue))
        if refusal is None:
            return view
        return msgspec.structs.replace(view, detail="; ".join(part for part in (view.detail, refusal) if part))

    def _with_health(self, kind: Reading, view: ReadingView, detail: str = "") -> ReadingView:
        """The worker's own word beside the reading: it explains a missing value and never unmakes a seen one."""
        report = self.feed_health.of(kind, view.source)
        if report is None and view.state not in (FeedState.FRESH, FeedState.LATE):
            report = self.feed_health.about(kind, view.source, view.origin)
        parts = [part for part in (detail or view.detail, health_text(report)) if part]
        state = report.state if report is not None and view.age_s is None else view.state
        return msgspec.structs.replace(view, state=state, detail="; ".join(parts))

    def latest_funding(self, asset: str) -> Mapping[str, FundingRate]:
        """The newest funding rate of each venue that gave one."""
        return {venue: rate for venue, rate in self.readings.places(Reading.FUNDING, asset) if rate is not None}

    def latest_health(self) -> HealthFactor | None:
        """The newest health factor reading, with its collateral and debt."""
        return self.health.latest()

    def bands(self, asset: str) -> AssetBands | None:
        """The operator's liquidation bands, those accepted since before the config's; None for an asset without."""
        return self._replaced_bands.get(asset) or self.config.bands.get(asset)

    def replace_bands(self, asset: str, bands: AssetBands | None) -> None:
        """Put bands in place of the config's; None gives the config's back."""
        if bands is None:
            self._replaced_bands.pop(asset, None)
        else:
            self._replaced_bands[asset] = bands


def _long_bar_lengths(config: CockpitConfig) -> list[int]:
    """The bar lengths the setups ask for beside the base bar, shortest first."""
    lengths_s: set[int] = set()
    for name, setup in config.setups.items():
        for bar_s in setup.bars_s:
            if bar_s % BASE_BAR_S:
                raise ValueError(f"setups.{name}.bar_s: expected a multiple of {BASE_BAR_S} s, was {bar_s:g}")
            lengths_s.add(int(bar_s))
    return sorted(lengths_s - {BASE_BAR_S})


def _longest_window_s(config: CockpitConfig) -> float:
    """How far back any setup looks over bars and books."""
    return max((setup.lookback_s for setup in config.setups.values()), default=0.0)


def _fee_baseline_s(config: CockpitConfig) -> float:
    fades = (setup for setup in config.setups.values() if isinstance(setup, PriorityFeeFade))
    return max((setup.baseline_s for setup in fades), default=0.0)
