"""The checks of `doctor` on egress routes, circuits, and answers that no rule describes."""

from __future__ import annotations

from collections.abc import Iterator

from app.container import App
from commands.doctor.findings import Finding, ok, warning
from core.installation.program import program_name
from core.messages import Message
from presentation.egress_views import (
    circuit_advice,
    circuit_message,
    evidence_summary,
    route_advice,
    route_reason,
    shown_circuits,
    unit_message,
    unproven_message,
)
from presentation.i18n.command_lines import shell_word
from storage.crawling import proxies, source_states, unknown_answers
from storage.crawling.proxies import MAX_AHEAD
from storage.crawling.unknown_answers import UnknownAnswer


class EgressChecks:
    """Checks which routes cool down, which circuits are open, and what no rule describes."""

    def __init__(self, app: App) -> None:
        self._app = app

    def findings(self) -> Iterator[Finding]:
        """Yield the findings, those on routes first."""
        found = [*self._routes(), *self._circuits(), *self._unknown_answers()]
        if not found:
            yield ok(Message.of("subject_egress"), Message.of("egress_all_open"))
        yield from found

    def _routes(self) -> Iterator[Finding]:
        now = self._app.clock.now()
        for route in self._app.database.read(proxies.all_of):
            subject = Message.of("subject_egress_route", egress=route.egress)
            if route.is_cooling(now):
                reason, until = route_reason(route), f"{route.cooldown_until:%Y-%m-%d %H:%M:%S}"
                detail = Message.of("egress_cools_until", moment=until, reason=reason)
                yield warning(subject, detail, route_advice(route))
            elif route.cooldown_until is not None and route.cooldown_until > now + MAX_AHEAD:
                yield warning(
                    subject,
                    Message.of("until_too_far", moment=f"{route.cooldown_until:%Y-%m-%d %H:%M:%S}"),
                    _command(f"egress open {shell_word(route.egress)}"),
                )
            elif route.is_unproven(now):
                yield warning(subject, unproven_message(route), route_advice(route))

    def _circuits(self) -> Iterator[Finding]:
        now = self._app.clock.now()
        circuits = self._app.database.read(source_states.all_of, now)
        for circuit in circuits:
            unit = unit_message(circuit.platform, circuit.egress, circuit.endpoint)
            if circuit.until_at > now + MAX_AHEAD:
                yield warning(
                    Message.of("subject_circuit", unit=unit),
                    Message.of("until_too_far", moment=f"{circuit.until_at:%Y-%m-%d %H:%M:%S}"),
                    _command(f"circuits close {shell_word(circuit.platform)}"),
                )
            elif circuit in shown_circuits(circuits):
                yield warning(
                    Message.of("subject_circuit", unit=unit),
                    circuit_message(circuit),
                    circuit_advice(circuit),
                )

    def _unknown_answers(self) -> Iterator[Finding]:
        for answer in self._app.database.read(unknown_answers.all_of):
            subject = Message.of(
                "subject_unknown_answer", platform=answer.platform, endpoint=answer.endpoint
            )
            yield warning(subject, _seen(answer), Message.of("unknown_answer_report"))


def _seen(answer: UnknownAnswer) -> Message:
    return Message.of(
        "unknown_answer_seen",
        status=answer.http_status or "-",
        code=answer.code or "-",
        seen=answer.seen,
        evidence=evidence_summary(answer.evidence) or "-",
    )


def _command(words: str) -> Message:
    return Message.of("run_this", command=f"{program_name()} {words}")
