"""A paper engine has no client library in it: what could sign an order is not even imported."""

import subprocess
import sys
from pathlib import Path

from tests.patience import patient_s

PROJECT = Path(__file__).parents[2]

NAMES_EVERYTHING = """
import importlib, pkgutil, sys
import cockpit.exchanges, cockpit.paper
for room in (cockpit.paper, cockpit.exchanges):
    for module in pkgutil.iter_modules(room.__path__):
        importlib.import_module(f"{room.__name__}.{module.name}")
from pathlib import Path
from pydantic import SecretStr
from cockpit.config.load import load_config
from cockpit.config.secrets import VenueKeys
from cockpit.exchanges.registry import account_for
config = load_config(Path("config/tactical_scalp_config.json"))
keys = VenueKeys("okx", SecretStr("k"), SecretStr("s"), SecretStr("p"))
accounts = [account_for(venue, config, keys, {}) for venue in ("binance", "okx")]
print(sorted({name.split(".")[0] for name in sys.modules} & {"ccxt", "aiohttp", "web3"}))
"""


def test_neither_the_rooms_nor_an_account_that_is_not_opened_import_it() -> None:
    assert printed_by(NAMES_EVERYTHING) == ("[]", "")


PAPER = """
import sys
from pathlib import Path
from cockpit.config.load import load_config
from cockpit.domain.kinds import Mode
import cockpit.runtime.host, cockpit.runtime.startup, cockpit.paper.venue
print(sorted({name.split(".")[0] for name in sys.modules} & {"ccxt", "web3"}))
"""


def test_a_paper_engine_on_the_simulated_market_does_not() -> None:
    assert printed_by(PAPER) == ("[]", "")


def printed_by(program: str) -> tuple[str, str]:
    """What another process that runs it prints, and what it complains of."""
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=patient_s(60), cwd=PROJECT)
    return ran.stdout.strip(), ran.stderr
