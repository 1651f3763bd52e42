"""`cockpit backtest`: the engine over stored history, and what that proves."""

from pathlib import Path
from typing import Annotated

import typer

from cockpit.commands.echo import echo, terminal_cells
from cockpit.commands.front import NO, YES, Front
from cockpit.commands.history_commands import StoreOption, day_option, store_of
from cockpit.commands.shared_options import JsonOption, SetOption

FromOption = Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="The first UTC day.")]
ToOption = Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="The last UTC day.")]


def backtest(
    ctx: typer.Context,
    from_: FromOption = None,
    to: ToOption = None,
    overrides: SetOption = None,
    hold_context: Annotated[
        bool, typer.Option("--hold-context", help="The config's market context stands in for readings without history.")
    ] = False,
    pessimism: Annotated[
        float, typer.Option("--pessimism", min=0.0, max=10.0, help="Scales every cost; 0 = none, 1 = fair.")
    ] = 1.0,
    spread_bps: Annotated[
        float, typer.Option("--spread-bps", min=0.0, help="The spread where only trades are stored.")
    ] = 1.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of every random draw.")] = 0,
    event_by_event: Annotated[
        bool, typer.Option("--event-by-event", help="Hand over every row: the slow reference, the same result.")
    ] = False,
    stay_halted: Annotated[
        bool, typer.Option("--stay-halted", help="A halt is not resumed with the next UTC day.")
    ] = False,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Every trade as a row.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="One page with charts.")] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """Run the engine over stored history.

    The same engine, gate and paper venue as in paper trading, readings at the moment they could be known, fees and
    funding charged, what is open at the end valued. The first line says what the result proves. Exit 1 when no
    trade came of it.

    Example: cockpit backtest --from 2024-08-01 --to 2024-08-31 --hold-context --html august.html
    """
    place = store_of(ctx, store)
    from cockpit.commands.progress import ProgressLine
    from cockpit.research.assumptions import Assumptions
    from cockpit.research.backtest import days_between, run_backtest, summary
    from cockpit.research.report_text import text_of

    front: Front = ctx.obj
    config = front.load(overrides)
    days = days_between(place, day_option("--from", from_), day_option("--to", to))
    assumptions = Assumptions(
        pessimism=pessimism, modelled_spread_bps=spread_bps, seed=seed, resumes_daily=not stay_halted
    )
    with ProgressLine("rows", silent=json) as line:
        found = run_backtest(
            place,
            config,
            days,
            assumptions,
            hold_context=hold_context,
            event_by_event=event_by_event,
            progress=line.refresh,
        )
    said = summary(found)
    if csv is not None:
        from cockpit.research.report_csv import write_csv

        write_csv(csv, found)
    if html is not None:
        from cockpit.research.report_page import write_page

        write_page(html, found, said, place, config)
    if json:
        from json import dumps

        from cockpit.domain.numbers import without_noise

        echo(dumps(without_noise(said)))
    else:
        echo(text_of(said, terminal_cells()))
    return YES if found.results else NO
