"""Egress routes and circuits in trouble, as tests make them."""

from __future__ import annotations

from datetime import timedelta

from app.container import App
from core.errors import FaultUnit, TransportFault
from core.messages import Message
from storage.crawling import proxies
from storage.crawling.source_states import ALL
from storage.engines.datetimes import to_sql

DEAD_PROXY = TransportFault(
    FaultUnit.EGRESS, Message.of("proxy_unreachable"), is_certain=True, through_proxy=True
)
LOGIN_REFUSED = TransportFault(
    FaultUnit.GATEWAY, Message.of("proxy_login_refused"), is_certain=True, through_proxy=True
)


def add_route(app: App, name: str) -> None:
    """Make a route through a proxy known, by its name."""
    gateway = name.partition("#")[0]
    host, _, port = gateway.rpartition(":")
    app.database.write(
        proxies.note,
        name,
        gateway=gateway,
        kind="http",
        host=host,
        port=int(port),
        now=app.clock.now(),
    )


def open_circuit(
    app: App,
    platform: str,
    egress: str = ALL,
    endpoint: str = ALL,
    cause: str = "risk",
    secs: float = 900,
    evidence: str | None = None,
) -> None:
    """Open a circuit, from now on for so many seconds."""
    now = app.clock.now()
    app.database.write(
        lambda tx: tx.add(
            "source_states",
            platform=platform,
            egress=egress,
            endpoint=endpoint,
            state="open",
            cause=cause,
            code="-412",
            since_at=to_sql(now),
            until_at=to_sql(now + timedelta(seconds=secs)),
            evidence=evidence,
            updated_at=to_sql(now),
        )
    )
