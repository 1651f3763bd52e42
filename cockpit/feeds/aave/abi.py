"""The view functions of Aave v3 that are called, and nothing else of its ABI."""

from collections.abc import Sequence
from typing import Any


def _view(name: str, takes: Sequence[str], returns: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "function",
        "stateMutability": "view",
        "name": name,
        "inputs": [{"name": f"in{number}", "type": kind} for number, kind in enumerate(takes)],
        "outputs": [{"name": f"out{number}", "type": kind} for number, kind in enumerate(returns)],
    }


ADDRESSES_PROVIDER = [
    _view("getPool", (), ("address",)),
    _view("getPriceOracle", (), ("address",)),
    _view("getPoolDataProvider", (), ("address",)),
]
POOL = [_view("getUserAccountData", ("address",), ("uint256",) * 6)]
ORACLE = [
    _view("BASE_CURRENCY_UNIT", (), ("uint256",)),
    _view("getAssetsPrices", ("address[]",), ("uint256[]",)),
]
DATA_PROVIDER = [
    {
        "type": "function",
        "stateMutability": "view",
        "name": "getAllReservesTokens",
        "inputs": [],
        "outputs": [
            {
                "name": "tokens",
                "type": "tuple[]",
                "components": [{"name": "symbol", "type": "string"}, {"name": "token", "type": "address"}],
            }
        ],
    },
    _view(
        "getUserReserveData",
        ("address", "address"),
        ("uint256", "uint256", "uint256", "uint256", "uint256", "uint256", "uint256", "uint40", "bool"),
    ),
    _view(
        "getReserveConfigurationData",
        ("address",),
        ("uint256", "uint256", "uint256", "uint256", "uint256", "bool", "bool", "bool", "bool", "bool"),
    ),
]
