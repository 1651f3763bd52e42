"""Whose files these are: what others may change is neither run nor trusted."""

import errno
import os
import stat
from pathlib import Path

TRUSTED_FOR_CODE = 0
"""Root may put code anywhere anyway."""


def against_running(path: Path) -> str:
    """What stands against running this file's code: others own it, or may write it or its folder. Empty: nothing.

    Raises `OSError` where it cannot be looked at.
    """
    for one in (path, path.parent):
        found = one.stat()
        mode = stat.S_IMODE(found.st_mode)
        if found.st_uid not in (os.geteuid(), TRUSTED_FOR_CODE):
            return f"expected {one} to be yours (user {os.geteuid()}), was user {found.st_uid}'s, mode {mode:04o}"
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            return (
                f"expected {one} to be written by its owner (user {found.st_uid}) only, was mode {mode:04o}: "
                f"chmod o-w {one}"
            )
    return ""


def against_home(home: Path) -> str:
    """What stands against a home that is there: others own it, or may write into it. Empty: nothing, or no home yet."""
    try:
        found = home.stat()
    except OSError:
        return ""
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != os.geteuid():
        return f"a directory of user {found.st_uid}, mode {mode:04o}, not yours (user {os.geteuid()})"
    if mode & (stat.S_IWOTH | stat.S_IWGRP):
        return f"mode {mode:04o}, which others may write to (chmod 700 {home})"
    return ""


def opened_here(path: str, flags: int) -> int:
    """An opener for files of the home: never through a link that somebody put there, readable by us alone, and never
    waiting for whoever would be at the other end of a pipe.
    """
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)


def read_file(path: Path, most_bytes: int = -1) -> bytes:
    """What a file of the home holds, so many bytes of it. Raises `OSError`, also for what is no file: a pipe in its
    place would hold whoever reads it, an engine's loop or a flatten, for ever.
    """
    with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a file", str(path))
        return file.read(most_bytes)


def put_file(path: Path, text: str) -> None:
    """Put a file of the home in place as a whole, whatever stood there: never through a link. Raises `OSError`."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with open(part, "x", encoding="ascii", opener=opened_here) as file:
        file.write(text)
    part.replace(path)
