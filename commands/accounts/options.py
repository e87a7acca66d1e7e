"""Options that several commands of `accounts` share."""

from __future__ import annotations

from typing import Annotated

import typer

Proxy = Annotated[str | None, typer.Option(help="http://user:password@host:port of this account")]
NewLogin = Annotated[bool, typer.Option("--new-login", help="another login takes over the name")]
GroupOf = Annotated[str | None, typer.Option("--group", help="the group that it belongs to")]
Limit = Annotated[int | None, typer.Option(help="rows a day; default: BATON_DAILY_EXPORT_LIMIT")]
