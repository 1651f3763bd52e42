"""A throwaway PostgreSQL, where one can be made."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


class Cluster:
    """A PostgreSQL server of our own, on a Unix socket, run by somebody who is not root."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._user = "nobody" if os.geteuid() == 0 else None
        self.directory = Path(tempfile.mkdtemp(prefix="cockpit-pg-", dir="/tmp"))
        if self._user:
            account = pwd.getpwnam(self._user)
            os.chown(self.directory, account.pw_uid, account.pw_gid)
        options = ["-A", "trust", "-U", "cockpit", "-E", "UTF8", "--locale=C", "--no-sync"]
        self._run("initdb", "-D", str(self.directory / "data"), *options)

    @property
    def url(self) -> str:
        return f"postgresql://cockpit@/postgres?host={self.directory}"

    def start(self) -> None:
        options = f"-k {self.directory} -h '' -c fsync=off"
        self._run("pg_ctl", "-D", str(self.directory / "data"), "-w", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.directory / "data"), "-m", "immediate", "-w", "stop")

    def remove(self) -> None:
        shutil.rmtree(self.directory)

    def _run(self, binary: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._binaries / binary), *arguments],
            check=True,
            user=self._user,
            cwd=self.directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
