"""What a signal may bring of its own: stop, ladder, reason, confidence; bounded by what is registered."""

import json
from pathlib import Path
from typing import Any

import pytest
from api_stage import SIGNAL, STRATEGY, Running, running

from cockpit.domain.commands import Signal
from cockpit.journal.recordings import read_recording
from cockpit.replay.replay import run_replay

EXECUTE = "/api/trade/execute"
LADDER = [{"distance_bps": 14, "share_pct": 60}, {"distance_bps": 25, "share_pct": 30}]
TERMS = {"stop_bps": 9.5, "targets": LADDER, "reason": "order flow turned", "confidence": 0.7}


def registered_stop_bps(engine: Running) -> float:
    strategy = engine.host.config.strategy(STRATEGY)
    assert strategy is not None
    return strategy.stop_bps


@pytest.mark.asyncio(loop_scope="module")
async def test_a_signals_own_terms_are_traded_and_shown(shared: Running) -> None:
    async with shared.http() as client:
        answer = await client.post(EXECUTE, json=SIGNAL | TERMS)

    assert answer.status_code == 200, answer.json()
    trade = shared.host.trade(answer.json()["trade_id"])
    assert trade is not None
    assert trade.stop_bps == 9.5 < registered_stop_bps(shared)
    assert [(rung.distance_bps, rung.share_pct) for rung in trade.targets] == [(14, 60), (25, 30)]
    verdict = shared.host.verdict(trade.verdict_id)
    assert verdict is not None
    assert "order flow turned" in verdict.proposal.why
    assert "confidence 0.7" in verdict.proposal.why


@pytest.mark.asyncio(loop_scope="module")
async def test_without_terms_or_with_null_the_registered_ones_count(shared: Running) -> None:
    async with shared.http() as client:
        answer = await client.post(EXECUTE, json=SIGNAL | dict.fromkeys(TERMS))

    trade = shared.host.trade(answer.json()["trade_id"])
    strategy = shared.host.config.strategy(STRATEGY)
    assert trade is not None and strategy is not None
    assert trade.stop_bps == strategy.stop_bps
    assert [rung.distance_bps for rung in trade.targets] == [rung.distance_bps for rung in strategy.targets]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_stop_wider_than_the_registered_one_is_refused_with_both(shared: Running) -> None:
    before, registered = shared.host.recent.decisions, registered_stop_bps(shared)
    async with shared.http() as client:
        answer = await client.post(EXECUTE, json=SIGNAL | {"stop_bps": registered + 0.01})

    reason = answer.json()["detail"]["reason"]
    assert answer.status_code == 400
    assert f"stop {registered + 0.01:.2f} bps wider than the {registered:g} bps registered for {STRATEGY}" in reason
    assert shared.host.recent.decisions == before, "the gate was never asked"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"stop_bps": 0}, "stop_bps"),
        ({"stop_bps": -3}, "stop_bps"),
        ({"stop_bps": 501}, "stop_bps"),
        ({"stop_bps": "9"}, "stop_bps"),
        ({"stop_bps": True}, "stop_bps"),
        ({"targets": []}, "targets"),
        ({"targets": [{"distance_bps": 0, "share_pct": 50}]}, "targets"),
        ({"targets": [{"distance_bps": 9, "share_pct": -1}]}, "targets"),
        ({"targets": [{"distance_bps": 9, "share_pct": 60}, {"distance_bps": 19, "share_pct": 41}]}, "targets"),
        ({"targets": [{"distance_bps": 19, "share_pct": 50}, {"distance_bps": 9, "share_pct": 50}]}, "targets"),
        ({"targets": [{"distance_bps": 9}]}, "targets"),
        ({"targets": "far"}, "targets"),
        ({"reason": "x" * 201}, "reason"),
        ({"reason": "\x1b[2J"}, "reason"),
        ({"reason": 7}, "reason"),
        *(
            ({field: f"long{char}gnol"}, field)
            for field in ("reason", "id", "pair", "strategy")
            for char in ("\u202e", "\u2066", "\u200b", "\ufeff", "\U000e0041", "\ue000", "\x9b2J", "\x00")
        ),
        ({"id": "i" * 10_000}, "id"),
        ({"id": True}, "id"),
        ({"amount": True}, "amount"),
        ({"amount": "50"}, "amount"),
        ({"amount": 10**400}, "amount"),
        ({"confidence": 1.01}, "confidence"),
        ({"confidence": -0.1}, "confidence"),
        ({"confidence": "high"}, "confidence"),
        ({"confidence": True}, "confidence"),
    ],
)
async def test_terms_out_of_bounds_are_a_422_naming_the_field(
    shared: Running, change: dict[str, Any], place: str
) -> None:
    before = shared.host.recent.decisions
    async with shared.http() as client:
        answer = await client.post(EXECUTE, json=SIGNAL | change)

    detail = answer.json()["detail"]
    assert answer.status_code == 422
    assert place in {field.split(".")[0] for field in detail["fields"]}
    assert "expected " in detail["reason"] and ", was " in detail["reason"]
    assert shared.host.recent.decisions == before


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("value", ["NaN", "1e400", "-Infinity", "1e-400", "0x32", '50, "amount": 1e12', "[" * 20_000])
async def test_a_number_that_is_none_is_a_422_however_it_is_written(shared: Running, value: str) -> None:
    before = shared.host.recent.decisions
    body = json.dumps({**SIGNAL, "amount": "@"}).replace('"@"', value).encode()
    async with shared.http() as client:
        answer = await client.post(EXECUTE, content=body, headers={"Content-Type": "application/json"})

    detail = answer.json()["detail"]
    assert answer.status_code == 422 and ", was " in detail["reason"]
    assert detail["fields"] in (["amount"], ["body"]) and shared.host.recent.decisions == before


async def test_terms_are_recorded_and_come_out_the_same_in_a_replay(home: Path) -> None:
    async with running(home) as engine, engine.http() as client:
        answer = await client.post(EXECUTE, json=SIGNAL | TERMS)
        assert answer.status_code == 200, answer.json()
    (path,) = (home / "recordings").glob("*.rec")
    signals = [record for record in read_recording(path)[1] if isinstance(record, Signal)]

    assert [(one.stop_bps, one.reason, one.confidence) for one in signals] == [(9.5, "order flow turned", 0.7)]
    assert signals[0].targets is not None and len(signals[0].targets) == 2
    replayed = run_replay(path, None, verify=True)
    assert replayed.verified is True, replayed.difference
    assert any("order flow turned" in verdict.proposal.why for verdict in replayed.tally.verdicts)
