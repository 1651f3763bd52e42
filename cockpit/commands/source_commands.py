"""`cockpit source`: who may send signals, their keys, and cutting one off or lifting it."""

import os
from typing import Annotated

import typer

from cockpit.commands.control_commands import Reason, asked_of_engine
from cockpit.commands.front import YES, Front
from cockpit.commands.shared_options import JsonOption

KEY_BYTES = 32
Source = Annotated[str, typer.Argument(metavar="NAME", help="A source of the config.")]
HELP = "Sources of signals from outside: list, key, cut, lift.\n\nExample: cockpit source list"
source = typer.Typer(no_args_is_help=True, help=HELP)


@source.command("list")
def list_(ctx: typer.Context) -> int:
    """The sources of the config, and whether each has keys.

    Example: cockpit source list
    """
    from cockpit.commands.echo import echo

    front: Front = ctx.obj
    directory = front.places().source_keys
    for name, one in front.load().sources.items():
        keys = "has keys" if (directory / f"{name}.keys").exists() else "no key yet"
        shadow = ", shadow" if one.shadow else ""
        echo(f"{name}: {', '.join(one.scopes)}{shadow}, {one.auth}, {keys}")
    return YES


@source.command()
def key(
    ctx: typer.Context,
    name: Source,
    public_key: Annotated[str, typer.Option("--public-key", help="An Ed25519 public key, base64.")] = "",
    drop_old: Annotated[bool, typer.Option("--drop-old", help="The earlier keys stop working at once.")] = False,
) -> int:
    """A new key for a source, shown this once. A running engine takes it at the next call, without a restart.

    The newest earlier key goes on working until the next change, or ends with --drop-old.

    Example: cockpit source key desk-model --drop-old
    """
    from cockpit.commands.echo import echo

    front: Front = ctx.obj
    places, sources = front.places(), front.load().sources
    if name not in sources:
        known = ", ".join(sources) or "none"
        raise typer.BadParameter(f"expected a source of the config ({known}), was {name}", param_hint="NAME")
    is_public = sources[name].auth == "ed25519"
    if is_public != bool(public_key):
        wanted = "--public-key" if is_public else "no --public-key"
        raise typer.BadParameter(f"expected {wanted} for a source with auth {sources[name].auth}", param_hint="NAME")
    places.make_home()
    places.source_keys.mkdir(mode=0o700, exist_ok=True)
    import secrets

    path, made = places.source_keys / f"{name}.keys", public_key or secrets.token_urlsafe(KEY_BYTES)
    earlier = path.read_text(encoding="utf-8").split()[:1] if path.exists() and not drop_old else []
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join([made, *earlier]) + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    echo(f"the key of {name} is in {path}" if is_public else made)
    return YES


@source.command()
def cut(ctx: typer.Context, name: Source, reason: Reason, json: JsonOption = False) -> int:
    """Take nothing more of a source.

    Its open trades keep their stops and targets.

    Example: cockpit source cut desk-model "it chases"
    """
    return asked_of_engine(ctx, "cut_off_source", json, lambda client: client.cut_off_source(name, reason))


@source.command()
def lift(ctx: typer.Context, name: Source, reason: Reason, json: JsonOption = False) -> int:
    """Take the signals of a cut-off source again.

    Its minute and its day's loss are counted anew.

    Example: cockpit source lift desk-model "reviewed: a bad feed, mended"
    """
    return asked_of_engine(ctx, "lift_source", json, lambda client: client.lift_source(name, reason))
