"""The options that several commands take."""

from typing import Annotated

import typer

from cockpit.domain.kinds import Mode

ModeOption = Annotated[Mode, typer.Option("--mode", help="Whose money: nobody's, 100 USD, or the hot wallet.")]
OverrideOption = Annotated[
    str, typer.Option("--override-way-up", metavar="REASON", help="Climb without the evidence; journalled.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a config key; may be repeated.")
]
