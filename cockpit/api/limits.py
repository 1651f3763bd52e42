"""What one client may cost, and how long anything may take. Engineering bounds, not trading rules."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Rates are per client and second; `sockets` counts the WebSockets of one listener (TCP and Unix apart), `guests`
    those that have yet to show the token; `connections` is the most of one listener, see `acceptor`.

    What opens risk and names no end of its own holds for `opens_within_s` from when it came; where accounts are looked
    at first, for `real_opens_within_s`.

    `shed_*` is the separate allowance of calls that only shed risk: no flood of other calls ever delays a flatten.
    """

    body_bytes: int = 64 * 1024
    calls_per_s: float = 100.0
    calls_burst: float = 400.0
    shed_per_s: float = 10.0
    shed_burst: float = 40.0
    messages_per_s: float = 20.0
    messages_burst: float = 40.0
    sockets: int = 256
    guests: int = 64
    connections: int = 512
    request_within_s: float = 5.0
    answer_within_s: float = 10.0
    first_message_within_s: float = 5.0
    send_within_s: float = 2.0
    fill_within_s: float = 2.0
    opens_within_s: float = 5.0
    real_opens_within_s: float = 9.0
    journal_within_s: float = 3.0
