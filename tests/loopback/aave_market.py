"""Aave's real v3 contracts on a local node: two assets, a lender, a borrower at a health factor of 2.5, one without
debt. The oracle's price of WETH is moved by writing it into the mock aggregator's storage."""

import json
from pathlib import Path
from typing import Any

from cockpit.feeds.aave.recursion import recursion_limit_kept
from tests.loopback.anvil import Anvil

with recursion_limit_kept():
    from web3 import HTTPProvider, Web3

ZERO = "0x" + "0" * 40
WETH_USD = 3_000
ORACLE_UNIT = 10**8
USDC = 10**6
WETH = 10**18
DEBT_USDC = 9_960
"""10 WETH at 3,000 USD with a threshold of 83 % secure 24,900 USD: a health factor of exactly 2.5."""
LIBRARIES = ("SupplyLogic", "BorrowLogic", "LiquidationLogic", "EModeLogic", "BridgeLogic", "PoolLogic")


class AaveMarketOnAnvil:
    """Deployed once; `borrower`, `no_debt` and `nobody` are the addresses to watch."""

    def __init__(self, node: Anvil, modules: Path) -> None:
        self._node = node
        self._contracts = modules / "@aave" / "core-v3" / "artifacts" / "contracts"
        self._web3 = Web3(HTTPProvider(node.url))
        self._libraries: dict[str, str] = {}
        accounts = self._web3.eth.accounts
        self.admin, self.lender, self.borrower, self.no_debt = accounts[:4]
        self.nobody = accounts[4]
        self._web3.eth.default_account = self.admin
        self._deploy_protocol()
        self._list_assets()
        self._seed()

    @property
    def chain_id(self) -> int:
        return int(self._web3.eth.chain_id)

    @property
    def head_s(self) -> int:
        """The newest block's stamp."""
        return int(self._web3.eth.get_block("latest")["timestamp"])

    def price_weth(self, usd: float, *block_stamps_s: int) -> None:
        """The oracle's new price, in blocks with these stamps."""
        self._store_price(round(usd * ORACLE_UNIT))
        for stamp_s in block_stamps_s:
            self._node.mine_at(stamp_s)

    def _store_price(self, answer: int) -> None:
        self._node.rpc("anvil_setStorageAt", self._weth_source, "0x0", f"0x{answer:064x}")

    # How it is put up.

    def _artifact(self, name: str) -> dict[str, Any]:
        path = next(self._contracts.rglob(f"{name}.sol/{name}.json"))
        artifact: dict[str, Any] = json.loads(path.read_text())
        return artifact

    def _create(self, name: str, *args: Any) -> Any:
        artifact = self._artifact(name)
        code: str = artifact["bytecode"]
        for libraries in artifact["linkReferences"].values():
            for library, holes in libraries.items():
                for hole in holes:
                    at = 2 + 2 * hole["start"]
                    code = code[:at] + self._libraries[library][2:].lower() + code[at + 40 :]
        factory = self._web3.eth.contract(abi=artifact["abi"], bytecode=code)
        receipt = self._web3.eth.wait_for_transaction_receipt(factory.constructor(*args).transact())
        return self._at(name, receipt["contractAddress"] or "")

    def _at(self, name: str, address: str) -> Any:
        return self._web3.eth.contract(address=self._web3.to_checksum_address(address), abi=self._artifact(name)["abi"])

    def _send(self, function: Any, sender: str = "") -> None:
        receipt = self._web3.eth.wait_for_transaction_receipt(function.transact({"from": sender or self.admin}))
        assert receipt["status"] == 1, f"{function.fn_name} failed"

    def _deploy_protocol(self) -> None:
        for name in (*LIBRARIES, "FlashLoanLogic", "ConfiguratorLogic"):
            self._libraries[name] = self._create(name).address
        provider = self._create("PoolAddressesProvider", "test market", self.admin)
        self._send(provider.functions.setACLAdmin(self.admin))
        access = self._create("ACLManager", provider.address)
        self._send(provider.functions.setACLManager(access.address))
        self._send(access.functions.addPoolAdmin(self.admin))
        self._send(access.functions.addEmergencyAdmin(self.admin))
        self._send(provider.functions.setPoolImpl(self._create("Pool", provider.address).address))
        self._send(provider.functions.setPoolConfiguratorImpl(self._create("PoolConfigurator").address))
        self._provider = provider
        self.addresses_provider = provider.address
        self._pool = self._at("Pool", provider.functions.getPool().call())
        self.pool = self._pool.address

    def _list_assets(self) -> None:
        provider, pool = self._provider, self._pool
        self._usdc = self._create("MintableERC20", "USD Coin", "USDC", 6)
        self._weth = self._create("MintableERC20", "Wrapped Ether", "WETH", 18)
        usdc_source = self._create("MockAggregator", ORACLE_UNIT).address
        self._weth_source = self._create("MockAggregator", WETH_USD * ORACLE_UNIT).address
        assets = [self._usdc.address, self._weth.address]
        sources = [usdc_source, self._weth_source]
        oracle = self._create("AaveOracle", provider.address, assets, sources, ZERO, ZERO, ORACLE_UNIT)
        self._send(provider.functions.setPriceOracle(oracle.address))
        data_provider = self._create("AaveProtocolDataProvider", provider.address)
        self._send(provider.functions.setPoolDataProvider(data_provider.address))
        implementations = [
            self._create(name, pool.address).address for name in ("AToken", "StableDebtToken", "VariableDebtToken")
        ]
        rates = self._create("ZeroReserveInterestRateStrategy", provider.address).address
        configurator = self._at("PoolConfigurator", provider.functions.getPoolConfigurator().call())
        listed = []
        for token, symbol, decimals in ((self._usdc, "USDC", 6), (self._weth, "WETH", 18)):
            names = [f"{kind} {symbol}" for kind in ("a", "as", "v", "vs", "s", "ss")]
            listed.append((*implementations, decimals, rates, token.address, self.admin, ZERO, *names, b""))
        self._send(configurator.functions.initReserves(listed))
        for token, loan_to_value, threshold in ((self._usdc, 7_700, 8_000), (self._weth, 8_050, 8_300)):
            self._send(
                configurator.functions.configureReserveAsCollateral(token.address, loan_to_value, threshold, 10_500)
            )
            self._send(configurator.functions.setReserveBorrowing(token.address, True))

    def _seed(self) -> None:
        self._supply(self.lender, self._usdc, 1_000_000 * USDC)
        self._supply(self.borrower, self._weth, 10 * WETH)
        self._supply(self.no_debt, self._weth, 2 * WETH)
        borrow = self._pool.functions.borrow(self._usdc.address, DEBT_USDC * USDC, 2, 0, self.borrower)
        self._send(borrow, self.borrower)
        for _ in range(3):
            self._node.rpc("evm_mine")

    def supply_usdc(self, whole: int) -> None:
        """The borrower adds USDC to the collateral."""
        self._supply(self.borrower, self._usdc, whole * USDC)

    def _supply(self, owner: str, token: Any, amount: int) -> None:
        self._send(token.functions.mint(owner, amount))
        self._send(token.functions.approve(self._pool.address, amount), owner)
        self._send(self._pool.functions.supply(token.address, amount, owner, 0), owner)
