"""The server's side of WBI: keys that can rotate, and the check of a signed query.

The query is judged as it was sent: a blank spelt `+` does not pass, nor does a parameter that was
added after signing.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

MAX_SKEW_SECS = 600
_DROPPED = str.maketrans("", "", "!'()*")
# Where the platform's script takes each letter of the mixin from; only the first 32 of 64 are used.
_PICKS = (
    *(46, 47, 18, 2, 53, 8, 23, 32, 15, 50, 10, 31, 58, 3, 45, 35),
    *(27, 43, 5, 49, 33, 9, 42, 19, 29, 28, 14, 39, 12, 38, 41, 13),
)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The two keys that `nav` publishes as file names, 32 hexadecimal digits each."""

    img: str
    sub: str

    @property
    def mixin(self) -> str:
        """The secret that is appended to a query before hashing."""
        raw = self.img + self.sub
        return "".join(raw[pick] for pick in _PICKS)


DEFAULT_KEYS = KeyPair("7cd084941338484aae1ad9425b84077c", "4932caff0ff746eab6f01bf08b70ac45")


class KeyRing:
    """The pair in force; thread-safe. A signature made with an older pair is worth nothing."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._rotations = 0
        self._current = DEFAULT_KEYS

    def current(self) -> KeyPair:
        """The pair that signatures are checked against now."""
        with self._lock:
            return self._current

    def rotate(self) -> KeyPair:
        """Put the next pair in force and return it; the sequence follows from the seed."""
        with self._lock:
            self._rotations += 1
            names = (f"{self._seed}:{self._rotations}:{half}" for half in ("img", "sub"))
            self._current = KeyPair(*(hashlib.md5(name.encode()).hexdigest() for name in names))
            return self._current


def signature(params: Mapping[str, str], pair: KeyPair) -> str:
    """The `w_rid` of decoded parameters (with `wts`, without `w_rid`)."""
    query = "&".join(
        f"{quote(key, safe='')}={quote(params[key].translate(_DROPPED), safe='')}"
        for key in sorted(params)
    )
    return hashlib.md5((query + pair.mixin).encode()).hexdigest()


def is_signed(raw_query: str, pair: KeyPair, wall_secs: float) -> bool:
    """Whether a query, exactly as it was sent, carries a fresh signature made with this pair."""
    params = query_params(raw_query)
    if len(params) != len(raw_query.split("&")):
        return False
    claimed = params.pop("w_rid", "")
    wts = params.get("wts", "")
    if not (wts.isascii() and wts.isdigit() and len(wts) < 16):
        return False
    return abs(wall_secs - int(wts)) <= MAX_SKEW_SECS and claimed == signature(params, pair)


def query_params(raw_query: str) -> dict[str, str]:
    """Percent-decode a query; `+` stays a plus, and the last of a repeated key wins."""
    pairs = (part.partition("=") for part in raw_query.split("&") if part)
    return {unquote(key): unquote(value) for key, _, value in pairs}
