"""`circuits …`: what of a platform is left alone, and until when."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from commands.framework.context import opened_app, result, result_json, result_table, say
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson
from commands.framework.reader import column_titles
from commands.framework.system_user import system_user
from core.messages import Message
from presentation.egress_views import circuit_object, evidence_summary, unit_message
from presentation.i18n.renderer import Renderer, renderer_for
from storage.crawling.source_states import Circuit

TITLES = (
    "platform",
    "egress",
    "endpoint",
    "state",
    "cause",
    "code",
    "since",
    "until",
    "times",
    "evidence",
)


def list_circuits(as_json: AsJson = False) -> None:
    """List what is not asked as usual: since when, until when, and why."""
    with opened_app() as app:
        circuits = app.pool.egress_operator.circuits()
        if as_json:
            result_json([circuit_object(circuit) for circuit in circuits])
            return
        if not circuits:
            say(Message.of("no_circuits"))
            return
        renderer = renderer_for(app.settings.language, app.calendar.zone)
        table = Table(box=None, pad_edge=False)
        for title in column_titles(TITLES):
            table.add_column(title, no_wrap=True)
        for circuit in circuits:
            table.add_row(*map(escape, _cells(circuit, renderer)))
        result_table(table)


def close(
    platform: Annotated[str, typer.Argument(help="the platform, from `circuits list`")],
    egress: Annotated[
        str | None, typer.Option("--egress", help="only of this route; * for those of all routes")
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option("--endpoint", help="only of this endpoint; * for those of all endpoints"),
    ] = None,
) -> None:
    """Close circuits of a platform: it is asked again at once."""
    with opened_app() as app:
        closed = app.use_cases.egress.close_circuits(system_user(app), platform, egress, endpoint)
        if not closed:
            say(Message.of("no_circuit_closed", platform=platform))
        for circuit in closed:
            unit = unit_message(circuit.platform, circuit.egress, circuit.endpoint)
            result(Message.of("circuit_closed", unit=unit))


def _cells(circuit: Circuit, renderer: Renderer) -> tuple[str, ...]:
    return (
        circuit.platform,
        circuit.egress,
        circuit.endpoint,
        renderer.word("circuit_state", circuit.state),
        renderer.word("circuit_cause", circuit.cause),
        circuit.code or "",
        str(renderer.shown(circuit.since_at)),
        str(renderer.shown(circuit.until_at)),
        str(circuit.times),
        evidence_summary(circuit.evidence),
    )


GROUP = Group({"list": list_circuits, "close": close})
