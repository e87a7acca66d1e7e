"""Whether a video can be seen: as it was drawn, unless a control call has said otherwise."""

from __future__ import annotations

import threading
from dataclasses import dataclass

VISIBLE, GONE, HIDDEN = "visible", "gone", "hidden"
IN_REVIEW, NOT_YET_OUT, OWNER_ONLY = "in_review", "not_yet_out", "owner_only"
STATES = (VISIBLE, GONE, HIDDEN, IN_REVIEW, NOT_YET_OUT, OWNER_ONLY)


@dataclass(frozen=True, slots=True)
class Fate:
    """A state, and the names of the counters that the platform does not show."""

    state: str = VISIBLE
    hides: tuple[str, ...] = ()


class Fates:
    """What control calls have decided, by (platform, id); thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._decided: dict[tuple[str, str], Fate] = {}

    def of(self, platform: str, video_id: str, drawn: Fate) -> Fate:
        """The fate in force; `drawn` is the one that it was born with."""
        with self._lock:
            return self._decided.get((platform, video_id), drawn)

    def decide(self, platform: str, video_id: str, fate: Fate) -> None:
        """Put another fate in force."""
        with self._lock:
            self._decided[platform, video_id] = fate

    def reset(self) -> None:
        """Back to what was drawn."""
        with self._lock:
            self._decided.clear()
