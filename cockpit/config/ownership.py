"""Whose files these are: what others may change is neither run nor trusted."""

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
    """An opener for files of the home: never through a link that somebody put there, and readable by us alone."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
