"""The commands that speak to a running engine: their options and help. What they do is in the files beside this one."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from cockpit.commands.echo import echo
from cockpit.commands.front import Front
from cockpit.commands.shared_options import JsonOption
from cockpit.domain.kinds import Mode


class Tested(StrEnum):
    """What `check` can be limited to."""

    ALL = "all"
    HEALTH = "health"
    PERFORMANCE = "performance"
    EXECUTE = "execute"
    UPDATE = "update"
    WEBSOCKET = "websocket"


def status(
    ctx: typer.Context,
    json: JsonOption = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every second, until Ctrl+C.")] = False,
) -> int:
    """One look at the engine.

    A line that sums it up, then mode, state, positions, P&L, health factor, feed ages. Exit 0 when an engine runs, 1
    when none does.

    Example: cockpit status --json
    """
    from cockpit.commands.status import show_status, watch_status

    front: Front = ctx.obj
    if watch:
        return watch_status(front.places(), echo, as_json=json)
    return show_status(front.places(), echo, as_json=json)


def stop(
    ctx: typer.Context,
    flatten: Annotated[bool, typer.Option("--flatten", help="Close every position first.")] = False,
    leave_stops: Annotated[bool, typer.Option("--leave-stops", help="Leave positions to their stops.")] = False,
) -> int:
    """End the engine.

    Refuses while positions are open, unless told what becomes of them. Waits until the process is gone.

    Example: cockpit stop --flatten
    """
    from cockpit.commands.stopping import stop_engine

    if flatten and leave_stops:
        raise typer.BadParameter("expected one of the two, was both", param_hint="'--flatten' / '--leave-stops'")
    front: Front = ctx.obj
    return stop_engine(front.places(), echo, flatten=flatten, leave_stops=leave_stops)


def flatten(
    ctx: typer.Context,
    venue: Annotated[
        str, typer.Option("--venue", metavar="V", help="Only this venue (refused if another has positions).")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """The emergency road: close everything.

    Through the engine if it answers within 1 s, else straight to every venue whose keys are set. Prints each step with
    its time; exit 0 only when every venue said flat. Asks first on a terminal, unless --yes.

    Example: cockpit flatten --yes
    """
    from cockpit.commands.flattening import flatten_now, flatten_without_home, outlive_the_terminal
    from cockpit.config.places import NoHome, config_path
    from cockpit.runtime.output import TerminalPrinter

    if venue:
        _check_venue(venue)
    front: Front = ctx.obj
    is_sure = yes or not _is_asked()
    if is_sure:
        outlive_the_terminal()
    with TerminalPrinter() as printer:
        try:
            places = front.places()
        except NoHome as error:
            config = config_path(front.config)
            code = flatten_without_home(
                config, str(error), printer.notify, _confirmed(yes), venue=venue, is_sure=is_sure
            )
            if code is None:
                raise
            return code
        return flatten_now(places, printer.notify, _confirmed(yes), venue=venue, is_sure=is_sure)


def _check_venue(venue: str) -> None:
    """A name that no venue has would be flat at once: everything may be open elsewhere."""
    from cockpit.exchanges.registry import EXCHANGES

    if venue not in EXCHANGES:
        names = ", ".join(EXCHANGES)
        raise typer.BadParameter(f"expected one of {names}, was '{venue}'", param_hint="'--venue'")


def drill(
    ctx: typer.Context,
    venue: Annotated[str, typer.Option("--venue", metavar="V", help="Only there, not wherever assets trade.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Can I get out? The smallest open, a stop, and out again.

    On the venue's demo account (keys in COCKPIT_<VENUE>_DEMO_API_KEY and so on), or on a venue moved to this machine;
    never where money is at stake. Coinbase has neither: there the orders are previewed and none is placed. Prints each
    step with its time and keeps it in the journal: the first arming of a day in live mode needs it.

    Example: cockpit drill --yes
    """
    from cockpit.commands.drilling import drill_now

    front: Front = ctx.obj
    return drill_now(front.places(), front.load(), echo, _confirmed(yes), venue=venue)


def check(
    ctx: typer.Context,
    url: Annotated[str, typer.Option("--url", metavar="U", help="Default: this profile's engine.")] = "",
    test: Annotated[Tested, typer.Option("--test", help="Which calls.")] = Tested.ALL,
    mode: Annotated[Mode, typer.Option("--mode", help="What the signal asks for.")] = Mode.PAPER,
    token: Annotated[str, typer.Option("--token", envvar="COCKPIT_TOKEN", help="For an engine that wants one.")] = "",
) -> int:
    """The API's test client.

    Runs each call against a running server, a line each; exit 1 when one fails. Opens nothing: only with --test execute
    a paper signal of 50 USD is sent, which an armed paper engine trades. In test and live it has always expired.

    Example: cockpit check --test all
    """
    from cockpit.commands.checking import check_api

    front: Front = ctx.obj
    try:
        return check_api(front.places(), echo, url=url, token=token, test=test.value, mode=mode)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="'--url' / '--token'") from None


def _confirmed(yes: bool) -> Callable[[str], bool]:
    def confirm(question: str) -> bool:
        return yes or not _is_asked() or typer.confirm(question)

    return confirm


def _is_asked() -> bool:
    """Somebody at a terminal is asked; a script cannot be, and meant it."""
    import sys

    return sys.stdin.isatty()
