"""Rules and limits of requests: the same in the request objects, the API and the forms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import InvalidInputError, WrongFieldsError
from core.requests import MAX_ID
from crawler.export.options import ExportOptions
from crawler.export.requests import MAX_LANES, ExportRequest
from crawler.tasks.options import CrawlOptions
from crawler.tasks.requests import MAX_PAGES, CrawlRequest, LabelChange
from sources.base import Via
from storage.distribution.deliveries import DeliveryState
from storage.engines.datetimes import to_sql
from tests.support.apps import add_account
from tests.support.crawler.workbench import DOMAIN, change, file_crawl, store_rows
from tests.support.web.web_site import Site
from webhooks.requests import EndpointRequest, ReplayRequest, TrialRequest

HALF = "\ud83d"


def problems_of(make: Any, **fields: Any) -> set[str]:
    with pytest.raises(WrongFieldsError) as refused:
        make(**fields)
    return set(refused.value.problems)


def test_one_error_names_every_wrong_field() -> None:
    wrong = {"domain": " ", "pages": MAX_PAGES + 1, "labels": ["a b"], "platform": HALF}
    assert problems_of(CrawlRequest, **wrong) == {"domain", "pages", "labels", "platform"}
    wrong = {"domain": HALF, "format": "pdf", "columns": "colour", "limit": 0, "lanes": 65}
    assert problems_of(ExportRequest, **wrong) == set(wrong)
    assert problems_of(ExportRequest, domain="x", limit=5, lanes=2) == {"lanes"}
    assert problems_of(LabelChange, task_id=0, add=["-"], remove=[HALF]) == {
        "task_id",
        "add",
        "remove",
    }
    assert problems_of(ReplayRequest, ids=[1, 2**63], url="x" * 1025) == {"ids", "url"}
    assert problems_of(EndpointRequest, url=" ") == {"url"}
    assert problems_of(TrialRequest, url="", secret=HALF) == {"url", "secret"}


def test_what_is_allowed_is_tidied() -> None:
    crawl = CrawlRequest(domain=f" {DOMAIN} ", pages=MAX_PAGES, labels=["a", "a"])
    assert (crawl.domain, crawl.labels) == (DOMAIN, ("a",))
    export = ExportRequest(domain="x", format=" JSONL ", columns="id, uid", raw_cells=True)
    assert export.options == ExportOptions(format="jsonl", columns=("id", "uid"), raw_cells=True)
    assert LabelChange(task_id=MAX_ID, add=["a"], remove=["b"]).add == ("a",)


def test_a_replay_without_states_means_what_failed_or_was_given_up() -> None:
    given_up = (DeliveryState.FAILED, DeliveryState.DEAD)
    assert ReplayRequest(task_id="t").as_filter().states == given_up
    assert ReplayRequest(ids=[1]).as_filter().states == ()
    with pytest.raises(InvalidInputError, match="deliveries_not_chosen"):
        ReplayRequest()
    with pytest.raises(InvalidInputError, match="endpoint_not_chosen"):
        EndpointRequest()


def test_crawl_options_are_read_as_they_were_written() -> None:
    for options in (
        CrawlOptions(),
        CrawlOptions(via=Via.VIDEOS, open_ended=True),
        CrawlOptions(sequential=True, at_most=7),
    ):
        assert CrawlOptions.from_json(options.as_json()) == options
    assert CrawlOptions().as_json() == {"via": "users"}
    assert CrawlOptions.from_json({}) == CrawlOptions()


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("tasks/crawl", {"domain": "x", "pages": MAX_PAGES + 1}, "pages"),
        ("tasks/crawl", {"domain": f"a{HALF}"}, "domain"),
        ("tasks/crawl", {"domain": "x", "platform": HALF}, "platform"),
        ("tasks/crawl", {"domain": "x", "labels": [HALF]}, "labels"),
        ("tasks/export", {"domain": "x", "columns": HALF}, "columns"),
        ("tasks/export", {"domain": "x", "lanes": MAX_LANES + 1}, "lanes"),
        ("tasks/1/labels", {"remove": [HALF]}, "remove"),
        ("accounts", {"username": HALF, "cookies": "SESSDATA=a"}, "username"),
        ("accounts", {"username": "a", "cookies": f"SESSDATA={HALF}"}, "cookies"),
        ("accounts/1/disable", {"reason": HALF}, "reason"),
        ("webhooks/replay", {"ids": [2**63]}, "ids.0"),
        ("webhooks/replay", {"task_id": HALF}, "task_id"),
        ("webhooks/replay", {"since": "0001-01-01T00:00:00+14:00"}, "since"),
        ("webhooks/endpoints/enable", {"delivery_id": 2**64}, "delivery_id"),
        ("webhooks/test", {"url": f"http://{HALF}/"}, "url"),
        ("works", {"links": [HALF]}, "links"),
        ("works/import", {"content": HALF}, "content"),
    ],
)
def test_the_api_names_the_wrong_field(
    site: Site, path: str, body: dict[str, Any], field: str
) -> None:
    add_account(site.app, "alice")
    file_crawl(site.app)
    answer = site.admin.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field], answer.text


def test_ids_beyond_the_databases_are_refused(site: Site) -> None:
    for path in (
        f"tasks/{2**63}",
        f"tasks?before={2**63}",
        f"exports?task_id={2**63}",
        f"exports?account_id={2**63}",
        f"webhooks/{2**63}",
        "webhooks?until=9999-12-31",
    ):
        assert site.admin.get(f"/api/v1/{path}").status_code == 422, path


def test_half_a_character_in_an_item_refuses_that_item_only(site: Site) -> None:
    items = [{"task_id": "t1", "project_id": "p"}, {"task_id": "t2", HALF: 1, "project_id": "p"}]
    answer = site.admin.post("/api/v1/dramas", json=items)
    assert answer.status_code == 207, answer.text
    assert (answer.json()["created"], len(answer.json()["problems"])) == (1, 1)


def test_a_day_alone_is_whole_at_the_end_of_a_range(site: Site) -> None:
    task = file_crawl(site.app)
    day, next_day = "2026-11-22", "2026-11-23T00:00:00Z"
    created = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    change(site.app, "UPDATE tasks SET created_at=:at WHERE id=:id", at=to_sql(created), id=task.id)
    for until, count in ((day, 1), ("2026-11-22T00:00:00", 0), (next_day, 1)):
        found = site.admin.get("/api/v1/tasks", params={"until": until}).json()["items"]
        assert len(found) == count, until


def test_the_form_of_an_export_has_lanes_and_raw_cells(site: Site) -> None:
    add_account(site.app, "alice")
    store_rows(site.app, 3)
    form = {"domain": DOMAIN, "lanes": "2", "raw_cells": "true"}
    headers = {"Origin": site.url}
    answer = site.admin.post("/admin/tasks/export", data=form, headers=headers)
    assert answer.status_code == 303
    task = site.admin.get("/api/v1/tasks").json()["items"][0]
    assert task["options"]["raw_cells"] is True
    assert len(site.admin.get(f"/api/v1/tasks/{task['id']}").json()["pieces"]) == 2
