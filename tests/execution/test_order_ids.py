"""Client ids: whose an order is can be read off its id, on every venue and after every restart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchanges.base.order_ids import FOREIGN, LEFT_PROBE, OrderIds

TRADES = st.from_regex(r"t[0-9]{6}[estc][0-9]{1,4}", fullmatch=True)
PREFIXES = st.from_regex(r"[0-9a-z]{6}", fullmatch=True)


@given(PREFIXES, TRADES)
def test_an_id_goes_to_the_venue_and_comes_back(prefix: str, order_id: str) -> None:
    client_id = OrderIds(prefix).client_id(order_id)
    assert len(client_id) <= 32 and client_id.isalnum()
    assert OrderIds(prefix).whose(client_id, "okx", "BTC")[:2] == (order_id, None)


@given(PREFIXES, PREFIXES, TRADES)
def test_another_cockpits_order_names_its_prefix(ours: str, theirs: str, order_id: str) -> None:
    whose = OrderIds(ours).whose(OrderIds(theirs).client_id(order_id), "okx", "BTC")
    assert whose[:2] == ((order_id, None) if ours == theirs else (None, theirs))


@pytest.mark.parametrize(
    "client_id", ["", "web_x1", "autoclose-1763", "adl_autoclose", "x-cvBPrNm9abc", "ckshort", "CKabc123t1"]
)
def test_everybody_elses_orders_are_strangers(client_id: str) -> None:
    assert OrderIds("abc123").whose(client_id, "binance", "BTC") == FOREIGN


def test_a_flattens_closes_are_numbered_by_the_clock_and_never_twice() -> None:
    ids = OrderIds("abc123")
    first, second = (ids.flatten_id("okx", "SOL", 1_763_816_824_001_000_000) for _ in range(2))
    assert (first, second) == ("flatten-okx-SOL-1763816824001", "flatten-okx-SOL-1763816824002")
    assert ids.client_id(first) == "ckabc123f1763816824001"
    assert OrderIds("abc123").whose("ckabc123f1763816824001", "okx", "SOL")[:2] == (first, None)


@pytest.mark.parametrize("order_id", ["", "t1-e1", "t1 e1", "t" + "1" * 40, "té1"])
def test_an_id_that_a_venue_would_not_take_is_refused(order_id: str) -> None:
    with pytest.raises(ValueError, match="alphanumeric"):
        OrderIds("abc123").client_id(order_id)


@pytest.mark.parametrize("prefix", ["", "abc12", "ABC123", "abc-12", "abc1234"])
def test_a_prefix_is_six_lowercase_letters_and_digits(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix of 6"):
        OrderIds(prefix)


@pytest.mark.parametrize("client_id", ["ckprobe17638168240010", "probe17638168240012"])
def test_a_probe_is_known_whichever_cockpit_laid_it(client_id: str) -> None:
    assert OrderIds("abc123").whose(client_id, "okx", "SOL") == LEFT_PROBE


def test_a_stop_for_what_is_not_ours_is_known_as_that_by_its_own_cockpit_only() -> None:
    client_id = OrderIds("abc123").protection_id(1_763_816_824_001_000_000)
    whose = OrderIds("abc123").whose(client_id, "okx", "SOL")
    assert (whose.order_id, whose.is_protection, whose.is_probe) == (None, True, False)
    assert OrderIds("xyz789").whose(client_id, "okx", "SOL") == (None, "abc123", False, False)
