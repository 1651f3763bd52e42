"""`cockpit history`: past market data into the columnar store, and what is there of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cockpit.commands.echo import echo
from cockpit.commands.front import NO, YES, Front
from cockpit.commands.shared_options import JsonOption
from cockpit.domain.plain_text import printable

if TYPE_CHECKING:
    from cockpit.history.adding import Added
    from cockpit.history.store import Store

StoreOption = Annotated[
    str | None,
    typer.Option("--store", metavar="DIR|URL", help="Where the columns are. Default: history/ of the profile."),
]

AssetsOption = Annotated[str, typer.Option("--assets", metavar="A,B", help="Only these coins.")]

history = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Past market data, as columns on disk.\n\nExample: cockpit history add ~/downloads",
)


@history.command("add")
def add(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILES|DIR...", help="Files, or directories of them.")],
    venue: Annotated[str, typer.Option("--venue", help="Whose files, where their names do not say.")] = "",
    kind: Annotated[str, typer.Option("--kind", help="Of what, e.g. aggTrades.")] = "",
    asset: Annotated[str, typer.Option("--asset", help="The coin, e.g. BTC.")] = "",
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """Add public history files, raw captures and recordings.

    Binance USD-M: aggTrades, trades, bookTicker, bookDepth, metrics, fundingRate, premiumIndexKlines (1m), zipped or
    not, checked against the CHECKSUM beside them. OKX trades and funding, Bybit trades, Tardis trades, quotes,
    derivative_ticker and liquidations, Hyperliquid fills and asset contexts. A bad file is one line and the others go
    on; what is in the store already is left alone. Exit 1 when a file was bad.

    Example: cockpit history add BTCUSDT-aggTrades-2024-08-08.zip
    """
    place = store_of(ctx, store)
    from cockpit.commands.progress import WorkLine
    from cockpit.history.adding import add_file
    from cockpit.history.source_files import Given, files_in

    found = files_in(files)
    results: list[Added] = []
    with place.writing(), WorkLine("rows", [path.stat().st_size for path in found], silent=json) as line:
        for path in found:
            added = add_file(place, path, Given(venue, kind, asset), line.add)
            results.append(added)
            line.finish_one()
            if not json:
                line.erase()
                _print_added(added)
    bad = [added for added in results if added.bad]
    if json:
        import msgspec

        fields = ("rows", "days", "duplicates", "changed", "left", "has_checksum", "bad")
        listed = [{"file": str(one.path)} | {name: getattr(one, name) for name in fields} for one in results]
        echo(msgspec.json.encode({"ok": not bad, "files": listed}).decode())
    return NO if bad else YES


@history.command("list")
def list_(ctx: typer.Context, store: StoreOption = None, json: JsonOption = False) -> int:
    """What is in the store.

    Example: cockpit history list --json
    """
    place = store_of(ctx, store)
    from cockpit.history.listing import list_store, listing_lines

    listed = list_store(place)
    if json:
        import msgspec

        echo(msgspec.json.encode({"store": place.name, "series": listed}).decode())
    else:
        echo("\n".join(listing_lines(place, listed)))
    return YES


@history.command("check")
def check(
    ctx: typer.Context,
    from_: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="The first UTC day.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="The last UTC day.")] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """What is there day by day, its gaps, and what a backtest would lack.

    Exit 0 when every day is whole and nothing lacks, 1 when not.

    Example: cockpit history check --from 2024-08-01 --to 2024-08-31
    """
    place = store_of(ctx, store)
    from cockpit.history.checking import check_store
    from cockpit.history.listing import check_lines

    days = (day_option("--from", from_), day_option("--to", to))
    front: Front = ctx.obj
    found = check_store(place, front.load(), *days)
    if json:
        import msgspec

        echo(msgspec.json.encode(found).decode())
    else:
        echo("\n".join(check_lines(found)))
    return YES if found.ok else NO


@history.command("fit")
def fit(
    ctx: typer.Context,
    from_: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="The first UTC day.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="The last UTC day.")] = None,
    assets: AssetsOption = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Default: simulated_profile.json of the profile.")
    ] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """Fit the simulated market to the store.

    Volatility, spread, bursts, correlation, funding and positioning as they were on these days go into a file that the
    simulated market reads: practice looks like the market then. Prices walk without a drift: nobody earns before fees.

    Example: cockpit history fit --from 2024-08-01 && cockpit engine --set simulation.profile=simulated_profile.json
    """
    place = store_of(ctx, store)
    import msgspec

    from cockpit.feeds.simulated.profile import FILE
    from cockpit.history.checking import days_between
    from cockpit.history.errors import HistoryError
    from cockpit.history.fitting import fit_profile, profile_lines

    front: Front = ctx.obj
    days = days_between(place, day_option("--from", from_), day_option("--to", to))
    found = fit_profile(place, front.load(), days, named_assets(assets))
    target = out or front.places().home / FILE
    text = msgspec.json.format(msgspec.json.encode(found), indent=2)
    try:
        if out is None:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.write_bytes(text + b"\n")
    except OSError as error:
        raise HistoryError(f"{target}: expected to write it, was {error.strerror or error}") from error
    if json:
        echo(text.decode())
    else:
        named = target.name if out is None else str(target.resolve())
        echo("\n".join([*profile_lines(found), f"{target}: cockpit engine --set simulation.profile={named}"]))
    return YES


def named_assets(text: str) -> list[str]:
    """The coins of `--assets`; none where nothing is given."""
    return [name.strip() for name in text.split(",") if name.strip()]


def day_option(option: str, text: str | None) -> int | None:
    """A UTC day as it was given, None where none was."""
    from cockpit.history.store import day_of

    try:
        return None if text is None else day_of(text)
    except ValueError:
        raise typer.BadParameter(f"expected a day like 2024-08-08, was {text}", param_hint=option) from None


def need_research() -> None:
    """Says in one line how the libraries under all this are had where they are not."""
    from importlib.util import find_spec

    if find_spec("pyarrow") is None or find_spec("numpy") is None:
        raise typer.BadParameter(
            "expected the research extra, was not installed: pip install 'cockpit-perps[research]'"
        )


def store_of(ctx: typer.Context, given: str | None) -> "Store":
    """The store meant."""
    need_research()
    from cockpit.history.remote_store import store_at
    from cockpit.history.store import DIRECTORY

    front: Front = ctx.obj
    return store_at(str(front.places().home / DIRECTORY) if given is None else given)


def _print_added(added: "Added") -> None:
    """A bad file's line goes where errors go."""
    if added.bad:
        typer.echo(f"cockpit: {printable(added.sentence)}", err=True)
    else:
        echo(added.sentence)
