"""Days and moments as they are typed, in the zone of shown times."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from commands.framework.datetimes import moment_from, moment_until
from core.errors import InvalidInputError
from presentation.i18n.renderer import ENGLISH_RENDERER

ZONE = ZoneInfo("Asia/Shanghai")


def test_a_day_is_whole() -> None:
    assert moment_from("--from", "2026-11-22", ZONE) == datetime(2026, 11, 21, 16, tzinfo=UTC)
    assert moment_until("--to", "2026-11-22", ZONE) == datetime(2026, 11, 22, 16, tzinfo=UTC)


def test_a_moment_is_included() -> None:
    ten = datetime(2026, 11, 22, 2, tzinfo=UTC)
    assert moment_from("--from", "2026-11-22T10:00", ZONE) == ten
    until = moment_until("--to", "2026-11-22 10:00", ZONE)
    assert until is not None and until > ten
    assert moment_from("--from", "2026-11-22T02:00:00+00:00", ZONE) == ten


def test_nothing_is_no_limit() -> None:
    assert moment_from("--from", None, ZONE) is None and moment_until("--to", None, ZONE) is None


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "0001-01-01", "9999-12-31", "10:00"])
def test_anything_else_is_refused(text: str) -> None:
    for read in (moment_from, moment_until):
        with pytest.raises(InvalidInputError, match="option_no_moment") as refused:
            read("--to", text, ZONE)
        assert "2026-11-22T10:00" in ENGLISH_RENDERER.text(refused.value)
