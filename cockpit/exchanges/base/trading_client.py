"""What makes a client one that may trade: keys, no waiting of its own, no second tries, and what a refusal asked for.

The library's own limiter would hold an order back behind data that was asked for before it, and its retries would send
an order twice. Both are off: the account keeps its own count.
"""

from typing import Any

from cockpit.config.secrets import VenueKeys
from cockpit.exchanges.base.allowance import REFUSED, retry_after_s, wait_after_refusal_s
from cockpit.exchanges.base.masking import quiet_libraries
from cockpit.exchanges.base.steady_clock import PROCESS_CLOCK

REST_TIMEOUT_MS = 5_000
"""After this an answer counts as lost, and the venue is asked what became of it."""
RECV_WINDOW_MS = 5_000
"""The venue ignores a request that reaches it later than this."""


def arm(client: Any, keys: VenueKeys) -> None:
    """Give a client its keys and a trader's manners."""
    quiet_libraries()
    client.apiKey = keys.api_key.get_secret_value()
    client.secret = keys.secret.get_secret_value()
    if keys.password is not None:
        client.password = keys.password.get_secret_value()
    client.timeout = REST_TIMEOUT_MS
    client.enableRateLimit = False
    client.options["maxRetriesOnFailure"] = 0
    client.options["recvWindow"] = RECV_WINDOW_MS
    client.enableLastHttpResponse = False
    client.enableLastJsonResponse = False
    note_retry_after(client)


def note_retry_after(client: Any) -> None:
    """An error that the venue's answer raises carries the Retry-After of that answer, in seconds."""
    judge = client.handle_errors

    def noted(status: int, reason: str, url: str, method: str, headers: Any, *rest: Any) -> Any:
        try:
            return judge(status, reason, url, method, headers, *rest)
        except Exception as error:
            error.retry_after_s = _asked_s(status, headers)  # type: ignore[attr-defined]
            raise

    client.handle_errors = noted


def _asked_s(status: int, headers: Any) -> float | None:
    known = {name.lower(): value for name, value in headers.items()}
    if status in REFUSED:
        return wait_after_refusal_s(known, PROCESS_CLOCK.now_ns())
    return retry_after_s(known.get("retry-after"), PROCESS_CLOCK.now_ns())
