"""Recognise when many accounts lose their sessions at once: then no account is at fault.

One session that is not signed in has expired. Three in a row within ten minutes, without one that
is signed in between them, mean that cookies are not accepted any more, by our fault or the
platform's. The run of a platform stands in `meta`, so that all processes share it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from storage.crawling import accounts
from storage.engines.datetimes import from_sql, to_sql
from storage.engines.transactions import Tx
from storage.schema import schema

PREFIX = "sessions_lost:"  # of the facts in `meta`
MASS_ACCOUNTS = 3
MASS_WITHIN = timedelta(minutes=10)
# Without another one for a day it is over, whatever it was.
FORGOTTEN_AFTER = timedelta(days=1)


class Loss(StrEnum):
    """How an account lost its session; each kind is counted apart."""

    SIGNED_OUT = "signed_out"
    UNREADABLE = "unreadable"  # the right key does not decrypt its secrets


@dataclass(frozen=True)
class LossRun:
    """The accounts of a platform that lost their sessions in a row.

    Args:
        accounts: their ids, each with the moment (UTC) of its newest loss, oldest first.
        is_mass: there were too many for accounts that each expired by themselves. It stays so until
            a session is found signed in.
    """

    platform: str
    loss: Loss
    accounts: tuple[tuple[int, datetime], ...] = ()
    is_mass: bool = False

    def with_account(self, account_id: int, now: datetime) -> LossRun:
        """Return the run with one more account."""
        kept = [(known, at) for known, at in self.accounts if known != account_id]
        if not self.is_mass:
            kept = [(known, at) for known, at in kept if now - at <= MASS_WITHIN]
        kept.append((account_id, now))
        return replace(
            self, accounts=tuple(kept), is_mass=self.is_mass or len(kept) >= MASS_ACCOUNTS
        )

    def is_forgotten(self, now: datetime) -> bool:
        return not self.accounts or now - self.accounts[-1][1] > FORGOTTEN_AFTER


def locked_run(tx: Tx, platform: str, loss: Loss, now: datetime) -> LossRun:
    """Return the run of a platform, locked until the transaction ends."""
    name = _name(platform, loss)
    # A fact that is not there locks nothing.
    schema.set_fact_once(tx, name, _dumped(LossRun(platform, loss)))
    schema.lock_fact(tx, name)
    run = _loaded(name, schema.get_fact(tx, name) or "")
    return LossRun(platform, loss) if run is None or run.is_forgotten(now) else run


def keep_run(tx: Tx, run: LossRun) -> None:
    """Store the run of a platform."""
    schema.set_fact(tx, _name(run.platform, run.loss), _dumped(run))


def restore_earlier(tx: Tx, run: LossRun, but: int, until: datetime, now: datetime) -> list[int]:
    """Enable the accounts of a run that were disabled before it was one; return their ids.

    They rest until `until`, and are checked before they work again. `but` is left out.
    """
    ids = [account_id for account_id, _ in run.accounts if account_id != but]
    return [one for one in ids if accounts.restore_as_suspect(tx, one, until, now)]


def forget_account(tx: Tx, platform: str, account_id: int) -> None:
    """Leave an account that is deleted out of the runs of its platform."""
    for loss in Loss:
        name = _name(platform, loss)
        schema.lock_fact(tx, name)
        run = _loaded(name, schema.get_fact(tx, name) or "")
        if run is not None and any(known == account_id for known, _ in run.accounts):
            kept = tuple((known, at) for known, at in run.accounts if known != account_id)
            keep_run(tx, replace(run, accounts=kept))


def end_runs(tx: Tx, platform: str) -> None:
    """Forget the runs of a platform, of whose accounts one was found signed in."""
    for loss in Loss:
        name = _name(platform, loss)
        seen = schema.get_fact(tx, name)
        if seen is not None:
            schema.drop_fact(tx, name, seen)


def mass_runs(tx: Tx, now: datetime) -> Sequence[LossRun]:
    """Return the runs of all platforms in which too many accounts lost their sessions at once."""
    found = [_loaded(name, value) for name, value in schema.facts_named(tx, PREFIX)]
    return [run for run in found if run is not None and run.is_mass and not run.is_forgotten(now)]


def _name(platform: str, loss: Loss) -> str:
    return f"{PREFIX}{loss}:{platform}"


def _dumped(run: LossRun) -> str:
    at = [[account_id, to_sql(moment)] for account_id, moment in run.accounts]
    return json.dumps({"accounts": at, "is_mass": run.is_mass})


def _loaded(name: str, value: str) -> LossRun | None:
    """Return a stored run; None for a value that is none."""
    loss, _, platform = name.removeprefix(PREFIX).partition(":")
    try:
        found = json.loads(value)
        at = tuple((int(one), from_sql(moment)) for one, moment in found["accounts"])
        return LossRun(platform, Loss(loss), at, bool(found["is_mass"]))
    except (ValueError, KeyError, TypeError):
        return None
