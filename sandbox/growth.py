"""Counters that grow: a whole number for every second, computed from (bits, birth, time)."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.clock import DAY_SECS
from sandbox.mixing import mix64

# One view in so many brings one of these; the numbers only have to differ.
VIEWS_PER = {
    "view": 1,
    "like": 20,
    "favorite": 60,
    "coin": 80,
    "share": 120,
    "comment": 150,
    "danmaku": 200,
}
_CALM_PER_DAY, _HOT_PER_DAY = 2_000, 500_000


def views_per_day(bits: int) -> int:
    """How fast a video is watched: a quarter not at all any more, one in eight very fast."""
    lot = mix64(bits ^ 0x60) >> 16
    if lot % 8 < 2:
        return 0
    top = _HOT_PER_DAY if lot % 8 == 7 else _CALM_PER_DAY
    return 1 + (lot >> 8) % top


def grown(base: Mapping[str, int], bits: int, born: int, now: float) -> dict[str, int]:
    """The counters at `now` of a video that had `base` when it was born; they never shrink."""
    views = views_per_day(bits) * max(0, int(now) - born)
    return {name: count + views // (DAY_SECS * VIEWS_PER[name]) for name, count in base.items()}
