"""What venues say of their accounts before they are trusted with real orders: each finding with its numbers."""

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping
from math import isclose

from cockpit.config.model import CockpitConfig
from cockpit.exchanges.base.account import VenueAccount, VenueFailure
from cockpit.exchanges.base.account_facts import AccountFacts
from cockpit.exchanges.registry import EXCHANGES
from cockpit.execution.session_watch import hours_text
from cockpit.preflight.checklist import Item, failed, passed, warned
from cockpit.preflight.turn import Turn

OPEN_WITHIN_S = 20.0
ASK_WITHIN_S = 6.0
FEE_TOLERANCE_BPS = 0.05


async def account_items(
    accounts: Mapping[str, VenueAccount],
    config: CockpitConfig,
    *,
    probes_stops: bool = True,
    turn: Turn | None = None,
) -> list[Item]:
    """Ask every venue, all at once. The accounts are open. Nothing is changed or left behind there.

    `turn` says for how long a venue that wants to be left alone is waited for.
    """
    turn = turn or Turn()
    found = await asyncio.gather(*(_ask(account, config, probes_stops, turn) for account in accounts.values()))
    items = [item for venue_items, _ in found for item in venue_items]
    equities = {venue: facts.equity_usd for venue, (_, facts) in zip(accounts, found, strict=True) if facts is not None}
    if accounts and len(equities) == len(accounts):
        items.append(equity_item(equities, config))
    return items


async def _ask(
    account: VenueAccount, config: CockpitConfig, probes_stops: bool, turn: Turn
) -> tuple[list[Item], AccountFacts | None]:
    traded = [asset for asset, where in config.assets.items() if where.trade_on == account.venue]
    try:
        facts = await turn.ask(account.venue, account.facts, ASK_WITHIN_S)
    except (VenueFailure, TimeoutError) as error:
        finding = f"expected {account.venue} to tell of the account, was: {_why(error, ASK_WITHIN_S)}"
        return [failed(f"account.{account.venue}", finding)], None
    items = list(facts_items(account.venue, facts, traded, config))
    if EXCHANGES[account.venue].abilities.has_sessions:
        items.append(_sessions_item(account, traded, config.venues[account.venue].no_entry_before_close_min))
    items += [warned(f"beside ours.{account.venue}", remark) for remark in account.remarks()]
    if probes_stops:
        items.append(await _stops_item(account, traded, turn))
    return items, facts


def facts_items(venue: str, facts: AccountFacts, traded: Collection[str], config: CockpitConfig) -> Iterator[Item]:
    """What one account's facts amount to; `traded` are the assets that trade there."""
    yield _permissions(venue, facts)
    yield _clock(venue, facts, config.execution.max_clock_offset_ms)
    yield _position_mode(venue, facts)
    spot = config.venues[venue].spot_products
    if spot:
        names = ", ".join(spot[asset] for asset in traded if asset in facts.listed) or "none that trades there"
        yield passed(f"margin.{venue}", f"spot, long only, nothing is borrowed: {names}")
    else:
        yield _margin(venue, facts, traded, config)
    yield _listed(venue, facts, traded, "spot" if spot else "perpetuals")
    yield _grids(venue, facts, traded, config)
    yield _fee(venue, facts, config.venues[venue].taker_fee_bps)
    if spot:
        yield passed(f"funding.{venue}", "spot: no funding is paid")
    elif not EXCHANGES[venue].abilities.gives_funding_payments:
        yield warned(f"funding.{venue}", "the venue books no payment by itself: results are without funding")


def equity_item(equities: Mapping[str, float], config: CockpitConfig) -> Item:
    """The money at the venues against the hot wallet: the limits are shares of that, so the two must agree."""
    wallet, tolerance_pct = config.capital.hot_wallet_usd, config.execution.equity_tolerance_pct
    total = sum(equities.values())
    off_pct = 100.0 * (total - wallet) / wallet
    where = ", ".join(f"{venue} {equity:.2f}" for venue, equity in equities.items())
    text = f"{total:.2f} USD ({where}) is {off_pct:+.1f} % off the hot wallet of {wallet:.2f} USD"
    if abs(off_pct) > tolerance_pct:
        return failed("equity", f"expected at most {tolerance_pct:g} % between them, was: {text}")
    return passed("equity", text)


def _permissions(venue: str, facts: AccountFacts) -> Item:
    name = f"permissions.{venue}"
    if facts.dangerous_permissions:
        found = ", ".join(facts.dangerous_permissions)
        return failed(name, f"expected a key that moves no money out, was one that may: {found}: make another key")
    if not facts.can_trade:
        return failed(name, "expected a key that may trade perpetuals, was one that may not")
    if not EXCHANGES[venue].abilities.gives_permissions:
        return warned(name, "the venue does not say what else the key may do: make one that may trade and nothing else")
    if facts.is_ip_restricted is False:
        return warned(name, "may trade and may not withdraw; it is not bound to an address: bind it to this machine's")
    return passed(name, "may trade and may not withdraw")


def _clock(venue: str, facts: AccountFacts, most_ms: float) -> Item:
    text = f"{venue}'s clock is {facts.clock_offset_ms:+.0f} ms from ours"
    if abs(facts.clock_offset_ms) > most_ms:
        return failed(f"clock.{venue}", f"expected at most {most_ms:g} ms, was: {text}: set this machine's clock")
    return passed(f"clock.{venue}", text)


def _position_mode(venue: str, facts: AccountFacts) -> Item:
    name = f"position mode.{venue}"
    if not facts.is_one_way:
        return failed(name, "expected one-way mode, was hedged: change it at the venue while nothing is open")
    return passed(name, "one-way")


def _margin(venue: str, facts: AccountFacts, traded: Collection[str], config: CockpitConfig) -> Item:
    """Read back and compared, never changed: a change reaches into what is open."""
    name, wanted = f"margin.{venue}", config.execution
    wrong = [
        f"{asset} is {'isolated' if facts.is_isolated[asset] else 'cross'}, expected {wanted.margin_mode}"
        for asset in traded
        if asset in facts.is_isolated and facts.is_isolated[asset] != (wanted.margin_mode == "isolated")
    ]
    wrong += [
        f"{asset} has leverage {facts.leverage[asset]:g}, expected at most {wanted.max_leverage:g}"
        for asset in traded
        if facts.leverage.get(asset, 0.0) > wanted.max_leverage
    ]
    if wrong:
        return failed(name, f"{'; '.join(wrong)}: change it at the venue while nothing is open, or the config")
    known = ", ".join(f"{asset} {facts.leverage[asset]:g}x" for asset in traded if asset in facts.leverage)
    if traded and not facts.is_isolated:
        shared = f"{venue} has one margin for everything: all that is in the account stands for every position"
        return warned(name, f"{shared}; {known or 'leverage not told'}")
    return passed(name, f"{wanted.margin_mode}, {known or 'leverage not told'}")


def _listed(venue: str, facts: AccountFacts, traded: Collection[str], what: str) -> Item:
    absent = [asset for asset in traded if asset not in facts.listed]
    if absent:
        return failed(f"{what}.{venue}", f"expected {venue} to list {', '.join(absent)}, was none")
    return passed(f"{what}.{venue}", f"lists {', '.join(traded) or 'none that trades there'}")


def _grids(venue: str, facts: AccountFacts, traded: Collection[str], config: CockpitConfig) -> Item:
    """On a lot coarser than the venue's the rest of a part fill counts as rounding, on a finer one no order fits."""
    wrong, fitting = [], []
    for asset in (one for one in traded if one in facts.listed):
        ours, theirs = config.venues[venue].instruments[asset], facts.listed[asset]
        fitting.append(f"{asset} {theirs.lot:g}")
        if not isclose(ours.lot, theirs.lot):
            wrong.append(f"{asset}'s lot is {theirs.lot:g}, not {ours.lot:g}")
        elif ours.min_qty < theirs.least and not isclose(ours.min_qty, theirs.least):
            wrong.append(f"{asset}'s least order is {theirs.least:g}, not {ours.min_qty:g}")
    if wrong:
        return failed(
            f"lots.{venue}", f"expected the config's lots at {venue}, was: {'; '.join(wrong)}: mend the config"
        )
    return passed(f"lots.{venue}", f"as the config says: {', '.join(fitting) or 'none that trades there'}")


def _fee(venue: str, facts: AccountFacts, expected_bps: float) -> Item:
    name, found = f"fees.{venue}", facts.taker_fee_bps
    if found is None:
        return warned(name, f"{venue} does not tell the taker fee: counted as {expected_bps:g} bps, as the config says")
    if found > expected_bps + FEE_TOLERANCE_BPS:
        return warned(name, f"expected {expected_bps:g} bps taker as the config says, was {found:g}")
    return passed(name, f"{found:g} bps taker")


def _sessions_item(account: VenueAccount, traded: Collection[str], entry_min: float) -> Item:
    """Until when the venue is open; one that is closed is told with its reason."""
    name, now_ns = f"sessions.{account.venue}", time.time_ns()
    found = {asset: account.trading_hours(asset) for asset in traded}
    shut = [
        f"{asset} ({'not told' if hours is None else hours.closed_for})"
        for asset, hours in found.items()
        if hours is None or not hours.is_open
    ]
    if shut:
        return warned(
            name, f"expected {account.venue} open, was closed for {', '.join(shut)}: no entry before it opens"
        )
    told = sorted({hours_text(hours, now_ns) for hours in found.values() if hours is not None})
    return passed(name, f"{'; '.join(told) or 'none that trades there'}; no new entry in the {entry_min:g} min before")


async def _stops_item(account: VenueAccount, traded: Collection[str], turn: Turn) -> Item:
    """No stop, no entry."""
    name = f"stop capability.{account.venue}"

    async def ask() -> list[str | None]:
        return [await account.holds_stops(asset) for asset in traded]

    try:
        answers = await turn.ask(account.venue, ask, ASK_WITHIN_S)
    except (VenueFailure, TimeoutError) as error:
        why = _why(error, ASK_WITHIN_S)
        return failed(name, f"expected {account.venue} to say whether it holds stops, was: {why}")
    refusals = [f"{asset}: {why}" for asset, why in zip(traded, answers, strict=True) if why is not None]
    if refusals:
        return failed(name, f"expected a protective stop to be possible, was {'; '.join(refusals)}")
    return passed(name, f"holds stops for {', '.join(traded) or 'none that trades there'}")


async def opened(
    accounts: Mapping[str, VenueAccount], within_s: float = OPEN_WITHIN_S, turn: Turn | None = None
) -> list[Item]:
    """Open every account; an item for each that could not be."""
    turn = turn or Turn()
    found = await asyncio.gather(*(_opened(account, within_s, turn) for account in accounts.values()))
    return [item for item in found if item is not None]


async def _opened(account: VenueAccount, within_s: float, turn: Turn) -> Item | None:
    try:
        await turn.ask(account.venue, account.open, within_s)
    except (VenueFailure, TimeoutError) as error:
        finding = f"expected {account.venue} to be reachable, was: {_why(error, within_s)}"
        return failed(f"account.{account.venue}", finding)
    return None


def _why(error: Exception, within_s: float) -> str:
    return str(error) or f"no answer within {within_s:g} s"
