"""Video ids: known pairs, the ends of the range, and texts that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.bilibili.ids import ALPHABET, av_to_bv, bv_to_av

MOST = 2**51 - 1
PAIRS = [
    (2, "BV1xx411c7mD"),
    (15664, "BV1bx411c7qt"),
    (80433022, "BV1GJ411x7h7"),
    (305988942, "BV1aP411K7it"),
    (111298867365120, "BV1L9Uoa9EUx"),
    (117324933765673, "BV17CaA6pEWr"),
]


@pytest.mark.parametrize(("aid", "bvid"), PAIRS)
def test_known_pairs_both_ways(aid: int, bvid: str) -> None:
    assert (av_to_bv(aid), bv_to_av(bvid)) == (bvid, aid)


@given(st.integers(1, MOST))
def test_every_number_comes_back(aid: int) -> None:
    bvid = av_to_bv(aid)
    assert len(bvid) == 12
    assert bv_to_av(bvid) == aid


@pytest.mark.parametrize("aid", [1, MOST])
def test_the_ends_of_the_range_come_back(aid: int) -> None:
    assert bv_to_av(av_to_bv(aid)) == aid


@pytest.mark.parametrize("aid", [-1, 0, MOST + 1, 2**64])
def test_numbers_out_of_range_are_refused(aid: int) -> None:
    with pytest.raises(ValueError, match="no video number"):
        av_to_bv(aid)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BV1",
        "BV1GJ411x7h",
        "BV1GJ411x7h77",
        "bv1GJ411x7h7",
        "AV1GJ411x7h7",
        "BV1GJ411x7h0",
        "BV1GJ411x7hI",
        "BV1GJ411x7h ",
        "BV1GJ411x7é7",
    ],
)
def test_texts_that_are_no_id_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no BV id"):
        bv_to_av(text)


def test_case_matters() -> None:
    assert bv_to_av("BV1GJ411x7H7") != 80433022


@given(st.text(ALPHABET, min_size=9, max_size=9))
def test_a_text_is_refused_or_is_the_one_spelling_of_its_number(letters: str) -> None:
    try:
        aid = bv_to_av(f"BV1{letters}")
    except ValueError:
        return
    assert av_to_bv(aid) == f"BV1{letters}"
