"""`sandbox`: the local platform."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.context import dashed
from core.errors import InvalidInput
from sandbox import RateLimit, SandboxConfig
from sandbox.__main__ import run


def register(app: typer.Typer) -> None:
    dashed(app, "sandbox")(sandbox)


def sandbox(
    port: Annotated[int, typer.Option(help="0: any free one")] = 0,
    creators: Annotated[int, typer.Option(help="creators of each domain")] = 10_000,
    domains: Annotated[str, typer.Option(help="comma-separated")] = "美妆,游戏",
    seed: Annotated[int, typer.Option(help="same seed, same creators")] = 1,
    rate: Annotated[str, typer.Option(help="requests/seconds of one account")] = "200/10",
    faults: Annotated[str, typer.Option(help="none, mild or harsh")] = "none",
    page_limit: Annotated[int | None, typer.Option(help="pages of a search at most")] = None,
) -> None:
    """Serve Bilibili's formats on 127.0.0.1, for demos and tests. Ctrl-C ends it."""
    try:
        config = SandboxConfig(
            port=port,
            creators=creators,
            domains=tuple(name.strip() for name in domains.split(",") if name.strip()),
            seed=seed,
            rate=RateLimit.parse(rate),
            faults=faults,
            page_limit=page_limit,
        )
    except ValueError as error:
        raise InvalidInput(str(error)) from error
    raise typer.Exit(run(config))
