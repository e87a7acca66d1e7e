"""An hour on each engine: crawled by one host, written by another, equal on both."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from pydantic import SecretStr

from app.container import App
from tests.support.works.hour_data import store_hour
from tests.support.works.views_fixtures import Desk

ROWS = (
    "SELECT platform, work_id, title, crawl_date, crawl_hour, crawl_time, view_count, like_count"
    " FROM work_metrics ORDER BY crawl_date, crawl_hour, work_id"
)


def rows(desk: Desk) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(desk.app.settings.view_data_file)) as data:
        return data.execute(ROWS).fetchall()


def test_a_host_that_crawled_nothing_has_the_same_files_and_answers(
    desk: Callable[..., Desk], make_app: Callable[..., App], tmp_path: Path
) -> None:
    here = desk()
    key = SecretStr(here.app.settings.key_file.read_text(encoding="ascii").strip())
    there = Desk(
        make_app(host="there", data_dir=tmp_path / "there", secret_key=key),
        here.server,
        here.clock,
    )
    ids = here.ids(60)
    here.list([*ids, "no-id-at-all"])
    hour = here.app.works.hourly.full(here.stop).crawl.hour  # by the clock of the database
    there.project()
    path = here.files.path(hour)
    assert there.files.path(hour).read_bytes() == path.read_bytes()
    assert rows(there) == rows(here) and len(rows(here)) == 60
    top = there.app.works.history.top(hour, "view_count", 99)
    assert [one["work_id"] for one in top] == [
        one["work_id"] for one in here.app.works.history.top(hour, "view_count", 99)
    ]
    first = here.report(hour)["data"][0]
    store_hour(here.app, hour.earlier(1), [first | {"view_count": 1}])
    risers = there.app.works.history.risers(hour.earlier(1), "view_count", 9)
    assert [(one["work_id"], one["growth"]) for one in risers] == [
        (first["work_id"], first["view_count"] - 1)
    ]
    assert there.app.works.history.authors(hour, 1, "view_count", 9) == []
