"""`/ws/stream`: the cockpit's own stream. A hello, the latest of everything at the asked rate, a log without a gap."""

import math
from time import monotonic

import msgspec
from starlette.websockets import WebSocket

from cockpit.api.context import ApiContext
from cockpit.api.pump import Poll, next_beat_s
from cockpit.api.socket_close import POLICY, TRY_LATER, SocketClose
from cockpit.api.ws_client import Listen, WsClient
from cockpit.domain.stream import StreamRequest
from cockpit.market.detail import DetailCursor
from cockpit.runtime.log_ring import LogRing

SLOWEST_HZ, FASTEST_HZ = 1.0, 20.0
AT_ONCE = 64
"""How many log entries are sent at a time."""

_from_msgpack = msgspec.msgpack.Decoder(StreamRequest)
_from_json = msgspec.json.Decoder(StreamRequest)


async def stream_socket(websocket: WebSocket, context: ApiContext) -> None:
    """Serve one screen."""
    await WsClient(websocket, context, "stream").serve(lambda line: _greet(line, context))


async def _greet(line: WsClient, context: ApiContext) -> tuple[Listen, Poll]:
    request = _request(await line.first())
    line.admit(request.token)
    seq, gap = starting_point(context.host.log, context.host.epoch, request)
    line.send(context.frames.hello(gap), context.frames.snapshot())
    hz = min(FASTEST_HZ, max(SLOWEST_HZ, request.hz))
    return (lambda: _listen(line)), _Screen(line, context, seq, 1.0 / hz, request.detail).poll


def starting_point(log: LogRing, epoch: str, request: StreamRequest) -> tuple[int, bool]:
    """After which entry a client's log goes on, and whether entries it has not seen are gone from memory."""
    if request.epoch != epoch:
        return log.first_seq - 1, bool(request.epoch)
    wanted = min(max(0, request.after_seq), log.last_seq)
    return max(wanted, log.first_seq - 1), wanted < log.first_seq - 1


def _request(message: str | bytes) -> StreamRequest:
    try:
        request = _from_json.decode(message) if isinstance(message, str) else _from_msgpack.decode(message)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise SocketClose(POLICY, "expected a StreamRequest as msgpack or JSON, was something else") from None
    if not math.isfinite(request.hz):
        raise SocketClose(POLICY, "expected hz from 1 to 20, was no number")
    return request


async def _listen(line: WsClient) -> None:
    """Nothing more is expected of a screen; reading notices when it is gone."""
    while True:
        await line.receive()


class _Screen:
    """Log entries as they come, each once; beside them the newest snapshot, and none that is older."""

    def __init__(self, line: WsClient, context: ApiContext, seq: int, every_s: float, detail: bool) -> None:
        self._line = line
        self._log = context.host.log
        self._frames = context.frames
        self._seq = seq
        self._every_s = every_s
        self._due_s = next_beat_s(monotonic(), every_s)
        self._cursors: dict[str, DetailCursor] | None = {} if detail else None

    def poll(self, now_s: float) -> list[bytes]:
        """What is to be sent now."""
        self._line.check_welcome()
        if self._seq < self._log.first_seq - 1:
            raise SocketClose(TRY_LATER, "fell too far behind the log: connect again")
        sent = self._log.encoded_after(self._seq, AT_ONCE)
        self._seq += len(sent)
        if now_s >= self._due_s:
            sent.append(self._frames.snapshot())
            if self._cursors is not None:
                sent.append(self._frames.detail(self._cursors))
            self._due_s = next_beat_s(now_s, self._every_s)
        return sent
