"""`cockpit backtest` and `cockpit sweep`: the engine over stored history, and what that proves."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cockpit.commands.echo import echo, terminal_cells
from cockpit.commands.front import NO, YES, Front
from cockpit.commands.history_commands import (
    AssetsOption,
    StoreOption,
    day_option,
    named_assets,
    need_research,
    store_of,
)
from cockpit.commands.shared_options import JsonOption, SetOption
from cockpit.domain.numbers import counted
from cockpit.domain.plain_text import printable

if TYPE_CHECKING:
    from cockpit.config.model import CockpitConfig
    from cockpit.history.store import Store
    from cockpit.research.assumptions import Assumptions
    from cockpit.research.sweep import Kept
    from cockpit.research.trial import Batch

FromOption = Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="The first UTC day.")]
ToOption = Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="The last UTC day.")]

BandsOption = Annotated[
    Path | None, typer.Option("--bands", metavar="DAYS.json", help="The bands that were drawn for each day.")
]


class BacktestEngine(StrEnum):
    """How rows are handed to the engine; what it decides is the same."""

    COLUMNS = "columns"
    EVENTS = "events"


def backtest(
    ctx: typer.Context,
    recording: Annotated[
        Path | None, typer.Argument(metavar="[FILE.rec]", help="A recording in the place of the store.")
    ] = None,
    from_: FromOption = None,
    to: ToOption = None,
    assets: AssetsOption = "",
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
    bands: BandsOption = None,
    bands_away_bps: Annotated[
        float | None, typer.Option("--bands-away-bps", min=0.1, help="Draw bands each day so far from the last price.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of every random draw.")] = 0,
    engine: Annotated[
        BacktestEngine,
        typer.Option("--engine", help="events hands over every row: the slow reference, the same result."),
    ] = BacktestEngine.COLUMNS,
    stay_halted: Annotated[
        bool, typer.Option("--stay-halted", help="A halt is not resumed with the next UTC day.")
    ] = False,
    sensitivity: Annotated[
        bool,
        typer.Option("--sensitivity", help="Also with other fees, other latency, and each parameter a step away."),
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Show it beside each setup on the screen, and in the report.")
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
    place = source_of(ctx, recording, store)
    from cockpit.commands.progress import ProgressLine
    from cockpit.history.checking import days_between
    from cockpit.journal.backtests import keep_backtests
    from cockpit.research.assumptions import Assumptions
    from cockpit.research.backtest import kept_setups, run_backtest, summary
    from cockpit.research.day_bands import read_bands
    from cockpit.research.report_text import text_of

    front: Front = ctx.obj
    config = front.load(overrides)
    days = days_between(place, day_option("--from", from_), day_option("--to", to))
    assumptions = Assumptions(
        pessimism=pessimism,
        modelled_spread_bps=spread_bps,
        bands_away_bps=bands_away_bps,
        seed=seed,
        resumes_daily=not stay_halted,
    )
    with ProgressLine("rows", silent=json) as line:
        found = run_backtest(
            place,
            config,
            days,
            assumptions,
            hold_context=hold_context,
            assets=named_assets(assets),
            event_by_event=engine is BacktestEngine.EVENTS,
            bands=None if bands is None else read_bands(bands),
            progress=line.refresh,
        )
    said = summary(found)
    if sensitivity:
        from cockpit.research.sensitivity import sensitivity as moved

        chosen = named_assets(assets)
        template = batch_of(
            front, place, config, days, assumptions, hold_context=hold_context, bands=bands, assets=chosen
        )
        said["sensitivity"] = moved(template, config, said["by_setup"])
    if keep:
        keep_backtests(front.places().home, found.build, kept_setups(found))
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


def source_of(ctx: typer.Context, recording: Path | None, given: str | None) -> "Store":
    """The recording named, else the store meant."""
    place = store_of(ctx, given)
    if recording is None:
        return place
    if given is not None:
        raise typer.BadParameter(f"expected FILE.rec or --store, was both: {recording} and {given}")
    from cockpit.history.recording_store import SUFFIX, RecordingStore

    if recording.suffix != SUFFIX:
        raise typer.BadParameter(f"expected a recording FILE{SUFFIX}, was {recording}")
    return RecordingStore(recording)


def batch_of(
    front: Front,
    place: "Store",
    config: "CockpitConfig",
    days: range,
    assumptions: "Assumptions",
    *,
    hold_context: bool,
    bands: Path | None,
    assets: list[str],
) -> "Batch":
    """Everything that a worker needs beside the settings to try."""
    from cockpit.research.trial import Batch

    return Batch(
        store=place.address,
        config_json=config.recorded_json(),
        beside=str(front.places().config.resolve().parent),
        first_day=days.start,
        end_day=days.stop,
        hold_context=hold_context,
        assumptions=assumptions,
        settings=[],
        bands="" if bands is None else str(bands.resolve()),
        assets=assets,
    )


def sweep(
    ctx: typer.Context,
    plan_file: Annotated[Path, typer.Argument(metavar="PLAN.json", help="What to try.")],
    overrides: SetOption = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes of this machine. Default: its cores.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="tcp://HOST:PORT", help="An existing Dask cluster instead.")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on after the trials kept. Without it that is done too, and said."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where trials are kept. Default: PLAN.sweep beside it.")
    ] = None,
    bands: BandsOption = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Every trial as a row.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="One page with a heat map of each pair of keys.")
    ] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """Try many settings over stored history.

    A grid, random draws or a TPE search over config keys. Every finished trial is kept; a sweep that was killed goes on
    where it was, with --resume or without. Says what the best is worth after so many tries. Exit 1 when no setting
    traded enough.

    Example: cockpit sweep stops.json --workers 2
    """
    need_research()
    from cockpit.research.sweep_plan import read_plan

    plan = read_plan(plan_file)
    place = store_of(ctx, store or plan.history.store_from(plan_file))
    import os
    from contextlib import closing

    from cockpit.commands.progress import ProgressLine
    from cockpit.history.checking import assets_of, days_between
    from cockpit.research.assumptions import Assumptions
    from cockpit.research.sweep import ClusterWorkers, Kept, LocalWorkers, data_digest, run_sweep
    from cockpit.research.sweep_report import sweep_summary, sweep_text, write_sweep_csv
    from cockpit.research.trial import refuse_unknown_keys

    front: Front = ctx.obj
    config = front.load([*plan.set, *(overrides or ())])
    days = days_between(place, plan.first_day, plan.last_day)
    assumptions = Assumptions(pessimism=plan.pessimism, modelled_spread_bps=plan.spread_bps, seed=plan.seed)
    chosen_assets = assets_of(config, plan.history.assets) if plan.history.assets else []
    template = batch_of(
        front,
        place,
        config,
        days,
        assumptions,
        hold_context=plan.history.hold_context,
        bands=bands,
        assets=chosen_assets,
    )
    refuse_unknown_keys(template, plan.samples)
    kept = Kept(out or plan_file.with_suffix(".sweep"), plan, template, data_digest(place, days))
    _print_kept(kept, resume=resume)
    chosen = LocalWorkers(workers or os.cpu_count() or 1) if cluster is None else ClusterWorkers(cluster)
    with closing(chosen), ProgressLine("trials", silent=json) as line:
        trials = run_sweep(plan, template, kept, chosen, line.refresh)
    found = sweep_summary(plan, days, trials)
    if csv is not None:
        write_sweep_csv(csv, trials)
    if html is not None:
        from cockpit.research.sweep_page import write_sweep_page

        write_sweep_page(html, found, plan, trials)
    if json:
        from json import dumps

        from cockpit.domain.numbers import without_noise

        echo(dumps(without_noise(found)))
    else:
        echo(sweep_text(found, terminal_cells()))
    return YES if found["best"] is not None else NO


def _print_kept(kept: "Kept", *, resume: bool) -> None:
    """On stderr, before the first trial: what is not tried again, and why."""
    count, place = len(kept.trials()), printable(str(kept.directory))
    if count:
        why = "" if resume else ", as with --resume; another --out tries everything anew"
        typer.echo(f"cockpit: goes on after {counted(count, 'trial')} kept in {place}{why}", err=True)
    elif resume:
        typer.echo(f"cockpit: no trial is kept in {place}: begins with the first", err=True)
