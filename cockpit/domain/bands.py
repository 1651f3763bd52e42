"""Liquidation bands as they may change within a day: what is proposed, and what an operator accepted."""

import msgspec

Band = tuple[float, float]
"""[low, high] in USD; a single price is a band of no height."""


class ProposedBand(msgspec.Struct, frozen=True):
    """One band out of liquidation clusters. `kind` is observed, estimated or both; `why` says it with its numbers."""

    low: float
    high: float
    notional_usd: float
    kind: str
    why: str


class BandProposal(msgspec.Struct, frozen=True):
    """New bands for one asset, nearest first; a side without clusters worth a band keeps what it has (`()` here).

    `new_lower` and `new_upper` are all bands as they would be. `proposal_id` names exactly these: accept by it.
    """

    proposal_id: str
    asset: str
    ts_ns: int
    price: float
    lower: tuple[ProposedBand, ...]
    upper: tuple[ProposedBand, ...]
    new_lower: tuple[Band, ...]
    new_upper: tuple[Band, ...]
    explained_pct: float | None = None
    """The share of open interest that estimated bands rest on; None where none of them is estimated."""
    map_source: str = ""
    """Whose map the estimated bands are from, and whether its leverages are assumed or fitted."""


class AcceptedBands(msgspec.Struct, frozen=True):
    """Bands that an operator accepted: they stand in place of the config's until their UTC day is over."""

    asset: str
    accepted_ns: int
    proposal_id: str
    lower: tuple[Band, ...]
    upper: tuple[Band, ...]
