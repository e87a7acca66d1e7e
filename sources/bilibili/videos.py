"""Counters of videos: in batches where the platform reports them, and singly where that is
uncertain.

The batch endpoint is undocumented, so its answers are verified. A video that it leaves out or marks
as dead is in an unknown state (the endpoint gives no reason, and may leave out a video that
exists), so it is requested singly, and so is one of the reported videos, drawn at random. Where
that sample disagrees, the whole batch is requested singly.

Two rules keep this cheap: after some batches in a row that agreed, only every other one is sampled;
and a video that its page called gone, and that no batch has reported since, is not requested again
for a day.

Where the batch endpoint is refused, gone or odd, all videos are requested singly with the same
account, and the endpoint is left alone for hours, by all processes. Without any account they are
requested singly as by a visitor.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.attribution import Reaction, Scope, Verdict
from core.errors import (
    BadRequestError,
    EndpointUnusableError,
    ItemUnavailableError,
    LoginExpiredError,
    RetryableError,
    SourceError,
)
from core.logs import service_log
from core.messages import Message
from sources.base import (
    ANONYMOUS,
    AccountSession,
    Gone,
    StatsAnswer,
    Unavailable,
    VideoStats,
    keeping_answers,
)
from sources.bilibili.client import BilibiliClient
from sources.bilibili.ids import av_to_bv, bv_to_av
from sources.bilibili.response_rules import BATCH as INFOS
from sources.bilibili.response_rules import ENDPOINTS, GONE_REASONS, VIEW
from sources.circuits import Circuits
from sources.transport.request_delay import RandomDelay

log = service_log("stats")
MAX_AT_ONCE = 50
# After so many accepted batches in a row a batch may be that much larger.
GOOD_BATCHES, GROWTH = 100, 10
AV = re.compile(r"(?:av)?([1-9][0-9]{0,15})", re.IGNORECASE)
TRUSTED_AFTER = 10  # batches in a row that agreed with their samples
SAMPLED_SHARE = 0.5  # of the batches from then on
GONE_KEPT_SECS = 86_400.0
VIDEO = 2  # the type of a video in a list of resources
DEAD = 1  # a bit of `attr`
# Failures of the server in a row after which the batch endpoint is taken for unusable.
MAX_FAILURES = 3
PLATFORM = "bilibili"
MAX_SAMPLES = 3  # of one batch, as long as samples say nothing
BATCH_FIELDS = {
    "view": "play",
    "danmaku": "danmaku",
    "comment": "reply",
    "like": "thumb_up",
    "coin": "coin",
    "favorite": "collect",
    "share": "share",
}
SINGLE_FIELDS = {
    "view": "view",
    "danmaku": "danmaku",
    "comment": "reply",
    "like": "like",
    "coin": "coin",
    "favorite": "favorite",
    "share": "share",
}
# A batch may be some minutes old; a larger difference means that its numbers are wrong.
STALE_SHARE, STALE_COUNT = 0.05, 100
SIGNED_OUT = Verdict(scope=Scope.SESSION, reaction=Reaction.DISABLE, conclusive=True)


class VideoCounters:
    """Fetches the counters of videos, in batches whose size it learns, with any account's session.

    Args:
        pause: kept before each request for a single video, besides the account's pace.
        rng: draws the videos whose counters from a batch are checked by a request of their own.
        circuits: knows whether the batch endpoint is usable.
    """

    def __init__(
        self,
        *,
        client: BilibiliClient,
        pause: RandomDelay,
        rng: random.Random,
        circuits: Circuits,
    ) -> None:
        self._client = client
        self._pause = pause
        self._rng = rng
        self._size = MAX_AT_ONCE
        self._good = 0
        self._agreed = 0  # batches in a row
        self._circuits = circuits
        self._failed_in_row = 0
        self._gone: dict[int, tuple[Unavailable, float]] = {}  # and until when that is believed

    def fetch(self, session: AccountSession, ids: Sequence[str]) -> dict[str, StatsAnswer]:
        """Return for each id (BV or av) its counters, or why there are none; malformed ids too.

        Raises:
            SourceError: some could not be fetched; its `answers` has those of the others.
        """
        answers: dict[str, StatsAnswer] = {}
        aids: dict[str, int] = {}
        for video_id in ids:
            aid = _aid(video_id)
            if aid is None:
                answers[video_id] = Unavailable(
                    Gone.BAD_ID, Message.of("bilibili_id_malformed"), True
                )
            else:
                aids[video_id] = aid
        found: dict[int, StatsAnswer] = {}

        def known() -> dict[str, StatsAnswer]:
            return answers | {name: found[aid] for name, aid in aids.items() if aid in found}

        with keeping_answers(known):
            self._fetch_many(session, sorted(set(aids.values())), found)
        return known()

    def _fetch_many(
        self, session: AccountSession, aids: list[int], found: dict[int, StatsAnswer]
    ) -> None:
        """Add the entry of each video to `found` as it comes."""
        if len(aids) == 1:
            found[aids[0]] = self._fetch_single(session, aids[0])
            return
        waiting = list(aids)
        # Visitors are answered about single videos only.
        is_visitor = session.account_id <= ANONYMOUS
        while waiting:
            if is_visitor or not self._circuits.is_usable(PLATFORM, ENDPOINTS[INFOS]):
                for aid in waiting:
                    found[aid] = self._resolve_missing(session, aid)
                return
            batch = waiting[: self._size]
            listed = self._try_batch(session, batch)
            if listed is None:
                continue
            self._record_success()
            waiting = waiting[len(batch) :]
            self._verify(session, batch, listed, found)

    def _try_batch(
        self, session: AccountSession, batch: Sequence[int]
    ) -> dict[int, VideoStats] | None:
        """Return what a batch reports; None when it must be made smaller, or the endpoint rests."""
        try:
            listed = self._fetch_batch(session, batch)
        except EndpointUnusableError as error:
            self._leave_batches_alone(error)
            return None
        except BadRequestError as error:
            # The platform refuses batches that are too large: halve them until it accepts one.
            if self._size > 1:
                self._shrink()
            else:
                self._leave_batches_alone(error)
            return None
        except LoginExpiredError as error:
            if not self._is_signed_in(session):
                error.verdict = SIGNED_OUT
                raise
            self._leave_batches_alone(error)
            return None
        except RetryableError as error:
            # A server that fails is asked again, but not for ever.
            self._failed_in_row += _has_answer(error)
            if self._failed_in_row < MAX_FAILURES:
                raise
            self._leave_batches_alone(error)
            return None
        self._failed_in_row = 0
        return listed

    def _leave_batches_alone(self, error: SourceError) -> None:
        secs = self._circuits.leave_alone(PLATFORM, ENDPOINTS[INFOS], error.evidence)
        self._failed_in_row = 0
        # Once it is usable again, it may take large batches as well.
        self._size, self._good = MAX_AT_ONCE, 0
        log.warning("bilibili %s is left alone for %.0f s: %s", INFOS, secs, error)

    def _is_signed_in(self, session: AccountSession) -> bool:
        return self._client.nav(session).get("isLogin") is True

    def _shrink(self) -> None:
        self._size, self._good = max(1, self._size // 2), 0

    def _record_success(self) -> None:
        self._good += 1
        if self._good >= GOOD_BATCHES:
            self._size, self._good = min(MAX_AT_ONCE, self._size + GROWTH), 0

    def _verify(
        self,
        session: AccountSession,
        batch: Sequence[int],
        listed: Mapping[int, VideoStats],
        found: dict[int, StatsAnswer],
    ) -> None:
        for aid in listed:
            # A batch reports it, so it exists again.
            self._gone.pop(aid, None)
        if not listed or not self._should_sample() or self._samples_agree(session, listed, found):
            for aid, stats in listed.items():
                found.setdefault(aid, stats)
        for aid in batch:
            if aid not in listed:
                found[aid] = self._resolve_missing(session, aid)
            elif aid not in found:
                found[aid] = self._fetch_single(session, aid)

    def _samples_agree(
        self,
        session: AccountSession,
        listed: Mapping[int, VideoStats],
        found: dict[int, StatsAnswer],
    ) -> bool:
        """Fetch a sample singly into `found`; return False when a batch's numbers are wrong."""
        for _ in range(MAX_SAMPLES):
            sample = self._rng.choice(sorted(listed))
            if sample in found:
                break
            truth = found[sample] = self._fetch_single(session, sample)
            # Why this account is not shown the video says nothing about the batch.
            if isinstance(truth, Unavailable) and not truth.final:
                continue
            agree = _agree(listed[sample], truth)
            self._agreed = self._agreed + 1 if agree else 0
            return agree
        return True

    def _should_sample(self) -> bool:
        return self._agreed < TRUSTED_AFTER or self._rng.random() < SAMPLED_SHARE

    def _resolve_missing(self, session: AccountSession, aid: int) -> StatsAnswer:
        """Return the entry of a video that its batch left out."""
        now = self._client.clock.monotonic()
        gone, until = self._gone.get(aid, (None, now))
        if gone is not None and now < until:
            return gone
        answer = self._fetch_single(session, aid)
        if isinstance(answer, Unavailable) and answer.final:
            self._gone = {
                gone_aid: entry for gone_aid, entry in self._gone.items() if now < entry[1]
            }
            self._gone[aid] = answer, now + GONE_KEPT_SECS
        return answer

    def _fetch_batch(self, session: AccountSession, aids: Sequence[int]) -> dict[int, VideoStats]:
        resources = ",".join(f"{aid}:{VIDEO}" for aid in aids)
        try:
            data = self._client.get(session, INFOS, {"resources": resources})
        except RetryableError as error:
            if _code(error) != 0:
                raise
            # A success without data means that the platform knows none of them.
            return {}
        return dict(_read_batch(data, set(aids)))

    def _fetch_single(self, session: AccountSession, aid: int) -> StatsAnswer:
        try:
            data = self._client.get(session, VIEW, {"bvid": av_to_bv(aid)}, self._pause.wait)
        except ItemUnavailableError as error:
            session.record_answered(error)
            return _unavailable(error)
        return _read_single(data, aid)


def _unavailable(error: ItemUnavailableError) -> Unavailable:
    final = error.verdict is not None and error.verdict.final
    otherwise = Gone.NOT_FOUND if final else Gone.UNKNOWN
    return Unavailable(GONE_REASONS.get(_code(error) or 0, otherwise), error.message, final)


def _read_batch(data: Any, requested: set[int]) -> Iterator[tuple[int, VideoStats]]:
    """Yield the trustworthy entries of a batch: those that were requested, alive, and whole."""
    for entry in data if isinstance(data, list) else ():
        if not isinstance(entry, dict) or entry.get("id") not in requested:
            continue
        counters, attr = entry.get("cnt_info"), entry.get("attr")
        if not isinstance(counters, dict) or (isinstance(attr, int) and attr & DEAD):
            continue
        upper = entry.get("upper")
        stats = _stats(counters, BATCH_FIELDS, entry, upper if isinstance(upper, dict) else {})
        if not any(getattr(stats, name) for name in BATCH_FIELDS):
            continue  # all zero or hidden: that is how dead ones may look
        if stats.view is not None and entry.get("bvid") in (None, av_to_bv(entry["id"])):
            yield entry["id"], stats


def _read_single(data: Any, aid: int) -> StatsAnswer:
    stat = data.get("stat") if isinstance(data, dict) else None
    if not isinstance(stat, dict) or data.get("aid") not in (None, aid):
        raise RetryableError("answer_lacks_stat", damaged=True, path=VIEW)
    owner = data.get("owner")
    return _stats(stat, SINGLE_FIELDS, data, owner if isinstance(owner, dict) else {})


def _stats(
    counters: Mapping[str, Any],
    fields: Mapping[str, str],
    video: Mapping[str, Any],
    owner: Mapping[str, Any],
) -> VideoStats:
    published = video.get("pubdate", video.get("pubtime"))
    return VideoStats(
        **{name: _count(counters.get(field)) for name, field in fields.items()},
        title=_text(video.get("title")),
        author=_text(owner.get("name")),
        uid=None if owner.get("mid") is None else str(owner["mid"]),
        published_at=_moment(published),
        cover_url=_url(video.get("cover") or video.get("pic")),
    )


def _count(value: Any) -> int | None:
    """Return a counter; None when it is hidden ("--") or no number."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and value >= 0 else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _url(value: Any) -> str | None:
    text = _text(value)
    return f"https:{text}" if text and text.startswith("//") else text or None


def _moment(value: Any) -> datetime | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return datetime.fromtimestamp(value, UTC) if is_number and 0 < value < 2**33 else None


def _agree(batch: VideoStats, single: StatsAnswer) -> bool:
    if isinstance(single, Unavailable):
        return False
    pairs = [(getattr(batch, name), getattr(single, name)) for name in SINGLE_FIELDS]
    return all(
        counted is not None and abs(counted - truth) <= max(STALE_COUNT, STALE_SHARE * truth)
        for counted, truth in pairs
        if truth is not None
    )


def _aid(video_id: str) -> int | None:
    number = AV.fullmatch(video_id)
    try:
        aid = int(number[1]) if number else bv_to_av(video_id)
        av_to_bv(aid)
    except ValueError:
        return None
    return aid


def _code(error: SourceError) -> int | None:
    return error.evidence.code if error.evidence else None


def _has_answer(error: SourceError) -> bool:
    return error.evidence is not None and error.evidence.http_status is not None
