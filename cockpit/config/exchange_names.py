"""The exchanges as the config knows them: their names, whose keys have a passphrase, which variables move them.

Data alone, below the config and below the exchanges' wings: both read it, and it reads neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Abilities:
    """What not every exchange offers."""

    feeds_liquidation_map: bool = False
    """Its history of open interest and prices is what the liquidation map is drawn from."""
    gives_positioning: bool = True
    """Its REST says which share of accounts is long and short."""
    gives_permissions: bool = True
    """Its account says what the key may do beside trading."""
    gives_funding_payments: bool = True
    """Its account lists each payment of funding."""
    has_demo: bool = True
    """It has demo accounts, or a testnet."""
    stops_at_market: bool = True
    """A triggered stop leaves at market; else at a limit beyond its trigger."""
    previews_orders: bool = False
    """It says of an order whether it would take it, without taking it: its drill, where it has no demo account."""
    has_sessions: bool = False
    """It ends sessions and goes into maintenance at times that it tells beforehand."""
    has_spot: bool = False
    """Its spot products are traded too, long only."""

    @property
    def drills_by_preview(self) -> bool:
        """Whether its drill asks about orders and places none."""
        return self.previews_orders and not self.has_demo


@dataclass(frozen=True, slots=True)
class ExchangeTerms:
    """One exchange: the variables that move its addresses, whether its keys have a passphrase, what it cannot do."""

    name: str
    rest_variable: str
    ws_variable: str
    needs_password: bool = False
    abilities: Abilities = Abilities()


_ROWS = (
    ExchangeTerms(
        "binance",
        "COCKPIT_BINANCEUSDM_REST_URL",
        "COCKPIT_BINANCEUSDM_WS_URL",
        abilities=Abilities(feeds_liquidation_map=True),
    ),
    ExchangeTerms("okx", "COCKPIT_OKX_REST_URL", "COCKPIT_OKX_WS_URL", needs_password=True),
    ExchangeTerms(
        "krakenfutures",
        "COCKPIT_KRAKENFUTURES_REST_URL",
        "COCKPIT_KRAKENFUTURES_WS_URL",
        abilities=Abilities(gives_positioning=False, gives_permissions=False),
    ),
    ExchangeTerms(
        "hyperliquid",
        "COCKPIT_HYPERLIQUID_REST_URL",
        "COCKPIT_HYPERLIQUID_WS_URL",
        abilities=Abilities(gives_positioning=False),
    ),
    ExchangeTerms("bybit", "COCKPIT_BYBIT_REST_URL", "COCKPIT_BYBIT_WS_URL"),
    ExchangeTerms(
        "coinbase",
        "COCKPIT_COINBASE_REST_URL",
        "COCKPIT_COINBASE_WS_URL",
        abilities=Abilities(
            gives_positioning=False,
            gives_funding_payments=False,
            has_demo=False,
            stops_at_market=False,
            previews_orders=True,
            has_sessions=True,
            has_spot=True,
        ),
    ),
)
TERMS: Mapping[str, ExchangeTerms] = {row.name: row for row in _ROWS}
NAMES = tuple(TERMS)
GIVE_POSITIONING = tuple(name for name, row in TERMS.items() if row.abilities.gives_positioning)
HAVE_DEMO = frozenset(name for name, row in TERMS.items() if row.abilities.has_demo)
STOP_AT_LIMIT = frozenset(name for name, row in TERMS.items() if not row.abilities.stops_at_market)
"""Their only stop is a stop-limit."""
HAVE_SESSIONS = frozenset(name for name, row in TERMS.items() if row.abilities.has_sessions)
HAVE_SPOT = frozenset(name for name, row in TERMS.items() if row.abilities.has_spot)
NEED_PASSWORD = frozenset(name for name, row in TERMS.items() if row.needs_password)
VARIABLES = {
    key: variable
    for name, row in TERMS.items()
    for key, variable in ((f"{name}_rest_url", row.rest_variable), (f"{name}_ws_url", row.ws_variable))
}
"""The environment variable that moves each address, by its key in the `endpoints` section."""


def known_exchange(name: str) -> str:
    """That name. Raises ValueError where no exchange has it."""
    if name not in TERMS:
        raise ValueError(f"expected one of {', '.join(NAMES)}, was {name}")
    return name
