"""History on an object store, through the Parquet library's own client: the same listing, backtest and sweep."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from cockpit.config.load import load_config
from cockpit.history.checking import days_between
from cockpit.history.errors import HistoryError
from cockpit.history.listing import list_store
from cockpit.history.remote_store import RemoteStore, store_at
from cockpit.history.store import Store
from cockpit.research.assumptions import Assumptions
from cockpit.research.backtest import run_backtest
from cockpit.research.sweep import data_digest
from cockpit.research.sweep_plan import Plan
from cockpit.research.trial import run_batch
from tests.conftest import SHIPPED_CONFIG
from tests.history.object_store import Objects, objects_of
from tests.history.shelf import Shelf
from tests.research.stored import shelf_of
from tests.research.swept import FIXED, template_of
from tests.research.test_sweep import GRID


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Two days, laid where the bucket has its prefix."""
    root = tmp_path_factory.mktemp("objects")
    shelf = shelf_of(root, days=2, count=1_500)
    (root / "store").rename(root / "history")
    shelf.root = root / "history"
    return shelf


@pytest.fixture
def objects(local: Shelf) -> Iterator[Objects]:
    with objects_of(local.root.parent) as server:
        yield server


def test_a_bucket_is_listed_and_backtested_as_the_directory_is(local: Shelf, objects: Objects) -> None:
    remote = store_at(objects.url)
    assert isinstance(remote, RemoteStore)
    assert list_store(remote) == list_store(local)
    days = days_between(remote, None, None)
    assert days == days_between(local, None, None) and data_digest(remote, days) == data_digest(local, days)
    config = load_config(SHIPPED_CONFIG, FIXED)
    there, here = (run_backtest(store, config, days, Assumptions(), hold_context=True) for store in (remote, local))
    assert (there.digest, there.r, there.rows) == (here.digest, here.r, here.rows) and here.results
    assert any("history/binance/BTC/agg_trades" in line and "GET" in line for line in objects.asked)


def test_a_worker_reads_the_bucket_by_the_address_of_its_batch(local: Shelf, objects: Objects) -> None:
    plan = Plan.model_validate(GRID)
    settings = list(enumerate(plan.settings()))[:3]
    batch = replace(template_of(local, plan), settings=settings)
    assert run_batch(replace(batch, store=store_at(objects.url).address)) == run_batch(batch)


def test_any_place_the_library_reads_will_do(local: Shelf) -> None:
    remote = store_at(f"file://{local.root}")
    assert list_store(remote) == list_store(local) and isinstance(store_at(str(local.root)), Store)


def test_nobody_adds_to_a_url_and_no_secret_is_said(objects: Objects, tmp_path: Path) -> None:
    remote = store_at(objects.url)
    with pytest.raises(HistoryError, match="expected a directory to add to, was a URL") as error, remote.writing():
        pass
    assert "top-secret" not in str(error.value) and "top-secret" not in remote.name
    with pytest.raises(HistoryError, match="nowhere://place: expected a place that can be read"):
        store_at("nowhere://place")
    empty = store_at(objects.url.replace("/history?", "/other?"))
    with pytest.raises(HistoryError) as error:
        days_between(empty, None, None)
    assert "\n" not in str(error.value) and "top-secret" not in str(error.value)
