"""`sandbox`: a local server that speaks the formats of the platforms."""

from __future__ import annotations

from typing import Annotated

import typer

from core.errors import InvalidInputError
from sandbox import RateLimit, SandboxConfig
from sandbox.__main__ import run


def sandbox(
    port: Annotated[int, typer.Option(help="0: any free one")] = 0,
    creators: Annotated[int, typer.Option(help="creators of each domain")] = 10_000,
    domains: Annotated[str, typer.Option(help="comma-separated")] = "美妆,游戏",
    seed: Annotated[int, typer.Option(help="same seed, same creators")] = 1,
    rate: Annotated[str, typer.Option(help="requests/seconds of one account")] = "200/10",
    faults: Annotated[str, typer.Option(help="none, mild or harsh")] = "none",
    page_limit: Annotated[int | None, typer.Option(help="pages of a search at most")] = None,
    batch_limit: Annotated[int, typer.Option(help="videos in one question")] = 50,
    youtube_units: Annotated[int, typer.Option(help="YouTube's quota of a day")] = 10_000,
    tikhub_rate: Annotated[
        str, typer.Option(help="requests/seconds to each endpoint of TikHub")
    ] = "10/1",
    egresses: Annotated[int, typer.Option(help="proxy gateways (HTTP and SOCKS5)")] = 0,
    egress_rate: Annotated[
        str | None, typer.Option(help="requests/seconds of one egress route")
    ] = None,
    egress_throttle: Annotated[str, typer.Option(help="code (-799) or http (429)")] = "code",
    space_lock: Annotated[
        str | None, typer.Option(help="requests/seconds of one egress route to /x/space/")
    ] = None,
) -> None:
    """Serve the platforms' formats on 127.0.0.1, for trials."""
    try:
        config = SandboxConfig(
            port=port,
            creators=creators,
            domains=tuple(name.strip() for name in domains.split(",") if name.strip()),
            seed=seed,
            rate=RateLimit.parse(rate),
            faults=faults,
            page_limit=page_limit,
            batch_limit=batch_limit,
            youtube_units=youtube_units,
            tikhub_rate=RateLimit.parse(tikhub_rate),
            egresses=egresses,
            egress_rate=RateLimit.parse_optional(egress_rate),
            egress_throttle=egress_throttle,
            space_lock=RateLimit.parse_optional(space_lock),
        )
    except ValueError as error:
        raise InvalidInputError("sandbox_unusable", detail=str(error)) from error
    raise typer.Exit(run(config))


COMMANDS = {"sandbox": sandbox}
