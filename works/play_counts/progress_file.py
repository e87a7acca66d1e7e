"""The progress of a round of play counts, in a file that the next process reads after a kill."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from core.atomic_file import replacing
from core.errors import OutputError
from core.logs import storable
from core.messages import Message
from crawler.statistics.items import FetchedItem
from crawler.statistics.missing import missing_stats
from sources.base import Unavailable, VideoStats
from storage.catalogue.works import Work
from works.catalogue.entries import Key

MAX_ROUNDS = 20  # unfinished ones of other creators, which nobody may ever go on with


@dataclass(frozen=True)
class FailedWork:
    """A work that was given up in this round."""

    platform: str
    work_id: str
    error: Message


@dataclass(frozen=True)
class ShrunkCount:
    """A play count that is lower than the one before; it is stored as the platform reports it."""

    platform: str
    work_id: str
    before: int
    now: int


@dataclass(frozen=True)
class Round:
    """The query of a round, when it began (UTC), and its outcome so far.

    Args:
        force: whether all works are updated, however young their play counts are.
        uids: the creators whose works are updated; empty for all.
        updated: the number of works with a fresh play count.
        skipped: the number of works whose platform shows none (gone, hidden, in review).
    """

    began_at: datetime
    force: bool = False
    uids: tuple[str, ...] = ()
    updated: int = 0
    skipped: int = 0
    failed: tuple[FailedWork, ...] = ()
    shrunk: tuple[ShrunkCount, ...] = ()

    @property
    def done(self) -> int:
        """Return the number of works that have an outcome."""
        return self.updated + self.skipped + len(self.failed)

    def matches(self, force: bool, uids: tuple[str, ...]) -> bool:
        """Return True when the round has this query: the same `force` and the same sorted
        `uids`."""
        return (self.force, self.uids) == (force, uids)

    def with_batch(self, batch: Sequence[Work], items: Mapping[Key, FetchedItem]) -> Round:
        """Return the round with a batch's outcome; `batch` holds the works as they were before."""
        answered = [(work, items[work.key]) for work in batch if work.key in items]
        failed = [FailedWork(*w.key, missing_stats(i)) for w, i in answered if i.answer is None]
        shrunk = [count for work, item in answered if (count := _shrunk(work, item)) is not None]
        updated = sum(1 for _, item in answered if _plays(item) is not None)
        return replace(
            self,
            updated=self.updated + updated,
            skipped=self.skipped + len(answered) - updated - len(failed),
            failed=(*self.failed, *failed),
            shrunk=(*self.shrunk, *shrunk),
        )


def batch_lines(
    batch: Sequence[Work], items: Mapping[Key, FetchedItem]
) -> Iterator[tuple[object, ...]]:
    """Yield a batch as lines of the log: works without a play count by name, then a summary.

    Each line is a format and its arguments.
    """
    names = Counter[str]()
    for work in batch:
        item = items.get(work.key)
        if item is None:
            continue
        shrunk, answer = _shrunk(work, item), item.answer
        if shrunk is not None:
            yield "%s:%s shrank from %s to %s", *work.key, shrunk.before, shrunk.now
        if answer is None:
            yield "%s:%s failed: %s", *work.key, missing_stats(item)
        elif isinstance(answer, Unavailable):
            yield "%s:%s skipped: %s", *work.key, missing_stats(item)
        elif answer.view is None:
            yield "%s:%s skipped: its play count is hidden", *work.key
        names[work.platform] += 1
    for platform, count in names.items():
        yield "%s: %s asked", platform, count


def _plays(item: FetchedItem) -> int | None:
    """Return the play count in an answer; None when it shows none."""
    return item.answer.view if isinstance(item.answer, VideoStats) else None


def _shrunk(work: Work, item: FetchedItem) -> ShrunkCount | None:
    """Return the counts when the new one is lower than the stored one; None when it is not."""
    now = _plays(item)
    if now is None or work.play_count is None or now >= work.play_count:
        return None
    return ShrunkCount(*work.key, work.play_count, now)


class RoundFile:
    """The progress file: a round of each query, the one that was saved last in front.

    It is replaced as a whole, and removed when no round is unfinished.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self, force: bool, uids: tuple[str, ...]) -> Round | None:
        """Return the unfinished round of a query (the same `force` and the same sorted `uids`).

        None when there is none, or the file is unusable.
        """
        return next((one for one in self._rounds() if one.matches(force, uids)), None)

    def save(self, round_: Round) -> None:
        """Write the round. Raise OutputError when the disk fails; the old file stays."""
        self._write([round_, *self._others(round_)][:MAX_ROUNDS])

    def remove(self, round_: Round) -> None:
        """Take the round out of the file. Raise OutputError when that fails."""
        others = self._others(round_)
        if others:
            self._write(others)
            return
        try:
            with suppress(FileNotFoundError):
                self.path.unlink()
        except OSError as error:
            detail = error.strerror or str(error)
            raise OutputError("file_not_removed", path=str(self.path), detail=detail) from error

    def _others(self, round_: Round) -> list[Round]:
        return [one for one in self._rounds() if not one.matches(round_.force, round_.uids)]

    def _rounds(self) -> list[Round]:
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            return [_loaded(one) for one in (stored, *stored.get("others", ()))]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return []

    def _write(self, rounds: Sequence[Round]) -> None:
        first, *others = map(_stored, rounds)
        with replacing(self.path) as file:
            document = first | {"others": others} if others else first
            json.dump(document, file, ensure_ascii=False, indent=2)


def _stored(round_: Round) -> dict[str, Any]:
    failed = [vars(work) | {"error": storable(work.error)} for work in round_.failed]
    changes = {"began_at": round_.began_at.isoformat(), "failed": failed}
    return asdict(replace(round_, failed=())) | changes


def _loaded(stored: Mapping[str, Any]) -> Round:
    return Round(
        began_at=datetime.fromisoformat(stored["began_at"]),
        force=bool(stored["force"]),
        uids=tuple(map(str, stored["uids"])),
        updated=int(stored["updated"]),
        skipped=int(stored["skipped"]),
        failed=tuple(
            FailedWork(entry["platform"], entry["work_id"], Message.load(entry["error"]))
            for entry in stored["failed"]
        ),
        shrunk=tuple(ShrunkCount(**entry) for entry in stored["shrunk"]),
    )
