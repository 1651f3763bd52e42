"""A config that is wrong says so in one line: file, key, expected, found, what to do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.config.exchange_names import NAMES
from cockpit.config.load import check, load_config
from cockpit.config.model import CockpitConfig
from cockpit.config.problems import ConfigError

EVERY_EXCHANGE = ", ".join(NAMES)
SHIPPED = Path(__file__).resolve().parents[2] / "config" / "tactical_scalp_config.json"
Change = Callable[[dict[str, Any]], None]


def shipped_raw() -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(SHIPPED.read_text())
    return raw


def line_for(tmp_path: Path, text: str) -> str:
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    line = str(caught.value)
    assert "\n" not in line
    return line.removeprefix(f"{path}: ")


def lower_band(raw: dict[str, Any]) -> dict[str, Any]:
    section: dict[str, Any] = raw["setups"]["btc_lower_band_long"]
    return section


def rename(section: dict[str, Any], old: str, new: str) -> None:
    section[new] = section.pop(old)


WRONG: list[tuple[str, Change, str]] = [
    (
        "wrong key",
        lambda raw: rename(lower_band(raw), "stop_bps", "stop_bsp"),
        "setups.btc_lower_band_long.stop_bsp: unknown key 'stop_bsp', nearest known is 'stop_bps': rename or remove it",
    ),
    (
        "wrong unit name",
        lambda raw: rename(raw["paper"], "latency_ms", "latency_s"),
        "paper.latency_s: unknown key 'latency_s', nearest known is 'latency_ms': rename or remove it",
    ),
    (
        "key far from all",
        lambda raw: raw["cold_storage"].update(zzzz="0" * 64),
        "cold_storage.zzzz: unknown key 'zzzz', known are label, balance_usd, read_only: remove it",
    ),
    (
        "number as text",
        lambda raw: lower_band(raw).update(stop_bps="12"),
        'setups.btc_lower_band_long.stop_bps: expected a number, was "12" (text): write it without quotes',
    ),
    (
        "text as number",
        lambda raw: raw.update(regime=3),
        "regime: expected text, was 3: change it",
    ),
    (
        "not a whole number",
        lambda raw: raw["limits"].update(max_open_trades=2.5),
        "limits.max_open_trades: expected a whole number, was 2.5: change it",
    ),
    (
        "a number for true",
        lambda raw: raw.update(enabled=1),
        "enabled: expected true or false, was 1: change it",
    ),
    (
        "null for a number",
        lambda raw: raw["capital"].update(hot_wallet_usd=None),
        "capital.hot_wallet_usd: expected a number, was null: change it",
    ),
    (
        "not finite",
        lambda raw: raw["capital"].update(hot_wallet_usd=float("inf")),
        "capital.hot_wallet_usd: expected a finite number, was Infinity: change it",
    ),
    (
        "a section that is none",
        lambda raw: raw.update(capital=3),
        "capital: expected an object, was 3: change it",
    ),
    (
        "a list that is none",
        lambda raw: raw["bands"]["BTC"].update(lower={"low": 1}),
        "bands.BTC.lower: expected a list, was an object of 1 key: change it",
    ),
    (
        "absent",
        lambda raw: raw["limits"].pop("daily_loss_usd"),
        "limits.daily_loss_usd: expected a value, was absent: add it",
    ),
    (
        "stop over 500 bps",
        lambda raw: lower_band(raw).update(stop_bps=501),
        "setups.btc_lower_band_long.stop_bps: expected at most 500, was 501: change it",
    ),
    (
        "stop over the config's own limit",
        lambda raw: raw["limits"].update(max_stop_bps=29),
        "setups.btc_upper_band_short.stop_bps: expected at most 29, was 30: change one of them",
    ),
    (
        "shares not 100 %",
        lambda raw: lower_band(raw)["targets"][0].update(share_pct=46),
        "setups.btc_lower_band_long: expected the targets' share_pct to add up to 100, was 101: change one of them",
    ),
    (
        "bands crossed",
        lambda raw: raw["bands"]["BTC"].update(lower=[[109600, 109800]]),
        "bands.BTC: bands crossed: expected the nearest lower band under the nearest upper band, "
        "was 109800 against 109700: change one of them",
    ),
    (
        "band of three",
        lambda raw: raw["bands"]["BTC"].update(lower=[[1, 2, 3]]),
        "bands.BTC.lower.0: expected at most 2 entries, was [1, 2, 3]: change it",
    ),
    (
        "positioning not 100 %",
        lambda raw: raw["market_context"]["positioning"]["BTC"].update(short_pct=60),
        "market_context.positioning.BTC: expected long_pct + short_pct = 100, was 103.8: change one of them",
    ),
    (
        "Ledger not read-only",
        lambda raw: raw["cold_storage"].update(read_only=False),
        "cold_storage.read_only: expected true, the only value allowed, was false: change one of them",
    ),
    (
        "Ledger read-only as 1",
        lambda raw: raw["cold_storage"].update(read_only=1),
        "cold_storage.read_only: expected true, the only value allowed, was 1: change one of them",
    ),
    (
        "unknown kind of setup",
        lambda raw: lower_band(raw).update(kind="lower_band"),
        "setups.btc_lower_band_long.kind: expected one of 'lower_band_long', 'upper_band_short', "
        "'priority_fee_fade', 'squeeze_guard', was \"lower_band\" (text): use one of these, or put "
        "setups/lower_band.py beside the config",
    ),
    (
        "setup without a kind",
        lambda raw: lower_band(raw).pop("kind"),
        "setups.btc_lower_band_long.kind: expected one of lower_band_long, upper_band_short, priority_fee_fade, "
        "squeeze_guard, was absent: add it",
    ),
    (
        "asset in small letters",
        lambda raw: rename(raw["bands"], "BTC", "btc"),
        "bands.btc: expected an asset in capitals, e.g. BTC as key, was 'btc': rename it",
    ),
    (
        "not an address",
        lambda raw: raw["aave"].update(address="0x12"),
        'aave.address: expected an address, 0x and 40 hex digits, was "0x12" (text): change it',
    ),
    (
        "asset without its venue",
        lambda raw: raw["venues"]["okx"]["instruments"].pop("BTC"),
        "assets.BTC.trade_on: expected a venue that lists BTC, was okx: change one of them",
    ),
    (
        "asset at an exchange that nobody knows",
        lambda raw: raw["assets"]["BTC"].update(trade_on="mtgox"),
        f"assets.BTC.trade_on: expected one of {EVERY_EXCHANGE}, was mtgox: change one of them",
    ),
    (
        "asset watched at an exchange that nobody knows",
        lambda raw: raw["assets"]["ETH"].update(watch="mtgox"),
        f"assets.ETH.watch: expected one of {EVERY_EXCHANGE}, was mtgox: change one of them",
    ),
    (
        "venue section of an exchange that nobody knows",
        lambda raw: raw["venues"].update(mtgox=raw["venues"]["okx"]),
        f"venues.mtgox: expected one of {EVERY_EXCHANGE}, was mtgox: rename it",
    ),
    (
        "positioning from an exchange that nobody knows",
        lambda raw: raw.update(live={"positioning_from": ["mtgox"]}),
        "live.positioning_from.0: expected one of coinglass, binance, okx, bybit, was mtgox: change one of them",
    ),
    (
        "the demo account of a venue that has none",
        lambda raw: raw["venues"].update(coinbase={**raw["venues"]["okx"], "demo": True}),
        "venues.coinbase.demo: expected false, was true: coinbase has no demo account: change one of them",
    ),
    (
        "out of a closing venue before entries stop",
        lambda raw: raw["venues"].update(coinbase={**raw["venues"]["okx"], "exit_before_close_min": 45}),
        "venues.coinbase.exit_before_close_min: expected at most the 30 min of no_entry_before_close_min, was 45: "
        "change one of them",
    ),
    (
        "a funding spread of one venue",
        lambda raw: raw["gate"].update(funding_spread_of=["okx", "okx"]),
        "gate.funding_spread_of: expected two different venues, was okx twice: change one of them",
    ),
]


@pytest.mark.parametrize(("change", "line"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_config_names_key_expectation_and_value(change: Change, line: str, tmp_path: Path) -> None:
    raw = shipped_raw()
    change(raw)
    assert line_for(tmp_path, json.dumps(raw)) == line


def test_several_mistakes_show_the_first_and_count_the_rest(tmp_path: Path) -> None:
    raw = shipped_raw()
    raw["limits"]["daily_loss_usd"] = -1
    raw["paper"]["latency_ms"] = "50"
    raw["paper"]["speling"] = 1
    assert line_for(tmp_path, json.dumps(raw)) == (
        "paper.speling: unknown key 'speling', known are latency_ms: remove it (and 2 more)"
    )


def test_a_key_given_twice_names_both_values(tmp_path: Path) -> None:
    text = SHIPPED.read_text().replace('"stop_bps": 28,', '"stop_bps": 28, "stop_bps": 30,', 1)
    assert line_for(tmp_path, text) == (
        "setups.btc_lower_band_long.stop_bps: expected the key once, was given twice (28, then 30): remove one of them"
    )


def test_a_key_given_twice_inside_a_list_is_found(tmp_path: Path) -> None:
    assert line_for(tmp_path, '{"bias": [{"share_pct": 1, "share_pct": 1}]}').startswith("bias.0.share_pct: expected")


def test_bad_json_says_line_and_column(tmp_path: Path) -> None:
    assert line_for(tmp_path, '{\n  "enabled": tru\n}') == (
        "expected JSON, was a syntax error at line 2 column 14 (Expecting value): correct it there or just before"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[1]", "expected a JSON object {...}, was [1]: start from the shipped config"),
        ("3", "expected a JSON object {...}, was 3: start from the shipped config"),
        ("[" * 100_000, "expected JSON, was nested too deep: flatten it"),
        (f'{{"a": {"9" * 5000}}}', "expected JSON, was a number too long to read: shorten it"),
    ],
)
def test_what_is_no_config_at_all(text: str, line: str, tmp_path: Path) -> None:
    assert line_for(tmp_path, text) == line


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}: expected a config file, was no such file: check the path"


def test_a_directory_is_no_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a readable file, was Is a directory"):
        load_config(tmp_path)


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(b'{"regime": "\xff"}')
    with pytest.raises(ConfigError, match="expected UTF-8 text, was byte 12 outside of it"):
        load_config(path)


def test_comments_are_dropped_anywhere(tmp_path: Path, shipped_config: CockpitConfig) -> None:
    raw = shipped_raw()
    raw["bands"]["//"] = "a dictionary of assets"
    raw["market_context"]["funding_bps"]["BTC"]["//"] = ["even", {"a": "list"}]
    raw["setups"]["//"] = None
    lower_band(raw)["targets"][0]["//"] = "the first rung"
    path = tmp_path / "c.json"
    path.write_text("\ufeff" + json.dumps(raw), encoding="utf-8")
    assert load_config(path) == shipped_config


def test_a_config_written_and_read_again_is_the_same(shipped_config: CockpitConfig) -> None:
    assert check(json.loads(shipped_config.model_dump_json(by_alias=True)), "again") == shipped_config


def test_an_unknown_keys_value_is_never_shown(tmp_path: Path) -> None:
    raw = shipped_raw()
    raw["venues"]["okx"]["api_secret"] = "canary-5f3a9c"
    line = line_for(tmp_path, json.dumps(raw))
    assert line.startswith("venues.okx.api_secret: unknown key 'api_secret'")
    assert "canary" not in line


def test_a_long_token_in_a_known_key_is_not_shown(tmp_path: Path) -> None:
    raw = shipped_raw()
    raw["aave"]["address"] = "0x" + "7c" * 32
    assert "7c7c" not in line_for(tmp_path, json.dumps(raw))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=8,
)


@given(section=st.sampled_from(sorted(shipped_raw())), value=JSON_VALUES)
def test_any_json_in_any_section_is_taken_or_answered_in_one_line(section: str, value: Any) -> None:
    raw = {**shipped_raw(), section: value}
    raw = json.loads(json.dumps(raw), object_pairs_hook=lambda pairs: {k: v for k, v in pairs if k != "//"})
    try:
        check(raw, "c.json")
    except ConfigError as error:
        line = str(error)
        assert line.startswith("c.json: ")
        assert "\n" not in line
        assert "pydantic" not in line


def _with_coinbase(raw: dict[str, Any], **products: str | None) -> None:
    grid = {"lot": 1e-8, "min_qty": 1e-8, "tick_usd": 0.01, "min_notional_usd": 1}
    listed = {
        asset: grid | ({} if product is None else {"spot_product": product}) for asset, product in products.items()
    }
    raw["venues"]["coinbase"] = {"taker_fee_bps": 60, "maker_fee_bps": 40, "instruments": listed}


@pytest.mark.parametrize(
    ("venue", "products", "finding"),
    [
        ("coinbase", {"BTC": "ETH-USD"}, "venues.coinbase.instruments.BTC.spot_product: expected BTC-USD, was ETH-USD"),
        (
            "coinbase",
            {"BTC": "BTC-USD", "ETH": None},
            "venues.coinbase.instruments: expected spot products for all or for none, was BTC-USD beside a perpetual",
        ),
        (
            "okx",
            {"BTC": "BTC-USD"},
            "venues.okx.instruments.BTC.spot_product: expected none, was BTC-USD: no spot is traded at okx",
        ),
    ],
)
def test_spot_products_fit_their_venue(
    tmp_path: Path, venue: str, products: dict[str, str | None], finding: str
) -> None:
    raw = shipped_raw()
    _with_coinbase(raw, **products)
    raw["venues"][venue] = raw["venues"].pop("coinbase")
    assert finding in line_for(tmp_path, json.dumps(raw))


def test_a_product_in_another_currency_is_no_spot_product(tmp_path: Path) -> None:
    raw = shipped_raw()
    _with_coinbase(raw, BTC="BTC-USDC")
    assert "venues.coinbase.instruments.BTC.spot_product" in line_for(tmp_path, json.dumps(raw))
