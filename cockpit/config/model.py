"""The whole config."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from cockpit.config.alerts import AlertsSection
from cockpit.config.base import Asset, Name, Section, VenueName
from cockpit.config.context import AssetBands, BiasShare, MarketContext, SessionSection
from cockpit.config.endpoints import EndpointsSection
from cockpit.config.exchange_names import HAVE_DEMO, HAVE_SPOT, STOP_AT_LIMIT
from cockpit.config.execution import ExecutionSection
from cockpit.config.limits import (
    AaveSection,
    CapitalSection,
    ColdStorageSection,
    FeedsSection,
    GateSection,
    KillSwitchSection,
    LimitsSection,
    ModesSection,
)
from cockpit.config.live import LiveSection
from cockpit.config.manual import ManualSection
from cockpit.config.own_kinds import OwnToo
from cockpit.config.proposals import BandProposalsSection
from cockpit.config.setups import AnySetup, ExternalStrategy, Laddered
from cockpit.config.signal_sources import RESERVED, SignalSource, SourceName, WebhookOut
from cockpit.config.sources import BirdeyeSection, CoinglassSection, LiquidationMapSection, SolanaSection
from cockpit.config.venues import AssetVenues, Instrument, PaperSection, Venue
from cockpit.domain.kinds import Mode, Reading

# Feeds of the operator's own: what their `Rules` are made of.


class OwnFeed(Section):
    """The keys of a feed of one's own, to be subclassed as `Rules` in `feeds/KIND.py` beside the config.

    `reading` is what it delivers; `worker` makes the feed, as `worker(name, rules, config, timing)`: a
    `cockpit.exchanges.base.feed.Feed`.
    """

    reading: ClassVar[Reading]
    worker: ClassVar[Any]
    kind: Name


AnyOwnFeed = Annotated[OwnFeed, OwnToo("feeds", OwnFeed)]


# How the screen looks and which keys it listens to. The engine reads none of it.


Signal = Literal["halt", "fill", "stop", "close"]


class ScreenSection(Section):
    """`keys` names actions and their keys, as in `{"arm": "f5"}`; `ascii` draws frames and signs in ASCII.

    `flatten_presses` 1 makes the flatten key act at the first press. `layout` names the layout it starts with: default,
    chart, flow, or one of `layouts`, each a table of panes, as in `{"mine": {"across": [[40, "bands"], [60, {"down":
    [[70, "chart"], [30, "trades"]]}]]}}`. The screen checks keys and layouts at its start. `bell` and `flash` call the
    operator on a halt, a fill, a stop, a close; `mouse` lets a click choose a pane.
    """

    theme: Literal["dark", "light", "colour-blind", "ansi"] = "dark"
    ascii: bool = False
    flatten_presses: Literal[1, 2] = 2
    keys: dict[Name, str] = {}
    layout: Name = "default"
    layouts: dict[Name, dict[Literal["across", "down"], list[Any]]] = {}
    bell: list[Signal] = []
    flash: list[Signal] = []
    mouse: bool = False


BY_HAND = ("manual", "adopted")
"""What trades by hand go by in place of a setup's name."""


class SimulationSection(Section):
    """`profile` is the file that `cockpit history fit` wrote, from the profile's directory or as a whole path; empty
    for the market as shipped, which tells stories around the bands.
    """

    profile: str = ""


class CockpitConfig(Section):
    """What the operator writes. Every number of the rules lives here; the code holds none."""

    schema_: Annotated[str, Field(alias="$schema")] = "schema.json"
    session: SessionSection
    enabled: bool
    regime: Name
    thesis: Annotated[str, Field(min_length=1, max_length=400)]
    bias: list[BiasShare]
    market_context: MarketContext
    bands: dict[Asset, AssetBands]
    capital: CapitalSection
    limits: LimitsSection
    gate: GateSection
    modes: ModesSection
    feeds: FeedsSection
    setups: dict[Name, AnySetup]
    external_strategies: list[ExternalStrategy]
    sources: dict[SourceName, SignalSource] = {}
    webhooks: list[WebhookOut] = []
    venues: dict[VenueName, Venue]
    assets: dict[Asset, AssetVenues]
    paper: PaperSection
    cold_storage: ColdStorageSection
    aave: AaveSection
    solana: SolanaSection = SolanaSection()
    coinglass: CoinglassSection = CoinglassSection()
    birdeye: BirdeyeSection = BirdeyeSection()
    liquidation_map: LiquidationMapSection = LiquidationMapSection()
    band_proposals: BandProposalsSection = BandProposalsSection()
    kill_switch: KillSwitchSection
    checklist: list[Name]
    screen: ScreenSection = ScreenSection()
    alerts: AlertsSection = AlertsSection()
    live: LiveSection = LiveSection()
    endpoints: EndpointsSection = EndpointsSection()
    own_feeds: dict[Name, AnyOwnFeed] = {}
    execution: ExecutionSection = ExecutionSection()
    manual: ManualSection = ManualSection()
    simulation: SimulationSection = SimulationSection()

    @model_validator(mode="after")
    def parts_fit(self) -> Self:
        """What one section names, another must define."""
        bias_total = sum(share.share_pct for share in self.bias)
        if self.bias and abs(bias_total - 100.0) > 0.01:
            raise ValueError(f"bias: expected the scenarios' share_pct to add up to 100, was {bias_total:g}")
        for name, section in self.venues.items():
            if section.demo and name not in HAVE_DEMO:
                raise ValueError(f"venues.{name}.demo: expected false, was true: {name} has no demo account")
            section.exit_fits(name)
            section.spot_fits(name, name in HAVE_SPOT)
        for asset, where in self.assets.items():
            venue = self.venues.get(where.trade_on)
            if venue is None or asset not in venue.instruments:
                raise ValueError(f"assets.{asset}.trade_on: expected a venue that lists {asset}, was {where.trade_on}")
            if asset not in self.gate.short_pct_block_at:
                raise ValueError(f"gate.short_pct_block_at: expected an entry for {asset}, was none")
        for name, setup in self.setups.items():
            for asset in (*setup.traded, *setup.watched_beside):
                if asset not in self.assets:
                    raise ValueError(f"setups.{name}: expected an asset of the assets section, was {asset}")
        first, second = self.gate.funding_spread_of
        if first == second:
            raise ValueError(f"gate.funding_spread_of: expected two different venues, was {first} twice")
        self._stops_within(self.limits.max_stop_bps)
        named = [*self.setups, *(strategy.name for strategy in self.external_strategies)]
        taken = [name for name in named if name in BY_HAND]
        if taken:
            raise ValueError(f"setups: expected names beside {' and '.join(BY_HAND)}, was {taken[0]}")
        self._sources_fit()
        return self

    def _sources_fit(self) -> None:
        known = [strategy.name for strategy in self.external_strategies]
        for name, source in self.sources.items():
            if name in RESERVED:
                raise ValueError(f"sources.{name}: expected another name than {', '.join(RESERVED)}, was {name}")
            for strategy in source.strategies or ():
                if strategy not in known:
                    raise ValueError(
                        f"sources.{name}.strategies: expected one of {', '.join(known) or 'none'}, was {strategy}"
                    )

    def _stops_within(self, max_stop_bps: float) -> None:
        laddered: list[tuple[str, Laddered]] = [(f"setups.{name}", setup) for name, setup in self.setups.items()]
        laddered += [(f"external_strategies.{strategy.name}", strategy) for strategy in self.external_strategies]
        laddered += [(f"manual.templates.{name}", template) for name, template in self.manual.templates.items()]
        for key, section in laddered:
            if section.stop_bps > max_stop_bps:
                raise ValueError(f"{key}.stop_bps: expected at most {max_stop_bps:g}, was {section.stop_bps:g}")

    def recorded_json(self) -> str:
        """The config as recordings keep it and a replay needs it: without addresses, whose paths may be secrets."""
        return self.model_dump_json(by_alias=True, exclude={"webhooks", "endpoints"})

    def instrument(self, asset: str, venue: str | None = None) -> Instrument:
        """The instrument of `asset` on `venue`, or where the asset trades. Raises KeyError for an unknown one."""
        return self.venues[venue or self.assets[asset].trade_on].instruments[asset]

    def stop_limit_bps(self, venue: str, mode: Mode) -> float | None:
        """How far beyond its trigger a stop's limit lies there; None where stops leave at market, as on paper."""
        if mode is Mode.PAPER or venue not in STOP_AT_LIMIT or venue not in self.venues:
            return None
        return self.venues[venue].stop_limit_bps

    def strategy(self, name: str) -> ExternalStrategy | None:
        """The registered outside strategy of that name, if there is one."""
        return next((strategy for strategy in self.external_strategies if strategy.name == name), None)
