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
from sources.anonymous_requests import AnonymousRequests
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

ENDPOINT = "short_links"  # the name in circuits
MAX_HOPS = 5
MAX_KNOWN = 10_000
REDIRECTS = (301, 302, 303, 307, 308)
DEAD = (404, 410)
# A host can be wrong once; what it still says a minute later is so.
LOOK_AGAIN_SECS = 60.0


class ShortLinkResolver:
    """Resolves short links, each with a fresh HTTP session, without cookies or an account.

    Args:
        requests: sends the requests, by the route that `proxy` makes.
        base_url: for tests: `BASE/HOST/PATH` is requested instead of `https://HOST/PATH`.
        proxy: the proxy's URL; None to connect directly.
    """

    def __init__(
        self,
        *,
        requests: AnonymousRequests,
        timeout_secs: float,
        clock: Clock,
        base_url: str = "",
        proxy: str | None = None,
        answer_secs: float = ANSWER_SECS,
    ) -> None:
        self._requests = requests
        self._limits = HttpLimits(timeout_secs, answer_secs)
        self._clock = clock
        self._base_url = base_url.rstrip("/")
        self._proxy = proxy
        self._lock = threading.Lock()
        self._known: dict[str, VideoLink] = {}
        self._dead_since: dict[str, float] = {}

    def resolve(self, link: ShortLink) -> VideoLink | Unavailable:
        """Return the video that the link redirects to, or why there is none (a dead link, a
        circle).

        Videos are cached, because a link never changes its target. A dead link is final at the
        second look, a minute later or more. What a page behind the short link's host answers is
        never final, and no refusal of that host: its pages refuse everybody without cookies.

        Raises:
            RetryableError: no response came, or the server failed.
            ThrottledError: the short link's host wants fewer requests.
            RiskControlError: the short link's host refuses this address.
            BadRequestError: any other refusal of it.
            CircuitOpenError: nothing was sent, as the host or the route is left alone.
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
            self._dead_since.pop(link.url, None)

    def _dead(self, url: str) -> Unavailable:
        now = self._clock.monotonic()
        with self._lock:
            if len(self._dead_since) >= MAX_KNOWN:
                del self._dead_since[next(iter(self._dead_since))]
            is_final = now - self._dead_since.setdefault(url, now) >= LOOK_AGAIN_SECS
        code = "short_link_dead" if is_final else "short_link_dead_once"
        return Unavailable(Gone.NOT_FOUND, Message.of(code), final=is_final)

    def _fetch(self, link: ShortLink) -> VideoLink | Unavailable:
        with open_http(self._proxy) as http:
            http.headers["User-Agent"] = HEADERS["User-Agent"]
            return self._follow(link.url, lambda url: self._redirect_of(http, url, link.url))

    def _follow(
        self, url: str, next_of: Callable[[str], str | Unavailable]
    ) -> VideoLink | Unavailable:
        seen: set[str] = set()
        destination = _destination(url)
        for _ in range(MAX_HOPS):
            if destination is not None:
                return destination
            if url in seen:
                return Unavailable(Gone.BAD_ID, Message.of("short_link_circles"), final=False)
            seen.add(url)
            following = next_of(url)
            if isinstance(following, Unavailable):
                return following
            url = following
            destination = _destination(url)
        endless = Message.of("short_link_too_long", hops=MAX_HOPS)
        return destination or Unavailable(Gone.BAD_ID, endless, final=False)

    def _redirect_of(self, http: BoundedSession, url: str, start: str) -> str | Unavailable:
        """Return the URL that this one redirects to, or why it redirects nowhere.

        `start` is the short link itself; other hosts than its one refuse nothing.
        """
        return self._requests.send(
            urlsplit(url).hostname or "",
            ENDPOINT,
            lambda: self._ask(http, url, start),
            resource=url,
        )

    def _ask(self, http: BoundedSession, url: str, start: str) -> str | Unavailable:
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
        if url == start and answer.status in DEAD:
            return self._dead(url)
        if answer.status < 300 and url == start:
            return Unavailable(Gone.UNKNOWN, Message.of("short_link_silent"), final=False)
        if url != start and answer.status < 500 and answer.status not in REDIRECTS:
            page = Message.of("short_link_without_video", host=urlsplit(url).hostname)
            return Unavailable(Gone.UNKNOWN, page, final=False)
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
