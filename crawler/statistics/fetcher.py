"""Counters for any list of links and ids, of several platforms at once."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from accounts.manager import AccountManager
from core.cancellation import StoppedSignal
from core.clock import Clock
from core.errors import (
    BatonError,
    CredentialsError,
    InvalidInputError,
    NoResourcesError,
    PlatformQuotaError,
)
from core.logs import redacted, service_log
from core.messages import Message
from crawler.runtime.account_sessions import AccountSessions
from crawler.statistics.batch_fetchers import BatchFetcher, KeyBatchFetcher, PoolBatchFetcher
from crawler.statistics.batch_run import (
    BatchObserver,
    fetch_batches,
    ignore_batch,
    is_of_this_host,
)
from crawler.statistics.items import (
    NOT_ASKED,
    AnsweredBatch,
    FetchedItem,
    failed_item,
    unresolved_item,
)
from crawler.statistics.retry_policy import StatsRetryPolicy
from crawler.statistics.waits import WaitObserver, WaitReporter, ignore_wait
from sources.base import RequestGate, Unavailable
from sources.links import ShortLink, VideoLink, recognise
from sources.pacing import AccountPace
from sources.platform_access import PlatformAccess
from sources.shared_gate import SharedGate
from sources.short_links import ShortLinkResolver

log = service_log("stats")
LANES = 4  # requests under way at once: to resolve short links, and with one API key


@dataclass(frozen=True, kw_only=True)
class VideoStatsFetcher:
    """Fetches the counters of videos from all platforms at once, from each at its own pace.

    Args:
        keys: API keys in clear by platform, for those that take one (None: no key is set); the
            others are requested with the pool's accounts, or anonymously where the pool has none.
        retry_policy: how a batch is tried again.
    """

    platforms: Mapping[str, PlatformAccess]
    keys: Mapping[str, str | None] = field(repr=False)
    accounts: AccountManager
    sessions: AccountSessions
    resolver: ShortLinkResolver
    clock: Clock
    retry_policy: StatsRetryPolicy

    def fetch(
        self,
        texts: Sequence[str],
        stop: threading.Event,
        platform: str | None = None,
        on_wait: WaitObserver = ignore_wait,
    ) -> list[FetchedItem]:
        """Return one item for each text, in their order; nothing is raised for a text.

        A text that names no video, or whose counters could not be fetched, has its `error` in its
        item. When `stop` is set, the rest comes back at once with `asked` False.

        Args:
            texts: links, share texts and ids.
            platform: the platform of bare ids; None: their form must tell it.
            on_wait: called as a longer wait begins, in any thread.

        Raises:
            NoResourcesError: this host lacks what a request needs: no text is at fault.
        """
        items: list[FetchedItem | None] = [None] * len(texts)
        links: dict[str, list[tuple[int, VideoLink | ShortLink]]] = {}
        for position, text in enumerate(texts):
            try:
                link = recognise(text, platform)
            except InvalidInputError as error:
                items[position] = FetchedItem(text, error=error.message, final=True)
                continue
            links.setdefault(link.platform, []).append((position, link))
        fetchers = self._fetchers(links, stop, on_wait)
        # A thread for each platform: one with a slow pace must not hold up the others.
        with ThreadPoolExecutor(max(1, len(links))) as pool:
            for found in pool.map(
                lambda name: self._fetch_platform(name, links[name], fetchers.get(name), stop),
                links,
            ):
                for position, item in found.items():
                    items[position] = replace(item, text=texts[position])
        return [item for item in items if item is not None]

    def _fetch_platform(
        self,
        platform: str,
        links: Sequence[tuple[int, VideoLink | ShortLink]],
        fetcher: BatchFetcher | None,
        stop: threading.Event,
    ) -> dict[int, FetchedItem]:
        items: dict[int, FetchedItem] = {}
        wanted: dict[int, str] = {}
        with ThreadPoolExecutor(LANES) as lanes:
            found = list(lanes.map(lambda entry: self._resolve(entry[1], stop), links))
        for (position, _), resolved in zip(links, found, strict=True):
            if isinstance(resolved, VideoLink) and resolved.platform == platform:
                wanted[position] = resolved.video_id
            else:
                items[position] = unresolved_item(platform, resolved)
        answers = self._answers(platform, list(dict.fromkeys(wanted.values())), fetcher, stop)
        for position, video_id in wanted.items():
            items[position] = replace(answers[video_id], platform=platform, video_id=video_id)
        return items

    def videos(self, texts: Sequence[str], stop: threading.Event) -> dict[str, VideoLink | Message]:
        """Return the video that each text names, its short link resolved.

        Texts that name no video, such as dead links, are left out; for one that could not be
        resolved now there is the reason.

        Raises:
            NoResourcesError: this host lacks what a request needs.
        """

        def video_of(text: str) -> VideoLink | Message | None:
            try:
                found = self._resolve(recognise(text), stop)
            except InvalidInputError:
                return None
            return None if isinstance(found, Unavailable) else found

        asked = list(dict.fromkeys(texts))
        with ThreadPoolExecutor(LANES) as lanes:
            found = zip(asked, lanes.map(video_of, asked), strict=True)
            return {text: video for text, video in found if video is not None}

    def _resolve(
        self, link: VideoLink | ShortLink, stop: threading.Event
    ) -> VideoLink | Unavailable | Message | None:
        """Return the video or why there is none; None when the link was not looked up.

        Raises:
            NoResourcesError: this host lacks what a request needs.
        """
        if isinstance(link, VideoLink):
            return link
        if stop.is_set():
            return None
        try:
            return self.resolver.resolve(link)
        except BatonError as error:
            if is_of_this_host(error):
                raise NoResourcesError(error.message) from error
            return redacted(error)

    def _answers(
        self, platform: str, ids: list[str], fetcher: BatchFetcher | None, stop: threading.Event
    ) -> dict[str, FetchedItem]:
        if fetcher is None:
            return dict.fromkeys(
                ids, failed_item(Message.of("no_source", platform=platform), final=True)
            )
        answered: dict[str, FetchedItem] = {}
        unanswered = NOT_ASKED
        try:
            for batch in self._batches(platform, ids, fetcher, stop):
                answered |= batch.items
        except StoppedSignal:
            pass
        except (PlatformQuotaError, CredentialsError, InvalidInputError) as error:
            log.warning("%s: %s", platform, error)
            spent = isinstance(error, PlatformQuotaError)
            unanswered = FetchedItem("", error=redacted(error), asked=not spent)
        return dict.fromkeys(ids, unanswered) | answered

    def batches(
        self,
        platform: str,
        ids: Sequence[str],
        stop: threading.Event,
        on_begin: BatchObserver = ignore_batch,
    ) -> Iterator[AnsweredBatch]:
        """Fetch ids of one platform, and yield each batch when its answers have come.

        Args:
            ids: ids in the platform's own spelling, each once.
            on_begin: called with the ids of each batch before it is fetched, in any thread.

        Raises:
            KeyError: no such platform is known.
            StoppedSignal, PlatformQuotaError, CredentialsError, InvalidInputError,
            NoResourcesError: the rest of the ids cannot be fetched now.
        """
        fetcher = self._fetchers([platform], stop)[platform]
        return self._batches(platform, ids, fetcher, stop, on_begin)

    def _batches(
        self,
        platform: str,
        ids: Sequence[str],
        fetcher: BatchFetcher,
        stop: threading.Event,
        on_begin: BatchObserver = ignore_batch,
    ) -> Iterator[AnsweredBatch]:
        size = self.platforms[platform].source.batch
        return fetch_batches(platform, ids, fetcher, batch_size=size, stop=stop, on_begin=on_begin)

    def _fetchers(
        self,
        platforms: Iterable[str],
        stop: threading.Event,
        on_wait: WaitObserver = ignore_wait,
    ) -> dict[str, BatchFetcher]:
        """Return a fetcher for each known platform."""
        fetchers: dict[str, BatchFetcher] = {}
        for platform in platforms:
            access = self.platforms.get(platform)
            if access is None:
                continue
            by_key = platform in self.keys
            if not by_key and self.accounts.has_accounts(platform):
                fetchers[platform] = self.pool_fetcher(platform, on_wait)
                continue
            waits = WaitReporter(platform=platform, clock=self.clock, observer=on_wait)
            key = self.keys.get(platform)
            lanes = LANES if by_key else 1
            fetchers[platform] = KeyBatchFetcher(
                access=access,
                key=key,
                gate=self._gate(access, stop, waits),
                clock=self.clock,
                retry_policy=self.retry_policy,
                lanes=lanes,
                waits=waits,
            )
        return fetchers

    def pool_fetcher(self, platform: str, on_wait: WaitObserver = ignore_wait) -> PoolBatchFetcher:
        """Return the fetcher that sends requests to a platform with the pool's accounts."""
        return PoolBatchFetcher(
            platform=platform,
            accounts=self.accounts,
            sessions=self.sessions,
            clock=self.clock,
            retry_policy=self.retry_policy,
            waits=WaitReporter(platform=platform, clock=self.clock, observer=on_wait),
        )

    def _gate(
        self, access: PlatformAccess, stop: threading.Event, waits: WaitReporter
    ) -> RequestGate:
        pace = AccountPace.load(access.source.paces, None, self.clock.now(), known=True)
        return SharedGate(pace=pace, clock=self.clock, stop=stop, on_wait=waits.report_turn)
