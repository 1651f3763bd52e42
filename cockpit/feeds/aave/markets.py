"""The Aave v3 markets that are built in: where their contracts are, and how old their newest block may be."""

from dataclasses import dataclass

from cockpit.config.limits import AaveSection


@dataclass(frozen=True, slots=True)
class AaveMarket:
    """One chain's main market. The pool is checked at start against what the addresses provider says."""

    chain: str
    chain_id: int
    addresses_provider: str
    pool: str
    head_max_age_s: float


class UnknownMarket(Exception):
    """The configured chain has no built-in market; the text names those that have. Set `aave.market` for others."""


_SAME_PROVIDER = "0xa97684ead0e402dC232d5A977953DF7ECBaB3CDb"
_SAME_POOL = "0x794a61358D6845594F94dc1DB02A252b5b4814aD"

MARKETS = {
    market.chain: market
    for market in (
        AaveMarket(
            "ethereum",
            1,
            "0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e",
            "0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2",
            60.0,
        ),
        AaveMarket("arbitrum", 42161, _SAME_PROVIDER, _SAME_POOL, 30.0),
        AaveMarket("optimism", 10, _SAME_PROVIDER, _SAME_POOL, 30.0),
        AaveMarket(
            "base",
            8453,
            "0xe20fCBdBfFC4Dd138cE8b2E6FBb6CB49777ad64D",
            "0xA238Dd80C259a72e81d7e4664a9801593F98d1c5",
            30.0,
        ),
        AaveMarket("polygon", 137, _SAME_PROVIDER, _SAME_POOL, 30.0),
        AaveMarket("avalanche", 43114, _SAME_PROVIDER, _SAME_POOL, 30.0),
    )
}


def market_of(section: AaveSection) -> AaveMarket:
    """The market the config means. Raises `UnknownMarket`: show it, the feed is off."""
    if section.market is not None:
        own = section.market
        return AaveMarket(section.chain, own.chain_id, own.addresses_provider, own.pool, own.head_max_age_s)
    if section.chain not in MARKETS:
        known = ", ".join(sorted(MARKETS))
        raise UnknownMarket(f"expected aave.chain one of {known} (or aave.market), was {section.chain}")
    return MARKETS[section.chain]
