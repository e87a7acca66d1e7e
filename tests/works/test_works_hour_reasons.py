"""Why works have no numbers, as data files tell it."""

from __future__ import annotations

from core.messages import Message
from presentation.i18n.renderer import renderer_for
from tests.support.messages import english
from works.hour_data.entries import reason_of


def test_the_reason_of_an_hour_can_be_read_in_chinese() -> None:
    cause = Message.of("video_not_found", detail="gone")
    stored = {"error": "not_found: gone", **{f"error_{k}": v for k, v in cause.as_json().items()}}
    older = {"error": "not_found: gone"}
    causes = [reason_of(failure) for failure in (stored, older)]  # type: ignore[arg-type]
    assert [english(cause) for cause in causes] == ["not_found: gone"] * 2
    faults = [
        Message.of("crawl_begun_late", minutes=12),
        Message.of("some_works_failed", works=1_200, cause=causes[0]),
    ]
    why = Message.load(Message.of("hour_faults", faults=faults).dump())
    chinese = renderer_for("zh").sentence(why)
    assert chinese == "整点后 12 分钟才开始；1,200 个作品失败，多为：视频不存在：gone"
