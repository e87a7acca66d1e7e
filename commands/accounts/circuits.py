"""`circuits …`: what of a platform is left alone, and until when."""

from __future__ import annotations

from typing import Annotated

import typer

from app.container import App
from commands.framework.context import opened_app, result, result_json, result_table, say
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson
from commands.framework.reader import column_of, table_of
from commands.framework.system_user import system_user
from core.messages import Message
from presentation.egress_views import (
    circuit_advice,
    circuit_object,
    evidence_summary,
    is_silent_proxy,
    unit_message,
)
from presentation.i18n.renderer import Renderer, renderer_for
from presentation.terminal.tables import Table
from storage.crawling.source_states import Circuit, CircuitState

MAX_NAMED = 5


def list_circuits(as_json: AsJson = False) -> None:
    """List what is not asked as usual: until when, why, and what to do."""
    with opened_app() as app:
        circuits = app.pool.egress_operator.circuits()
        if as_json:
            result_json([circuit_object(circuit) for circuit in circuits])
            return
        if not circuits:
            say(Message.of("no_circuits"))
            return
        result_table(_table(app, circuits))


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
            say(_none_closed(app.pool.egress_operator.circuits(), platform))
        for circuit in closed:
            unit = unit_message(circuit.platform, circuit.egress, circuit.endpoint)
            result(Message.of("circuit_closed", unit=unit))


def _none_closed(circuits: list[Circuit], platform: str) -> Message:
    """Return that nothing was closed, with what could be."""
    units = [unit_message(one.platform, one.egress, one.endpoint) for one in circuits]
    if not units:
        return Message.of("no_circuit_open")
    return Message.of("no_circuit_closed", platform=platform, units=units[:MAX_NAMED])


def _table(app: App, circuits: list[Circuit]) -> Table:
    renderer = renderer_for(app.settings.language, app.calendar.zone)
    table = table_of(
        (
            "platform",
            "egress",
            "circuit endpoint",
            "state",
            "until",
            "cause",
            column_of("since", is_optional=True),
            column_of("times", is_optional=True),
            column_of("evidence", is_long=True),
            column_of("what to do", is_long=True),
        ),
    )
    for circuit in circuits:
        table.add(_cells(circuit, renderer))
    return table


def _cells(circuit: Circuit, renderer: Renderer) -> tuple[str, ...]:
    is_over = circuit.state is CircuitState.HALF_OPEN
    return (
        circuit.platform,
        circuit.egress,
        circuit.endpoint,
        renderer.word("circuit_state", circuit.state),
        "" if is_over else renderer.moment(circuit.until_at),
        _cause(circuit, renderer),
        renderer.moment(circuit.since_at),
        str(circuit.times),
        evidence_summary(circuit.evidence),
        renderer.text(circuit_advice(circuit)),
    )


def _cause(circuit: Circuit, renderer: Renderer) -> str:
    """Return why a circuit is not closed, with the platform's code."""
    if is_silent_proxy(circuit):
        return renderer.say("circuit_cause_proxy_silent", platform=circuit.platform)
    cause = renderer.word("circuit_cause", circuit.cause)
    return f"{cause} ({circuit.code})" if circuit.code else cause


GROUP = Group({"list": list_circuits, "close": close})
