"""A child process for the kill -9 tests, with hands on the trades: entries, parts, stops, targets, trails, reverses."""

import sys
from pathlib import Path
from typing import Any

from cockpit.config.places import Places
from cockpit.domain import commands as asked
from cockpit.domain.commands import AnyCommand, ManualEntry
from cockpit.domain.kinds import Side
from cockpit.domain.trades import TradeRecord, Trail, TrailBy
from cockpit.domain.verdict import Target
from cockpit.runtime.headless import Ending, run_engine
from cockpit.runtime.host import Host
from cockpit.runtime.options import EngineOptions
from tests.runtime.acknowledging_engine import SHIPPED_CONFIG, Acknowledger, wide_config

OVERRIDES = ("manual.cooldown_s=0",)
BY = "hands"


class Hands(Acknowledger):
    """Mostly busy with the trades there are."""

    def _wish(self) -> Any:
        trades = [trade.record for trade in self._host.engine.book.trades]
        if not self._host.engine.risk.armed or self._rng.random() < 0.02:
            return super()._wish()
        if not trades or self._rng.random() < 0.3:
            return self._entry()
        kind, fields = self._of(self._rng.choice(trades))
        return lambda now_ns, command_id: kind(now_ns, command_id, BY, **fields)

    def _entry(self) -> Any:
        self._count += 1
        asset = self._rng.choice(["BTC", "ETH", "SOL", "XRP"])
        price = self._host.engine.market.assets[asset].price
        limit = None if price is None or self._rng.random() < 0.7 else price * (1 - self._rng.uniform(0.0, 8e-4))
        entry = ManualEntry(asset, Side.LONG, amount_usd=self._rng.choice((40.0, 200.0)), limit_price=limit)
        request_id = f"{id(self)}-{self._count}"
        return lambda now_ns, command_id: asked.Enter(now_ns, command_id, BY, entry, request_id)

    def _of(self, trade: TradeRecord) -> tuple[type[AnyCommand], dict[str, Any]]:
        rng, one = self._rng, {"trade_id": trade.trade_id}
        trail = rng.choice((Trail(TrailBy.BPS, 10.0), Trail(TrailBy.R, 0.5), None))
        reverse = ManualEntry(trade.asset, trade.side.opposite, amount_usd=40.0, venue=trade.venue)
        wishes: tuple[tuple[type[AnyCommand], dict[str, Any]], ...] = (
            (asked.CloseTrade, one | {"share": rng.choice((0.25, 0.5, 1.0))}),
            (asked.MoveStop, one | {"tighter_bps": rng.choice((1.0, 5.0))}),
            (asked.MoveStop, one | {"to_entry": True}),
            (asked.TrailStop, one | {"distance": trail}),
            (asked.SetTargets, one | {"targets": (Target(rng.choice((20.0, 40.0)), 100.0),)}),
            (asked.SetTargets, one),
            (asked.SetTimeStop, one | {"after_s": rng.choice((5.0, 60.0, None))}),
            (asked.CancelTradeOrder, {"order_id": trade.entry_order_id}),
            (asked.Reverse, one | {"entry": reverse}),
        )
        return rng.choice(wishes)


def main(home: Path, speed: float, seed: int) -> int:
    def make_server(host: Host, ending: Ending) -> Hands:
        return Hands(host, home / "acknowledged.jsonl", seed)

    options = EngineOptions(speed=speed, seed=seed, arm=True)
    return run_engine(Places(home, SHIPPED_CONFIG), wide_config(*OVERRIDES), options, make_server)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
