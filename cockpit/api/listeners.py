"""Opening the places where the API listens: a TCP port, and the profile's Unix socket."""

import os
import socket
import stat
from pathlib import Path

from cockpit.config.places import LONGEST_SOCKET_PATH
from cockpit.runtime.startup import CannotStart

BACKLOG = 512
SEND_BUFFER_BYTES = 256 * 1024
"""What the system may hold back for a client that does not read, before we see it."""


def open_port(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises `CannotStart` where that address cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise CannotStart(f"expected --host to be an address of this machine, was {host!r}: {error}") from error
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listening.bind(address)
        return _listening(listening)
    except OSError as error:
        listening.close()
        wish = f"expected port {port} on {host} to be free"
        raise CannotStart(f"{wish}, was: {error.strerror or error}: choose another --port, or 0 for any") from error


def open_socket(path: Path) -> socket.socket:
    """A listening Unix socket, 0600, in place of one that a dead engine left. Call it holding the profile's lock.

    Raises `CannotStart` where the path is too long, or something else than a socket is there.
    """
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise CannotStart(
            f"expected a socket path of at most {LONGEST_SOCKET_PATH} bytes, was {path}: choose a shorter --home"
        )
    remove_socket(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        before = os.umask(0o177)
        try:
            listening.bind(str(path))
        finally:
            os.umask(before)
        return _listening(listening)
    except OSError as error:
        listening.close()
        raise CannotStart(f"expected to listen on {path}, was: {error.strerror or error}") from error


def remove_socket(path: Path) -> None:
    """Remove a socket's file. Raises `CannotStart` for a file that is none: nobody's file is deleted by mistake."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise CannotStart(f"expected {path} to be a socket or absent, was another file: move it away")
        path.unlink()
    except FileNotFoundError:
        return


def url_of(listening: socket.socket, host: str) -> str:
    """The URL of a TCP socket, with the port it really has. Bound to everything, it is reachable here."""
    port = listening.getsockname()[1]
    name = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _listening(listening: socket.socket) -> socket.socket:
    listening.listen(BACKLOG)
    listening.setblocking(False)
    return listening
