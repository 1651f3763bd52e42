"""Alerts reach a real service through apprise, and a service that fails or hangs costs nobody anything."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from alert_services import hanging_service, listening_service
from pydantic import SecretStr

from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places
from cockpit.config.secrets import Secrets
from cockpit.domain.actions import StateChanged
from cockpit.domain.commands import Flatten
from cockpit.domain.kinds import EngineState
from cockpit.runtime.alerts import QUEUED, URLS_NAME, Alert, Alerts, start_alerts
from cockpit.runtime.options import EngineOptions
from cockpit.runtime.startup import build_host
from tests.patience import patient_s

WITHIN_S = patient_s(10.0)
EVENTS = ("halt", "fault")
HALT = Alert("halt", "failure", "HALTED: drawdown 20.00 at or above 19.92 USD")


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(WITHIN_S)
        assert not thread.is_alive(), f"expected {thread.name} to have ended"


def alerts_to(*urls: str) -> Alerts:
    return Alerts(SecretStr(" ".join(urls)), EVENTS, lambda: "Cockpit, paper mode")


def until(alerts: Alerts, failed: int) -> None:
    give_up_s = time.monotonic() + WITHIN_S
    while alerts.view().failed < failed:
        assert time.monotonic() < give_up_s, f"expected {failed} failures, was {alerts.view()}"
        threading.Event().wait(0.01)


def test_a_halt_is_told_to_the_service() -> None:
    with listening_service() as service:
        alerts = alerts_to(service.url)
        alerts.start()
        alerts.on_actions([StateChanged(0, EngineState.ARMED, EngineState.HALTED, "two losses\x1b[2J in a row")])
        alerts.stop()
        assert [(told["title"], told["message"], told["type"]) for told in service.messages] == [
            ("Cockpit, paper mode", "HALTED: two losses?[2J in a row", "failure")
        ]
    view = alerts.view()
    assert (view.ok, view.services, view.asked, view.failed) == (True, 1, 1, 0)


def test_only_what_was_asked_for_is_told() -> None:
    with listening_service() as service:
        alerts = alerts_to(service.url)
        alerts.start()
        alerts.send(Alert("trade_closed", "info", "t1 closed"))
        alerts.stop()
        assert service.messages == []
    assert alerts.view().asked == 0


def test_a_storm_is_few_messages_with_every_line_and_the_gravest_word() -> None:
    with listening_service() as service:
        alerts = alerts_to(service.url)
        for number in range(60):
            alerts.send(Alert("fault", "failure" if number == 59 else "warning", f"line {number}"))
        alerts.start()
        alerts.stop()
        assert len(service.messages) < 15
        lines = [line for told in service.messages for line in told["message"].splitlines()]
        assert lines == [f"line {number}" for number in range(60)]
        assert service.messages[-1]["type"] == "failure"
        assert {told["type"] for told in service.messages[:-1]} <= {"warning"}


def test_a_service_that_hangs_makes_nobody_wait_and_the_others_are_told_at_once() -> None:
    hangs_s = patient_s(2.0)
    with hanging_service(hangs_s) as hanging, listening_service() as service:
        alerts = alerts_to(hanging, service.url)
        alerts.start()
        alerts.send(HALT)
        assert service.is_sent.wait(0.75 * hangs_s), "before the first one is given up"
        slowest_s = 0.0
        for _ in range(QUEUED * 4):
            began_s = time.perf_counter()
            alerts.send(HALT)
            slowest_s = max(slowest_s, time.perf_counter() - began_s)
        assert slowest_s < 0.05 * hangs_s
        until(alerts, QUEUED)
        began_s = time.monotonic()
        alerts.stop(within_s=0.1)
        assert time.monotonic() - began_s < 0.5 * hangs_s
    view = alerts.view()
    assert not view.ok
    assert view.asked == 1 + QUEUED * 4


def test_the_end_does_not_wait_for_a_service_that_hangs() -> None:
    hangs_s = patient_s(1.0)
    with hanging_service(hangs_s) as hanging:
        alerts = alerts_to(hanging)
        alerts.start()
        for _ in range(QUEUED):
            alerts.send(HALT)
        began_s = time.monotonic()
        alerts.stop(within_s=0.2)
        assert time.monotonic() - began_s < 0.9 * hangs_s


@pytest.mark.parametrize("url", ["http://canary-9@127.0.0.1:9", "json://canary-9:secret@127.0.0.1:9/canary-path"])
def test_a_service_that_cannot_be_told_is_named_without_its_secrets(
    url: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG, logger="cockpit"):
        alerts = alerts_to(url)
        alerts.start()
        alerts.send(HALT)
        until(alerts, 1)
        alerts.stop()
    view = alerts.view()
    assert not view.ok
    assert view.last_error
    shown = f"{view} {alerts!r} {caplog.text} {capfd.readouterr()}"
    assert "canary" not in shown
    assert "secret" not in shown


def test_a_service_that_refuses_is_counted_and_is_well_again_once_it_takes_one() -> None:
    with listening_service() as service:
        service.status = 500
        alerts = alerts_to(service.url)
        alerts.start()
        alerts.send(HALT)
        until(alerts, 1)
        assert alerts.view().last_error == "service 1 (json) did not take it"
        assert not alerts.view().ok
        service.status = 200
        alerts.send(HALT)
        alerts.stop()
    assert (alerts.view().ok, alerts.view().failed) == (True, 1)


def test_an_unknown_url_is_said_although_nothing_was_to_be_told() -> None:
    alerts = alerts_to("nosuchservice://canary-7")
    alerts.start()
    alerts.stop()
    view = alerts.view()
    assert (view.ok, view.services, view.asked) == (False, 0, 0)
    assert view.last_error.startswith("COCKPIT_ALERT_URLS expected apprise URLs")


async def test_a_hosts_alerts_hear_the_engine_and_show_in_its_process(
    tmp_path: Path, shipped_config: CockpitConfig
) -> None:
    places = Places(tmp_path, tmp_path / "config.json")
    places.make_home()
    host = build_host(places, shipped_config, EngineOptions())
    nobody = Secrets({}, keyring=lambda name: None)
    assert start_alerts(host, nobody) is None
    with listening_service() as service:
        told = start_alerts(host, Secrets({URLS_NAME: service.url}, keyring=lambda name: None))
        assert told is not None
        host.start()
        await host.command(lambda now_ns, command_id: Flatten(now_ns, command_id, "test", "a drill"))
        assert await asyncio.to_thread(service.is_sent.wait, WITHIN_S)
        assert "alerts" in [task.name for task in host.process().tasks]
        await host.stop()
        await asyncio.to_thread(told.stop)
        assert "FLATTENING: flatten by test: a drill" in service.messages[0]["message"]
        assert service.messages[0]["title"] == "Cockpit, paper mode"
    view = host.process().alerts
    assert (view.ok, view.services) == (True, 1)
    assert view.asked >= 1
