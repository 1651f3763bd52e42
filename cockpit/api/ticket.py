"""What a call was let in with: the token, a source's key, or that none is needed here and now."""

from collections.abc import Callable
from time import monotonic

from cockpit.api.admission import Admission, Headers
from cockpit.api.call_log import CallScope
from cockpit.api.callers import Caller, Callers

TICKET = "cockpit.ticket"
KEY_AGAIN_S = 1.0
"""How often a source's key is looked at again while its WebSocket is open: one that was taken away ends it."""
NO_HEADERS = Headers([])
WANTED = "expected the token of this engine's home, or a source's key, in the header or the first message"


class Ticket:
    """A WebSocket's handler asks again and again whether it still holds: the mode climbs, a key is taken away.

    `is_signed`: its body's signature was checked and holds. `shown`: what a WebSocket showed in its header.
    """

    def __init__(
        self,
        admission: Admission,
        call: CallScope,
        *,
        has_token: bool,
        is_signed: bool = False,
        caller: Caller | None = None,
        callers: Callers | None = None,
        shown: str | None = None,
        on_shown: Callable[[], None] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.call = call
        self.is_signed = is_signed
        self.caller = caller
        self._callers = callers
        self._shown = shown
        self._on_shown = on_shown
        self._admission = admission
        self._has_token = has_token
        self._clock = clock
        self._checked_s = clock()
        self._is_good = True

    @property
    def source(self) -> str:
        """The registered source that calls; empty for anybody else."""
        return self.caller.name if self.caller is not None else ""

    @property
    def by(self) -> str:
        """Who a command is from, where the caller may not choose; empty where it may."""
        return f"source {self.source}" if self.source else ""

    @property
    def is_owner(self) -> bool:
        """Whether it came through the Unix socket or showed the token: real money is moved for nobody else."""
        return not self.source and (self._has_token or self._admission.listener.is_socket)

    @property
    def refusal(self) -> str | None:
        """Why it may not stay (any more), or None: it showed the token, or a source's key, or none is needed now."""
        if self.caller is not None:
            if self._counts():
                return None
            return f"expected a key of source {self.source} that counts, was one that was taken away"
        return None if self._has_token or not self._admission.needs_token else WANTED

    def show(self, token: str) -> str | None:
        """Show a token, or a source's key, in the first message; why that may not be here, or None."""
        if self._has_token or self.caller is not None:
            return None
        if self._admission.matches(token):
            self._has_token = True
        elif self._callers is not None and (caller := self._callers.by_token(token)) is not None:
            against = self._callers.refusal(caller, NO_HEADERS, self.call.method, self.call.path, b"")
            if against is not None:
                return against[2]
            self.caller, self._shown = caller, token
        else:
            return WANTED
        if self._on_shown is not None:
            self._on_shown()
        return None

    def _counts(self) -> bool:
        """Whether the source's key is still one of its keys."""
        now_s = self._clock()
        if self._callers is not None and self._is_good and now_s - self._checked_s >= KEY_AGAIN_S:
            self._checked_s = now_s
            self._is_good = self._callers.by_token(self._shown) == self.caller
        return self._is_good
