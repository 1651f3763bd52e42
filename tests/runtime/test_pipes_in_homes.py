"""A pipe in the place of a file of the home holds nobody: not the engine's loop, not its start, not a flatten."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from cockpit.api.tokens import TokenError, load_token
from cockpit.config.journal_place import JournalPlace
from cockpit.config.places import Places, shipped_config_path
from cockpit.feeds.simulated.profile import FILE as SIMULATED
from cockpit.feeds.simulated.profile import ProfileError, read_profile
from cockpit.journal.backtests import FILE as BACKTESTS
from cockpit.journal.backtests import read_backtests
from cockpit.journal.errors import JournalError
from cockpit.runtime.detached import start_detached
from cockpit.runtime.halt_mark import FILE_NAME as HALT_MARK
from cockpit.runtime.halt_mark import halt_mark, leave_halt_mark
from cockpit.runtime.lock import InstanceLock, is_held, read_holder
from cockpit.runtime.logs import log_to
from cockpit.runtime.output import output_of
from cockpit.runtime.profile_prefix import FILE_NAME as ORDER_PREFIX
from cockpit.runtime.profile_prefix import known_prefix, order_prefix, used_in
from cockpit.tui.app_base import Ticks
from cockpit.tui.choices import Choices
from cockpit.tui.panes.table import Kept
from tests.patience import patient_s

Use = Callable[[Places], object]


def keep_a_session(places: Places) -> None:
    used_in(places, 7)
    assert known_prefix(places) is not None


def take_the_lock(places: Places) -> None:
    lock = InstanceLock(places.lock)
    lock.acquire()
    lock.write(pid=1)
    lock.release()


def write_a_log(places: Places) -> None:
    """What a disk would not take either is lost, and nobody waits for it."""
    log = logging.getLogger("cockpit.test_of_pipes")
    handler = log_to(places.engine_log, log.name)
    log.error("a line")
    log.removeHandler(handler)
    handler.close()


USES: list[tuple[str, Use, type[Exception] | None]] = [
    (HALT_MARK, halt_mark, None),
    (HALT_MARK, leave_halt_mark, None),
    (ORDER_PREFIX, known_prefix, None),
    (ORDER_PREFIX, order_prefix, None),
    (ORDER_PREFIX, keep_a_session, None),
    (f".{ORDER_PREFIX}.part", order_prefix, None),
    ("journal.place", lambda places: places.journal, None),
    ("journal.place", lambda places: JournalPlace(places.journal.file, "postgresql://db/x").note(), OSError),
    ("engine.lock", lambda places: is_held(places.lock), None),
    ("engine.lock", lambda places: read_holder(places.lock), None),
    ("engine.lock", take_the_lock, None),
    ("token", lambda places: load_token(places.token), TokenError),
    ("logs/engine.log", write_a_log, None),
    ("logs/engine.out", lambda places: start_detached(places, (), output_of(places.engine_log.parent)), OSError),
    (BACKTESTS, lambda places: read_backtests(places.home), JournalError),
    (SIMULATED, lambda places: read_profile(places.home / SIMULATED), ProfileError),
    ("ticks.json", lambda places: Ticks(places.home / "ticks.json"), None),
    ("choices.json", lambda places: Choices(places.home / "choices.json").begin(Kept(), "a", {}), None),
]


@pytest.mark.parametrize(("name", "use", "expected"), USES, ids=[f"{at}-{use[0]}" for at, use in enumerate(USES)])
def test_a_pipe_in_its_place_holds_nobody(
    tmp_path: Path, name: str, use: Use, expected: type[Exception] | None
) -> None:
    places = Places(tmp_path / "home", shipped_config_path())
    places.make_home()
    (places.home / "logs").mkdir(exist_ok=True)
    os.mkfifo(places.home / name, 0o600)
    ended: list[object] = []

    def used() -> None:
        try:
            ended.append(use(places))
        except Exception as error:
            ended.append(error)

    using = Thread(target=used, daemon=True)
    using.start()
    using.join(patient_s(20.0))
    assert ended, f"{name} holds whoever uses it"
    assert isinstance(ended[0], expected) if expected is not None else not isinstance(ended[0], Exception)


def test_a_mark_of_any_size_is_read_as_far_as_it_is_shown(tmp_path: Path) -> None:
    places = Places(tmp_path, shipped_config_path())
    with (tmp_path / HALT_MARK).open("wb") as file:
        file.truncate(1 << 40)
    assert halt_mark(places)
