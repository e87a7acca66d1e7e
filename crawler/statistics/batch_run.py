"""The batches of one platform, fetched until an error shows that no later one can succeed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from core.cancellation import StoppedSignal
from core.errors import (
    BatonError,
    CredentialsError,
    InvalidInputError,
    NoResourcesError,
    PlatformQuotaError,
    RetryableError,
    SourceError,
)
from core.logs import redacted, service_log
from core.messages import Message
from crawler.statistics.batch_fetchers import BatchFetcher
from crawler.statistics.items import NOT_ASKED, AnsweredBatch, FetchedItem, failed_item

log = service_log("stats")
BatchObserver = Callable[[Sequence[str]], None]


def ignore_batch(_ids: Sequence[str]) -> None:
    """Do nothing: for callers that do not show batches."""


def fetch_batches(
    platform: str,
    ids: Sequence[str],
    fetcher: BatchFetcher,
    *,
    batch_size: int,
    stop: threading.Event,
    on_begin: BatchObserver = ignore_batch,
) -> Iterator[AnsweredBatch]:
    """Fetch the ids in batches, and yield each batch, in order, when its answers have come.

    A batch with an error of its own is yielded with that error as its `failure`; the next ones go
    on.

    Args:
        on_begin: called with the ids of each batch before it is fetched, in any thread.

    Raises:
        StoppedSignal, PlatformQuotaError, CredentialsError, InvalidInputError, NoResourcesError:
            once the batches before it were yielded; the next ones would meet the same error.
    """
    run = _BatchRun(platform=platform, fetcher=fetcher, stop=stop, on_begin=on_begin)
    batches = [ids[start : start + batch_size] for start in range(0, len(ids), batch_size)]
    for batch in _side_by_side(run.fetch, batches, fetcher.lanes):
        if batch is not None:
            yield batch
    if run.ended_by is not None:
        raise run.ended_by


@dataclass(kw_only=True)
class _BatchRun:
    """Fetches batches until the first error that the next batch would meet as well."""

    platform: str
    fetcher: BatchFetcher
    stop: threading.Event
    on_begin: BatchObserver
    ended_by: Exception | None = field(default=None, init=False)

    def fetch(self, batch: Sequence[str]) -> AnsweredBatch | None:
        """Return the answers of a batch, or its failure; None when the run has ended."""
        if self.stop.is_set():
            self.ended_by = self.ended_by or StoppedSignal()
        if self.ended_by is not None:
            return None
        self.on_begin(batch)
        try:
            answers = self.fetcher.fetch(batch, self.stop)
        except PlatformQuotaError as error:
            self.ended_by = self.ended_by or error
            return _answered_before(error, batch, NOT_ASKED) if error.answers else None
        except (StoppedSignal, CredentialsError, InvalidInputError) as error:
            self.ended_by = self.ended_by or error
            return None
        except SourceError as error:
            if is_of_this_host(error):
                self.ended_by = self.ended_by or NoResourcesError(error.message)
                return _answered_before(error, batch, NOT_ASKED) if error.answers else None
            log.warning("%s: %s", self.platform, error)
            cause = redacted(error)
            reason = Message.of("not_asked_after", cause=cause) if error.answers else cause
            return _answered_before(error, batch, failed_item(reason))
        return AnsweredBatch(
            {video_id: FetchedItem("", answer=answers[video_id]) for video_id in batch}
        )


def is_of_this_host(error: BatonError) -> bool:
    """Return whether no request was made, as this host lacks descriptors, memory or threads."""
    if isinstance(error, NoResourcesError):
        return True
    fault = error.fault if isinstance(error, RetryableError) else None
    return fault is not None and fault.is_of_this_host


def _answered_before(
    error: SourceError, batch: Sequence[str], otherwise: FetchedItem
) -> AnsweredBatch:
    """Return what is known of a batch that an error ended; the rest of it is `otherwise`."""
    items = {
        video_id: FetchedItem("", answer=error.answers[video_id])
        if video_id in error.answers
        else otherwise
        for video_id in batch
    }
    return AnsweredBatch(items, error)


def _side_by_side(
    fetch: Callable[[Sequence[str]], AnsweredBatch | None],
    batches: Sequence[Sequence[str]],
    lanes: int,
) -> Iterator[AnsweredBatch | None]:
    """Yield results in the order of the batches; with one lane nothing is fetched ahead."""
    if lanes == 1:
        yield from map(fetch, batches)
        return
    threads = ThreadPoolExecutor(lanes)
    try:
        for answer in [threads.submit(fetch, batch) for batch in batches]:
            yield answer.result()
    finally:
        # Where the caller stops early, batches that have not begun are not worth their requests.
        threads.shutdown(cancel_futures=True)
