"""VideoStatsFetcher: counters for any list of links or ids of mixed platforms, item by item."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from accounts.manager import AccountManager
from core.cancellation import StoppedSignal
from core.clock import Clock
from core.errors import (
    BatonError,
    CredentialsError,
    InvalidInputError,
    PlatformQuotaError,
    SourceError,
)
from core.logs import redact, service_log
from crawler.runtime.account_sessions import AccountSessions
from crawler.statistics.askers import Asker, PoolAsker, SessionAsker
from crawler.statistics.retry_policy import StatsRetryPolicy
from sources.base import Gone, RequestGate, StatsAnswer, Unavailable
from sources.links import ShortLink, VideoLink, recognise
from sources.pacing import AccountPace
from sources.platform_access import PlatformAccess
from sources.shared_gate import SharedGate
from sources.short_links import ShortLinkResolver

log = service_log("stats")
LANES = 4  # requests under way at once: for short links, and with one key


@dataclass(frozen=True)
class FetchedItem:
    """What became of one item. `answer` is None when the item could not be asked for: `error` says
    why, `final` whether it never can, and `asked` whether anybody tried before the time or the
    platform's budget was used up."""

    text: str
    platform: str | None = None
    video_id: str | None = None
    answer: StatsAnswer | None = None
    error: str | None = None
    final: bool = False
    asked: bool = True


NOT_ASKED = FetchedItem("", error="stopped", asked=False)


@dataclass(frozen=True)
class AnsweredBatch:
    """What became of a batch, by id. `failure`: nothing is known of any of them, and why."""

    items: Mapping[str, FetchedItem]
    failure: SourceError | None = None


class VideoStatsFetcher:
    """Asks each platform at its own pace, all platforms side by side.

    Args:
        keys: API keys of the platforms that are asked with one; the others are asked with the
            pool's accounts, or, where it has none, without.
    """

    def __init__(
        self,
        *,
        platforms: Mapping[str, PlatformAccess],
        keys: Mapping[str, str | None],
        accounts: AccountManager,
        visits: AccountSessions,
        resolver: ShortLinkResolver,
        clock: Clock,
        patience: StatsRetryPolicy,
    ) -> None:
        self._platforms = platforms
        self._keys = keys
        self._accounts = accounts
        self._visits = visits
        self._resolver = resolver
        self._clock = clock
        self._patience = patience

    def fetch(
        self, texts: Sequence[str], stop: threading.Event, platform: str | None = None
    ) -> list[FetchedItem]:
        """One item for each text, in their order. `platform` says whose bare ids are."""
        items: list[FetchedItem | None] = [None] * len(texts)
        links: dict[str, list[tuple[int, VideoLink | ShortLink]]] = {}
        for position, text in enumerate(texts):
            try:
                link = recognise(text, platform)
            except InvalidInputError as error:
                items[position] = FetchedItem(text, error=str(error), final=True)
                continue
            links.setdefault(link.platform, []).append((position, link))
        askers = self._askers(links, stop)
        with ThreadPoolExecutor(max(1, len(links))) as pool:
            for found in pool.map(
                lambda name: self._of_platform(name, links[name], askers.get(name), stop), links
            ):
                for position, item in found.items():
                    items[position] = replace(item, text=texts[position])
        return [item for item in items if item is not None]

    def _of_platform(
        self,
        platform: str,
        links: Sequence[tuple[int, VideoLink | ShortLink]],
        asker: Asker | None,
        stop: threading.Event,
    ) -> dict[int, FetchedItem]:
        items: dict[int, FetchedItem] = {}
        wanted: dict[int, str] = {}
        with ThreadPoolExecutor(LANES) as lanes:
            found = list(lanes.map(lambda one: self._resolved(one[1], stop), links))
        for (position, _), resolved in zip(links, found, strict=True):
            if isinstance(resolved, VideoLink) and resolved.platform == platform:
                wanted[position] = resolved.video_id
            else:
                items[position] = _unresolved(platform, resolved)
        answers = self._answers(platform, list(dict.fromkeys(wanted.values())), asker, stop)
        for position, video_id in wanted.items():
            items[position] = replace(answers[video_id], platform=platform, video_id=video_id)
        return items

    def _resolved(
        self, link: VideoLink | ShortLink, stop: threading.Event
    ) -> VideoLink | Unavailable | str | None:
        """The video, or why there is none; None when nobody asked."""
        if isinstance(link, VideoLink):
            return link
        if stop.is_set():
            return None
        try:
            return self._resolver.resolve(link)
        except BatonError as error:
            return redact(str(error))

    def _answers(
        self, platform: str, ids: list[str], asker: Asker | None, stop: threading.Event
    ) -> dict[str, FetchedItem]:
        if asker is None:
            return dict.fromkeys(ids, _failed(f"no source for {platform}", final=True))
        found: dict[str, FetchedItem] = {}
        rest = NOT_ASKED
        try:
            for batch in self._batches(platform, ids, asker, stop):
                found |= batch.items
        except StoppedSignal:
            pass
        except (PlatformQuotaError, CredentialsError, InvalidInputError) as error:
            log.warning("%s: %s", platform, error)
            spent = isinstance(error, PlatformQuotaError)
            rest = FetchedItem("", error=redact(str(error)), asked=not spent)
        return dict.fromkeys(ids, rest) | found

    def batches(
        self, platform: str, ids: Sequence[str], stop: threading.Event
    ) -> Iterator[AnsweredBatch]:
        """Ask one platform for ids as it spells them, each once; batch by batch, as they come.

        Raises:
            StoppedSignal, PlatformQuotaError, CredentialsError, InvalidInputError: nobody can be
                asked for the rest.
        """
        return self._batches(platform, ids, self._askers([platform], stop)[platform], stop)

    def _batches(
        self, platform: str, ids: Sequence[str], asker: Asker, stop: threading.Event
    ) -> Iterator[AnsweredBatch]:
        run = _Run(platform=platform, asker=asker, stop=stop)
        batches = list(_chunks(ids, self._platforms[platform].source.batch))
        for batch in _side_by_side(run.ask, batches, asker.lanes):
            if batch is not None:
                yield batch
        if run.ended_by is not None:
            raise run.ended_by

    def _askers(self, platforms: Iterable[str], stop: threading.Event) -> dict[str, Asker]:
        """Who asks each platform; those with the same key share its pace."""
        gates: dict[str, RequestGate] = {}
        askers: dict[str, Asker] = {}
        for platform in platforms:
            access = self._platforms.get(platform)
            if access is None:
                continue
            by_key = platform in self._keys
            if not by_key and self._accounts.has_accounts(platform):
                askers[platform] = self.pool_asker(platform)
                continue
            key = self._keys.get(platform)
            gate = gates.setdefault(key or platform, self._gate(access, stop))
            lanes = LANES if by_key else 1
            askers[platform] = SessionAsker(
                access=access,
                key=key,
                gate=gate,
                clock=self._clock,
                patience=self._patience,
                lanes=lanes,
            )
        return askers

    def pool_asker(self, platform: str) -> PoolAsker:
        """Asks that platform with the pool's accounts, whatever there is to ask."""
        return PoolAsker(
            platform=platform,
            accounts=self._accounts,
            visits=self._visits,
            clock=self._clock,
            patience=self._patience,
        )

    def _gate(self, access: PlatformAccess, stop: threading.Event) -> RequestGate:
        pace = AccountPace.load(access.source.paces, None, self._clock.now(), known=True)
        return SharedGate(pace=pace, clock=self._clock, stop=stop)


class _Run:
    """The batches of one platform. After an error that the next batch would meet as well, nobody
    is asked any more."""

    def __init__(self, *, platform: str, asker: Asker, stop: threading.Event) -> None:
        self.ended_by: Exception | None = None
        self._platform = platform
        self._asker = asker
        self._stop = stop

    def ask(self, batch: Sequence[str]) -> AnsweredBatch | None:
        """What became of it; None when nobody is asked any more."""
        if self._stop.is_set():
            self.ended_by = self.ended_by or StoppedSignal()
        if self.ended_by is not None:
            return None
        try:
            answers = self._asker.ask(batch, self._stop)
        except (StoppedSignal, PlatformQuotaError, CredentialsError, InvalidInputError) as error:
            self.ended_by = self.ended_by or error
            return None
        except SourceError as error:
            log.warning("%s: %s", self._platform, error)
            return AnsweredBatch(dict.fromkeys(batch, _failed(redact(str(error)))), error)
        return AnsweredBatch({each: FetchedItem("", answer=answers[each]) for each in batch})


def _unresolved(platform: str, resolved: VideoLink | Unavailable | str | None) -> FetchedItem:
    if resolved is None:
        return replace(NOT_ASKED, platform=platform)
    if isinstance(resolved, Unavailable):
        return FetchedItem("", platform, answer=resolved)
    if isinstance(resolved, str):
        return FetchedItem("", platform, error=resolved)
    detail = f"the short link leads to {resolved.platform}"
    return FetchedItem("", platform, answer=Unavailable(Gone.BAD_ID, detail, True))


def _failed(error: str, *, final: bool = False) -> FetchedItem:
    return FetchedItem("", error=error, final=final)


def _side_by_side(
    ask: Callable[[Sequence[str]], AnsweredBatch | None],
    batches: Sequence[Sequence[str]],
    lanes: int,
) -> Iterator[AnsweredBatch | None]:
    """Answers in the order of the batches. With one lane nothing is asked ahead."""
    if lanes == 1:
        yield from map(ask, batches)
        return
    threads = ThreadPoolExecutor(lanes)
    try:
        for answer in [threads.submit(ask, batch) for batch in batches]:
            yield answer.result()
    finally:
        threads.shutdown(cancel_futures=True)


def _chunks(ids: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
