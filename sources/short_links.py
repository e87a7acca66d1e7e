"""Resolution of short links: redirects are followed one by one, only to hosts of a platform."""

from __future__ import annotations

import threading
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

from core.clock import Clock
from core.errors import (
    BadRequestError,
    Evidence,
    NoAnswerError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
)
from core.messages import Message
from sources.base import Gone, Unavailable
from sources.bilibili.client import HEADERS
from sources.links import (
    ShortLink,
    VideoLink,
    find_video,
    plain_url,
    platform_of_host,
    split_url,
)
from sources.transport.retry_after import retry_after_secs
from sources.transport.session import (
    ANSWER_SECS,
    BoundedSession,
    HttpAnswer,
    HttpLimits,
    fetch,
    open_http,
)

MAX_HOPS = 5
MAX_KNOWN = 10_000
REDIRECTS = (301, 302, 303, 307, 308)
# 200 without a redirect is the host's page that says that the link is dead.
DEAD = (200, 204, 404, 410)
DEAD_END = Message.of("short_link_dead")


class ShortLinkResolver:
    """Resolves short links, each with a fresh HTTP session, without cookies or an account.

    Args:
        base_url: for tests: `BASE/HOST/PATH` is requested instead of `https://HOST/PATH`.
        proxy: the proxy's URL; None to connect directly.
    """

    def __init__(
        self,
        *,
        timeout_secs: float,
        clock: Clock,
        base_url: str = "",
        proxy: str | None = None,
        answer_secs: float = ANSWER_SECS,
    ) -> None:
        self._limits = HttpLimits(timeout_secs, answer_secs)
        self._clock = clock
        self._base_url = base_url.rstrip("/")
        self._proxy = proxy
        self._lock = threading.Lock()
        self._known: dict[str, VideoLink] = {}

    def resolve(self, link: ShortLink) -> VideoLink | Unavailable:
        """Return the video that the link redirects to, or why there is none (a dead link, a
        circle).

        Videos are cached, because a link never changes its target.

        Raises:
            RetryableError: no response came, or the server failed.
            ThrottledError: the host wants fewer requests.
            RiskControlError: the host refuses this address.
            BadRequestError: any other refusal.
        """
        with self._lock:
            known = self._known.get(link.url)
        if known is not None:
            return known
        found = self._fetch(link)
        if isinstance(found, VideoLink):
            self._remember(link, found)
        return found

    def _remember(self, link: ShortLink, video: VideoLink) -> None:
        with self._lock:
            if len(self._known) >= MAX_KNOWN:
                del self._known[next(iter(self._known))]  # the oldest
            self._known[link.url] = video

    def _fetch(self, link: ShortLink) -> VideoLink | Unavailable:
        with open_http(self._proxy) as http:
            http.headers["User-Agent"] = HEADERS["User-Agent"]
            return self._follow(link.url, lambda url: self._redirect_of(http, url))

    def _follow(self, url: str, next_of: Callable[[str], str | None]) -> VideoLink | Unavailable:
        seen: set[str] = set()
        destination = _destination(url)
        for _ in range(MAX_HOPS):
            if destination is not None:
                return destination
            if url in seen:
                return Unavailable(Gone.BAD_ID, Message.of("short_link_circles"), final=True)
            seen.add(url)
            following = next_of(url)
            if following is None:
                return Unavailable(Gone.NOT_FOUND, DEAD_END, final=True)
            url = following
            destination = _destination(url)
        endless = Message.of("short_link_too_long", hops=MAX_HOPS)
        return destination or Unavailable(Gone.BAD_ID, endless, final=True)

    def _redirect_of(self, http: BoundedSession, url: str) -> str | None:
        """Return the URL that this one redirects to; None when it redirects nowhere."""
        request = f"GET {url}"
        try:
            # Only the headers are needed, and the body may be a whole page.
            answer = fetch(http, "GET", self._request_url(url), self._limits, reads_body=False)
        except NoAnswerError as error:
            raise RetryableError(
                "short_link_unanswered", Evidence(request), detail=error.message, fault=error.fault
            ) from None
        evidence = Evidence(request, answer.status)
        if answer.fault is not None:
            raise RetryableError(answer.fault.message, evidence, fault=answer.fault)
        location = answer.headers.get("Location", "")
        if answer.status in REDIRECTS and location:
            # Servers send the bytes of UTF-8; requests decodes headers as Latin-1.
            return self._absolute_url(url, location.encode("latin-1").decode("utf-8", "replace"))
        if answer.status in DEAD:
            return None
        raise self._error(answer, evidence)

    def _request_url(self, url: str) -> str:
        return f"{self._base_url}/{url.partition('://')[2]}" if self._base_url else url

    def _absolute_url(self, url: str, location: str) -> str:
        if self._base_url and location.startswith(f"{self._base_url}/"):
            location = "https://" + location.removeprefix(f"{self._base_url}/")
        try:
            target = urljoin(url, location)
        except ValueError:
            return location
        parts = split_url(target)
        return plain_url(parts) if parts else target

    def _error(self, answer: HttpAnswer, evidence: Evidence) -> SourceError:
        message = Message.of("short_link_refused", status=answer.status)
        if answer.status == 429:
            secs = retry_after_secs(answer.headers.get("Retry-After"), self._clock.now())
            return ThrottledError(message, evidence, retry_after_secs=secs)
        if answer.status in (401, 403, 412):
            return RiskControlError(message, evidence)
        if answer.status >= 500 or answer.status in (408, *REDIRECTS):
            return RetryableError(message, evidence)
        return BadRequestError(message, evidence)


def _destination(url: str) -> VideoLink | Unavailable | None:
    """Return the video, or the reason for none, that a URL gives away by itself; None when it must
    be requested."""
    parts = split_url(url)
    platform = platform_of_host(parts.hostname) if parts else None
    if parts is None or platform is None:
        host = parts.hostname if parts else None
        shown = host[:100] if host else Message.of("no_web_address")
        away = Message.of("short_link_leads_away", host=shown)
        return Unavailable(Gone.BAD_ID, away, final=True)
    if platform == "tiktok" and _is_blocked(url):
        return Unavailable(Gone.REGION, Message.of("tiktok_not_in_region"), final=True)
    return find_video(url)


def _is_blocked(url: str) -> bool:
    parts = urlsplit(url.lower())
    steps = [step for step in parts.path.split("/") if not step.startswith("@")]  # no user names
    return any("notfound" in text for text in (*steps, parts.query))
