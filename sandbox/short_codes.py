"""Short links: where a code leads. A code is the video's id in base 58, or one of a few words.

`looping` and `gnipool` lead to each other, `endless` and what starts with it to ever more codes,
`twohops` to another short link and then to a video, `strange` to another host, `notfound` to a
page that says so, `nowhere` to a page without a video; `unknown` is none (404).
"""

from __future__ import annotations

import re

from sandbox.bvid import to_bvid
from sandbox.foreign_videos import DOUYIN, TIKTOK, foreign_id
from sandbox.mixing import salt_of

_DIGITS = "FcwAPNKTMug3GV5Lj7EJnHpWsx4tb8haYeviqBz6rkCy12mUSDQX9RdoZf"
_AID_BASE = 100_000_000_000_000
_B23_LENGTH = 7
BILIBILI_HOST = "b23.tv"
DOUYIN_HOST = "v.douyin.com"
TIKTOK_HOSTS = ("vm.tiktok.com", "vt.tiktok.com", "www.tiktok.com/t")
SHORT_HOSTS = (BILIBILI_HOST, DOUYIN_HOST, *TIKTOK_HOSTS)
STRANGE_URL = "https://evil.example/video/7000000000000000000"
_HOMES = {BILIBILI_HOST: "https://www.bilibili.com/", DOUYIN_HOST: "https://www.douyin.com/"}
_TIKTOK_HOME = "https://www.tiktok.com/"
_SHORT_URL = re.compile(r"https?://(" + "|".join(map(re.escape, SHORT_HOSTS)) + r")/([\w-]+)")
_LONG_IDS = {
    DOUYIN: re.compile(r"douyin\.com/\S*?(?:video/|note/|modal_id=|vid=)(\d{19})"),
    TIKTOK: re.compile(r"tiktok\.com/\S*?(?:video|photo)/(\d{19})"),
}


def short_url(platform: str, number: int) -> str:
    """A short link to a video of Bilibili (by its number), Douyin or TikTok."""
    if platform == DOUYIN:
        return f"https://{DOUYIN_HOST}/{_base58(number)}/"
    if platform == TIKTOK:
        return f"https://{TIKTOK_HOSTS[0]}/{_base58(number)}/"
    return f"https://{BILIBILI_HOST}/{_base58(number - _AID_BASE).rjust(_B23_LENGTH, _DIGITS[0])}"


def location(host: str, code: str) -> str | None:
    """Where a short link redirects to; None if there is no such link."""
    here, home = f"https://{host}/", _HOMES.get(host, _TIKTOK_HOME)
    words = {
        "looping": f"{here}gnipool/",
        "gnipool": f"{here}looping/",
        "twohops": f"{here}onehops/",
        "strange": STRANGE_URL,
        "notfound": f"{home}notfound",
        "nowhere": home,
    }
    if code in words:
        return words[code]
    if re.fullmatch(r"endless\d{0,9}", code):
        return f"{here}endless{int(code[7:] or 0) + 1}/"
    return None if code == "unknown" else _video_page(host, code)


def target_of(text: str) -> tuple[str, str]:
    """The platform and id of a Douyin or TikTok link in a text, short or long; else empty."""
    found = _SHORT_URL.search(text)
    if found:
        if location(*found.groups()) is None or found[1] == BILIBILI_HOST:
            return "", ""
        text = location(found[1], found[2]) or ""
    for platform, pattern in _LONG_IDS.items():
        long = pattern.search(text)
        if long:
            return platform, long[1]
    return "", ""


def _video_page(host: str, code: str) -> str | None:
    if host == BILIBILI_HOST:
        return _bilibili_page(code)
    platform = DOUYIN if host == DOUYIN_HOST else TIKTOK
    video_id = str(_number(code))
    if len(video_id) != 19:
        video_id = foreign_id(platform, salt_of("short", code))
    if platform == DOUYIN:
        return f"https://www.iesdouyin.com/share/video/{video_id}/?region=CN&from_ssr=1"
    return f"https://www.tiktok.com/@someone/video/{video_id}?_r=1&_t=8abcDEF"


def _bilibili_page(code: str) -> str | None:
    if re.fullmatch(r"av\d+|BV1\w{9}", code):
        return f"https://www.bilibili.com/video/{code}?share_source=copy_web"
    if len(code) != _B23_LENGTH:
        return None
    bvid = to_bvid(_AID_BASE + _number(code))
    return f"https://www.bilibili.com/video/{bvid}?p=1&share_source=copy_web"


def _base58(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits


def _number(code: str) -> int:
    """The number that a code spells; letters that are no digits count as nothing."""
    number = 0
    for letter in code:
        number = number * len(_DIGITS) + max(0, _DIGITS.find(letter))
    return number
