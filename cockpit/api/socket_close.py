"""How a WebSocket is ended: the close code, and a sentence for the peer."""

NORMAL, POLICY, INTERNAL, TRY_LATER = 1000, 1008, 1011, 1013


class SocketClose(Exception):
    """Ends a connection. POLICY: not welcome, trying again cannot help. TRY_LATER: too slow, it may come back."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
