"""Bodies as the services document them, for those no recording exists of, and sites that serve them."""

from typing import Any

from tests.loopback.site import Answer, Asked, Reply

COINGLASS_LONG, COINGLASS_SHORT = 43.8, 56.2


def coinglass_history(newest_ms: int, bars: int = 2) -> dict[str, Any]:
    """global-long-short-account-ratio/history, 5-minute bars, oldest first."""
    return {
        "code": "0",
        "msg": "success",
        "data": [
            {
                "time": newest_ms - 300_000 * back,
                "global_account_long_percent": COINGLASS_LONG + back,
                "global_account_short_percent": COINGLASS_SHORT - back,
                "global_account_long_short_ratio": 0.78,
            }
            for back in reversed(range(bars))
        ],
    }


def birdeye(price: float, stamp_s: int, minute: tuple[float, float, float] | None) -> Answer:
    """The price, and a full minute with that high, low and close (None: nobody traded)."""

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/defi/price"):
            data = {"value": price, "updateUnixTime": stamp_s, "updateHumanTime": "2025-10-19T12:00:00"}
            return Reply({"success": True, "data": data})
        start_s = int(asked.query["time_from"])
        items = []
        if minute is not None:
            high, low, close = minute
            items = [
                {"o": close, "h": high, "l": low, "c": close, "v": 1_000.0, "type": "1m", "unixTime": start_s},
                {"o": 1.0, "h": 1.0, "l": 1.0, "c": 1.0, "v": 5.0, "type": "1m", "unixTime": start_s + 60},
            ]
        return Reply({"success": True, "data": {"items": items}})

    return answer


def solana(head: int, *fees_of_sets: list[tuple[int, int]]) -> Answer:
    """getSlot, and getRecentPrioritizationFees: each account set's (slot, fee) rows in turn."""
    turn = [0]

    def answer(asked: Asked) -> Reply:
        result: Any = head
        if asked.json["method"] == "getRecentPrioritizationFees":
            rows = fees_of_sets[turn[0] % len(fees_of_sets)]
            turn[0] += 1
            result = [{"prioritizationFee": fee, "slot": slot} for slot, fee in rows]
        return Reply({"jsonrpc": "2.0", "result": result, "id": asked.json["id"]})

    return answer


def interest_bars(first_ms: int, interest: list[float], price: float) -> Answer:
    """Binance's open interest and klines in 5-minute bars: one bar before each figure, at a price that stands still."""

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/futures/data/openInterestHist"):
            figures: list[Any] = [
                {"symbol": "BTCUSDT", "sumOpenInterest": str(held), "timestamp": first_ms + 300_000 * number}
                for number, held in enumerate(interest)
            ]
            return Reply(figures)
        starts_ms = [first_ms + 300_000 * (number - 1) for number in range(len(interest))]
        ohlc = [str(price)] * 4
        return Reply([[at, *ohlc, "10", at + 299_999, str(price * 10), 5, "5", "5", "0"] for at in starts_ms])

    return answer
