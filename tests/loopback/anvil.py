"""A local Ethereum node for tests: anvil, fetched from the npm registry once, started for a session."""

import fcntl
import json
import os
import platform
import re
import shutil
import subprocess
import threading
import urllib.request
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from tests.patience import patient_s

NPM = Path(__file__).resolve().parent / "npm"
LOCK = NPM / "package-lock.json"
FETCH = NPM / "fetch-anvil"
FETCH_WITHIN_S = patient_s(100.0)
ANSWER_WITHIN_S = patient_s(20.0)
PACKAGE = "anvil-linux-amd64"


def installed() -> Path:
    """The node_modules with anvil and Aave's contracts; skips the test, with the reason, where none can be."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip(f"anvil not installed: {PACKAGE} is locked, this is {platform.system()} {platform.machine()}")
    named = os.environ.get("COCKPIT_TEST_CACHE")
    cache = Path(named or platformdirs.user_cache_dir("cockpit-test-chain", appauthor=False))
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    modules = cache / "node_modules"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = cache / "installed.json"
        if not (done.exists() and done.read_bytes() == LOCK.read_bytes() and modules.is_dir()):
            _fetch(cache)
            shutil.rmtree(cache / ".npm", ignore_errors=True)
            done.write_bytes(LOCK.read_bytes())
    return modules


def _fetch(cache: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("anvil not installed: npm is not there to fetch it")
    try:
        subprocess.run([str(FETCH), str(cache)], check=True, capture_output=True, text=True, timeout=FETCH_WITHIN_S)
    except subprocess.TimeoutExpired:
        pytest.skip(f"anvil not installed: npm did not fetch it within {FETCH_WITHIN_S:g} s")
    except subprocess.CalledProcessError as error:
        if re.search(r"ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|network", error.stderr):
            fault_answer = " ".join(error.stderr.split())[:200]
            pytest.skip(f"anvil not installed: the npm registry is not reachable ({fault_answer})")
        raise AssertionError(f"npm could not install anvil: {error.stderr}") from error


def binary(modules: Path) -> Path:
    """The node's executable."""
    return modules / "@foundry-rs" / PACKAGE / "bin" / "anvil"


class Anvil:
    """One running node, mining a block a transaction, its clock set by the test."""

    def __init__(self, executable: Path, genesis_s: int) -> None:
        # Killed with the test run, should that be killed: nobody else would.
        leash = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        command = [*leash, str(executable), "--port", "0", "--timestamp", str(genesis_s), "--gas-limit", "60000000"]
        self._process = subprocess.Popen(
            [*command, "--no-request-size-limit"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        fault_answer = ""
        for line in self._process.stdout:
            fault_answer += line
            found = re.search(r"Listening on 127\.0\.0\.1:(\d+)", line)
            if found:
                self.url = f"http://127.0.0.1:{found.group(1)}"
                break
        else:
            raise AssertionError(f"anvil did not start: {fault_answer}")
        # It logs every request: somebody has to read that, or the pipe fills up and the node stands still.
        self._reader = threading.Thread(target=self._process.stdout.read, daemon=True)
        self._reader.start()

    def rpc(self, method: str, *params: Any) -> Any:
        """One JSON-RPC call; an error of the node fails the test."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=ANSWER_WITHIN_S) as response:
            answer = json.load(response)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def mine_at(self, timestamp_s: int) -> None:
        """A block with that stamp."""
        self.rpc("evm_setNextBlockTimestamp", timestamp_s)
        self.rpc("evm_mine")

    def stop(self) -> None:
        """End the node."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
