"""`Retry-After` in every form that servers write, legal or not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.transport.retry_after import MAX_SECS, retry_after_secs

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
DAY = MAX_SECS


@pytest.mark.parametrize(
    ("header", "secs"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("0", 0),
        ("00000000120", 120),
        ("9999999999", DAY),
        ("9" * 150, DAY),
        ("Sun, 22 Nov 2026 04:01:00 GMT", 60),  # IMF-fixdate
        ("sun, 22 nov 2026 04:01:00 gmt", 60),
        ("Sunday, 22-Nov-26 04:01:00 GMT", 60),  # RFC 850
        ("Sun Nov 22 04:01:00 2026", 60),  # asctime, which is UTC
        ("Sun, 22 Nov 2026 12:01:00 +0800", 60),
        ("Sun, 22 Nov 2026 04:01:00 -0000", 60),
        ("Sat, 21 Nov 2026 23:01:00 EST", 60),
        ("22 Nov 2026 04:01:00 GMT", 60),
        ("Sun, 22 Nov 2026 03:00:00 GMT", 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Mon, 01 Jan 0001 00:00:00 +0100", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
        ("Fri, 31 Dec 9999 23:59:59 -0100", DAY),
        ("120, 60", 120),
        ("60, Sun, 22 Nov 2026 04:02:00 GMT", 120),
        ("Sun, 22 Nov 2026 04:01:00 GMT, Sun, 22 Nov 2026 04:02:00 GMT", 120),
        ("soon, 60", 60),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("1e3", None),
        ("0x10", None),
        ("\u00b2", None),
        ("\u0663", None),
        ("Sun, 99 Nov 2026 04:01:00 GMT", None),
        ("Sun, 22 Nov 2026 04:01:00 +9999", None),
        ("Sun,", None),
        (",,,", None),
    ],
)
def test_the_wait_that_is_asked_for(header: str | None, secs: float | None) -> None:
    assert retry_after_secs(header, NOW) == secs


HEADER_PARTS = st.sampled_from(
    ["Sun", "Sunday", ",", " ", "22", "Nov", "-", "2026", "04:01:00", "GMT", "+0800", "-9999", "("]
)


@given(st.text() | st.lists(HEADER_PARTS).map("".join) | st.lists(HEADER_PARTS).map(" ".join))
def test_no_header_raises_or_asks_for_more_than_a_day(header: str) -> None:
    secs = retry_after_secs(header, NOW)
    assert secs is None or 0 <= secs <= MAX_SECS
