"""Options that commands of several groups share."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
OnlyAccount = Annotated[str | None, typer.Option("--account", help="only this account works on it")]
OnlyGroup = Annotated[
    str | None, typer.Option("--group", help="only accounts of this group work on it")
]
