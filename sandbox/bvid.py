"""Video ids: the number (aid) and its 12-character spelling (BV id)."""

from __future__ import annotations

_ALPHABET = "FcwAPNKTMug3GV5Lj7EJnHpWsx4tb8haYeviqBz6rkCy12mUSDQX9RdoZf"
_DIGIT_OF = {letter: digit for digit, letter in enumerate(_ALPHABET)}
_XOR = 23_442_827_791_579
_MAX = 1 << 51
_PREFIX = "BV1"
_LENGTH = 12


def to_bvid(aid: int) -> str:
    """The BV id of a video number below 2**51."""
    rest = (_MAX | aid) ^ _XOR
    digits = []
    while rest:
        rest, digit = divmod(rest, 58)
        digits.append(_ALPHABET[digit])
    return _swapped(_PREFIX + "".join(reversed(digits)))


def to_aid(bvid: str) -> int:
    """The video number of a BV id; ValueError when the text is none (case matters)."""
    if len(bvid) != _LENGTH or not bvid.startswith(_PREFIX):
        raise ValueError(f"{bvid!r} is not a BV id")
    number = 0
    for letter in _swapped(bvid)[3:]:
        if letter not in _DIGIT_OF:
            raise ValueError(f"{bvid!r} is not a BV id")
        number = number * 58 + _DIGIT_OF[letter]
    return (number & (_MAX - 1)) ^ _XOR


def _swapped(bvid: str) -> str:
    b = list(bvid)
    b[3], b[9] = b[9], b[3]
    b[4], b[7] = b[7], b[4]
    return "".join(b)
