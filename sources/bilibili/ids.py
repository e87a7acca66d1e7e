"""Ids of Bilibili's videos: the number (`av`) and the text (`BV`) are two spellings of one id."""

from __future__ import annotations

# The numbers and the alphabet with which Bilibili itself converts between the two.
XOR = 23442827791579
MASK = 2**51 - 1
TOP = 2**51
ALPHABET = "FcwAPNKTMug3GV5Lj7EJnHpWsx4tb8haYeviqBz6rkCy12mUSDQX9RdoZf"
VALUES = {letter: value for value, letter in enumerate(ALPHABET)}


def av_to_bv(aid: int) -> str:
    """Return the `BV…` id (12 characters, case matters) of a video number.

    Raises:
        ValueError: the number is out of range.
    """
    if not 0 < aid < TOP:
        raise ValueError(f"no video number: {aid} (1 to {TOP - 1})")
    letters = list("BV1000000000")
    rest = (TOP | aid) ^ XOR
    position = 11
    while rest:
        rest, value = divmod(rest, 58)
        letters[position] = ALPHABET[value]
        position -= 1
    return _swap(letters)


def bv_to_av(bvid: str) -> int:
    """Return the video number of a `BV…` id. Raise ValueError when the text is no such id."""
    if len(bvid) != 12 or not bvid.startswith("BV1"):
        raise ValueError(f"no BV id: {bvid!r} (BV1 and nine letters or digits)")
    number = 0
    for letter in _swap(list(bvid))[3:]:
        if letter not in VALUES:
            raise ValueError(f"no BV id: {bvid!r} ({letter!r} is not used in them)")
        number = number * 58 + VALUES[letter]
    aid = (number & MASK) ^ XOR
    if not 0 < aid < TOP or av_to_bv(aid) != bvid:
        raise ValueError(f"no BV id: {bvid!r} (another spelling of av{aid})")
    return aid


def _swap(letters: list[str]) -> str:
    letters[3], letters[9] = letters[9], letters[3]
    letters[4], letters[7] = letters[7], letters[4]
    return "".join(letters)
