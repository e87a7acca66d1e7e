"""WBI: the signature that Bilibili's web pages add to their requests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from urllib.parse import quote

# The order and the dropped characters are those of the script on Bilibili's own pages.
MIXIN_ORDER = (
    46,
    47,
    18,
    2,
    53,
    8,
    23,
    32,
    15,
    50,
    10,
    31,
    58,
    3,
    45,
    35,
    27,
    43,
    5,
    49,
    33,
    9,
    42,
    19,
    29,
    28,
    14,
    39,
    12,
    38,
    41,
    13,
)
DROPPED = str.maketrans("", "", "!'()*")


def mixin_key(img_key: str, sub_key: str) -> str:
    """Return the 32 characters that are mixed into each signature.

    Args:
        img_key: 32 hex digits, the file name in nav's `wbi_img.img_url`.
        sub_key: 32 hex digits, the file name in nav's `wbi_img.sub_url`.

    Raises:
        ValueError: the keys are shorter than that.
    """
    raw = img_key + sub_key
    if len(raw) < 64:
        raise ValueError(f"WBI keys are too short: {len(raw)} characters together, 64 needed")
    return "".join(raw[position] for position in MIXIN_ORDER)


def sign(params: Mapping[str, object], mixin: str, wts: int) -> dict[str, str]:
    """Return `params` as text, with `wts` (Unix seconds) and the signature `w_rid` added.

    Send them encoded exactly as `encode` does: that text is what was signed.
    """
    signed = {name: str(value).translate(DROPPED) for name, value in params.items()}
    signed["wts"] = str(wts)
    query = encode(dict(sorted(signed.items())))
    # MD5 is the platform's choice; no secret depends on it.
    signed["w_rid"] = hashlib.md5((query + mixin).encode(), usedforsecurity=False).hexdigest()
    return signed


def encode(params: Mapping[str, str]) -> str:
    """Return a query string as a browser's encodeURIComponent writes it: `%20` for a space."""
    return "&".join(
        f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params.items()
    )
