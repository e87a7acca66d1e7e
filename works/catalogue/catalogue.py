"""The catalogue of videos: each change is one short transaction together with its version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from core.clock import Clock
from core.errors import DuplicateKeyError, InvalidInputError
from core.messages import Message
from storage.catalogue import works
from storage.catalogue.works import Work
from storage.engines.transactions import Database, Tx
from works.catalogue.entries import (
    DISABLED,
    FieldsOwner,
    Key,
    WorkEntry,
    is_export_outdated,
    merge,
    merge_duplicates,
)

# Larger batches hold row locks for too long while other processes change works.
BATCH_ROWS = 1000
# Each failed try means that another process has inserted a work: a few are enough.
INSERT_TRIES = 5
NOT_LISTED = Message.of("work_unlisted")
Change = Callable[[Work | None, Key, datetime], Work | None]


@dataclass(frozen=True)
class Changes:
    """The numbers of works that a change found new, different, and as they were."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: Changes) -> Changes:
        return Changes(
            self.new + other.new, self.changed + other.changed, self.unchanged + other.unchanged
        )


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Adds and changes works, the videos of the catalogue.

    Nothing is ever deleted: a work that is gone becomes invalid.

    Args:
        owner: who has the last word on title, author, publish time and cover.
    """

    database: Database
    clock: Clock
    owner: FieldsOwner = FieldsOwner.PLATFORM

    def put(self, entries: Iterable[WorkEntry]) -> Changes:
        """Add new works and change those that differ, in batches; a repetition changes nothing.

        Args:
            entries: reports of works that `validated` returned; of several about one work, the
                later one wins field by field, where it reports a value.

        Raises:
            DatabaseError: a batch failed; earlier ones stay.
        """
        by_key = merge_duplicates(entries)

        def change(work: Work | None, key: Key, now: datetime) -> Work:
            return merge(work, by_key[key], now, self.owner)

        return self.change(by_key.keys(), change)

    def compare(self, entries: Iterable[WorkEntry]) -> dict[Key, Message]:
        """Return for each work of the entries what `put` would do with it; nothing is stored."""
        by_key = merge_duplicates(entries)
        now = self.clock.now()
        known: dict[Key, Work] = {}
        for platform in sorted({platform for platform, _ in by_key}):
            ids = [work_id for name, work_id in by_key if name == platform]
            for start in range(0, len(ids), BATCH_ROWS):
                some = ids[start : start + BATCH_ROWS]
                found = self.database.read(works.of_ids, platform, some)
                known |= {(work.platform, work.work_id): work for work in found}

        def outcome(key: Key, entry: WorkEntry) -> Message:
            work = known.get(key)
            if work is None:
                return Message.of("preview_work_new")
            is_same = merge(work, entry, now, self.owner) is work
            return Message.of("preview_work_same" if is_same else "preview_work_changed")

        return {key: outcome(key, entry) for key, entry in by_key.items()}

    def unlisted_entries(
        self,
        listed: Iterable[WorkEntry],
        before: Iterable[WorkEntry],
        held: Set[str] = frozenset(),
    ) -> list[WorkEntry]:
        """Return entries that disable what a complete list leaves out.

        That is every work that is valid in the catalogue, or becomes so by
        the entries `before` the list. Works of the platforms `held` are left as they are.
        """
        valid = self.database.read(works.valid_keys)
        valid |= {entry.key for entry in before if entry.is_valid is not False}
        listed_keys = {entry.key for entry in listed}
        left_out = sorted(key for key in valid - listed_keys if key[0] not in held)
        return [WorkEntry(*key, is_valid=False, reason=NOT_LISTED) for key in left_out]

    def disable(self, keys: Sequence[Key], reason: str | None) -> Changes:
        """Mark works as invalid, with a reason as the operator wrote it.

        None or an empty reason: it says that an operator did it.

        Raises:
            InvalidInputError: one of them does not exist; nothing was changed.
        """
        self._require(keys)
        why = Message.of("work_disabled_because", reason=reason) if reason else DISABLED
        return self.put([WorkEntry(*key, is_valid=False, reason=why) for key in keys])

    def enable(self, keys: Sequence[Key]) -> Changes:
        """Mark works as valid, whoever marked them as invalid, and clear their failures.

        Raises:
            InvalidInputError: one of them does not exist; nothing was changed.
        """
        self._require(keys)

        def change(work: Work | None, key: Key, now: datetime) -> Work:
            assert work is not None, "nothing is ever deleted"
            if work.is_valid:
                return work
            return replace(
                work,
                is_valid=True,
                invalid_by=None,
                invalid_reason=None,
                failure_count=0,
                last_error=None,
                updated_at=now,
            )

        return self.change(keys, change)

    def change(self, keys: Iterable[Key], change: Change) -> Changes:
        """Lock works, call `change` for each, and store the results that differ, batch by batch.

        Args:
            keys: (platform, work id) pairs.
            change: called with the work (None for one that does not exist), its key and the time
                (UTC); returns the new work, or None to leave it missing. It may be called again for
                the same work, and must have no other effect.

        Raises:
            DatabaseError: a batch failed; earlier ones stay.
        """
        total = Changes()
        for platform, group in groupby(sorted(set(keys)), key=lambda key: key[0]):
            work_ids = [work_id for _, work_id in group]
            for start in range(0, len(work_ids), BATCH_ROWS):
                batch = work_ids[start : start + BATCH_ROWS]
                total += self._change_batch(platform, batch, change)
        return total

    def _change_batch(self, platform: str, work_ids: Sequence[str], change: Change) -> Changes:
        """Change up to BATCH_ROWS works in one transaction; again when
        another process inserts one."""
        now = self.clock.now()

        def change_batch(tx: Tx) -> Changes:
            before = {stored.work_id: stored for stored in works.lock(tx, platform, work_ids)}
            after = [change(before.get(work_id), (platform, work_id), now) for work_id in work_ids]
            return _write(tx, before, [work for work in after if work is not None], now)

        for _ in range(INSERT_TRIES - 1):
            try:
                return self.database.write_idempotent(change_batch)
            except DuplicateKeyError:
                # Another process has inserted one of the works: the next try finds it.
                continue
        return self.database.write_idempotent(change_batch)

    def _require(self, keys: Sequence[Key]) -> None:
        """Raise InvalidInputError, which names the missing works, unless all exist."""

        def find_missing(tx: Tx) -> list[str]:
            return [":".join(key) for key in keys if not works.exists(tx, *key)]

        missing = self.database.read(find_missing)
        if missing:
            raise InvalidInputError("works_not_found", works=missing)


def _write(tx: Tx, before: Mapping[str, Work], after: Sequence[Work], now: datetime) -> Changes:
    """Store new and changed works, and raise the catalogue's version
    when `views.json` is affected."""
    new = [work for work in after if work.work_id not in before]
    changed = [work for work in after if work.work_id in before and work != before[work.work_id]]
    if new:
        works.insert(tx, new)
    if changed:
        works.save(tx, changed)
    if any(is_export_outdated(before.get(work.work_id), work) for work in (*new, *changed)):
        works.bump_version(tx, now)
    return Changes(len(new), len(changed), len(after) - len(new) - len(changed))
