"""The road out without an engine: straight to the venues, each on its own, with nothing but their keys.

It imports next to nothing, so that nothing else that is broken can keep it from working.
"""

import asyncio
from collections.abc import Mapping

from cockpit.exchanges.base.account import HeldPosition, KeysLost, Refused, VenueAccount, VenueFailure, VenueOrder
from cockpit.exchanges.base.call_kind import for_exits
from cockpit.exchanges.base.order_ids import OrderIds
from cockpit.exchanges.base.timing import BackOff, Timing, within
from cockpit.flatten.calls import FlattenCalls
from cockpit.flatten.steps import FlattenStep, OnStep, StepName
from cockpit.flatten.venue_flatten import KEYS_REFUSED, FlattenPace, VenueFlatten

PREFIX = "direct"
REASON = "without an engine"
PACE = FlattenPace(dust_again_s=2.0, clear_apart_s=0.8)
BALANCE_WITHIN_S = 3.0
BALANCE_ATTEMPTS = 5
"""A balance that cannot be had is asked for so often; after that the looks count alone, and that is said."""
LEAST_MARGIN_USD = 0.001
"""What is under it is rounding."""
OPEN_WITHIN_S = 15.0
FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 5.0
CLOSE_WITHIN_S = 2.0


class AloneSite:
    """Nobody else is here: what happens is said, and nothing of ours is under way.

    Nobody here knows what was held either, so that an empty list may be one that hides it: the venue's balance is asked
    as a second witness.
    """

    def __init__(self, account: VenueAccount, notify: OnStep, ids: OrderIds, timing: Timing) -> None:
        self._account = account
        self._venue = account.venue
        self._balance_failures = 0
        self._lacks_balance = False
        self._began_ns = timing.clock()
        self._notify = notify
        self._ids = ids
        self._timing = timing

    def notify(self, step: FlattenStep) -> None:
        """Pass it on; a screen that fails must not stop a flatten."""
        try:
            self._notify(step)
        except Exception:
            return

    def close_id(self, position: HeldPosition) -> str:
        """Numbered by the clock."""
        return self._ids.client_id(self._ids.flatten_id(self._venue, position.asset, self._timing.clock()))

    def closed(self, client_id: str, answer: VenueOrder | VenueFailure) -> None:
        """The venue's position says what became of it."""

    def is_closing(self, asset: str) -> bool:
        """Nobody else closes."""
        return False

    def unsettled(self) -> str:
        """Nothing is on its way."""
        return ""

    async def confirmed_clear(self) -> None:
        """There are no books to settle."""

    def missing(self, asset: str) -> str:
        """Nobody here knows what was held."""
        return ""

    async def hidden_position(self) -> str:
        """What the venue's balance says against an empty list. One that the venue refuses to tell is no witness."""
        try:
            margin_usd = await within(BALANCE_WITHIN_S, self._account.margin_in_use_usd(), "the balance")
        except Exception as error:
            # Whatever it is: what cannot be asked must not hold up for ever what the positions' list says.
            return self._without_balance(error)
        self._balance_failures = 0
        if margin_usd < LEAST_MARGIN_USD:
            return ""
        return (
            f"its list of positions is empty, its balance has {margin_usd:.10g} USD of margin in use by positions: "
            "they disagree, look at the venue"
        )

    def _without_balance(self, error: Exception) -> str:
        self._balance_failures += 1
        if not isinstance(error, Refused) and self._balance_failures < BALANCE_ATTEMPTS:
            return f"its balance, the second witness, could not be asked: {error}"
        if not self._lacks_balance:
            self._lacks_balance = True
            sentence = f"its balance cannot be had ({error}): no second witness beside the list of positions"
            elapsed_s = self._timing.since_s(self._began_ns)
            self.notify(FlattenStep(self._venue, StepName.TROUBLE, sentence, elapsed_s, True))
        return ""


async def flatten_directly(
    accounts: Mapping[str, VenueAccount],
    notify: OnStep,
    prefix: str = PREFIX,
    timing: Timing | None = None,
    pace: FlattenPace = PACE,
) -> bool:
    """Flatten every venue at once; the accounts are opened here. True only when every one of them was seen flat.

    False where all that is left is dust that its venue refuses to close, or a venue that refuses our keys: both are
    said. Otherwise it goes on until the venues are flat; cancel it to give up. Never raises anything else.
    """
    timing = timing or Timing()
    with for_exits():
        flattens = [_flatten(account, notify, prefix, timing, pace) for account in accounts.values()]
        flattened = await asyncio.gather(*flattens)
    return all(flattened) and bool(accounts)


async def _flatten(account: VenueAccount, notify: OnStep, prefix: str, timing: Timing, pace: FlattenPace) -> bool:
    try:
        return await flatten_alone(account, notify, OrderIds(prefix), timing, pace)
    finally:
        await _closed(account)


async def flatten_alone(
    account: VenueAccount, notify: OnStep, ids: OrderIds, timing: Timing, pace: FlattenPace = PACE
) -> bool:
    """One venue, its account opened for that and left so. Whether it was seen flat; else as `flatten_directly`."""
    site = AloneSite(account, notify, ids, timing)
    if not await _opened(account, site, timing):
        return False
    flatten = VenueFlatten(account, site, timing, pace)
    flatten.begin(REASON)
    while not flatten.is_done and not flatten.is_stuck:
        pause_s = await flatten.round()
        if not flatten.is_done:
            await timing.sleep(pause_s)
    return flatten.is_done


async def _opened(account: VenueAccount, site: AloneSite, timing: Timing) -> bool:
    """Open it, again and again; False where it refuses our keys."""
    calls = FlattenCalls(account.venue, site.notify, timing, OPEN_WITHIN_S)
    back_off = BackOff(FIRST_RETRY_S, LONGEST_RETRY_S)
    while True:
        calls.begin_round()
        answer = await calls.ask("open the account", account.open_for_exit())
        if answer is None:
            return True
        if isinstance(answer, KeysLost) and calls.keys_refused_in_a_row >= KEYS_REFUSED:
            calls.trouble("NOT FLAT", "the venue refuses our keys", StepName.TROUBLE)
            return False
        await timing.sleep(max(back_off.failed(), calls.wait_s))


async def _closed(account: VenueAccount) -> None:
    try:
        await within(CLOSE_WITHIN_S, account.close(), "close the connections")
    except Exception:
        # The venue has said what it had to say; a connection that does not close changes nothing of it.
        return
