"""The catalogue of videos: every change in one short transaction together with its version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from core.clock import Clock
from core.errors import DuplicateKeyError, InvalidInputError
from storage.catalogue import works
from storage.catalogue.works import Work
from storage.engines.transactions import Database, Tx
from works.catalogue.entries import DISABLED, Key, WorkEntry, folded, is_listed_otherwise, merged

BATCH_ROWS = 1000
INSERT_TRIES = 5
NOT_LISTED = f"{DISABLED}: not in the complete list any more"
Change = Callable[[Work | None, Key, datetime], Work | None]


@dataclass(frozen=True)
class Changes:
    """How many works a change found new, otherwise, and as they were."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: Changes) -> Changes:
        return Changes(
            self.new + other.new, self.changed + other.changed, self.unchanged + other.unchanged
        )


class Catalogue:
    """Adds and changes works. Nothing is ever deleted: a work that is gone becomes invalid."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def put(self, entries: Iterable[WorkEntry]) -> Changes:
        """Add what is new and change what is told otherwise, in batches; a second time changes
        nothing. The entries must be `checked`. Raises DatabaseError; earlier batches stay."""
        told = folded(entries)

        def change(work: Work | None, key: Key, now: datetime) -> Work:
            return merged(work, told[key], now)

        return self.change(told.keys(), change)

    def all_but(self, listed: Iterable[WorkEntry], before: Iterable[WorkEntry]) -> list[WorkEntry]:
        """What a complete list tells without words: all that is valid here, or is so by the entries
        `before` it, and that it does not have, is taken out."""
        valid = self._database.read(works.valid_keys)
        valid |= {entry.key for entry in before if entry.is_valid is not False}
        left_out = valid - {entry.key for entry in listed}
        return [WorkEntry(*key, is_valid=False, reason=NOT_LISTED) for key in sorted(left_out)]

    def disable(self, keys: Sequence[Key], reason: str | None) -> Changes:
        """Take works out. Raises InvalidInputError when one is not there; nothing is changed"
        " then."""
        self._require(keys)
        entries = [
            WorkEntry(*key, is_valid=False, reason=f"{DISABLED}: {reason}" if reason else DISABLED)
            for key in keys
        ]
        return self.put(entries)

    def enable(self, keys: Sequence[Key]) -> Changes:
        """Bring works back, whoever took them out. Raises as `disable`."""
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
        """Look at works under lock and write those back that `change` gives otherwise.

        `change` gets None for a work that is not there, and gives None where it shall stay so. It
        may be called again for the same work, and must do nothing else.
        """
        total = Changes()
        for platform, group in groupby(sorted(set(keys)), key=lambda key: key[0]):
            work_ids = [work_id for _, work_id in group]
            for start in range(0, len(work_ids), BATCH_ROWS):
                batch = work_ids[start : start + BATCH_ROWS]
                total += self._change_batch(platform, batch, change)
        return total

    def _change_batch(self, platform: str, work_ids: Sequence[str], change: Change) -> Changes:
        now = self._clock.now()

        def work(tx: Tx) -> Changes:
            before = {one.work_id: one for one in works.lock(tx, platform, work_ids)}
            after = (change(before.get(one), (platform, one), now) for one in work_ids)
            return _write(tx, before, [one for one in after if one is not None], now)

        for _ in range(INSERT_TRIES - 1):
            try:
                return self._database.write_idempotent(work)
            except DuplicateKeyError:
                continue  # another process added one of them just now: look again
        return self._database.write_idempotent(work)

    def _require(self, keys: Sequence[Key]) -> None:
        missing = [f"{platform}:{work_id}" for platform, work_id in self._missing(keys)]
        if missing:
            raise InvalidInputError(
                f"not in the catalogue: {', '.join(missing)}; nothing was changed"
                " (see: python cli.py works list)"
            )

    def _missing(self, keys: Sequence[Key]) -> list[Key]:
        def work(tx: Tx) -> list[Key]:
            return [key for key in keys if not works.exists(tx, *key)]

        return self._database.read(work)


def _write(tx: Tx, before: Mapping[str, Work], after: Sequence[Work], now: datetime) -> Changes:
    new = [one for one in after if one.work_id not in before]
    changed = [one for one in after if one.work_id in before and one != before[one.work_id]]
    if new:
        works.insert(tx, new)
    if changed:
        works.save(tx, changed)
    if any(is_listed_otherwise(before.get(one.work_id), one) for one in (*new, *changed)):
        works.bump_version(tx, now)
    return Changes(len(new), len(changed), len(after) - len(new) - len(changed))
