"""From a completion to the receiver and back: what was scanned is sent, signed, noted as sent."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from sandbox.webhook_signatures import GOOD
from tests.support.distribution.distribution import (
    FULL,
    NEVER,
    ONE_ENGINE,
    SECRET,
    noon,
    posted,
    rows,
    take_posted,
    take_tasks,
    task,
    yesterday,
    youtube,
)
from tests.support.messages import english
from tests.support.webhooks.post_office import PostOffice


@ONE_ENGINE
@pytest.mark.parametrize(
    ("behaviour", "is_sent", "said"), [("ok", 1, "200"), ("error", 0, "500"), ("gone", 0, "410")]
)
def test_a_day_knows_whether_it_was_sent(
    make_office: Callable[..., PostOffice], behaviour: str, is_sent: int, said: str
) -> None:
    office = make_office()
    app = office.app
    take_tasks(app, task("t1", callback_url=office.url(behaviour)))
    take_posted(app, posted("t1", "u1", youtube(1), noon(app), FULL))
    app.distribution.daily_scanner.scan(yesterday(app), NEVER)
    (day,) = rows(app, "task_daily_stats")
    assert (day["is_sent"], day["tries"], day["response"]) == (0, 0, None)
    office.send()
    (day,) = rows(app, "task_daily_stats")
    assert (day["is_sent"], day["tries"]) == (is_sent, 1)
    assert said in english(day["response"]) and (day["sent_at"] is not None) == bool(is_sent)


@ONE_ENGINE
def test_a_daily_report_arrives_signed_as_it_was_scanned(
    make_office: Callable[..., PostOffice],
) -> None:
    office = make_office(site_name="Site")
    app = office.app
    take_tasks(app, task("t1", callback_url=office.url("signed", "settle"), callback_secret=SECRET))
    take_posted(app, posted("t1", "u1", youtube(1), noon(app), FULL))
    app.distribution.daily_scanner.scan(yesterday(app), NEVER)
    assert office.send() == 1
    (delivery,) = office.deliveries()
    assert json.loads(delivery.body) == {
        "site_name": "Site",
        "event": "task.daily_stats",
        "stats": [
            {
                "project_id": "p1",
                "task_id": "t1",
                "duration": 90,
                "account_count": 1,
                "yt_account_count": 1,
                "yt_view_count": 100,
                "yt_like_count": 10,
                "yt_comment_count": 1,
            }
        ],
    }
    got = office.inbox("settle")
    assert got["order"] == [delivery.event_id] and got["signatures"] == {GOOD: 1}
