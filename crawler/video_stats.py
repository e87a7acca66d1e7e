"""VideoStatsFetcher: counters for any list of links or ids of mixed platforms, item by item."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from accounts.manager import AccountManager, Purpose
from core.clock import Clock
from core.errors import (
    BatonError,
    BreakerOpen,
    CredentialsError,
    InvalidInput,
    QuotaSpent,
    SourceError,
    Throttled,
)
from core.logs import redact, service_log
from crawler.stats_patience import StatsPatience, is_of_account
from crawler.visits import PlatformAccess, Visit, Visits
from sources.base import ANONYMOUS, AccountSession, Gone, StatsAnswer, Unavailable
from sources.links import ShortLink, VideoLink, recognise
from sources.pacing import AccountPace, OutOfTurn, PacedGate, Stopped
from sources.short_links import ShortLinkResolver

log = service_log("stats")
TRIES = 5  # of one batch, with other accounts or after a rest


@dataclass(frozen=True)
class FetchedItem:
    """What became of one item. `answer` is None when the item could not be asked for: `error` says
    why, and `final` whether it never can."""

    text: str
    platform: str | None = None
    video_id: str | None = None
    answer: StatsAnswer | None = None
    error: str | None = None
    final: bool = False


@dataclass(frozen=True)
class AnsweredBatch:
    """What became of a batch, by id. `failure`: nothing is known of any of them, and why."""

    items: Mapping[str, FetchedItem]
    failure: SourceError | None = None


class NoFitAccount(InvalidInput):
    """No account can ask now. `until`: when one can; None: when a person has helped."""

    def __init__(self, message: str, until: datetime | None) -> None:
        super().__init__(message)
        self.until = until


class VideoStatsFetcher:
    """Asks each platform at its own pace, all platforms side by side.

    Args:
        keys: API keys of the platforms that are asked with one; the others are asked with the
            pool's accounts, or, where it has none, without.
    """

    def __init__(
        self,
        platforms: Mapping[str, PlatformAccess],
        keys: Mapping[str, str | None],
        accounts: AccountManager,
        visits: Visits,
        resolver: ShortLinkResolver,
        clock: Clock,
        patience: StatsPatience | None = None,
    ) -> None:
        self._platforms = platforms
        self._keys = keys
        self._accounts = accounts
        self._visits = visits
        self._resolver = resolver
        self._clock = clock
        self._patience = patience or StatsPatience()

    def fetch(
        self, texts: Sequence[str], stop: threading.Event, platform: str | None = None
    ) -> list[FetchedItem]:
        """One item for each text, in their order. `platform` says whose bare ids are."""
        items: list[FetchedItem | None] = [None] * len(texts)
        links: dict[str, list[tuple[int, VideoLink | ShortLink]]] = {}
        for position, text in enumerate(texts):
            try:
                link = recognise(text, platform)
            except InvalidInput as error:
                items[position] = FetchedItem(text, error=str(error), final=True)
                continue
            links.setdefault(link.platform, []).append((position, link))
        with ThreadPoolExecutor(max(1, len(links))) as pool:
            for found in pool.map(lambda name: self._of_platform(name, links[name], stop), links):
                for position, item in found.items():
                    items[position] = replace(item, text=texts[position])
        return [item for item in items if item is not None]

    def _of_platform(
        self,
        platform: str,
        links: Sequence[tuple[int, VideoLink | ShortLink]],
        stop: threading.Event,
    ) -> dict[int, FetchedItem]:
        items: dict[int, FetchedItem] = {}
        wanted: dict[int, str] = {}
        for position, link in links:
            resolved = self._resolved(link, stop)
            if isinstance(resolved, VideoLink) and resolved.platform == platform:
                wanted[position] = resolved.video_id
            else:
                items[position] = _unresolved(platform, resolved)
        answers = self._answers(platform, list(dict.fromkeys(wanted.values())), stop)
        for position, video_id in wanted.items():
            items[position] = replace(answers[video_id], platform=platform, video_id=video_id)
        return items

    def _resolved(
        self, link: VideoLink | ShortLink, stop: threading.Event
    ) -> VideoLink | Unavailable | str:
        if isinstance(link, VideoLink):
            return link
        if stop.is_set():
            return "stopped"
        try:
            return self._resolver.resolve(link)
        except BatonError as error:
            return redact(str(error))

    def _answers(
        self, platform: str, ids: list[str], stop: threading.Event
    ) -> dict[str, FetchedItem]:
        if platform not in self._platforms:
            return dict.fromkeys(ids, _failed(f"no source for {platform}", final=True))
        found: dict[str, FetchedItem] = {}
        rest = _failed("stopped")
        try:
            for batch in self.batches(platform, ids, stop):
                found |= batch.items
        except Stopped:
            pass
        except (QuotaSpent, CredentialsError, InvalidInput) as error:
            log.warning("%s: %s", platform, error)
            rest = _failed(redact(str(error)))
        return dict.fromkeys(ids, rest) | found

    def batches(
        self, platform: str, ids: Sequence[str], stop: threading.Event
    ) -> Iterator[AnsweredBatch]:
        """Ask one platform for ids as it spells them, each once; batch by batch, as they come.

        Raises:
            Stopped, QuotaSpent, CredentialsError, InvalidInput: nobody can be asked for the rest.
        """
        access = self._platforms[platform]
        ask = self._asker(platform, access, stop)
        for batch in _chunks(ids, access.source.batch):
            try:
                answers = ask(batch)
            except QuotaSpent:
                raise
            except SourceError as error:
                log.warning("%s: %s", platform, error)
                yield AnsweredBatch(dict.fromkeys(batch, _failed(redact(str(error)))), error)
                continue
            yield AnsweredBatch({each: FetchedItem("", answer=answers[each]) for each in batch})

    def _asker(
        self, platform: str, access: PlatformAccess, stop: threading.Event
    ) -> Callable[[Sequence[str]], dict[str, StatsAnswer]]:
        by_key = platform in self._keys
        if not by_key and self._accounts.has_accounts(platform):
            return lambda batch: self._with_accounts(platform, batch, stop)
        session: list[AccountSession] = []

        def ask(batch: Sequence[str]) -> dict[str, StatsAnswer]:
            if not session:
                session.append(self._open(platform, access, stop, by_key=by_key))
            return self._with_session(access, session[0], batch, stop)

        return ask

    def _open(
        self, platform: str, access: PlatformAccess, stop: threading.Event, *, by_key: bool
    ) -> AccountSession:
        key = self._keys.get(platform)
        opened = access.sessions.session(ANONYMOUS, "key" if by_key else "anonymous", key, None)
        pace = AccountPace.load(access.source.paces, None, self._clock.now(), known=True)
        opened.gate = PacedGate(pace, self._clock, stop, self._patience.longest_secs)
        return opened

    def _with_session(
        self,
        access: PlatformAccess,
        session: AccountSession,
        batch: Sequence[str],
        stop: threading.Event,
    ) -> dict[str, StatsAnswer]:
        for _ in range(TRIES - 1):
            try:
                return access.source.video_stats(session, batch, stop)
            except OutOfTurn as error:
                rest = error.secs
            except Throttled as error:
                wanted = error.retry_after_secs or self._patience.rest_secs
                rest = min(wanted, self._patience.longest_secs)
            if self._clock.wait(stop, rest):
                raise Stopped
        return access.source.video_stats(session, batch, stop)

    def _with_accounts(
        self, platform: str, batch: Sequence[str], stop: threading.Event
    ) -> dict[str, StatsAnswer]:
        failure: SourceError | CredentialsError | None = None
        tries = 0
        while tries < TRIES:
            leased = self._accounts.lease(Purpose.INGESTING, platform)
            if leased is None:
                self._wait_for_account(platform, failure, stop)
                continue
            visit = Visit(leased)
            try:
                self._visits.enter(visit, stop)
                answers = visit.source.video_stats(visit.session, batch, stop)
            except (Stopped, OutOfTurn) as early:
                self._visits.leave(visit)
                if isinstance(early, Stopped):
                    raise
            except BreakerOpen as error:
                self._visits.leave_after(visit, error)
                raise
            except (SourceError, CredentialsError) as error:
                self._visits.leave_after(visit, error)
                if not self._patience.others_try and not is_of_account(error):
                    raise
                failure, tries = error, tries + 1
            except BaseException:
                self._visits.leave(visit)
                raise
            else:
                visit.good_answers += 1
                self._visits.leave(visit)
                return answers
        assert failure is not None
        raise failure

    def _wait_for_account(
        self, platform: str, failure: SourceError | CredentialsError | None, stop: threading.Event
    ) -> None:
        """Wait for the next account's turn. Raises when that is too far away."""
        shortage = self._accounts.shortage(Purpose.INGESTING, platform)
        secs = 1.0
        if shortage.until is not None:
            secs = max(0.05, (shortage.until - self._clock.now()).total_seconds())
        hopeless = shortage.until is None and not shortage.busy
        if secs > self._patience.longest_secs or hopeless:
            raise failure or NoFitAccount(f"{platform}: {shortage.reason}", shortage.until)
        if self._clock.wait(stop, secs):
            raise Stopped


def _unresolved(platform: str, resolved: VideoLink | Unavailable | str) -> FetchedItem:
    if isinstance(resolved, Unavailable):
        return FetchedItem("", platform, answer=resolved)
    if isinstance(resolved, str):
        return FetchedItem("", platform, error=resolved)
    detail = f"the short link leads to {resolved.platform}"
    return FetchedItem("", platform, answer=Unavailable(Gone.BAD_ID, detail, True))


def _failed(error: str, *, final: bool = False) -> FetchedItem:
    return FetchedItem("", error=error, final=final)


def _chunks(ids: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
