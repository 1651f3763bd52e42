"""`cockpit status`: one look at the engine, as text for people or as JSON for scripts."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from cockpit.client.answers import one_line
from cockpit.commands.front import NO, YES
from cockpit.commands.reach import NoAnswer, ask_engine
from cockpit.config.places import Places
from cockpit.domain.kinds import FeedState
from cockpit.domain.numbers import counted, price_text, without_noise
from cockpit.domain.process_problems import process_problems
from cockpit.domain.snapshot import FeedView, ForeignPositionView, HealthView, OpenTradeView, Snapshot
from cockpit.domain.stream import ProcessView
from cockpit.domain.units import utc_text

ANSWER_WITHIN_S = 2.0
UNKNOWN = "unknown"
WATCH_EVERY_S = 1.0
CLEAR = "\033[H\033[2J"
FINE = (FeedState.FRESH, FeedState.OFF)


def show_status(places: Places, notify: Callable[[str], None], *, as_json: bool) -> int:
    """Say how the engine does; 0 when one runs and answers, 1 when none does."""
    answer = asyncio.run(ask_engine(places, ANSWER_WITHIN_S))
    if isinstance(answer, NoAnswer):
        left = _left(places)
        if as_json:
            notify(_json({"running": False, "process_runs": answer.runs, "reason": answer.sentence, "left_open": left}))
        else:
            notify("\n".join([answer.sentence, *left]))
        return NO
    notify(_json(status_json(*answer)) if as_json else "\n".join(status_lines(*answer)))
    return YES


def watch_status(places: Places, notify: Callable[[str], None], *, as_json: bool) -> int:
    """The same every second: in place on a terminal, one after the other anywhere else. Ends with the engine, or by
    Ctrl+C.
    """
    while True:
        lines: list[str] = []
        code = show_status(places, lines.append, as_json=as_json)
        if sys.stdout.isatty():
            sys.stdout.write(CLEAR)
        notify("\n".join(lines))
        if code != YES:
            return code
        time.sleep(WATCH_EVERY_S)


def status_json(snapshot: Snapshot, process: ProcessView) -> dict[str, Any]:
    """The look as scripts read it. What is unknown is null."""
    account, health = snapshot.account, snapshot.health
    return {
        "running": True,
        "mode": snapshot.mode.value,
        "state": snapshot.state.value,
        "state_reason": snapshot.state_reason,
        "armed": snapshot.armed,
        "positions": [_position(view) for view in snapshot.open_trades],
        "foreign_positions": [msgspec.to_builtins(view) for view in snapshot.foreign_positions],
        "session_pnl_usd": account.realised_usd,
        "open_pnl_usd": snapshot.open_pnl_usd,
        "drawdown_usd": snapshot.drawdown_usd,
        "drawdown_limit_usd": snapshot.drawdown_limit_usd,
        "trades_today": account.trades_today,
        "max_trades_per_day": snapshot.max_trades_per_day,
        "consecutive_losses": account.consecutive_losses,
        "aave_health_factor": health.value,
        "aave_health_factor_age_s": health.age_s,
        "aave_watched": health.watched,
        "feeds": {feed.name: {"age_s": feed.age_s, "state": feed.state.value} for feed in snapshot.feeds},
        "flatten_steps": list(snapshot.flatten_steps),
        "problems": process_problems(process),
        "engine_time": utc_text(snapshot.ts_ns),
        "pid": process.pid,
        "version": process.version,
        "feed": process.feed,
        "speed": process.speed,
        "uptime_s": process.uptime_s,
        "url": process.url,
    }


def status_lines(snapshot: Snapshot, process: ProcessView) -> Iterator[str]:
    """The look as people read it."""
    account = snapshot.account
    yield summary(snapshot, process)
    yield f"engine     process {process.pid}, version {process.version}, up {process.uptime_s:.0f} s, {process.url}"
    yield f"market     {process.feed}, speed {process.speed:g}, engine time {utc_text(snapshot.ts_ns)}"
    yield f"mode       {snapshot.mode.value}"
    yield f"state      {snapshot.state.value.replace('_', ' ')}: {one_line(snapshot.state_reason)}"
    yield (
        f"session    {_usd(account.realised_usd)} realised, {_usd(snapshot.open_pnl_usd)} open, drawdown "
        f"{_usd(snapshot.drawdown_usd, sign='')} of {snapshot.drawdown_limit_usd:.2f}"
    )
    yield (
        f"trades     {account.trades_today} of {snapshot.max_trades_per_day} today, {len(snapshot.open_trades)} of "
        f"{snapshot.max_open_trades} open, {account.consecutive_losses} losses in a row"
    )
    yield from (f"position   {one_line(_position_line(view))}" for view in snapshot.open_trades)
    yield from (f"foreign    {one_line(foreign_line(view))}" for view in snapshot.foreign_positions)
    yield f"health     {_health_line(snapshot.health)}"
    yield from (f"feed       {_feed_line(feed)}" for feed in snapshot.feeds if feed.state not in FINE)
    fine = [feed for feed in snapshot.feeds if feed.state is FeedState.FRESH]
    off = sum(feed.state is FeedState.OFF for feed in snapshot.feeds)
    yield f"feeds      {len(fine)} of {len(snapshot.feeds)} fresh, {off} off (--json has every one){_oldest(fine)}"
    yield from (f"flatten    {one_line(step)}" for step in snapshot.flatten_steps)
    yield from (f"problem    {one_line(problem)}" for problem in process_problems(process))


def summary(snapshot: Snapshot, process: ProcessView) -> str:
    """All of it in one line: whose money, what the engine may do, what is open, what it came to, what is wrong."""
    account, open_trades = snapshot.account, len(snapshot.open_trades)
    bad = [feed.name for feed in snapshot.feeds if feed.state not in FINE]
    wrong = [*process_problems(process), *([f"{counted(len(bad), 'feed')} not fresh"] if bad else [])]
    return (
        f"{snapshot.mode.value.upper()} {snapshot.state.value.upper().replace('_', ' ')}, {process.feed.split(':')[0]} "
        f"market: {open_trades} open ({_usd(snapshot.open_pnl_usd)}), {_usd(account.realised_usd)} realised, "
        f"{one_line('; '.join(wrong)) if wrong else 'no problem'}"
    )


def _oldest(feeds: Sequence[FeedView]) -> str:
    ages = [(feed.age_s, feed.name) for feed in feeds if feed.age_s is not None]
    return f", the oldest {_age(max(ages)[0])}: {max(ages)[1]}" if ages else ""


def _position(view: OpenTradeView) -> dict[str, Any]:
    trade = view.trade
    return {
        "trade_id": trade.trade_id,
        "setup": trade.setup,
        "asset": trade.asset,
        "venue": trade.venue,
        "side": trade.side.value,
        "phase": trade.phase.value,
        "qty": trade.open_qty,
        "entry_price": trade.entry_price,
        "price": view.price,
        "stop_price": trade.stop_price,
        "stop_rests_on_venue": trade.stop_rests_on_venue,
        "stop_unseen": trade.stop_unseen,
        "stop_terms": view.stop_terms or None,
        "unknown": view.unknown or None,
        "open_pnl_usd": view.open_pnl_usd,
        "realised_usd": trade.pnl_usd,
    }


def _position_line(view: OpenTradeView) -> str:
    trade = view.trade
    stop = f"stop {price_text(trade.stop_price)}" if trade.stop_price is not None else "no stop"
    rests = "rests on the venue" if trade.stop_rests_on_venue else "NOT RESTING"
    if trade.stop_unseen:
        rests = f"not seen on {trade.venue} since the restart"
    return (
        f"{trade.trade_id} {trade.asset} {trade.side.value} {trade.open_qty:g} on {trade.venue} from "
        f"{price_text(trade.entry_price)}: {_usd(view.open_pnl_usd)} open, {stop} {rests} ({trade.phase.value})"
        f"{f', {view.stop_terms}' if view.stop_terms else ''}"
        f"{f', POSITION UNKNOWN: {view.unknown}' if view.unknown else ''}"
    )


def foreign_line(view: ForeignPositionView) -> str:
    """A position that is not ours, with what it may still lose."""
    side = f", {view.position_side} side" if view.position_side else ""
    worth = "" if view.notional_usd is None else f", {view.notional_usd:,.2f} USD"
    stop = "no stop: its loss has no bound"
    if view.stop_price is not None:
        loss = "unknown" if view.loss_at_stop_usd is None else f"{view.loss_at_stop_usd:.2f} USD"
        stop = f"stop {price_text(view.stop_price)}, {loss} at risk"
    mode = f" {view.margin_mode}" if view.margin_mode else ""
    return f"{view.asset} {view.qty:+g} on {view.venue}{mode}{side}{worth}: not ours, {stop} ({view.policy})"


def _health_line(health: HealthView) -> str:
    if health.no_debt:
        return "no debt"
    value = f"{health.value:.3f}" if health.value is not None else UNKNOWN
    detail = f" ({one_line(health.detail)})" if health.detail else ""
    return f"factor {value}, {_age(health.age_s)}{'' if health.watched else ', not watched'}{detail}"


def _feed_line(feed: FeedView) -> str:
    detail = f" ({one_line(feed.detail)})" if feed.detail else ""
    return f"{feed.name}: {feed.state.value}, {_age(feed.age_s)}{detail}"


def _age(age_s: float | None) -> str:
    return f"{age_s:.1f} s old" if age_s is not None else "age unknown"


def _usd(value: float | None, sign: str = "+") -> str:
    return f"{value:{sign}z.2f} USD" if value is not None else UNKNOWN


def _left(places: Places) -> list[str]:
    if not places.journal.exists():
        return []
    from cockpit.commands.left_open import left_open
    from cockpit.journal.errors import JournalError

    try:
        return [f"left open: {left.line}" for left in left_open(places.journal)]
    except JournalError as error:
        return [f"what it left open is unknown: {error}"]


def _json(value: dict[str, Any]) -> str:
    return msgspec.json.encode(without_noise(value)).decode()
