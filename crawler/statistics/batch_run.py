"""The batches of one platform, fetched until an error shows that no later one can succeed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from core.cancellation import StoppedSignal
from core.errors import CredentialsError, InvalidInputError, PlatformQuotaError, SourceError
from core.logs import redacted, service_log
from crawler.statistics.batch_fetchers import BatchFetcher
from crawler.statistics.items import AnsweredBatch, FetchedItem, failed_item

log = service_log("stats")


def fetch_batches(
    platform: str,
    ids: Sequence[str],
    fetcher: BatchFetcher,
    *,
    batch_size: int,
    stop: threading.Event,
) -> Iterator[AnsweredBatch]:
    """Fetch the ids in batches, and yield each batch, in order, when its answers have come.

    A batch with an error of its own is yielded with that error as its `failure`; the next ones go
    on.

    Raises:
        StoppedSignal, PlatformQuotaError, CredentialsError, InvalidInputError: once the batches
            before it were yielded; the next ones would meet the same error.
    """
    run = _BatchRun(platform=platform, fetcher=fetcher, stop=stop)
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
    ended_by: Exception | None = field(default=None, init=False)

    def fetch(self, batch: Sequence[str]) -> AnsweredBatch | None:
        """Return the answers of a batch, or its failure; None when the run has ended."""
        if self.stop.is_set():
            self.ended_by = self.ended_by or StoppedSignal()
        if self.ended_by is not None:
            return None
        try:
            answers = self.fetcher.fetch(batch, self.stop)
        except (StoppedSignal, PlatformQuotaError, CredentialsError, InvalidInputError) as error:
            self.ended_by = self.ended_by or error
            return None
        except SourceError as error:
            log.warning("%s: %s", self.platform, error)
            return AnsweredBatch(dict.fromkeys(batch, failed_item(redacted(error))), error)
        return AnsweredBatch(
            {video_id: FetchedItem("", answer=answers[video_id]) for video_id in batch}
        )


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
