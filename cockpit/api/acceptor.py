"""Taking connections in, a bounded number of them: no crowd at one listener takes the descriptors of the others.

The loop's own server takes whatever comes, and where descriptors run out it logs each failed try. Here a listener holds
at most its share of them; to whom it owes least gives way to whoever comes next.
"""

import asyncio
import contextlib
import errno
import logging
import os
import resource
import socket
from collections.abc import Callable

from cockpit.api.arrivals import Arrivals

LOG = logging.getLogger("cockpit.api")
KEPT_FREE = 256
"""Descriptors for what is not the API: journal, recording, venues, feeds, and a flatten."""
KEPT_SHARE = 4
"""The last quarter of the descriptors is not for a listener that strangers reach, whatever the limit is by now."""
FEWEST = 16
A_TURN = 16
CROWDED_TURN = 4
CROWDED_EVERY_S = 0.02
"""A full listener takes in two hundred a second: whoever is made to leave costs time too."""
PAUSE_S, PAUSE_WITH_SPARE_S = 1.0, 0.1
LOG_EVERY_S = 60.0
OUT_OF_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
PASSING = (InterruptedError, ConnectionAbortedError)


def most_connections(wanted: int) -> int:
    """How many connections a listener may hold, of two that share what the process's limit leaves."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, max(FEWEST, (soft - KEPT_FREE) // 2))


class Acceptor:
    """Hands each connection of a listening socket a protocol, made for when it came at the earliest.

    `count` is how many there are; `make_way` closes the one that is owed least, False where none can be. A listener
    `with_spare` holds a descriptor back, so that it still takes somebody in when there is no other left.
    """

    def __init__(
        self,
        listening: socket.socket,
        make_protocol: Callable[[int], asyncio.Protocol],
        count: Callable[[], int],
        make_way: Callable[[], bool],
        most: int,
        arrivals: Arrivals,
        *,
        with_spare: bool = False,
    ) -> None:
        self._listening = listening
        self._make_protocol = make_protocol
        self._count = count
        self._make_way = make_way
        self._most = most
        self._arrivals = arrivals
        self._spare = os.open(os.devnull, os.O_RDONLY) if with_spare else None
        self._with_spare = with_spare
        self._loop = asyncio.get_running_loop()
        self._handing: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._logged_s = float("-inf")
        self._is_short = False
        self._is_closed = False

    def start(self) -> None:
        if not self._is_closed:
            self._timer = None
            self._arrivals.read_on()
            self._loop.add_reader(self._listening.fileno(), self._take)

    def close(self) -> None:
        """Take no more in. The socket stays its owner's to close."""
        self._is_closed = True
        self._loop.remove_reader(self._listening.fileno())
        if self._timer is not None:
            self._timer.cancel()
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None

    async def wait_closed(self) -> None:
        """Until those that were just taken in have their protocols."""
        await asyncio.gather(*self._handing, return_exceptions=True)

    def _take(self) -> None:
        """As many as a turn allows."""
        since_ns = self._arrivals.earliest_ns()
        self._arrivals.more_waits(since_ns)
        for turn in range(A_TURN):
            is_crowded = self._is_short or self._count() + len(self._handing) >= self._most
            if is_crowded and turn >= CROWDED_TURN:
                self._pause(CROWDED_EVERY_S)
                return
            try:
                connection, _ = self._listening.accept()
            except BlockingIOError:
                self._arrivals.emptied()
                return
            except PASSING:
                return
            except OSError as error:
                if error.errno not in OUT_OF_DESCRIPTORS:
                    raise
                self._spend_spare(error, since_ns)
                return
            self._is_short = not self._with_spare and _is_one_of_the_last(connection)
            if self._is_short:
                self._make_way()  # one more than it takes: they are given back until others have enough
            if (is_crowded or self._is_short) and not self._make_way():
                connection.close()
                continue
            self._hand(connection, since_ns)

    def _hand(self, connection: socket.socket, since_ns: int) -> None:
        connection.setblocking(False)
        task = self._loop.create_task(self._connect(connection, since_ns))
        self._handing.add(task)
        task.add_done_callback(self._handing.discard)

    async def _connect(self, connection: socket.socket, since_ns: int) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: self._make_protocol(since_ns), connection)
        except OSError:
            connection.close()

    def _spend_spare(self, error: OSError, since_ns: int) -> None:
        """No descriptor is left: make way, pause, and say so once a minute; with the spare one somebody is taken in
        all the same.
        """
        pause_s = PAUSE_WITH_SPARE_S if self._with_spare else PAUSE_S
        if self._loop.time() - self._logged_s > LOG_EVERY_S:
            self._logged_s = self._loop.time()
            LOG.error("no connection could be taken in: %s; trying again every %g s", error.strerror, pause_s)
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None
            with contextlib.suppress(OSError):
                self._hand(self._listening.accept()[0], since_ns)
        else:
            for _ in range(CROWDED_TURN):
                self._make_way()
        self._pause(pause_s)

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listening.fileno())
        if not self._is_closed:
            self._timer = self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        if self._with_spare and self._spare is None and not self._is_closed:
            with contextlib.suppress(OSError):
                self._spare = os.open(os.devnull, os.O_RDONLY)
        self.start()


def _is_one_of_the_last(connection: socket.socket) -> bool:
    """Descriptors are numbered from below, and the limit may have been lowered since the start."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft != resource.RLIM_INFINITY and connection.fileno() >= soft - soft // KEPT_SHARE
