"""Nicknames as people write them: what breaks CSV files, spreadsheets, columns and encoders."""

from __future__ import annotations

from collections.abc import Callable

LONG_NAME_CHARACTERS = 10_000
_RARE_OF = 2_000  # one in 2,000 is very long; four each (one in 500) hold a NUL or half a surrogate

_FIRST = ("小鹿", "阿柚", "老陈", "橘子", "南风", "七七", "木子", "大白", "青禾", "北岛", "糖糖")
_LAST = ("同学", "日记", "研究所", "の部屋", "Studio", "爱分享", "说", "工作室", "不熬夜", "频道")
_EMOJI = ("😀", "💄", "🎮", "🧧", "🐼", "👩\u200d🎨", "🇨🇳", "𠮷")


def _plain(word: str, domain: str, index: int) -> str:
    return f"{word}{domain}{index}"


_STYLES: tuple[Callable[[str, str, int], str], ...] = (
    lambda word, domain, index: f"{word}{_EMOJI[index % len(_EMOJI)]}{domain}",
    lambda word, domain, index: f"{_EMOJI[index % len(_EMOJI)]}{word}{index}",
    lambda word, domain, index: f'"{word}"的{domain}',
    lambda word, domain, index: f"{word}'s {domain} \\ {index}",
    lambda word, domain, index: f"{word},{domain},{index}",
    lambda word, domain, index: f"{word}\n{domain}{index}",
    lambda word, domain, index: f"{word}\r\n\t{domain}",
    lambda word, domain, index: f"=1+1 {word}",
    lambda word, domain, index: f'=HYPERLINK("http://example.invalid/{index}","{word}")',
    lambda word, domain, index: f"+86 138{index % 10**8:08d}",
    lambda word, domain, index: f"-{word}-",
    lambda word, domain, index: f"@{word}{index}",
    lambda word, domain, index: f" {word} ",
    lambda word, domain, index: f"<b>{word}</b>&amp;{domain}",
    lambda word, domain, index: str(index * 7_919),
    *(_plain,) * 15,
)


def nickname(bits: int, domain: str, index: int) -> str:
    """The nickname of the creator at `index`, drawn from the 64 `bits` of this creator."""
    word = _FIRST[bits % len(_FIRST)] + _LAST[(bits >> 8) % len(_LAST)]
    rare = (bits >> 16) % _RARE_OF
    if rare == 0:
        return (word * (LONG_NAME_CHARACTERS // len(word) + 1))[:LONG_NAME_CHARACTERS]
    if rare <= 4:
        return f"{word}\x00{index}"
    if rare <= 8:
        return f"{word}\ud83d{index}"
    return _STYLES[(bits >> 40) % len(_STYLES)](word, domain, index)
