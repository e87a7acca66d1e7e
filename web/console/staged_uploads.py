"""Files that a visitor has uploaded and not yet confirmed, kept in memory for a short time."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field

from core.clock import Clock
from core.errors import InvalidInputError
from distribution.intake.item_files import ItemKind

KEPT_SECS = 900.0
# Of everybody together: the files may be large, and hold sessions in clear.
MAX_FILES = 8


@dataclass(frozen=True)
class StagedUpload:
    """An uploaded file with what was chosen for it.

    Args:
        platform: None: the file says which.
        new_login: other logins may take over the names of accounts.
        group: that of the accounts whose rows name none; None for none.
        kind: what a list of the distributing site holds.
        report: reports on new completions are filed.
    """

    content: bytes = field(repr=False)
    name: str
    platform: str | None
    new_login: bool = False
    group: str | None = None
    kind: ItemKind = ItemKind.DRAMAS
    report: bool = True


class StagedUploads:
    """Keeps uploads between their preview and its confirmation; a restart forgets them."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, str, StagedUpload]] = {}

    def keep(self, visitor: str, upload: StagedUpload) -> str:
        """Keep a visitor's upload, and return the word by which `find` and `take` know it."""
        word = secrets.token_urlsafe(16)
        with self._lock:
            self._forget_old()
            while len(self._kept) >= MAX_FILES:
                del self._kept[next(iter(self._kept))]
            self._kept[word] = (self._clock.monotonic() + KEPT_SECS, visitor, upload)
        return word

    def find(self, visitor: str, word: str) -> StagedUpload:
        """Return an upload of that visitor.

        Raises:
            InvalidInputError: it was taken, is older than KEPT_SECS, or another visitor's.
        """
        with self._lock:
            self._forget_old()
            _, owner, upload = self._kept.get(word, (0.0, None, None))
        if upload is None or owner != visitor:
            raise InvalidInputError("upload_forgotten")
        return upload

    def take(self, visitor: str, word: str) -> StagedUpload:
        """Return an upload as `find` does, and forget it."""
        upload = self.find(visitor, word)
        with self._lock:
            self._kept.pop(word, None)
        return upload

    def _forget_old(self) -> None:
        now = self._clock.monotonic()
        for word in [word for word, (until, _, _) in self._kept.items() if until <= now]:
            del self._kept[word]
