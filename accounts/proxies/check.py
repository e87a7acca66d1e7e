"""ProxyChecker: one request through each of some proxies, and what became of it."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Event
from urllib.parse import urlsplit

from accounts.egress.routes import EgressRoutes
from accounts.proxies.inventory import ProxyInventory, ProxyOverview
from core.clock import Clock
from core.errors import (
    CredentialsError,
    FaultUnit,
    InvalidInputError,
    NoAnswerError,
    TransportFault,
)
from core.messages import Message
from sources.transport.session import HttpAnswer, HttpLimits, fetch, open_http
from storage.crawling import accounts, proxies, task_control
from storage.engines.transactions import Database, Tx

PARALLEL = 8
MAX_PARALLEL = 32
DEADLINE_SECS = 120.0
MAX_DEADLINE_SECS = 600.0
READ_SECS = 15.0
CONNECT_SECS = 5.0
BODY_BYTES = 64 * 1024
LEAST_SECS = 0.5  # with less than that left, a proxy is not asked
# Where endpoints say from which address they were asked: at the top or below `data`.
ADDRESS_KEYS = ("addr", "ip", "origin", "query", "ip_addr")
USER_AGENT = "Mozilla/5.0"


@dataclass(frozen=True)
class CheckOutcome:
    """What became of the check of one proxy.

    Args:
        works: None when it was not asked.
        told: the outcome as a message, with the exit's address where the target told it.
        secs: how long the answer took; None without one.
        exit: the address from which the target was asked; None where it does not say.
        status: the target's HTTP status; None without an answer.
    """

    egress: str
    works: bool | None
    told: Message
    secs: float | None = None
    exit: str | None = None
    status: int | None = None


@dataclass(frozen=True)
class _Attempt:
    egress: str
    secs: float = 0.0
    answer: HttpAnswer | None = None
    fault: TransportFault | None = None
    is_unknown: bool = False


@dataclass(frozen=True, kw_only=True)
class ProxyChecker:
    """Sends one request through each proxy, a few at a time, and records which of them work.

    Nothing of an account is sent: no cookie, and no login but that of the proxy.
    """

    inventory: ProxyInventory
    routes: EgressRoutes
    database: Database
    clock: Clock

    def check(
        self,
        names: Sequence[str],
        target: str,
        *,
        parallel: int = PARALLEL,
        deadline_secs: float = DEADLINE_SECS,
        stop: Event | None = None,
    ) -> list[CheckOutcome]:
        """Check the proxies of those names, or all that are known, and return the outcomes.

        A good answer ends a proxy's cooldown, unless an operator ordered it. What a proxy or the
        target may have caused counts against the proxy only when the target answered by another.

        Args:
            target: the URL that is asked.
            parallel: so many at a time.
            deadline_secs: those that were not begun by then are not asked.
            stop: set to ask no more of them.

        Raises:
            InvalidInputError: there is no such proxy, or the target is no http(s) URL.
        """
        require_target(target)
        found = [self.inventory.find(name) for name in names] or self.inventory.all()
        chosen = list({one.route.egress: one for one in found}.values())
        ends_at = self.clock.monotonic() + deadline_secs
        with ThreadPoolExecutor(max(1, min(parallel, MAX_PARALLEL, len(chosen)))) as pool:
            attempts = list(pool.map(lambda one: self._attempt(one, target, ends_at, stop), chosen))
        target_answers = any(attempt.answer is not None for attempt in attempts)
        return _with_shared_exits(
            [self._recorded(attempt, target_answers=target_answers) for attempt in attempts]
        )

    def _attempt(
        self, proxy: ProxyOverview, target: str, ends_at: float, stop: Event | None
    ) -> _Attempt:
        egress = proxy.route.egress
        left = ends_at - self.clock.monotonic()
        if left < LEAST_SECS or (stop is not None and stop.is_set()):
            return _Attempt(egress)
        try:
            url = self.inventory.url_of(egress)
        except CredentialsError as error:
            fault = TransportFault(FaultUnit.OURSELVES, error.message)
            return _Attempt(egress, fault=fault)
        if url is None:
            return _Attempt(egress, is_unknown=True)
        limits = HttpLimits(
            read_secs=min(READ_SECS, left),
            answer_secs=min(READ_SECS, left),
            connect_secs=CONNECT_SECS,
            body_bytes=BODY_BYTES,
        )
        began = self.clock.monotonic()
        with open_http(url) as http:
            http.headers["User-Agent"] = USER_AGENT
            try:
                answer = fetch(http, "GET", target, limits)
            except NoAnswerError as error:
                return _Attempt(egress, fault=error.fault)
        secs = self.clock.monotonic() - began
        if answer.fault is not None:
            return _Attempt(egress, fault=answer.fault)
        return _Attempt(egress, secs, answer=answer)

    def _recorded(self, attempt: _Attempt, *, target_answers: bool) -> CheckOutcome:
        """Store what an attempt has shown, and return it as an outcome."""
        if attempt.fault is not None:
            fault = attempt.fault
            if fault.is_of_proxy and not fault.is_certain and target_answers:
                fault = replace(fault, unit=FaultUnit.EGRESS, is_certain=True)
            if self.routes.record_failure(attempt.egress, fault) is None:
                self.database.write_idempotent(self._note_trouble, attempt.egress, fault)
            told = Message.of("proxy_failed", cause=fault.message)
            return CheckOutcome(attempt.egress, False, told)
        if attempt.answer is None:
            code = "proxy_unasked_unknown" if attempt.is_unknown else "proxy_unasked"
            return CheckOutcome(attempt.egress, None, Message(code))
        self.database.write_idempotent(self._note_good, attempt.egress)
        return self._good(attempt, attempt.answer)

    def _note_good(self, tx: Tx, egress: str) -> None:
        now = self.clock.now()
        route = proxies.find(tx, egress)
        if route is None:
            return
        is_held = route.is_held_by_operator(now)
        proxies.note_good(tx, egress, now, ends_cooldown=not is_held)
        if route.cooldown_until is not None and not is_held:
            for platform in accounts.platforms(tx):
                task_control.wake_for_egress(tx, platform, now)

    def _note_trouble(self, tx: Tx, egress: str, fault: TransportFault) -> None:
        """Store a trouble that begins no cooldown: the target may be its cause."""
        route = proxies.find(tx, egress)
        if route is not None and not route.is_held_by_operator(self.clock.now()):
            error = fault.message.dump()
            proxies.note_bad(tx, route, fault.unit, error, None, now=self.clock.now())

    def _good(self, attempt: _Attempt, answer: HttpAnswer) -> CheckOutcome:
        address = exit_address(answer.content)
        secs = attempt.secs
        if answer.status >= 400:
            told = Message.of("proxy_works_refused", secs=secs, status=answer.status)
        elif address is not None:
            told = Message.of("proxy_works_as", secs=secs, exit=address)
        else:
            told = Message.of("proxy_works", secs=secs)
        now = self.clock.now()
        route = self.database.read(proxies.find, attempt.egress)
        if route is not None and route.is_held_by_operator(now):
            told = Message.of("proxy_left_alone", outcome=told, until=route.cooldown_until)
        return CheckOutcome(
            attempt.egress, True, told, secs=secs, exit=address, status=answer.status
        )


def require_target(target: str) -> None:
    """Do nothing for an http(s) URL without user and password.

    Raises:
        InvalidInputError: it is none.
    """
    try:
        parts = urlsplit(target)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_usable = is_usable and parts.username is None and target.isprintable()
        is_usable = is_usable and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise InvalidInputError("proxy_target_wrong")


def exit_address(body: bytes) -> str | None:
    """Return the address that an answer says it was asked from; None where it does not say.

    Known are a body that is the address alone, and JSON with one of ADDRESS_KEYS, at its top or
    below `data`.
    """
    text = body.decode("utf-8", "replace").strip()
    with suppress(ValueError):
        return str(ipaddress.ip_address(text))
    found: object = None
    with suppress(ValueError, RecursionError):
        found = json.loads(text)
    for level in (found, found.get("data") if isinstance(found, dict) else None):
        for key in ADDRESS_KEYS if isinstance(level, dict) else ():
            assert isinstance(level, dict)
            # Some name every hop, with commas between them.
            with suppress(ValueError):
                return str(ipaddress.ip_address(str(level.get(key)).partition(",")[0].strip()))
    return None


def _with_shared_exits(outcomes: list[CheckOutcome]) -> list[CheckOutcome]:
    """Return the outcomes; one with the exit of an earlier one says so."""
    first: dict[str, str] = {}
    told = []
    for one in outcomes:
        if one.exit is None or first.setdefault(one.exit, one.egress) == one.egress:
            told.append(one)
            continue
        message = Message.of("proxy_same_exit", outcome=one.told, egress=first[one.exit])
        told.append(replace(one, told=message))
    return told
