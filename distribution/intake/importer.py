"""The way in for tasks, users and completions: checked one by one, stored in batches."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, TypeVar

from accounts.vault import Vault
from core.clock import Clock, QuotaCalendar
from core.errors import CredentialsError, DuplicateKeyError, InvalidInputError, WrongFieldError
from distribution import counters
from distribution.intake.validation import DramaForm, read_completion, read_drama, read_user
from distribution.payloads import COMPLETION, completion_body, completion_entry, event_id
from distribution.recipients import Recipient, recipients_of
from storage.distribution import completions, distribution_tasks, users
from storage.distribution.completions import Completion
from storage.distribution.distribution_tasks import DramaFields
from storage.distribution.users import User
from storage.engines.transactions import Database, Tx
from webhooks.outbox import Outbox, Report

T = TypeVar("T")
BATCH = 500
RACES = 5  # against others who store the same completions


@dataclass(frozen=True)
class Problem:
    """An item that was refused. `position` is from 0; `field` is empty where the item as a whole
    is wrong; `name` is its id as far as it has one."""

    position: int
    name: str
    field: str
    reason: str


@dataclass
class Taken:
    """What became of the items: the good ones are stored, also where others were refused."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, other: Taken) -> None:
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.problems += other.problems


@dataclass(frozen=True)
class _Item:
    """`form` is what was read from the item."""

    position: int
    form: Any


class DistributionImporter:
    """Takes what the distributing site tells, as often as it tells it.

    Items are JSON objects; an InvalidInputError among them is a problem of its own, so that a
    reader of files can hand on what it could not read. Nothing is raised for a wrong item.
    """

    def __init__(
        self,
        *,
        database: Database,
        vault: Vault,
        outbox: Outbox,
        clock: Clock,
        calendar: QuotaCalendar,
        site_name: str,
    ) -> None:
        self._database = database
        self._vault = vault
        self._outbox = outbox
        self._clock = clock
        self._calendar = calendar
        self._site_name = site_name

    def add_dramas(self, items: Iterable[Any]) -> Taken:
        """Store tasks; known ones are changed where they differ. See forms.read_drama."""
        return self._add(items, read_drama, "task_id", self._store_dramas)

    def add_users(self, items: Iterable[Any]) -> Taken:
        """Store users; known ones are changed where they differ. See forms.read_user."""
        return self._add(items, read_user, "user_id", self._store_users)

    def add_completions(self, items: Iterable[Any], *, report: bool = True) -> Taken:
        """Store posted videos; a known one keeps its time and gets what is verified now.

        With `report` the new ones are reported at once: their deliveries are filed in the
        transaction that stores them. See forms.read_completion.
        """

        def read(told: Mapping[str, Any]) -> Completion:
            return read_completion(told, self._clock.now(), self._calendar.zone)

        return self._add(
            items,
            read,
            "task_id",
            lambda tx, batch: self._store_completions(tx, batch, report=report),
        )

    def _add(
        self,
        items: Iterable[Any],
        read: Callable[[Mapping[str, Any]], Any],
        name_field: str,
        store: Callable[[Tx, Sequence[_Item]], Taken],
    ) -> Taken:
        taken = Taken()
        for batch in _batches(enumerate(items)):
            good = []
            for position, item in batch:
                try:
                    good.append(_Item(position, read(_object(item))))
                except InvalidInputError as error:
                    taken.problems.append(_problem(position, item, name_field, error))
            if good:
                taken.add(self._stored(lambda tx, good=good: store(tx, good)))  # type: ignore[misc]
        taken.problems.sort(key=lambda one: one.position)
        return taken

    def _stored(self, work: Callable[[Tx], Taken]) -> Taken:
        """Run it as often as it takes: whatever was stored before is found there."""
        for _ in range(RACES - 1):
            try:
                return self._database.write_idempotent(work)
            except DuplicateKeyError:
                continue  # another was faster; the next try sees its rows
        return self._database.write_idempotent(work)

    def _store_dramas(self, tx: Tx, batch: Sequence[_Item]) -> Taken:
        taken = Taken()
        known = distribution_tasks.named(tx, [item.form.task_id for item in batch])
        changed: dict[str, DramaFields] = {}
        for item in batch:
            form: DramaForm = item.form
            before = known.get(form.task_id)
            after = self._with_secret(tx, form, form.over(before))
            if before is None:
                taken.created += 1
            elif after != before:
                taken.updated += 1
            else:
                taken.unchanged += 1
                continue
            changed[form.task_id] = known[form.task_id] = after
        distribution_tasks.upsert(tx, changed.values(), self._clock.now())
        return taken

    def _with_secret(self, tx: Tx, form: DramaForm, drama: DramaFields) -> DramaFields:
        if not form.gives_secret:
            return drama
        if form.secret is not None and self._holds(drama.callback_secret, form.secret):
            return drama
        return replace(drama, callback_secret=self._vault.encrypt_one(tx, form.secret))

    def _holds(self, token: str | None, secret: str) -> bool:
        try:
            return self._vault.decrypt(token) == secret
        except CredentialsError:
            return False  # of another key: telling it again is what mends it

    def _store_users(self, tx: Tx, batch: Sequence[_Item]) -> Taken:
        taken = Taken()
        known = users.named(tx, [item.form.user_id for item in batch])
        changed: dict[str, User] = {}
        for item in batch:
            user: User = item.form
            before = known.get(user.user_id)
            if user == before:
                taken.unchanged += 1
                continue
            taken.created += before is None
            taken.updated += before is not None
            changed[user.user_id] = known[user.user_id] = user
        users.upsert(tx, changed.values(), self._clock.now())
        return taken

    def _store_completions(self, tx: Tx, batch: Sequence[_Item], *, report: bool) -> Taken:
        taken = Taken()
        tasks = distribution_tasks.named(tx, list({item.form.task_id for item in batch}))
        known = completions.stored(tx, list({item.form.link_hash for item in batch}))
        new: dict[tuple[str, str, str], Completion] = {}
        refreshed: dict[tuple[str, str, str], Completion] = {}
        for item in batch:
            one: Completion = item.form
            if one.task_id not in tasks:
                reason = f"{one.task_id!r} is not known; import the task first"
                taken.problems.append(
                    Problem(
                        position=item.position, name=one.task_id, field="task_id", reason=reason
                    )
                )
            elif one.key not in known:
                taken.created += 1
                new[one.key] = known[one.key] = one
            elif _says_more(one, known[one.key]):
                taken.updated += 1
                later = replace(known[one.key], details=one.details)
                (new if one.key in new else refreshed)[one.key] = known[one.key] = later
            else:
                taken.unchanged += 1
        completions.insert(tx, new.values(), self._clock.now())
        completions.refresh(tx, refreshed.values(), self._clock.now())
        if report:
            self._report(tx, tasks, list(new.values()))
        return taken

    def _report(
        self, tx: Tx, tasks: Mapping[str, DramaFields], found: Sequence[Completion]
    ) -> None:
        by_task: dict[str, list[Completion]] = {}
        for one in sorted(found, key=lambda one: (one.completed_at, one.key)):
            by_task.setdefault(one.task_id, []).append(one)
        for receiver in recipients_of((tasks[task_id] for task_id in by_task), self._vault):
            if receiver.url is not None:
                self._outbox.enqueue(tx, self._completion_report(receiver, by_task))

    def _completion_report(
        self, receiver: Recipient, by_task: Mapping[str, Sequence[Completion]]
    ) -> Report:
        assert receiver.url is not None
        told = [(drama, one) for drama in receiver.dramas for one in by_task[drama.task_id]]
        body = completion_body(
            self._site_name,
            [
                completion_entry(drama, one, counters.verified(json.loads(one.details or "{}")))
                for drama, one in told
            ],
        )
        keys = [one.key for _, one in told]
        name = event_id(
            COMPLETION, self._site_name, url=receiver.url, day=None, revisions=keys, part=1
        )
        return Report(
            kind=COMPLETION,
            event_id=name,
            url=receiver.url,
            task_id=receiver.signer,
            stats_date=None,
            body=body,
        )


def _says_more(now: Completion, before: Completion) -> bool:
    if now.details is None:
        return False
    return before.details is None or json.loads(before.details) != json.loads(now.details)


def _object(item: Any) -> Mapping[str, Any]:
    if isinstance(item, InvalidInputError):
        raise item
    if not isinstance(item, Mapping):
        raise InvalidInputError("is no JSON object")
    return item


def _problem(position: int, item: Any, name_field: str, error: InvalidInputError) -> Problem:
    name = item.get(name_field) if isinstance(item, Mapping) else None
    shown = str(name)[:64] if isinstance(name, str | int) else ""
    if isinstance(error, WrongFieldError):
        return Problem(position=position, name=shown, field=error.field, reason=error.reason)
    return Problem(position=position, name=shown, field="", reason=str(error))


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    walk = iter(items)
    while batch := list(islice(walk, BATCH)):
        yield batch
