"""Egress routes and circuits as messages and as JSON, for every front end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from accounts.egress.operator import RouteOverview
from core.attribution import ALL, KEY_PREFIX, CircuitCause
from core.clock import iso_utc
from core.logs import Render, redact
from core.message_json import message_keys
from core.messages import Message
from presentation.i18n import advice
from storage.crawling.proxies import EgressRoute
from storage.crawling.source_states import Circuit, CircuitState

if TYPE_CHECKING:
    from accounts.proxies.assignment import AssignmentPlan
    from accounts.proxies.check import CheckOutcome
    from accounts.proxies.inventory import ProxyOverview

MAX_EVIDENCE_CHARS = 200
MAX_NAMES = 10


def shown_circuits(circuits: Sequence[Circuit]) -> list[Circuit]:
    """Return the circuits that screens show besides `circuits list`: the open and half-open ones.

    A quarantine lasts a minute, and concerns nobody but the account that was refused so far.
    """
    return [one for one in circuits if one.state is not CircuitState.QUARANTINED]


def open_circuits(circuits: Sequence[Circuit]) -> list[Circuit]:
    """Return the circuits that let no request through now."""
    return [one for one in circuits if one.state is CircuitState.OPEN]


def route_reason(route: EgressRoute) -> Message:
    """Return why a route cools down, or its last failure; an operator's word where none is."""
    is_ordered = route.fault is None and route.cooldown_until is not None and not route.bad_in_row
    return Message.of("by_operator") if is_ordered else Message.load(route.last_error or "")


def unproven_message(route: EgressRoute) -> Message:
    """Return since when nothing came by a route that is tried again, and why."""
    reason = route_reason(route)
    if route.last_good_at is None:
        return Message.of("route_never_good", egress=route.egress, reason=reason)
    return Message.of(
        "route_unproven", egress=route.egress, since=route.last_good_at, reason=reason
    )


def route_advice(route: EgressRoute) -> Message:
    """Return what to do about a route in cooldown."""
    return advice.on_route(route.egress, route.fault)


def circuit_message(circuit: Circuit) -> Message:
    """Return one line about a circuit: what is left alone, until when, or is tried again; why."""
    unit = unit_message(circuit.platform, circuit.egress, circuit.endpoint)
    cause = circuit_cause(circuit)
    if circuit.state is CircuitState.HALF_OPEN:
        return Message.of("screen_circuit_tried", unit=unit, cause=cause)
    return Message.of("circuit_open", unit=unit, until=circuit.until_at, cause=cause)


def circuit_advice(circuit: Circuit) -> Message:
    """Return what to do about a circuit that is not closed."""
    if circuit.state is CircuitState.QUARANTINED:
        return Message("advice_circuit_quarantined")
    if circuit.is_unproven and not is_silent_proxy(circuit):
        return Message("advice_circuit_tried")
    return advice.on_circuit(circuit.platform, circuit.egress, circuit.endpoint, circuit.cause)


def is_silent_proxy(circuit: Circuit) -> bool:
    """Return whether a circuit is about a proxy by which no answer came."""
    is_proxy = advice.is_through_proxy(circuit.egress)
    return circuit.cause is CircuitCause.NO_ANSWER and is_proxy


def concerning(circuits: Sequence[Circuit], platform: str, egress: str | None) -> list[Circuit]:
    """Return the circuits that requests to a platform by a route go through; None: by any proxy
    that is not known yet."""
    routes = (ALL, egress)
    return [c for c in circuits if c.platform == platform and c.egress in routes]


def circuit_cause(circuit: Circuit) -> Message:
    """Return why a circuit is not closed, with the platform's code where it gave one."""
    cause = Message(f"circuit_cause_{circuit.cause}")
    if circuit.code is None:
        return cause
    return Message.of("circuit_cause_code", cause=cause, code=circuit.code)


def unit_message(platform: str, egress: str, endpoint: str) -> Message:
    """Return what a circuit is about; ALL stands for every route or endpoint."""
    parts = {"platform": platform, "egress": egress, "endpoint": endpoint}
    if egress.startswith(KEY_PREFIX):
        return Message(
            "circuit_unit_key" if endpoint == ALL else "circuit_unit_key_endpoint", parts
        )
    if egress == ALL:
        return Message(
            "circuit_unit_platform" if endpoint == ALL else "circuit_unit_endpoint", parts
        )
    return Message("circuit_unit_egress" if endpoint == ALL else "circuit_unit_both", parts)


def evidence_summary(evidence: str | None) -> str:
    """Return what stored evidence says in one short line: request, HTTP status and code."""
    found = _evidence(evidence)
    if not isinstance(found, dict):
        return ""
    parts = [str(found.get("request") or "")]
    parts += [f"HTTP {found['http_status']}"] if found.get("http_status") else []
    parts += [f"code {found['code']}"] if found.get("code") not in (None, "") else []
    return redact(" ".join(part for part in parts if part))[:MAX_EVIDENCE_CHARS]


def route_object(overview: RouteOverview, render: Render, now: datetime) -> dict[str, Any]:
    """Return a route as JSON; its last error as a sentence, a code and parameters."""
    route = overview.route
    return {
        "egress": route.egress,
        "gateway": route.gateway,
        "kind": route.kind,
        "is_rotating": route.is_rotating,
        "accounts": overview.accounts,
        "state": overview.state(now).value,
        "first_seen_at": _moment(route.first_seen_at),
        "last_good_at": _moment(route.last_good_at),
        "last_bad_at": _moment(route.last_bad_at),
        "bad_in_row": route.bad_in_row,
        "fault": route.fault.value if route.fault else None,
        **message_keys("last_error", route.last_error, render),
        "cooldown_until": _moment(route.cooldown_until) if route.is_cooling(now) else None,
        "cooldowns": route.cooldowns,
        "open_circuits": [circuit_object(one) for one in open_circuits(overview.circuits)],
    }


def proxy_object(overview: ProxyOverview, render: Render, now: datetime) -> dict[str, Any]:
    """Return a proxy as JSON, without its URL; its last error as `route_object` has it.

    `last_error` is null for one that works, or was never used.
    """
    route = overview.route
    return {
        "name": route.egress,
        "gateway": route.gateway,
        "kind": route.kind,
        "is_rotating": route.is_rotating,
        "added_at": _moment(route.added_at),
        "accounts": [
            {"id": user.id, "platform": user.platform, "username": user.username}
            for user in overview.users
        ],
        "first_seen_at": _moment(route.first_seen_at),
        "last_good_at": _moment(route.last_good_at),
        "last_bad_at": _moment(route.last_bad_at),
        "bad_in_row": route.bad_in_row,
        **message_keys("last_error", route.last_error if route.bad_in_row else None, render),
        "cooldown_until": _moment(route.cooldown_until) if route.is_cooling(now) else None,
    }


def proxy_state(route: EgressRoute, now: datetime) -> Message:
    """Return in short how a proxy fares: not used yet, good, failed, or left alone."""
    if route.is_cooling(now):
        return Message.of(
            "proxy_state_cooling", until=route.cooldown_until, reason=route_reason(route)
        )
    if route.bad_in_row and route.last_error:
        reason = Message.load(route.last_error)
        return Message.of("proxy_state_failed", at=route.last_bad_at, reason=reason)
    if route.last_good_at is not None:
        return Message.of("proxy_state_good", at=route.last_good_at)
    return Message.of("proxy_state_unused")


def check_object(outcome: CheckOutcome, render: Render) -> dict[str, Any]:
    """Return what became of the check of a proxy as JSON; `works` is null when it was not asked."""
    return {
        "name": outcome.egress,
        "works": outcome.works,
        "secs": None if outcome.secs is None else round(outcome.secs, 3),
        "exit": outcome.exit,
        "http_status": outcome.status,
        **message_keys("told", outcome.told, render),
    }


def plan_object(plan: AssignmentPlan, render: Render) -> dict[str, Any]:
    """Return a plan of assignments as JSON."""
    return {
        "platform": plan.platform,
        "assignments": [
            {"account_id": pair.account.id, "username": pair.account.username, "proxy": pair.egress}
            for pair in plan.pairs
        ],
        "accounts_left": list(plan.accounts_left),
        "proxies_left": list(plan.proxies_left),
        "passed_over": [render(message) for message in plan.passed_over],
    }


def plan_remarks(plan: AssignmentPlan) -> list[Message]:
    """Return what a plan leaves over, as messages; long lists of names are cut."""
    remarks = list(plan.passed_over)
    for code, names in (
        ("accounts_without_proxy", plan.accounts_left),
        ("proxies_without_account", plan.proxies_left),
    ):
        if names:
            cut = [*names[:MAX_NAMES], "…"] if len(names) > MAX_NAMES else list(names)
            remarks.append(Message(code, {"n": len(names), "names": cut}))
    return remarks


def cooling_object(route: EgressRoute, render: Render) -> dict[str, Any]:
    """Return a route in cooldown as JSON, in short."""
    return {
        "egress": route.egress,
        "gateway": route.gateway,
        "fault": route.fault.value if route.fault else None,
        "cooldown_until": _moment(route.cooldown_until),
        **message_keys("reason", route_reason(route), render),
    }


def circuit_object(circuit: Circuit) -> dict[str, Any]:
    """Return a circuit as JSON; `egress` and `endpoint` are null where it is about all."""
    return {
        "platform": circuit.platform,
        "egress": None if circuit.egress == ALL else circuit.egress,
        "endpoint": None if circuit.endpoint == ALL else circuit.endpoint,
        "state": circuit.state.value,
        "cause": circuit.cause.value,
        "code": circuit.code,
        "since_at": _moment(circuit.since_at),
        "until_at": _moment(circuit.until_at),
        "times": circuit.times,
        "evidence": _evidence(circuit.evidence),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else iso_utc(moment)


def _evidence(stored: str | None) -> Any:
    try:
        return json.loads(stored) if stored else None
    except ValueError:
        return {"body": stored}
