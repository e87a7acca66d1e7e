"""Why works have no numbers, as data files tell it."""

from __future__ import annotations

from collections.abc import Callable

from core.messages import Message
from presentation.i18n.renderer import renderer_for
from tests.support.crawler.workbench import ONE_ENGINE
from tests.support.messages import english
from tests.support.works.views_fixtures import BATCH, Desk
from works.hour_data.entries import reason_of

Begin = Callable[..., Desk]


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


@ONE_ENGINE
def test_every_failed_work_is_in_the_log_and_counted_by_its_reason(desk: Begin) -> None:
    here = desk(accounts=1)
    ids = here.ids(120)
    here.list([*ids, "no-such-id"])
    here.server.order({"kind": "html_412", "endpoint": BATCH, "times": 1000})
    done = here.crawl(lambda progress: None)
    [path] = here.app.settings.log_dir.rglob("views_crawler_*.log")
    text = path.read_text("utf-8")
    assert done.failed == 121 - done.success > 100
    lost = {work_id for work_id in (*ids, "no-such-id") if f"failed: {work_id} " in text}
    assert len(lost) == done.failed
    told = english(done.message)
    assert sum(one.works for one in done.reasons) == done.failed
    assert all(f"{one.works:,} failed: " in told for one in done.reasons)
    here.clock.move(120)
    here.crawl()
    again = path.read_text("utf-8").removeprefix(text)
    assert "failed: no-such-id" not in again, "told once an hour"
