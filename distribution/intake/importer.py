"""Import tasks, users and completions: items are checked one by one and stored in batches."""

from __future__ import annotations

import json
from collections import ChainMap, Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from itertools import chain, islice
from typing import Any, NamedTuple, Protocol, TypeVar, cast

from accounts.vault import Vault
from core.clock import Clock, QuotaCalendar
from core.errors import (
    BatonError,
    CredentialsError,
    DatabaseError,
    DuplicateKeyError,
    InvalidInputError,
    WrongFieldError,
)
from core.messages import Message
from distribution import counters
from distribution.fields import Lost
from distribution.intake.validation import DramaForm, read_completion, read_drama, read_user
from distribution.payloads import COMPLETION, completion_body, completion_entry
from distribution.recipients import Recipient, recipients_of
from storage.distribution import completions, distribution_tasks, users
from storage.distribution.completions import Completion
from storage.distribution.distribution_tasks import DramaFields
from storage.distribution.users import User
from storage.engines.transactions import Database, Tx
from webhooks.outbox import Outbox, Report

K = TypeVar("K")
T = TypeVar("T")
BATCH = 500
# Each failed try means that another import has stored the same completions first.
MAX_RACES = 5


@dataclass(frozen=True)
class Problem:
    """A refused item.

    Args:
        position: its index among the items, from 0.
        name: its id; empty when it has none.
        field: the wrong field; empty when the item as a whole is wrong.
    """

    position: int
    name: str
    field: str
    reason: Message


class Outcome(StrEnum):
    """What an import does with an item."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"

    @classmethod
    def of(cls, before: object, after: object) -> Outcome:
        """Return the outcome of storing `after` in place of `before`; None: nothing was stored."""
        if before is None:
            return cls.CREATED
        return cls.UNCHANGED if after == before else cls.UPDATED


@dataclass
class ImportResult:
    """The outcome of an import. Valid items are stored even when others are refused.

    Args:
        outcomes: what was done with each stored item, by its position, from 0.
        problems: each refused item.
        left_out: each wrong optional field of a stored item, which counts as absent.
    """

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    left_out: list[Problem] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Return the numbers of stored items by what was done with them."""
        done = Counter(self.outcomes.values())
        return {outcome.value: done[outcome] for outcome in Outcome}

    def add(self, other: ImportResult) -> None:
        """Add the result of another batch to this one."""
        self.outcomes |= other.outcomes
        self.problems += other.problems


@dataclass(frozen=True)
class ImportOptions:
    """How items are imported.

    Args:
        spare_fields: a wrong optional field counts as absent and is listed; False: it refuses its
            item.
        dry_run: nothing is stored or reported.
        report: reports on new completions are filed.
    """

    spare_fields: bool = False
    dry_run: bool = False
    report: bool = True


STRICT = ImportOptions()


@dataclass(frozen=True)
class _Item:
    """A valid item: `form` is the object that was read from it, `lost` the fields that were not."""

    position: int
    form: Any
    lost: tuple[WrongFieldError, ...]


class _Plan(NamedTuple):
    """What becomes of a batch, and the writes that make it so.

    Args:
        rows: the rows that it stores, by their keys.
    """

    result: ImportResult
    rows: Mapping[Any, Any]
    write: Callable[[], None]


class _Planner(Protocol):
    """Plans a batch. `earlier` are rows by key that stand for those of the database: what the
    batches before it would have stored."""

    def __call__(self, tx: Tx, batch: Sequence[_Item], earlier: Mapping[Any, Any], /) -> _Plan: ...


@dataclass(frozen=True, kw_only=True)
class DistributionImporter:
    """Imports items of the distributing site; importing the same item again changes nothing.

    Items are JSON objects. No method raises for a wrong one: it is refused, and listed in the
    result with its position. An InvalidInputError among the items counts as a refused item, so that
    a reader of files can pass on what it could not read. When the database fails after some items
    were stored, the others are listed as refused for that reason.

    Raises:
        DatabaseError, CredentialsError: by every method that stores; nothing was stored, or that is
            not known.
    """

    database: Database
    vault: Vault
    outbox: Outbox
    clock: Clock
    calendar: QuotaCalendar
    site_name: str

    def add_dramas(self, items: Iterable[Any], options: ImportOptions = STRICT) -> ImportResult:
        """Store the distribution tasks of dramas, new ones and known ones that differ.

        Fields are those of `read_drama`: an absent one keeps its known value. Secrets come in clear
        and are stored encrypted.
        """
        return self._add(items, options, read_drama, "task_id", self._plan_dramas)

    def add_users(self, items: Iterable[Any], options: ImportOptions = STRICT) -> ImportResult:
        """Store users, new ones and known ones that differ; fields are those of `read_user`.

        An absent name or agent of a known user becomes empty.
        """
        return self._add(items, options, read_user, "user_id", self._plan_users)

    def add_completions(
        self, items: Iterable[Any], options: ImportOptions = STRICT
    ) -> ImportResult:
        """Store posted videos; fields are those of `read_completion`.

        A known one keeps its time and gets the details that are verified now. One whose task is not
        known is refused. Reports on the new ones are filed in the transaction that stores them.
        """

        def read(item: Mapping[str, Any], lost: Lost) -> Completion:
            return read_completion(item, self.clock.now(), self.calendar.zone, lost)

        plan = partial(self._plan_completions, report=options.report)
        return self._add(items, options, read, "task_id", plan)

    def _add(
        self,
        items: Iterable[Any],
        options: ImportOptions,
        read: Callable[[Mapping[str, Any], Lost], Any],
        name_field: str,
        plan: _Planner,
    ) -> ImportResult:
        result = ImportResult()
        previewed: dict[Any, Any] = {}
        batches = _batches(enumerate(items))
        for batch in batches:
            good = []
            for position, item in batch:
                lost: Lost = [] if options.spare_fields else None
                try:
                    form = read(_object(item), lost)
                except InvalidInputError as error:
                    result.problems.append(_problem(position, item, name_field, error))
                    continue
                good.append(_Item(position, form, tuple(lost or ())))
                result.left_out += (_problem(position, item, name_field, e) for e in lost or ())
            if good and options.dry_run:
                planned = self.database.read(plan, good, previewed)
                previewed |= planned.rows
                result.add(planned.result)
            elif good:
                try:
                    result.add(self._stored(partial(_carried_out, plan=plan, batch=good)))
                except (DatabaseError, CredentialsError) as error:
                    if not result.outcomes:
                        raise
                    refused = {problem.position for problem in result.problems}
                    left = chain(batch, chain.from_iterable(batches))
                    result.problems += (
                        _problem(position, item, name_field, error)
                        for position, item in left
                        if position not in refused
                    )
        result.problems.sort(key=lambda problem: problem.position)
        positions = {problem.position for problem in result.problems}
        result.left_out = [lost for lost in result.left_out if lost.position not in positions]
        return result

    def _stored(self, work: Callable[[Tx], ImportResult]) -> ImportResult:
        """Run `work` in a transaction, and again when another import stored the same rows first.

        Raises:
            DuplicateKeyError: that happened MAX_RACES times.
        """
        for _ in range(MAX_RACES - 1):
            try:
                return self.database.write_idempotent(work)
            except DuplicateKeyError:
                continue  # The next try sees the rows of the other import.
        return self.database.write_idempotent(work)

    def _plan_dramas(
        self, tx: Tx, batch: Sequence[_Item], earlier: Mapping[str, DramaFields]
    ) -> _Plan:
        result = ImportResult()
        stored = distribution_tasks.named(tx, [item.form.task_id for item in batch])
        changed: dict[str, DramaFields] = {}
        known = _newest(changed, earlier, stored)
        for item in batch:
            form: DramaForm = item.form
            before = known.get(form.task_id)
            after = self._with_secret(tx, form, form.applied_to(before))
            result.outcomes[item.position] = outcome = Outcome.of(before, after)
            if outcome is not Outcome.UNCHANGED:
                changed[form.task_id] = after
        return _Plan(
            result,
            changed,
            lambda: distribution_tasks.upsert(tx, changed.values(), self.clock.now()),
        )

    def _with_secret(self, tx: Tx, form: DramaForm, drama: DramaFields) -> DramaFields:
        """Return the task with the secret that was sent; the same secret is not encrypted anew, so
        that importing it again changes nothing."""
        if not form.gives_secret:
            return drama
        if form.secret is not None and self._holds(drama.callback_secret, form.secret):
            return drama
        return replace(drama, callback_secret=self.vault.encrypt_one(tx, form.secret))

    def _holds(self, token: str | None, secret: str) -> bool:
        try:
            return self.vault.decrypt(token) == secret
        except CredentialsError:
            return False  # It was encrypted with a lost key: this import repairs it.

    def _plan_users(self, tx: Tx, batch: Sequence[_Item], earlier: Mapping[str, User]) -> _Plan:
        result = ImportResult()
        stored = users.named(tx, [item.form.user_id for item in batch])
        changed: dict[str, User] = {}
        known = _newest(changed, earlier, stored)
        for item in batch:
            user: User = item.form
            before = known.get(user.user_id)
            if before is not None:
                # What was lost says nothing, and empties nothing.
                user = replace(user, **{one.field: getattr(before, one.field) for one in item.lost})
            result.outcomes[item.position] = outcome = Outcome.of(before, user)
            if outcome is not Outcome.UNCHANGED:
                changed[user.user_id] = user
        return _Plan(result, changed, lambda: users.upsert(tx, changed.values(), self.clock.now()))

    def _plan_completions(
        self,
        tx: Tx,
        batch: Sequence[_Item],
        earlier: Mapping[tuple[str, str, str], Completion],
        *,
        report: bool,
    ) -> _Plan:
        result = ImportResult()
        tasks = distribution_tasks.named(tx, list({item.form.task_id for item in batch}))
        stored = completions.stored(tx, list({item.form.link_hash for item in batch}))
        new: dict[tuple[str, str, str], Completion] = {}
        refreshed: dict[tuple[str, str, str], Completion] = {}
        known = _newest(new, refreshed, earlier, stored)
        for item in batch:
            completion: Completion = item.form
            key = completion.key
            if completion.task_id not in tasks:
                result.problems.append(
                    Problem(
                        position=item.position,
                        name=completion.task_id,
                        field="task_id",
                        reason=Message.of("completion_without_task", task_id=completion.task_id),
                    )
                )
            elif key not in known:
                result.outcomes[item.position] = Outcome.CREATED
                new[key] = completion
            elif _has_new_details(completion, known[key]):
                result.outcomes[item.position] = Outcome.UPDATED
                later = replace(known[key], details=completion.details)
                (new if key in new else refreshed)[key] = later
            else:
                result.outcomes[item.position] = Outcome.UNCHANGED

        def write() -> None:
            completions.insert(tx, new.values(), self.clock.now())
            completions.refresh(tx, refreshed.values(), self.clock.now())
            if report:
                self._report(tx, tasks, list(new.values()))

        return _Plan(result, new | refreshed, write)

    def _report(
        self, tx: Tx, tasks: Mapping[str, DramaFields], found: Sequence[Completion]
    ) -> None:
        """File a report on new completions to each recipient, in the caller's transaction."""
        by_task: dict[str, list[Completion]] = {}
        for completion in sorted(found, key=lambda found: (found.completed_at, found.key)):
            by_task.setdefault(completion.task_id, []).append(completion)
        for recipient in recipients_of((tasks[task_id] for task_id in by_task), self.vault):
            if recipient.url is not None:
                self.outbox.enqueue(tx, self._completion_report(recipient, by_task))

    def _completion_report(
        self, recipient: Recipient, by_task: Mapping[str, Sequence[Completion]]
    ) -> Report:
        reported = [
            (drama, completion)
            for drama in recipient.dramas
            for completion in by_task[drama.task_id]
        ]
        body = completion_body(
            self.site_name,
            [
                completion_entry(drama, completion, _verified(completion))
                for drama, completion in reported
            ],
        )
        keys = [completion.key for _, completion in reported]
        return recipient.report(
            COMPLETION, self.site_name, body, on=recipient.dramas, revisions=keys
        )


def _newest(*rows: Mapping[K, T]) -> Mapping[K, T]:
    """Return one view of rows by key; of several with one key the first counts."""
    return ChainMap(*cast(Sequence[MutableMapping[K, T]], rows))  # it is only read


def _carried_out(tx: Tx, *, plan: _Planner, batch: Sequence[_Item]) -> ImportResult:
    planned = plan(tx, batch, {})
    planned.write()
    return planned.result


def _verified(completion: Completion) -> counters.Counters:
    return counters.verified(json.loads(completion.details or "{}"))


def _has_new_details(now: Completion, before: Completion) -> bool:
    """Return True when details were sent and differ from the stored
    ones; key order does not count."""
    if now.details is None:
        return False
    return before.details is None or json.loads(before.details) != json.loads(now.details)


def _object(item: Any) -> Mapping[str, Any]:
    """Return an item that is a JSON object. Raise InvalidInputError for any other."""
    if isinstance(item, InvalidInputError):
        raise item
    if not isinstance(item, Mapping):
        raise InvalidInputError("not_json_object")
    return item


def _problem(position: int, item: Any, name_field: str, error: BatonError) -> Problem:
    name = item.get(name_field) if isinstance(item, Mapping) else None
    shown = str(name)[:64] if isinstance(name, str | int) else ""
    if isinstance(error, WrongFieldError):
        return Problem(position=position, name=shown, field=error.field, reason=error.reason)
    return Problem(position=position, name=shown, field="", reason=error.message)


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    walk = iter(items)
    while batch := list(islice(walk, BATCH)):
        yield batch
