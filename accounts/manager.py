"""AccountManager: which worker may use which account, for what, until when, and how often."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from accounts import mass_sign_out
from accounts.account_lease import AccountLease, Purpose
from accounts.claims import AccountClaims
from accounts.egress.identities import EgressIdentities
from accounts.egress.route_states import closed_of, read_closures
from accounts.egress.routes import note_route
from accounts.mass_sign_out import Loss
from accounts.operator import AccountOperator
from accounts.shortage import (
    Shortage,
    export_shortage,
    ingestion_shortage,
    of_account,
    of_group,
)
from accounts.vault import Credentials, Vault
from core.cancellation import OutOfTurnSignal
from core.clock import Clock, QuotaCalendar
from core.errors import Evidence
from core.leases import LeaseRegistry
from core.messages import Message
from sources.transport.egress import Egress
from storage.crawling import account_leases, accounts, proxies, source_refusals
from storage.crawling.account_leases import PaceState
from storage.crawling.account_logins import SecretSwap
from storage.engines.transactions import Database, Tx
from storage.models.accounts import AccountStatus, Health
from storage.models.tasks import NO_PIN, Pin

# A week: longer waits are an operator's decision.
MAX_REST_SECS = 7 * 86400.0
# Successful requests until a suspect account counts as healthy again.
PROBATION_ANSWERS = 10
SOON = timedelta(seconds=30)
KEY_RECHECK = timedelta(seconds=30)
SESSION_CHECK_EVERY = timedelta(days=1)
# Sessions often end during a long rest, so they are checked before the next use.
LONG_REST = timedelta(hours=12)


@dataclass(frozen=True, kw_only=True)
class Cooldown:
    """Why an account cools down, and for how long.

    Args:
        base_secs: the first cooldown; each in a row lasts twice as long.
        reason: goes into the account's timeline.
        suspect: the session must be checked before the account works again.
        refusal_id: the stored refusal, which may turn out not to be the account's fault; None where
            there is none.
    """

    base_secs: float
    reason: Message
    suspect: bool = False
    refusal_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class AccountManager:
    """Leases accounts to the workers of this process, and lets the operator change them."""

    database: Database
    vault: Vault
    clock: Clock
    calendar: QuotaCalendar
    lease_registry: LeaseRegistry
    claims: AccountClaims
    operator: AccountOperator
    egress: EgressIdentities

    # The operator's interface: these four names are used from outside.

    def get_idle_account(
        self, platform: str = "bilibili", purpose: Purpose = Purpose.INGESTING
    ) -> AccountLease | None:
        """Lease the platform's least recently used account that is fit; None when none is.

        Fit is an account that is idle and not cooling down, and whose pace (for exporting: whose
        quota of today) has room. The lease ends by `set_account_status(id, "idle")`, by `release`,
        or by running out.

        Raises:
            DatabaseContentionError: other processes took each account that was picked.
        """
        return self.lease(purpose, platform)

    def set_account_status(
        self, account_id: int, status: AccountStatus | str, reason: Message | str | None = None
    ) -> None:
        """Set an account's status.

        `idle` ends a cooldown, a lease and being disabled; `disabled` ends a lease. `ingesting` and
        `exporting` switch the purpose of an account that this process has leased.

        Args:
            reason: a message, or a sentence of the operator. It goes into the account's timeline,
                and listings show it while the account is disabled. None or empty: it says that an
                operator did it. Unused for `ingesting` and `exporting`.

        Raises:
            InvalidInputError: there is no such account or status; or the purpose is to be switched,
                and this process has not leased the account.
        """
        self.operator.set_status(account_id, status, reason)

    def get_remaining_quota(self, account_id: int) -> int:
        """Return the rows the account may still export today.

        Raises:
            InvalidInputError: there is no such account.
        """
        return self.operator.remaining_quota(account_id)

    def update_export_count(self, account_id: int, count: int) -> int:
        """Add `count` exported rows to today's, atomically, and return what is left of the quota.

        Raises:
            QuotaExceededError: that would pass the limit; nothing was added.
            InvalidInputError: the count is negative, or there is no such account.
        """
        return self.operator.add_exported(account_id, count)

    # How workers get an account.

    def lease(
        self,
        purpose: Purpose,
        platform: str,
        task_id: int | None = None,
        *,
        excluding: Collection[int] = (),
        endpoints: tuple[str, ...] = (),
        pin: Pin = NO_PIN,
        sparing: Collection[Pin] = (),
    ) -> AccountLease | None:
        """Lease the least recently used account that is fit; None when none is.

        Fit is an account that is idle and not cooling down, and whose pace (for exporting: whose
        quota of today) has room. For ingesting its egress route must be open, too. None is while
        this process lacks the key of the database, except for exporting, which needs no secret.

        Args:
            task_id: the top-level task that it will work for; None for work without a task.
            excluding: ids of accounts that are passed over.
            endpoints: those that it will ask, as response rules name them; a route that is closed
                for one of them is not open.
            pin: whom the task is pinned to; only such accounts are leased.
            sparing: pins of other tasks, to which their accounts are left.

        Raises:
            DatabaseContentionError: other processes took each account that was picked.
        """
        if purpose is Purpose.INGESTING and self.vault.must_wait():
            return None
        return self.claims.claim_next(
            platform,
            purpose,
            task_id,
            excluding=excluding,
            endpoints=endpoints,
            pin=pin,
            sparing=sparing,
        )

    def lease_by_id(
        self, account_id: int, purpose: Purpose, task_id: int | None = None
    ) -> AccountLease | None:
        """Lease the account with that id for a task; None when it is in use, disabled or not fit
        (see `lease`).

        Raises:
            InvalidInputError: there is no such account.
            DatabaseContentionError: other processes took it each time that it was picked.
        """
        account = self.operator.existing(account_id)
        if account.status is not AccountStatus.IDLE:
            return None
        return self.claims.claim_account(account, purpose, task_id)

    def lease_unchecked(self, platform: str) -> AccountLease | None:
        """Lease an account for ingesting whose session was not checked for a day.

        It is an idle one that has a session and may send a request now. None: there is no such
        account.

        Raises:
            DatabaseContentionError: other processes took each account that was picked.
        """
        if self.vault.must_wait():
            return None
        return self.claims.claim_unchecked(platform, SESSION_CHECK_EVERY)

    def has_exports_left(self, account_id: int) -> bool:
        """Return True when the account is enabled and has quota left today, whether in use or not.

        Raises:
            InvalidInputError: there is no such account.
        """
        account = self.operator.existing(account_id)
        day = self.calendar.day(self.clock.now())
        return account.status is not AccountStatus.DISABLED and account.remaining_quota(day) > 0

    def has_accounts(self, platform: str) -> bool:
        """Return True when the pool has an account of that platform, fit or not."""
        now = self.clock.now()
        day = self.calendar.day(now)
        return self.database.read(accounts.pool_state, platform, now, day).total > 0

    def count_enabled(self, platform: str, pin: Pin = NO_PIN) -> int:
        """Return how many accounts of the platform, that `pin` admits, are not disabled, fit or
        not."""
        now = self.clock.now()
        pool = self.database.read(
            accounts.pool_state, platform, now, self.calendar.day(now), pin=pin
        )
        return pool.total - pool.disabled

    def has_other_soon(self, platform: str, asked: Collection[int], pin: Pin = NO_PIN) -> bool:
        """Return whether an enabled account besides `asked` rests for less than half a minute.

        It may be in use at the moment. Only accounts that `pin` admits count.
        """
        by = self.clock.now() + SOON
        return self.database.read(accounts.has_other, platform, asked, by, pin)

    def shortage(
        self,
        purpose: Purpose,
        platform: str,
        endpoints: tuple[str, ...] = (),
        pin: Pin = NO_PIN,
    ) -> Shortage:
        """Return why no account of the platform is fit for `purpose`, and when that ends.

        `endpoints` and `pin` are those of `lease`.
        """
        found = self._shortage(purpose, platform, endpoints, pin)
        if pin.account_id is not None:
            return of_account(found, self.database.read(accounts.get, pin.account_id))
        return of_group(found, pin.group) if pin.group is not None else found

    def _shortage(
        self, purpose: Purpose, platform: str, endpoints: tuple[str, ...], pin: Pin
    ) -> Shortage:
        now = self.clock.now()
        if purpose is Purpose.INGESTING and self.vault.must_wait():
            reason = Message.of("accounts_wait_for_key")
            return Shortage(reason, until=now + KEY_RECHECK, is_own=True)
        day = self.calendar.day(now)
        if purpose is Purpose.EXPORTING:
            pool = self.database.read(accounts.pool_state, platform, now, day, pin=pin)
            return export_shortage(pool, platform, day, self.calendar.next_day_starts(now))
        closures = self.database.read(read_closures, now, platform)
        ends = closures.routes(platform, endpoints)
        closed = closed_of(ends, self.egress.direct.name)
        pool = self.database.read(accounts.pool_state, platform, now, day, closed, pin=pin)
        used = self.database.read(accounts.used_routes, platform, pin) if pool.cut_off else []
        routes = {self.egress.direct.name if direct else name for name, direct, _ in used}
        opens_at = min((ends[name] for name in routes & ends.keys() if name), default=None)
        return ingestion_shortage(pool, platform, opens_at)

    def credentials(self, leased: AccountLease) -> Credentials:
        """Return the secrets of a leased account in clear.

        Raises:
            KeyChangedError: this process lacks the key of the database; no account is at fault.
            CredentialsError: the key of the database does not decrypt them.
        """
        return self.vault.decrypt_all(leased.account)

    # What workers report while they hold a lease.

    def record_egress(self, leased: AccountLease, proxy: str | None) -> Egress:
        """Return the route by which a leased account leaves this host, and record a new one.

        `proxy` is its URL in clear; None for none.

        Raises:
            CredentialsError: no key decrypts what the name of the route is salted with.
            OutOfTurnSignal: it is new, and in cooldown. Leases pass it over from now on.
        """
        route = self.egress.of(proxy)
        if leased.account.egress == route.name:
            return route
        now, token = self.clock.now(), leased.lease.token

        def record(tx: Tx) -> datetime | None:
            account_leases.set_egress(tx, leased.id, token, route.name, now)
            note_route(tx, route, now)
            known = proxies.find(tx, route.name)
            return known.cooldown_until if known is not None and known.is_cooling(now) else None

        until = self.database.write_idempotent(record)
        if until is not None:
            raise OutOfTurnSignal((until - now).total_seconds())
        return route

    def needs_probe(self, leased: AccountLease) -> bool:
        """Return True when the session must be checked before the account works.

        That is so for a suspect account, after a day without a check, and after 12 hours without
        use.
        """
        account, now = leased.account, self.clock.now()
        if account.health is Health.SUSPECT:
            return True
        checked_at = account.session_checked_at or account.created_at
        rested_since = account.last_used_at or account.created_at
        return now - checked_at > SESSION_CHECK_EVERY or now - rested_since > LONG_REST

    def record_probe(self, leased: AccountLease) -> AccountLease:
        """Record that the session was checked and is signed in, and return the updated lease.

        A suspect account is on probation from now on. When the lease was lost, nothing is stored.
        """
        now, account = self.clock.now(), leased.account
        was_suspect = account.health is Health.SUSPECT
        health = Health.PROBATION if was_suspect else account.health

        def set_health(tx: Tx) -> None:
            token = leased.lease.token
            mass_sign_out.end_runs(tx, account.platform)
            is_ours = account_leases.set_health(tx, leased.id, token, health, now)
            if is_ours and was_suspect:
                detail = Message.of("probe_passed")
                accounts.note_event(tx, leased.id, "probation", detail.dump(), now)

        self.database.write_idempotent(set_health)
        return replace(leased, account=replace(account, health=health, session_checked_at=now))

    def record_hand_over(self, leased: AccountLease, detail: Message) -> None:
        """Add to the account's timeline that its quota is used up and another account continues.

        `detail` says of which quota day, domain and last row. The lease stays.
        """
        now = self.clock.now()
        self.database.write(accounts.note_event, leased.id, "hand_over", detail.dump(), now)

    # How a lease ends.

    def release(
        self,
        leased: AccountLease,
        *,
        worked: bool = True,
        successful_requests: int = 0,
        pace: PaceState | None = None,
        keeps_task: bool = False,
        swaps: tuple[SecretSwap, ...] = (),
    ) -> None:
        """Give the account back, idle. Nothing is stored when the lease was lost.

        Args:
            worked: True clears the failures in a row of a healthy account that was ingesting.
            successful_requests: an account on probation becomes healthy after PROBATION_ANSWERS of
                them.
            pace: the requests sent under the lease and the limits learned from them; without it the
                next user has to treat the pace as used up.
            keeps_task: the account only rests until its task needs it again, and keeps its
                `working_task_id` meanwhile.
            swaps: cookies that the platform changed under the lease, encrypted.
        """
        self.lease_registry.remove(leased.lease)
        now, account = self.clock.now(), leased.account
        on_probation = account.health is Health.PROBATION
        successes = account.good_answers + successful_requests if on_probation else 0
        is_proven = on_probation and successes >= PROBATION_ANSWERS
        ingested_well = worked and leased.purpose is Purpose.INGESTING
        healthy = is_proven or (ingested_well and account.health is Health.HEALTHY)

        def give_back(tx: Tx) -> None:
            is_ours = account_leases.give_back(
                tx,
                leased.id,
                leased.lease.token,
                now,
                healthy=healthy,
                good_answers=0 if is_proven else successes,
                asked=pace,
                keeps_task=keeps_task,
                swaps=swaps,
            )
            if is_ours and is_proven:
                detail = Message.of("account_recovered", good=successes)
                accounts.note_event(tx, leased.id, "recovered", detail.dump(), now)

        # The token makes the repetition after an unknown commit safe: it finds the lease ended.
        self.database.write_idempotent(give_back)

    def release_unharmed(
        self,
        leased: AccountLease,
        detail: Message,
        evidence: Evidence | None = None,
        pace: PaceState | None = None,
    ) -> None:
        """Give the account back idle, without counting a failure: a refusal was not its fault.

        `detail` (the refusal) and `evidence` are added to the account's timeline. `pace` is that of
        `release`: without it the next user has to treat the pace as used up.
        """
        now = self.clock.now()
        self.database.write_idempotent(
            lambda tx: _record_event(tx, leased, "spared", detail, now, evidence=evidence)
        )
        self.release(leased, worked=False, pace=pace)

    def abandon(self, leased: AccountLease) -> None:
        """Stop renewing the lease without a write to the database: it runs out by itself.

        For work whose outcome is unknown, such as after a lost answer to COMMIT.
        """
        self.lease_registry.remove(leased.lease)
        leased.lease.mark_lost()

    def cool_down(
        self,
        leased: AccountLease,
        cooldown: Cooldown,
        *,
        evidence: Evidence | None = None,
        pace: PaceState | None = None,
    ) -> datetime | None:
        """Give the account back with a cooldown, and return the moment (UTC) when it ends.

        It is doubled for each failure in a row (at most 16 times the first, at most a week). None:
        the refusal turned out not to be the account's fault meanwhile, and it is idle. When the
        lease was lost, nothing is stored.

        Args:
            evidence: goes, with the cooldown's reason, into the account's timeline.
            pace: the requests sent under the lease and the limits learned from them; without it the
                next user has to treat the pace as used up.
        """
        self.lease_registry.remove(leased.lease)
        now = self.clock.now()
        # Doubled four times at most: the 15 minutes after a risk check grow to 4 hours.
        factor = 2 ** min(leased.account.failure_count, 4)
        until = now + timedelta(seconds=min(cooldown.base_secs * factor, MAX_REST_SECS))

        def cool_down(tx: Tx) -> datetime | None:
            if cooldown.refusal_id and source_refusals.is_reverted(tx, cooldown.refusal_id):
                _give_back_unharmed(tx, leased, cooldown.reason, now, evidence=evidence, pace=pace)
                return None
            if account_leases.cool_down(
                tx,
                leased.id,
                token=leased.lease.token,
                now=now,
                until=until,
                health=Health.SUSPECT if cooldown.suspect else leased.account.health,
                asked=pace,
            ):
                kind = "suspect" if cooldown.suspect else "cooldown"
                _record_event(
                    tx, leased, kind, cooldown.reason, now, evidence=evidence, until=until
                )
            return until

        return self.database.write_idempotent(cool_down)

    def disable_for_loss(
        self,
        leased: AccountLease,
        loss: Loss,
        reason: Message,
        evidence: Evidence | None = None,
        *,
        rest_secs: float,
    ) -> None:
        """Disable an account that lost its session, unless many did at the same time.

        Of many the sessions are not at fault: this one, and those that were disabled just before,
        rest for `rest_secs` and are checked again. When the lease was lost, nothing is stored.
        """
        self.lease_registry.remove(leased.lease)
        now = self.clock.now()
        until = now + timedelta(seconds=rest_secs)
        token, platform = leased.lease.token, leased.account.platform

        def end(tx: Tx) -> None:
            run = mass_sign_out.locked_run(tx, platform, loss, now).with_account(leased.id, now)
            if not run.is_mass:
                is_ours = account_leases.disable_leased(tx, leased.id, token, now, reason.dump())
                if is_ours:
                    _record_event(tx, leased, "disabled", reason, now, evidence=evidence)
                    mass_sign_out.keep_run(tx, run)
                return
            if not account_leases.cool_down(
                tx, leased.id, token=token, now=now, until=until, health=Health.SUSPECT
            ):
                return
            detail = Message.of("sessions_lost_together", n=len(run.accounts), cause=reason)
            _record_event(tx, leased, "suspect", detail, now, evidence=evidence, until=until)
            for restored in mass_sign_out.restore_earlier(tx, run, leased.id, until, now):
                accounts.note_event(tx, restored, "suspect", detail.dump(), now, until=until)
            mass_sign_out.keep_run(tx, run)

        self.database.write_idempotent(end)

    def disable(
        self, leased: AccountLease, reason: Message, evidence: Evidence | None = None
    ) -> None:
        """Disable the account, with the reason that operators see, and end its lease.

        It stays so until an operator enables it or imports a new session. When the lease was lost,
        nothing is stored.
        """
        self.lease_registry.remove(leased.lease)
        now = self.clock.now()

        def disable(tx: Tx) -> None:
            if account_leases.disable_leased(tx, leased.id, leased.lease.token, now, reason.dump()):
                _record_event(tx, leased, "disabled", reason, now, evidence=evidence)

        self.database.write_idempotent(disable)


def _give_back_unharmed(
    tx: Tx,
    leased: AccountLease,
    reason: Message,
    now: datetime,
    *,
    evidence: Evidence | None,
    pace: PaceState | None,
) -> None:
    account = leased.account
    if account_leases.give_back(
        tx,
        leased.id,
        leased.lease.token,
        now,
        healthy=False,
        good_answers=account.good_answers,
        asked=pace,
    ):
        _record_event(tx, leased, "spared", reason, now, evidence=evidence)


def _record_event(
    tx: Tx,
    leased: AccountLease,
    kind: str,
    detail: Message,
    now: datetime,
    *,
    evidence: Evidence | None,
    until: datetime | None = None,
) -> None:
    text = None if evidence is None else json.dumps(asdict(evidence), ensure_ascii=False)
    accounts.note_event(
        tx, leased.id, kind=kind, detail=detail.dump(), now=now, evidence=text, until=until
    )
