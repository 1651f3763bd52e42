"""A trade by hand from a shell, against a real engine: previewed, sent, halved, its stop moved, closed."""

import json
import time
from subprocess import CompletedProcess
from typing import Any

from running_engine import WITHIN_S, Shell


def until_sent(shell: Shell, *words: str) -> dict[str, Any]:
    """Ask until the gate lets it through: the simulated market goes its own way."""
    give_up_s = time.monotonic() + WITHIN_S
    while True:
        asked = shell.run(*words, "--json")
        answer = json.loads(asked.stdout)
        if asked.returncode == 0:
            assert answer["ok"] is True
            return answer
        assert asked.returncode == 1 and answer["ok"] is False and answer["sentence"], asked
        assert time.monotonic() < give_up_s, answer["sentence"]


def previewed(shell: Shell, *words: str) -> CompletedProcess[str]:
    """A preview, once the market has a price: an engine is ready a moment before its first prints."""
    give_up_s = time.monotonic() + WITHIN_S
    while "no blind trading" in (asked := shell.run("trade", *words, "--preview")).stderr:
        assert time.monotonic() < give_up_s, asked
    return asked


def test_a_trade_from_preview_to_close(shell: Shell) -> None:
    shell.start_engine()
    preview = previewed(shell, "eth", "long", "300", "--stop", "400", "--targets", "450")
    assert preview.returncode == 1, "disarmed: it would not be sent"
    assert "would not be sent: " in preview.stdout and "loses " in preview.stdout
    refused = shell.run("trade", "eth", "long", "300", "--stop", "400", "--json")
    assert refused.returncode == 1 and json.loads(refused.stdout)["ok"] is False
    assert shell.run("trades", "--json").stdout and json.loads(shell.run("trades", "--json").stdout)["trades"] == []

    assert shell.run("arm").returncode == 0
    sent = until_sent(shell, "trade", "eth", "long", "300", "--stop", "400", "--targets", "450")
    trade_id = sent["trade_id"]
    number = trade_id.removeprefix("t").lstrip("0")
    previewed(shell, "btc", "long", "5000")
    denied = shell.run("trade", "btc", "long", "5000")
    assert denied.returncode == 1 and "larger than any position may be" in denied.stderr
    assert "block: notional 5000.00 USD over 415.00" in denied.stdout

    half = shell.run("close", number, "half")
    assert half.returncode == 0 and "at market" in half.stdout, half
    moved = json.loads(shell.run("stop-at", number, "-20", "--json").stdout)
    assert moved["command"] == "move_stop" and moved["trade"]["stop_moved"] is True, moved
    back = shell.run("stop-at", number, "1")
    assert back.returncode == 1 and "a stop only comes nearer" in back.stderr
    assert shell.run("trail", number, "350").returncode == 0
    line = shell.run("do", f"hold {number} 1h; targets {number} none; trail {number} off")
    assert line.returncode == 0 and len(line.stdout.splitlines()) == 3, line
    assert f"targets of {trade_id} at 500/600 bps" in shell.run("targets", number, "500/600").stdout
    assert json.loads(shell.run("targets", number, "none", "--json").stdout)["trade"]["targets"] == []
    assert f"{trade_id} is closed in 1800 s" in shell.run("hold", "eth", "30m").stdout
    assert json.loads(shell.run("hold", number, "off", "--json").stdout)["trade"]["time_stop_ns"] is None
    nothing = shell.run("cancel", number)
    assert nothing.returncode == 1 and "expected an order that can still execute" in nothing.stderr
    _alarms_come_and_go(shell)
    assert shell.run("disarm").returncode == 0
    closed = shell.run("close", "eth")
    assert closed.returncode == 0 and trade_id in closed.stdout
    nobody = shell.run("adopt", "okx", "eth")
    assert nobody.returncode == 1 and "expected a position that is not ours" in nobody.stderr


def _alarms_come_and_go(shell: Shell) -> None:
    assert shell.run("alarm").stdout == "no alarm is set\n"
    assert shell.run("alarm", "pnl", "below", "-900", "flatten").returncode == 0
    assert json.loads(shell.run("alarm", "btc", "above", "500000", "close", "--json").stdout)["ok"] is True
    assert shell.run("alarm").stdout.splitlines() == [
        "a1: pnl at or below -900: flatten",
        "a2: BTC price at or above 500,000: close",
    ]
    assert shell.run("alarm", "drop", "a1").stdout == "1 alarm taken away, 1 left\n"
    assert shell.run("alarm", "drop").returncode == 0


def test_a_chain_goes_on_with_the_trade_that_it_opens(shell: Shell) -> None:
    shell.start_engine()
    assert shell.run("arm").returncode == 0
    previewed(shell, "eth", "long", "60")
    give_up_s = time.monotonic() + WITHIN_S
    while (done := shell.run("do", "long eth 60 stop 400 targets 450; trail eth 350; hold eth 1h")).returncode:
        assert time.monotonic() < give_up_s, done
    *_, trails, held = done.stdout.splitlines()
    assert " open: " in done.stdout and "trails 350 bps behind" in trails and "is closed in 3600 s" in held, done


def test_a_limit_is_cancelled_and_a_trade_is_reversed(shell: Shell) -> None:
    shell.start_engine()
    assert shell.run("arm").returncode == 0
    known = previewed(shell, "eth", "long", "60", "--json")
    price = json.loads(known.stdout)["verdict"]["proposal"]["decision_price"]
    limit = ("--limit", f"{price * 0.97:.2f}", "--for", "900", "--post", "--template", "scalp", "--hold", "600")
    resting = until_sent(shell, "trade", "eth", "long", "60", *limit)
    cancelled = json.loads(shell.run("cancel", resting["trade_id"], "--json").stdout)
    assert cancelled["ok"] and cancelled["trade_id"] == resting["trade_id"], cancelled
    sent = until_sent(shell, "trade", "eth", "long", "60", "--stop", "400", "--targets", "450")
    turned = shell.run("reverse", sent["trade_id"], "60", "--stop", "300", "--json")
    assert turned.returncode == 0, turned
    assert "then a short of ETH is put before the gate" in json.loads(turned.stdout)["sentence"]


def test_words_that_nobody_knows_are_bad_usage(shell: Shell) -> None:
    shell.start_engine()
    for words in (("close", "doge"), ("do", "lnog btc 30"), ("trade", "btc", "up"), ("trail", "1", "far")):
        asked = shell.run(*words)
        assert asked.returncode == 2 and "expected " in asked.stderr, asked


def test_without_an_engine_it_is_said(shell: Shell) -> None:
    asked = shell.run("close", "1", "--json")
    assert asked.returncode == 1
    assert "no engine runs on this profile" in json.loads(asked.stdout)["sentence"]
