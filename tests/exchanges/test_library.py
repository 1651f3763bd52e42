"""The client library is imported only as far as the venues need it; whoever needs more gets all of it."""

import ssl
import subprocess
import sys

import pytest

from cockpit.exchanges.base import library
from cockpit.exchanges.base.library import new_client
from cockpit.exchanges.registry import EXCHANGES
from tests.patience import patient_s

ALL = sum(len(spec.library_classes) for spec in EXCHANGES.values())
CHECK = """
import sys
{before}
from cockpit.exchanges.base.library import load_library
load_library({venues})
import ccxt.pro
for name in {classes}:
    assert getattr(ccxt.pro, name)({{}}).id == name
print(sum(name.startswith("ccxt.async_support.") and "base" not in name.split('.') for name in sys.modules))
"""


def exchanges_imported(venues: str, classes: list[str], before: str = "") -> int:
    script = CHECK.format(before=before, venues=venues, classes=classes)
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=patient_s(120), check=False
    )
    assert told.returncode == 0, told.stderr
    return int(told.stdout)


@pytest.mark.parametrize(
    ("venues", "classes", "most"),
    [('["okx"]', ["okx"], 1), ('["binance"]', ["binanceusdm"], 2), ("", ["okx", "binanceusdm"], ALL)],
)
def test_only_the_venues_wanted_are_imported(venues: str, classes: list[str], most: int) -> None:
    assert exchanges_imported(venues, classes) == most


@pytest.mark.parametrize("before", ["import ccxt.pro", "from ccxt.base.types import Entry"])
def test_a_library_that_is_imported_already_is_used_as_it_is(before: str) -> None:
    assert exchanges_imported('["okx"]', ["okx", "binanceusdm"], before=before) > 50


def test_a_library_that_is_made_otherwise_is_imported_whole() -> None:
    before = "import cockpit.exchanges.base.library as library; library.PACKAGES = ('ccxt', 'ccxt.gone', 'ccxt.pro')"
    assert exchanges_imported('["okx"]', ["okx"], before=before) > 50


async def test_all_clients_trust_the_same_certificates_read_before_they_open() -> None:
    library._trusted.cache_clear()  # another test may have read others
    clients = [new_client("okx", "okx", {}), new_client("binance", "binanceusdm", {})]
    trusted = clients[0].ssl_context
    for client in clients:
        client.open()
        assert client.ssl_context is trusted is client.tcp_connector._ssl
        await client.close()
    assert trusted.verify_mode is ssl.CERT_REQUIRED and trusted.check_hostname
    alone = ssl.create_default_context(cafile=clients[0].cafile)
    assert trusted.cert_store_stats() == alone.cert_store_stats() and trusted.cert_store_stats()["x509_ca"] > 50
