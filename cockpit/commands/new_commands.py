"""`cockpit new`: a setup or a feed of one's own, begun."""

from typing import Annotated

import typer

from cockpit.commands.echo import echo
from cockpit.commands.front import YES, Front

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Its kind: a-z, 0-9 and _.")]

new = typer.Typer(
    name="new",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Begin a setup or a feed of your own.\n\nWrites a working file and its test beside your config.\n\n"
    "Example: cockpit --config mine.json new setup breakout",
)


@new.command("setup")
def new_setup(ctx: typer.Context, name: NameArgument) -> int:
    """Write setups/NAME.py and tests/test_NAME.py beside the config.

    Prints the entry to add to the config. Nothing that is there is replaced.

    Example: cockpit --config mine.json new setup breakout
    """
    return _write(ctx.obj, "setup", name)


@new.command("feed")
def new_feed(ctx: typer.Context, name: NameArgument) -> int:
    """Write feeds/NAME.py and tests/test_NAME.py beside the config.

    Prints the entry to add to the config. Nothing that is there is replaced.

    Example: cockpit --config mine.json new feed my_positioning
    """
    return _write(ctx.obj, "feed", name)


def _write(front: Front, what: str, name: str) -> int:
    from cockpit.commands.scaffold import NotNew, write_scaffold
    from cockpit.config.places import shipped_config_path

    config = front.places().config
    if config == shipped_config_path():
        raise NotNew("expected --config PATH of a config of your own, was the shipped one: copy it first")
    written, entry = write_scaffold(what, name, config.resolve().parent)
    for path in written:
        echo(f"wrote {path}")
    echo(f"add to {config}:")
    echo(entry)
    echo(f"then: python -m pytest {written[1]}; cockpit --config {config} validate")
    return YES
