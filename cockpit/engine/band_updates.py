"""Bands that change within a day: what is proposed, what an operator accepted, and when the config's count again."""

from collections.abc import Iterable

from cockpit.config.context import AssetBands
from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import CommandAnswered
from cockpit.domain.bands import AcceptedBands, Band, BandProposal
from cockpit.domain.commands import AcceptBands
from cockpit.domain.numbers import price_text
from cockpit.domain.units import seconds_to_ns, utc_day
from cockpit.engine.outbox import Outbox
from cockpit.market.band_proposals import differs, draft, pairs
from cockpit.market.market import Market
from cockpit.setups.base import Setup

NO_BANDS = AssetBands()


class BandUpdates:
    """Draws proposals as time passes, so that a replay draws the same, and puts accepted bands into force.

    A proposal keeps its id while its prices stay about the same; one that is no news any more is gone.
    """

    def __init__(self, config: CockpitConfig, market: Market, setups: Iterable[Setup]) -> None:
        self._config = config
        self._market = market
        self._setups = tuple(setups)
        self._every_ns = seconds_to_ns(config.band_proposals.every_s)
        self._due_ns = 0
        self._count = 0
        self._accepted: dict[str, AcceptedBands] = {}
        self.proposals: dict[str, BandProposal] = {}

    @property
    def accepted(self) -> tuple[AcceptedBands, ...]:
        """The bands in force that are not the config's."""
        return tuple(self._accepted.values())

    def accepted_ns(self, asset: str) -> int | None:
        """When the asset's bands were accepted; None while they are the config's."""
        found = self._accepted.get(asset)
        return None if found is None else found.accepted_ns

    def on_time(self, out: Outbox) -> list[str]:
        """Once in a while new proposals; with the UTC day the accepted bands end, as soon as no trade rests on them.

        Returns the assets whose bands changed.
        """
        ended = [
            asset
            for asset, accepted in self._accepted.items()
            if utc_day(out.now_ns) > utc_day(accepted.accepted_ns) and self._busy(asset) is None
        ]
        for asset in ended:
            del self._accepted[asset]
            self._put(asset, None)
            out.notice("info", "bands", f"{asset} bands are the config's again: {self._text(asset)}")
        if out.now_ns >= self._due_ns:
            self._due_ns = (out.now_ns // self._every_ns + 1) * self._every_ns
            for asset in self._market.assets:
                self._propose(asset, out.now_ns)
        return ended

    def accept(self, command: AcceptBands, out: Outbox) -> None:
        """Put the asset's proposal into force; refused when it is not the one that was seen, or a trade is on."""
        refusal = self._refusal(command)
        if refusal:
            self._answer(command, False, f"{command.asset} bands stay: {refusal}", out)
            return
        proposal, before = self.proposals.pop(command.asset), self._text(command.asset)
        accepted = AcceptedBands(
            proposal.asset, out.now_ns, proposal.proposal_id, proposal.new_lower, proposal.new_upper
        )
        self._enforce(accepted)
        now = f"{self._text(command.asset)} ({proposal.proposal_id}, until the UTC day ends)"
        self._answer(command, True, f"{command.asset} bands: {now}; before: {before}", out)

    def restore(self, accepted: Iterable[AcceptedBands]) -> None:
        """Go on with what an earlier engine had in force; those of an earlier day end at the next look."""
        for one in accepted:
            if one.asset in self._market.assets:
                self._enforce(one)

    def _refusal(self, command: AcceptBands) -> str:
        proposal = self.proposals.get(command.asset)
        if command.asset not in self._market.assets:
            return f"expected one of {', '.join(self._market.assets)}, was {command.asset}"
        if proposal is None:
            return f"expected a proposal to accept, was none any more ({command.proposal_id})"
        if proposal.proposal_id != command.proposal_id:
            return f"{proposal.proposal_id} is proposed by now, was {command.proposal_id}: look at it, then accept it"
        busy = self._busy(command.asset)
        return "" if busy is None else f"{busy.name} is triggered on them: accept again when its trade is over"

    def _busy(self, asset: str) -> Setup | None:
        """A setup whose trade rests on the asset's bands."""
        return next((setup for setup in self._setups if setup.asset == asset and setup.rests_on_bands), None)

    def _enforce(self, accepted: AcceptedBands) -> None:
        self._accepted[accepted.asset] = accepted
        bands = AssetBands(lower=[list(band) for band in accepted.lower], upper=[list(band) for band in accepted.upper])
        self._put(accepted.asset, bands)

    def _put(self, asset: str, bands: AssetBands | None) -> None:
        self.proposals.pop(asset, None)
        self._market.replace_bands(asset, bands)
        for setup in self._setups:
            if setup.asset == asset:
                setup.bands_changed()

    def _propose(self, asset: str, now_ns: int) -> None:
        market, section = self._market, self._config.band_proposals
        price = market.assets[asset].price
        if price is None or not market.stream(asset, now_ns).usable:
            self.proposals.pop(asset, None)
            return
        clusters = market.liquidations.clusters(asset, price, now_ns, redraw=True)
        explained_pct = market.liquidations.explained_pct(asset, now_ns)
        tick_usd = self._config.instrument(asset).tick_usd
        current = market.bands(asset) or NO_BANDS
        found = draft(section, clusters, explained_pct, price, tick_usd, current)
        if found is None:
            self.proposals.pop(asset, None)
            return
        known = self.proposals.get(asset)
        if known is not None and not differs(section, found.bands, _bands(known)):
            return
        self._count += 1
        self.proposals[asset] = BandProposal(
            proposal_id=f"{asset}-{utc_day(now_ns)}-{self._count}",
            asset=asset,
            ts_ns=now_ns,
            price=price,
            lower=found.lower,
            upper=found.upper,
            new_lower=pairs(found.bands.lower),
            new_upper=pairs(found.bands.upper),
            explained_pct=found.explained_pct,
            map_source=market.liquidations.map_source(asset) if found.explained_pct is not None else "",
        )

    def _text(self, asset: str) -> str:
        bands = self._market.bands(asset) or NO_BANDS
        return f"lower {_band_text(pairs(bands.lower))}, upper {_band_text(pairs(bands.upper))}"

    @staticmethod
    def _answer(command: AcceptBands, ok: bool, sentence: str, out: Outbox) -> None:
        out.add(CommandAnswered(out.now_ns, command.command_id, command.by, "accept_bands", ok, sentence))


def _bands(proposal: BandProposal) -> AssetBands:
    return AssetBands(
        lower=[list(band) for band in proposal.new_lower], upper=[list(band) for band in proposal.new_upper]
    )


def _band_text(bands: Iterable[Band]) -> str:
    return " ".join(f"{price_text(low)}-{price_text(high)}" for low, high in bands) or "none"
