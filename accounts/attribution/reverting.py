"""Taking back what a refusal cost an account, once it turned out not to be its fault."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core.attribution import CircuitUnit, Scope
from core.messages import Message
from sources.pacing import with_limits_of
from storage.crawling import accounts, source_refusals
from storage.crawling.source_refusals import Refusal
from storage.engines.transactions import Tx


def revert(tx: Tx, refusals: Iterable[Refusal], unit: CircuitUnit, now: datetime) -> None:
    """Give accounts back their health, failures and pace, and end their cooldown.

    An account that was leased since keeps what it has. One that is not given back yet is released
    unharmed: `AccountManager.cool_down` sees that its refusal was reverted.

    Args:
        unit: what was to blame; it goes into the timelines.
    """
    for refusal in sorted(refusals, key=lambda refusal: refusal.id):
        if refusal.account_id <= 0 or not source_refusals.revert(tx, refusal.id, now):
            continue
        account = accounts.get(tx, refusal.account_id)
        if account is None:
            continue
        pace = with_limits_of(account.pace, refusal.before_pace)
        if source_refusals.revert_cooldown(tx, refusal, pace, now):
            scope = scope_message(unit.scope, unit.egress)
            detail = Message.of("refusal_reverted", scope=scope, code=refusal.code)
            accounts.note_event(tx, refusal.account_id, "reverted", detail.dump(), now)


def scope_message(scope: Scope, egress: str | None) -> Message:
    """Return what a refusal concerns; a route by its name, where that is known."""
    if scope is Scope.EGRESS and egress is not None:
        return Message.of("scope_named_egress", egress=egress)
    return Message.of(f"scope_{scope}")
