"""What is left alone, on the terminal: circuits, egress routes, accounts; until when and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.text import Text

from core.installation.program import program_name
from core.messages import Message
from core.plain_text import one_line
from presentation.account_views import AccountView
from presentation.egress_views import (
    circuit_advice,
    circuit_cause,
    is_silent_proxy,
    route_advice,
    route_reason,
    unit_message,
    unproven_message,
)
from presentation.i18n import advice
from presentation.snapshot import Snapshot
from presentation.terminal.layout import Page
from presentation.terminal.tables import wrapped
from storage.crawling.proxies import EgressRoute
from storage.crawling.source_states import Circuit, CircuitState

MAX_LINES = 6
INDENT = 2
CIRCUITS, ROUTES, ACCOUNTS = "circuits list", "egress list", "accounts list"


@dataclass(frozen=True)
class FaultLine:
    """What is left alone, until when and why, and what to do about it.

    `listing` is the command that lists all faults of the kind, without the program's name.
    """

    text: str
    advice: str
    listing: str


def fault_lines(page: Page, snapshot: Snapshot) -> list[FaultLine]:
    """Return a line for each open circuit, route in cooldown and suspect account."""
    found = [of_circuit(page, circuit) for circuit in snapshot.circuits]
    found += [of_route(page, route) for route in snapshot.routes]
    found += [of_unproven(page, route) for route in snapshot.unproven_routes]
    suspect = [view for view in snapshot.accounts if view.is_suspect(page.now)]
    reasons = snapshot.cooldown_reasons
    return found + [of_account(page, view, reasons.get(view.account.id)) for view in suspect]


def lines(page: Page, snapshot: Snapshot) -> list[str]:
    """Return the texts of `fault_lines`."""
    return [fault.text for fault in fault_lines(page, snapshot)]


def draw(page: Page, snapshot: Snapshot) -> list[Text]:
    """Return the first faults on a screen, wrapped into MAX_LINES lines, the others counted with
    the commands that list them; elsewhere all, with advice."""
    found = fault_lines(page, snapshot)
    if not page.is_screen:
        return [line for fault in found for line in with_advice(page, fault)]
    drawn = [wrapped(Text(fault.text, "yellow"), page.width, INDENT, first=0) for fault in found]
    if sum(map(len, drawn)) <= MAX_LINES:
        return [line for lines in drawn for line in lines]
    shown: list[Text] = []
    for number, lines in enumerate(drawn):
        if shown and len(shown) + len(lines) >= MAX_LINES:
            return shown + page.line(_more(page, found[number:]), "yellow")
        shown += lines
    return shown


def _more(page: Page, left_out: Sequence[FaultLine]) -> str:
    """Return how many faults are not shown, and where they are listed."""
    program = program_name()
    commands = dict.fromkeys(f"{program} {fault.listing}" for fault in left_out)
    return page.say("faults_more", n=len(left_out), commands=list(commands))


def with_advice(page: Page, fault: FaultLine, indent: int = 0) -> list[Text]:
    """Return a fault, and below it what to do about it."""
    what_to_do = page.say("what_to_do", advice=fault.advice)
    return [
        *page.line(fault.text, "yellow", indent),
        *page.line(what_to_do, indent=indent + INDENT),
    ]


def of_circuit(page: Page, circuit: Circuit) -> FaultLine:
    """Return the line about an open circuit; the moment comes first, as lines are cut."""
    if circuit.state is CircuitState.HALF_OPEN:
        return _fault_line(page, _tried(page, circuit), circuit_advice(circuit), CIRCUITS)
    until = page.moment(circuit.until_at)
    if is_silent_proxy(circuit):
        text = page.say(
            "screen_route_silent", until=until, egress=circuit.egress, platform=circuit.platform
        )
    else:
        unit = unit_message(circuit.platform, circuit.egress, circuit.endpoint)
        cause = circuit_cause(circuit)
        text = page.say("screen_circuit_open", until=until, unit=unit, cause=cause)
    return _fault_line(page, text, circuit_advice(circuit), CIRCUITS)


def _tried(page: Page, circuit: Circuit) -> str:
    """Return what is tried again after it was left alone, and why it was."""
    if is_silent_proxy(circuit):
        return page.say("screen_silent_tried", egress=circuit.egress, platform=circuit.platform)
    unit = unit_message(circuit.platform, circuit.egress, circuit.endpoint)
    return page.say("screen_circuit_tried", unit=unit, cause=circuit_cause(circuit))


def of_route(page: Page, route: EgressRoute) -> FaultLine:
    """Return the line about a route in cooldown."""
    text = page.say(
        "screen_egress_cools",
        until=_moment(page, route.cooldown_until),
        egress=route.egress,
        reason=route_reason(route),
    )
    return _fault_line(page, text, route_advice(route), ROUTES)


def of_unproven(page: Page, route: EgressRoute) -> FaultLine:
    """Return the line about a route that failed and is tried again."""
    return _fault_line(
        page, page.renderer.text(unproven_message(route)), route_advice(route), ROUTES
    )


def of_account(page: Page, view: AccountView, reason: str | None) -> FaultLine:
    """Return the line about an account in cooldown; `reason` is a stored message, if known."""
    account, is_suspect = view.account, view.is_suspect(page.now)
    text = page.say(
        "screen_account_rests",
        until=_moment(page, account.cooldown_until),
        account=account.username,
        platform=account.platform,
        reason=Message.load(reason)
        if reason
        else Message(f"account_state_{view.state_word(page.now)}"),
    )
    return _fault_line(
        page, text, advice.on_resting_account(account.username, is_suspect=is_suspect), ACCOUNTS
    )


def _moment(page: Page, moment: datetime | None) -> str:
    return "?" if moment is None else page.moment(moment)


def _fault_line(page: Page, text: str, what_to_do: Message, listing: str) -> FaultLine:
    return FaultLine(one_line(text), one_line(page.renderer.text(what_to_do)), listing)
