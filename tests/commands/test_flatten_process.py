"""`cockpit flatten` as a process, on OKX's loopback venue: no terminal, file, keyring or home of ours stops it."""

import asyncio
import fcntl
import json
import os
import pty
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from cockpit.config.places import shipped_config_path
from tests.loopback.okx_trading import OkxTradingVenue
from tests.loopback.trading_faults import rejected
from tests.loopback.trading_venue import KEY, PASSWORD, SECRET
from tests.patience import patient_s

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = patient_s(60.0)
LEAST_PIPE_BYTES = 4_096
NOBODYS_PROXY = "http://127.0.0.1:9"
SITE_WITHOUT_USER = """
import pwd

def nobody(uid):
    raise KeyError(uid)

pwd.getpwuid = nobody
"""
SILENT_KEYRING = """
import time
from keyring.backend import KeyringBackend

class Silent(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        time.sleep(3_600)

    set_password = delete_password = get_password
"""

Change = Callable[[dict[str, str]], None]


@pytest.fixture
async def okx() -> AsyncIterator[OkxTradingVenue]:
    async with OkxTradingVenue() as venue:
        venue.set_price("ETH", 3_999.99, 4_000, mark=4_000)
        venue.trade_by_hand("ETH", "buy", 0.5)
        yield venue


def environ(venue: OkxTradingVenue, home: Path) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("COCKPIT_")}
    return kept | {
        "COCKPIT_HOME": str(home),
        "COCKPIT_OKX_REST_URL": venue.rest_url,
        "COCKPIT_OKX_WS_URL": venue.ws_url,
        "COCKPIT_OKX_API_KEY": KEY,
        "COCKPIT_OKX_SECRET": SECRET,
        "COCKPIT_OKX_PASSWORD": PASSWORD,
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


async def started(env: dict[str, str], *arguments: str, out: int, **more: object) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cockpit", *arguments, "flatten", "--yes"),
        cwd=ROOT,
        env=env,
        stdin=out if os.isatty(out) else asyncio.subprocess.DEVNULL,
        stdout=out,
        stderr=asyncio.subprocess.STDOUT,
        **more,  # type: ignore[arg-type]
    )


async def flattened(env: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Its exit code and what it said."""
    process = await started(env, *arguments, out=asyncio.subprocess.PIPE)
    async with asyncio.timeout(WITHIN_S):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_it_goes_on_when_its_terminal_goes_away(okx: OkxTradingVenue, tmp_path: Path) -> None:
    okx.faults.add(rejected("50013"), roles={"close"}, times=4)
    ours, its = pty.openpty()

    def take_the_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, 0x540E, 0)  # TIOCSCTTY: its controlling terminal, whose end is a SIGHUP

    process = await started(environ(okx, tmp_path), out=its, preexec_fn=take_the_terminal)
    os.close(its)
    async with asyncio.timeout(WITHIN_S):
        await okx.until(lambda: bool(okx.called("close")))
        os.close(ours)
        assert await process.wait() == 0
    assert okx.positions == {}


async def test_a_reader_that_has_left_stops_nothing(okx: OkxTradingVenue, tmp_path: Path) -> None:
    read, write = os.pipe()
    process = await started(environ(okx, tmp_path), out=write)
    os.close(write)
    os.close(read)
    async with asyncio.timeout(WITHIN_S):
        assert await process.wait() == 0
    assert okx.positions == {}


async def test_a_reader_that_does_not_read_stops_nothing(okx: OkxTradingVenue, tmp_path: Path) -> None:
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, LEAST_PIPE_BYTES)
    os.write(write, b"x" * LEAST_PIPE_BYTES)
    process = await started(environ(okx, tmp_path), out=write)
    os.close(write)
    async with asyncio.timeout(WITHIN_S):
        assert await process.wait() == 0
    os.close(read)
    assert okx.positions == {}


@pytest.mark.parametrize(
    "code", ["import sys\nsys.exit(0)\n", "import time\ntime.sleep(3_600)\n"], ids=["exits", "waits"]
)
async def test_the_operators_own_setup_files_are_not_run(okx: OkxTradingVenue, tmp_path: Path, code: str) -> None:
    raw = json.loads(shipped_config_path().read_text(encoding="utf-8"))
    raw["setups"]["Mine"] = {"kind": "mine", "enabled": True}
    config = tmp_path / "mine.json"
    config.write_text(json.dumps(raw), encoding="utf-8")
    (tmp_path / "setups").mkdir()
    (tmp_path / "setups" / "mine.py").write_text(code, encoding="utf-8")
    exit_code, said = await flattened(environ(okx, tmp_path / "h"), "--config", str(config))
    assert (exit_code, okx.positions) == (0, {}), said
    assert "usual terms" not in said, "what the file says of the venues is read all the same"


async def test_a_silent_keyring_delays_no_venue_whose_keys_are_exported(okx: OkxTradingVenue, tmp_path: Path) -> None:
    """And flat is not said while a venue is left that only the keyring may have keys for."""
    (tmp_path / "silent_keyring.py").write_text(SILENT_KEYRING, encoding="utf-8")
    env = environ(okx, tmp_path / "h")
    env |= {"PYTHON_KEYRING_BACKEND": "silent_keyring.Silent", "PYTHONPATH": str(tmp_path)}
    code, said = await flattened(env)
    assert okx.positions == {}, said
    assert "binance is left out" in said and "it did not answer within 2 s" in said
    assert (code, said.splitlines()[-1]) == (1, "NOT FLAT: look at the venue, or run this again")
    lines = said.splitlines()
    closed = next(at for at, line in enumerate(lines) if "CLOSE" in line)
    assert closed < next(at for at, line in enumerate(lines) if "did not answer" in line)


async def test_without_a_home_it_still_goes_to_the_venues(okx: OkxTradingVenue, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SITE_WITHOUT_USER, encoding="utf-8")
    env = environ(okx, tmp_path) | {"PYTHONPATH": str(tmp_path)}
    del env["HOME"], env["COCKPIT_HOME"]
    code, said = await flattened(env)
    assert (code, okx.positions) == (0, {}), said
    assert "expected a home directory, was none" in said.splitlines()[0]


async def test_without_a_home_and_without_keys_it_is_one_line_and_exit_2(okx: OkxTradingVenue, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SITE_WITHOUT_USER, encoding="utf-8")
    env = environ(okx, tmp_path) | {"PYTHONPATH": str(tmp_path)}
    for name in ("HOME", "COCKPIT_HOME", "COCKPIT_OKX_API_KEY"):
        del env[name]
    code, said = await flattened(env)
    assert code == 2
    assert said.splitlines()[-1].startswith("cockpit: expected a home directory, was none")
    assert "Traceback" not in said


@pytest.mark.parametrize("has_keys", [True, False])
async def test_a_home_that_cannot_be_looked_into_stands_in_no_flattens_way(
    okx: OkxTradingVenue, tmp_path: Path, has_keys: bool
) -> None:
    """Whose engine may run there, and what it has open, nobody can tell: without keys that is not flat."""
    home = tmp_path / "home"
    home.symlink_to(home)
    env = environ(okx, home)
    if not has_keys:
        del env["COCKPIT_OKX_API_KEY"]
    code, said = await flattened(env)
    assert "Traceback" not in said and "unexpected" not in said
    assert f"whether an engine runs on this profile ({home}) cannot be known" in said
    assert (code, okx.positions) == (0, {}) if has_keys else code == 2, said


async def test_pipes_where_files_of_the_home_should_be_hold_no_flatten(okx: OkxTradingVenue, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    for name in ("engine.lock", "order_prefix", ".order_prefix.part", "journal.place", "flattened", "token"):
        os.mkfifo(home / name, 0o600)
    code, said = await flattened(environ(okx, home))
    assert (code, okx.positions) == (0, {}), said


async def test_an_address_that_may_not_be_used_is_not_flat(okx: OkxTradingVenue, tmp_path: Path) -> None:
    env = environ(okx, tmp_path) | {"COCKPIT_OKX_REST_URL": "http://example.org"}
    code, said = await flattened(env)
    assert code == 1
    assert "okx is left out" in said and "okx was not asked: what it holds is unknown" in said


async def test_a_config_that_is_broken_in_one_place_keeps_its_other_places(
    okx: OkxTradingVenue, tmp_path: Path
) -> None:
    config = tmp_path / "c.json"
    moved = {"okx_rest_url": okx.rest_url, "okx_ws_url": okx.ws_url}
    config.write_text(json.dumps({"modes": 7, "venues": {"okx": 1}, "endpoints": moved}), encoding="utf-8")
    env = environ(okx, tmp_path / "h")
    del env["COCKPIT_OKX_REST_URL"], env["COCKPIT_OKX_WS_URL"]
    code, said = await flattened(env, "--config", str(config))
    assert (code, okx.positions) == (0, {}), said
    assert "venues.okx: " in said and "going on with the usual terms" in said


def test_a_closed_stdout_changes_no_exit_code(tmp_path: Path) -> None:
    command = f"exec {sys.executable} -m cockpit --home {tmp_path} validate >&-"
    process = os.popen(f"cd {ROOT}; ({command}) 2>&1; echo $?")
    assert process.read().splitlines() == ["0"]
    process.close()


@pytest.mark.parametrize("command", ["validate", "validate --json", "version", "help flatten", "--help"])
def test_a_full_disk_under_stdout_is_one_line(tmp_path: Path, command: str) -> None:
    line = f"exec {sys.executable} -m cockpit --home {tmp_path} {command} 2>&1 >/dev/full"
    process = os.popen(f"cd {ROOT}; ({line}); echo $?")
    said = process.read().splitlines()
    process.close()
    assert said == ["cockpit: expected the output to be written, was: No space left on device", "1"]
    assert not (tmp_path / "logs").exists(), "it is no crash of ours"


async def test_proxies_of_the_environment_are_not_used_and_said(okx: OkxTradingVenue, tmp_path: Path) -> None:
    env = environ(okx, tmp_path) | {name: NOBODYS_PROXY for name in ("HTTP_PROXY", "https_proxy", "ALL_PROXY")}
    code, said = await flattened(env)
    assert code == 0 and not okx.positions, said
    assert "proxies of the environment are not used (ALL_PROXY, HTTP_PROXY, https_proxy)" in said
    assert NOBODYS_PROXY not in said


@pytest.mark.parametrize("command", [["validate", "--json"], ["drill", "--yes", "--venue", "okx"]])
async def test_whoever_else_asks_the_venues_does_without_them_too(
    okx: OkxTradingVenue, tmp_path: Path, command: list[str]
) -> None:
    env = environ(okx, tmp_path) | {"HTTPS_PROXY": NOBODYS_PROXY}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cockpit", *command),
        cwd=ROOT,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(WITHIN_S):
        out, err = await process.communicate()
    assert b"proxies of the environment are not used (HTTPS_PROXY)" in out + err
    assert NOBODYS_PROXY.encode() not in out + err
    if command[0] == "validate":
        json.loads(out)
