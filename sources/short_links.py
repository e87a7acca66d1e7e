"""Where short links lead: redirects followed by hand, never to a host of somebody else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import requests

from core.clock import Clock
from core.errors import (
    BadRequestError,
    Evidence,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
)
from sources.base import Gone, Unavailable
from sources.bilibili.client import HEADERS
from sources.json_api import retry_after_secs
from sources.links import (
    ShortLink,
    VideoLink,
    find_video,
    plain_url,
    platform_of_host,
    split_url,
)

MAX_HOPS = 5
MAX_KNOWN = 10_000
REDIRECTS = (301, 302, 303, 307, 308)
DEAD = (200, 204, 404, 410)
DEAD_END = "the short link leads to no video: removed, or the link of something else"


class _PlainSession(requests.Session):
    """One that has no opinion of redirects: else it chokes on a damaged Location."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class ShortLinkResolver:
    """Follows short links, each with a fresh session: no cookie and no account is shown.

    Args:
        base_url: for trials: instead of `https://HOST/PATH`, `BASE/HOST/PATH` is asked.
    """

    def __init__(
        self, *, timeout_secs: float, clock: Clock, base_url: str = "", proxy: str | None = None
    ) -> None:
        self._timeout_secs = timeout_secs
        self._clock = clock
        self._base_url = base_url.rstrip("/")
        self._proxy = proxy
        self._lock = threading.Lock()
        self._known: dict[str, VideoLink] = {}

    def resolve(self, link: ShortLink) -> VideoLink | Unavailable:
        """The video that the link leads to, or why there is none. A video is remembered: a link
        never leads to another one.

        Raises:
            RetryableError: nothing came, or the server failed.
            Throttled, RiskControlError: the host wants to be left alone.
        """
        with self._lock:
            known = self._known.get(link.url)
        if known is not None:
            return known
        found = self._asked(link)
        if isinstance(found, VideoLink):
            self._remember(link, found)
        return found

    def _remember(self, link: ShortLink, video: VideoLink) -> None:
        with self._lock:
            if len(self._known) >= MAX_KNOWN:
                del self._known[next(iter(self._known))]  # the oldest
            self._known[link.url] = video

    def _asked(self, link: ShortLink) -> VideoLink | Unavailable:
        with _PlainSession() as http:
            http.trust_env = False
            http.headers["User-Agent"] = HEADERS["User-Agent"]
            if self._proxy:
                http.proxies = {"http": self._proxy, "https": self._proxy}
            return self._follow(link.url, lambda url: self._next(http, url))

    def _follow(self, url: str, next_of: Callable[[str], str | None]) -> VideoLink | Unavailable:
        seen: set[str] = set()
        end = _end(url)
        for _ in range(MAX_HOPS):
            if end is not None:
                return end
            if url in seen:
                return Unavailable(Gone.BAD_ID, "the short link leads in a circle", final=True)
            seen.add(url)
            following = next_of(url)
            if following is None:
                return Unavailable(Gone.NOT_FOUND, DEAD_END, final=True)
            url = following
            end = _end(url)
        text = f"the short link leads to no video within {MAX_HOPS} hops"
        return end or Unavailable(Gone.BAD_ID, text, final=True)

    def _next(self, http: requests.Session, url: str) -> str | None:
        """Where the URL redirects to; None when it is an end."""
        request = f"GET {url}"
        try:
            answer = http.get(
                self._asked_at(url), timeout=self._timeout_secs, allow_redirects=False, stream=True
            )
        except (requests.RequestException, ValueError) as error:
            text = f"no answer to the short link ({type(error).__name__})"
            raise RetryableError(text, Evidence(request)) from None
        with answer:
            location = answer.headers.get("Location", "")
            if answer.status_code in REDIRECTS and location:
                return self._target(url, location.encode("latin-1").decode("utf-8", "replace"))
            if answer.status_code in DEAD:
                return None
            raise self._error(answer, Evidence(request, answer.status_code))

    def _asked_at(self, url: str) -> str:
        return f"{self._base_url}/{url.partition('://')[2]}" if self._base_url else url

    def _target(self, url: str, location: str) -> str:
        if self._base_url and location.startswith(f"{self._base_url}/"):
            location = "https://" + location.removeprefix(f"{self._base_url}/")
        try:
            target = urljoin(url, location)
        except ValueError:
            return location
        parts = split_url(target)
        return plain_url(parts) if parts else target

    def _error(self, answer: requests.Response, evidence: Evidence) -> SourceError:
        said = f"the short link's host says HTTP {answer.status_code}"
        if answer.status_code == 429:
            secs = retry_after_secs(answer.headers.get("Retry-After"), self._clock.now())
            return ThrottledError(said, evidence, retry_after_secs=secs)
        if answer.status_code in (401, 403, 412):
            return RiskControlError(said, evidence)
        if answer.status_code >= 500 or answer.status_code in (407, 408, *REDIRECTS):
            return RetryableError(said, evidence)
        return BadRequestError(said, evidence)


def _end(url: str) -> VideoLink | Unavailable | None:
    """What a URL by itself says of the end of the way; None when it must be asked."""
    parts = split_url(url)
    platform = platform_of_host(parts.hostname) if parts else None
    if parts is None or platform is None:
        host = (parts.hostname if parts else None) or "something that is no web address"
        return Unavailable(Gone.BAD_ID, f"the short link leads away, to {host[:100]}", final=True)
    if platform == "tiktok" and _is_blocked(url):
        return Unavailable(Gone.REGION, "TikTok does not show it in this region", final=True)
    return find_video(url)


def _is_blocked(url: str) -> bool:
    parts = urlsplit(url.lower())
    steps = [step for step in parts.path.split("/") if not step.startswith("@")]  # no user names
    return any("notfound" in text for text in (*steps, parts.query))
