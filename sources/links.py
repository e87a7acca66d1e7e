"""Parsing of links, share texts and ids of videos, without any request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, unquote, urljoin, urlsplit

from core.errors import InvalidInputError, NoVideoError
from core.messages import Message
from sources.bilibili.ids import av_to_bv, bv_to_av

SHOWN_CHARS = 120
DOMAINS = {
    "bilibili.com": "bilibili",
    "b23.tv": "bilibili",
    "bili2233.cn": "bilibili",
    "youtube.com": "youtube",
    "youtu.be": "youtube",
    "youtube-nocookie.com": "youtube",
    "douyin.com": "douyin",
    "iesdouyin.com": "douyin",
    "tiktok.com": "tiktok",
    "tiktokv.com": "tiktok",
}
# What people call the platforms.
PLATFORM_WORDS: Mapping[str, tuple[str, ...]] = {
    "bilibili": ("bilibili", "bili", "b站", "哔哩哔哩", "哔哩"),
    "douyin": ("douyin", "抖音"),
    "youtube": ("youtube", "油管"),
    "tiktok": ("tiktok",),
}
BILIBILI_SHORT_HOSTS = {"b23.tv", "bili2233.cn"}
SHORT_HOSTS = BILIBILI_SHORT_HOSTS | {"v.douyin.com", "vm.tiktok.com", "vt.tiktok.com"}
SHORT_NAME = re.compile(r"[0-9A-Za-z_-]{4,40}")
YOUTUBE_ID = re.compile(r"[0-9A-Za-z_-]{11}")
# These have 11 letters in /embed/ like an id, but are pages of their own.
NO_YOUTUBE_IDS = {"videoseries", "live_stream"}
AWEME_ID = re.compile(r"[1-9][0-9]{18}")
# A series and its episodes, which are no videos of a creator.
EPISODE = re.compile(r"(?i:ep|ss)[0-9]+")
# Bilibili's ids differ by the case of their letters alone; a text in lower case has lost it.
LOST_CASE = re.compile(r"bv1[0-9a-z]{9}")
# Pages of Douyin that have an id of something else in their path.
NO_DOUYIN_VIDEOS = {"user", "live", "music", "challenge", "hashtag", "mix", "collection", "follow"}
TIKTOK_KINDS = ("video", "photo", "embed", "v2", "v1", "v")
DOUYIN_PARAMS = ("vid", "modal_id", "aweme_id", "item_id", "item_ids", "awemeId")
# Bilibili's app names its videos so.
APP_LINK = re.compile(r"bilibili://(?:video|av)/(?P<id>[0-9A-Za-z]+)", re.IGNORECASE)
# Some programs keep ids of Bilibili without their first two letters.
WITHOUT_BV = re.compile(r"1[0-9A-Za-z]{9}")
NUMBERED = re.compile(r"(?i:av)?([1-9][0-9]{0,15})")
# Spreadsheets turn long ids into numbers like 7.1E+18, whose last digits are lost.
ROUNDED = re.compile(r"[0-9]+(?:\.[0-9]+)?[eE]\+?[0-9]+")
# A URL ends at a blank, a quote, a bracket, or a character outside ASCII: Chinese text follows
# a URL without a blank.
URL_CHARS = r"[^\s\"<>\\^`{|}\x00-\x20\x7f-\U0010ffff]+"
KNOWN_HOST = r"(?:[0-9A-Za-z-]+\.)*(?:" + "|".join(re.escape(name) for name in DOMAINS) + ")/"
URL = re.compile(
    rf"https?://{URL_CHARS}|(?<![0-9A-Za-z_@.:/-]){KNOWN_HOST}{URL_CHARS}",
    re.IGNORECASE | re.ASCII,  # or i, k and s would fold to letters that are no URL's
)
# Punctuation that a sentence puts after a URL; none of it ends a link of a video.
AFTER_A_URL = ".,;:!?'\")]*"


@dataclass(frozen=True)
class VideoLink:
    """A video of a platform; ids of Bilibili are spelled `BV…`, however the link spelled them."""

    platform: str
    video_id: str


@dataclass(frozen=True)
class ShortLink:
    """A link that redirects to a video of a platform; only its host knows to which one."""

    platform: str
    url: str


def video_named(text: str, platform: str | None = None) -> VideoLink:
    """Return the video that people mean by a link or an id; a bare id is Bilibili's.

    Args:
        platform: as for `recognise`; None: any.

    Raises:
        InvalidInputError: it is a short link, or names no video of that platform.
    """
    link = recognise(text, platform or (None if ":" in text else "bilibili"))
    if not isinstance(link, VideoLink):
        raise InvalidInputError("video_link_is_short", text=repr(text))
    return link


def recognise(text: str, platform: str | None = None) -> VideoLink | ShortLink:
    """Return the video that a text names; a short link is returned unresolved.

    The text is a URL of any form, a share text with one (the first link of a video counts),
    `PLATFORM:ID`, or an id.

    Args:
        platform: the platform of a bare id, and the only one that is accepted; None: any, and the
            form of the id must tell which.

    Raises:
        InvalidInputError: it names no video, or one of a platform other than `platform`; the
            message says why, and what would be understood.
    """
    text = APP_LINK.sub(_as_web_link, text.strip()).removeprefix("//")
    shown = text[:SHOWN_CHARS]
    urls = urls_in(text)
    if not urls:
        return _recognise_id(text, platform, shown)
    causes = []
    for url in urls:
        try:
            link = parse_url(url)
        except NoVideoError as error:
            causes.append(error)
            continue
        if platform is not None and link.platform != platform:
            raise InvalidInputError(
                "link_of_other_platform", text=shown, found=link.platform, wanted=platform
            )
        return link
    raise InvalidInputError("link_not_video", text=shown, cause=causes[0])


def urls_in(text: str) -> list[str]:
    """Return the URLs in a text, in their order.

    Those of known hosts are found without `https://` as well, and get it.
    """
    found = (match[0].rstrip(AFTER_A_URL) for match in URL.finditer(text))
    return [url if "://" in url else f"https://{url}" for url in found]


def parse_url(url: str) -> VideoLink | ShortLink:
    """Return the video, or the short link, that one whole URL names.

    Raises:
        NoVideoError: it names none.
    """
    parts = split_url(url)
    if parts is None:
        raise NoVideoError("url_damaged")
    platform = platform_of_host(parts.hostname)
    if platform is None:
        raise NoVideoError("host_unknown", host=parts.hostname, known=list(DOMAINS))
    page = _UrlView(parts)
    video_id = ID_READERS[platform](page)
    if video_id is not None:
        return VideoLink(platform, video_id)
    if platform == "bilibili":
        _require_no_near_miss(page)
    if _is_short(parts):
        return ShortLink(platform, plain_url(parts))
    raise NoVideoError("page_not_video", platform=platform)


def _as_web_link(match: re.Match[str]) -> str:
    number = match["id"]
    return f"https://www.bilibili.com/video/{'av' if number.isdigit() else ''}{number}"


def _require_no_near_miss(page: _UrlView) -> None:
    """Raise NoVideoError for an episode of a series, and for an id whose case was lost."""
    if any(EPISODE.fullmatch(segment) for segment in page.segments):
        raise NoVideoError("link_of_episode")
    if any(LOST_CASE.fullmatch(segment) for segment in page.segments):
        raise NoVideoError("id_case_lost")


def find_video(url: str) -> VideoLink | None:
    """Return the video that a URL names by itself; None when it names none or is a short link."""
    try:
        link = parse_url(url)
    except NoVideoError:
        return None
    return link if isinstance(link, VideoLink) else None


def split_url(url: str) -> SplitResult | None:
    """Return the parts of an http(s) URL on a usual port (80, 443); None for anything else."""
    try:
        # Links copied from HTML source carry &amp; between their parameters.
        parts = urlsplit(url.replace("&amp;", "&"))
        usual = parts.port in (None, 80, 443)
    except ValueError:
        return None
    # Browsers read a backslash as a slash, urlsplit does not: the two would see different hosts.
    fine = parts.scheme in ("http", "https") and parts.hostname and usual and "\\" not in url
    return parts if fine else None


def platform_of_host(host: str | None) -> str | None:
    """Return the platform to whose domain the host belongs; None for any other host."""
    name = (host or "").rstrip(".").lower()
    for domain, platform in DOMAINS.items():
        if name == domain or name.endswith(f".{domain}"):
            return platform
    return None


def platform_of_word(word: str) -> str | None:
    """Return the platform of a name in English or Chinese; None for an unknown one."""
    named = word.strip().lower()
    return next((name for name, words in PLATFORM_WORDS.items() if named in words), None)


def plain_url(parts: SplitResult) -> str:
    """Return the URL as https, without credentials, port and fragment."""
    query = f"?{parts.query}" if parts.query else ""
    return f"https://{str(parts.hostname).rstrip('.')}{parts.path or '/'}{query}"


class _UrlView:
    """The parts of a URL that the readers of ids look at."""

    def __init__(self, parts: SplitResult) -> None:
        # A question mark that was encoded by mistake still begins the query.
        path, mark, rest = parts.path.replace("%3f", "%3F").partition("%3F")
        if mark:
            query = unquote(rest) + (f"&{parts.query}" if parts.query else "")
            parts = parts._replace(path=path, query=query)
        self.host = str(parts.hostname).rstrip(".").removeprefix("www.")
        self.segments = [segment for segment in parts.path.split("/") if segment]
        self._query = parse_qs(parts.query)

    def param(self, name: str) -> str:
        return self._query.get(name, [""])[0]

    def segment_after(self, *names: str) -> str:
        """Return the path segment that follows one of those names; empty when there is none."""
        for name, following in zip(self.segments, self.segments[1:], strict=False):
            if name in names:
                return following
        return ""


def _bilibili_id(page: _UrlView) -> str | None:
    first = page.segments[0] if page.segments else ""
    named = page.segment_after("video")
    texts = [named, page.param("bvid"), *(page.segments if not named else ())]
    if first == "list" or page.host.startswith("player."):
        texts += (f"av{page.param(name)}" for name in ("oid", "aid"))
    for text in texts:
        if text[:2].lower() in ("bv", "av"):
            found = normalize_bilibili_id(text)
            if found is not None or text == named:
                return found
    return None


def normalize_bilibili_id(text: str) -> str | None:
    """Return the `BV…` id of a `BV…`, an `av…` or a number; None when it is no id of Bilibili."""
    numbered = NUMBERED.fullmatch(text)
    if LOST_CASE.fullmatch(text):
        return None
    try:
        if numbered:
            return av_to_bv(int(numbered[1]))
        bvid = "BV" + text[2:]
        bv_to_av(bvid)
    except ValueError:
        return None
    return bvid if text[:2].upper() == "BV" else None


def _youtube_id(page: _UrlView) -> str | None:
    first = page.segments[0] if page.segments else ""
    if page.host == "youtu.be":
        text = first
    elif first == "attribution_link":
        inner = split_url(urljoin("https://www.youtube.com/", page.param("u")))
        # Not further than one step: a link may be built to lead in circles.
        is_watched = inner is not None and inner.path.startswith("/watch")
        return _youtube_id(_UrlView(inner)) if inner and is_watched else None
    elif first == "watch":
        text = page.param("v") or "".join(page.segments[1:2])
    else:
        text = page.segment_after("embed", "shorts", "live", "v", "e")
    return text if YOUTUBE_ID.fullmatch(text) and text not in NO_YOUTUBE_IDS else None


def _douyin_id(page: _UrlView) -> str | None:
    named = page.segment_after("video", "note", "slides", "article")
    for text in (named, *(page.param(name) for name in DOUYIN_PARAMS)):
        if AWEME_ID.fullmatch(text):
            return text
    # Short links lead to share pages of many kinds.
    if named or NO_DOUYIN_VIDEOS & set(page.segments):
        return None
    return next((text for text in page.segments if AWEME_ID.fullmatch(text)), None)


def _tiktok_id(page: _UrlView) -> str | None:
    text = page.segment_after(*TIKTOK_KINDS)
    if text in ("v2", "v1"):
        text = page.segment_after("v2", "v1")
    text = text.removesuffix(".html")
    return text if AWEME_ID.fullmatch(text) else None


ID_READERS: Mapping[str, Callable[[_UrlView], str | None]] = {
    "bilibili": _bilibili_id,
    "youtube": _youtube_id,
    "douyin": _douyin_id,
    "tiktok": _tiktok_id,
}


def _is_short(parts: SplitResult) -> bool:
    page = _UrlView(parts)
    if page.host in SHORT_HOSTS:
        return bool(page.segments) and bool(SHORT_NAME.fullmatch(page.segments[0]))
    is_t = page.host == "tiktok.com" and len(page.segments) == 2 and page.segments[0] == "t"
    return is_t and bool(SHORT_NAME.fullmatch(page.segments[1]))


def _recognise_id(text: str, platform: str | None, shown: str) -> VideoLink:
    named, mark, rest = text.partition(":")
    if mark and named.lower() in ID_READERS and platform in (None, named.lower()):
        text, platform = rest.strip(), named.lower()
    if ROUNDED.fullmatch(text):
        raise InvalidInputError("id_rounded", text=shown)
    if platform in (None, "bilibili") and LOST_CASE.fullmatch(text):
        raise InvalidInputError("link_not_video", text=shown, cause=Message.of("id_case_lost"))
    if platform is None and re.fullmatch(r"(?i:bv1[0-9A-Za-z]{9}|av[0-9]+)", text):
        platform = "bilibili"
    if platform is None:
        raise InvalidInputError("id_without_platform", text=shown)
    video_id = _id_of(platform, text)
    if video_id is None:
        raise InvalidInputError("not_video_id", text=shown, platform=platform)
    return VideoLink(platform, video_id)


def _id_of(platform: str, text: str) -> str | None:
    if platform == "bilibili":
        found = normalize_bilibili_id(text)
        is_cut = found is None and WITHOUT_BV.fullmatch(text)
        return normalize_bilibili_id(f"BV{text}") if is_cut else found
    if platform == "youtube":
        return text if YOUTUBE_ID.fullmatch(text) else None
    return text if platform in ID_READERS and AWEME_ID.fullmatch(text) else None
