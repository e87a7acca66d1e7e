"""Creators and copies of files in the API and the console."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from datetime import timedelta

import openpyxl
import pytest
import requests

from core.errors import InvalidInputError
from storage.creators import observations
from storage.creators.observations import Observation
from storage.operations.web_tokens import Role
from tests.crawler.test_crawler_creators import entry, old_release, store
from tests.support.apps import AppFactory, add_account
from tests.support.crawler.workbench import (
    DOMAIN,
    at_once,
    export,
    rows,
    segments_of,
    work_off,
)
from tests.support.moving_clock import MovingClock
from tests.support.web.web_site import Site
from web.use_cases.creators import RowBudget


@pytest.fixture
def collected(site: Site) -> Site:
    add_account(site.app, "acc1")
    store(site.app, *(entry(str(n), n * 100, f"小鹿 {n}") for n in range(1, 8)))
    return site


def test_the_api_lists_creators_a_page_at_a_time(collected: Site) -> None:
    seen: list[str] = []
    query = {"domain": DOMAIN, "limit": "3", "where": "followers>100"}
    while True:
        page = collected.reader.get("/api/v1/creators", params=query).json()
        seen += [one["uid"] for one in page["items"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert seen == ["7", "6", "5", "4", "3", "2"]
    assert page["indexed"] is True


def test_the_api_shows_and_counts_creators(collected: Site) -> None:
    one = collected.reader.get("/api/v1/creators/bilibili/7").json()
    assert (one["followers"], one["domains"][0]["domain"]) == (700, DOMAIN)
    assert one["profile_url"] == "https://space.bilibili.com/7"
    assert collected.reader.get("/api/v1/creators/bilibili/7/history").json() == {"items": []}
    counts = collected.reader.get("/api/v1/creators/count").json()
    assert counts["items"][0]["creators"] == 7 and counts["rows_not_listed_yet"] == 0
    assert collected.reader.get("/api/v1/creators/bilibili/8").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        *("where=colour>3", "sort=colour", "has=fax", "status=pending"),
        *("platform=x", "after=zzz", "limit=501", "unknown=1"),
    ],
)
def test_the_api_names_what_is_wrong(collected: Site, query: str) -> None:
    answer = collected.reader.get(f"/api/v1/creators?{query}")
    assert answer.status_code == 422, answer.text


def test_a_copy_is_downloaded_in_another_form(collected: Site) -> None:
    export(collected.app, format="xlsx")
    [segment] = segments_of(collected.app)
    for path in ("/api/v1/exports", "/admin/exports"):
        answer = collected.reader.get(
            f"{path}/{segment.id}/copy", params={"format": "csv", "headers": "zh"}
        )
        assert answer.status_code == 200, answer.text
        assert answer.content.decode("utf-8-sig").startswith("序号,达人ID,昵称")
    refused = collected.reader.get(f"/api/v1/exports/{segment.id}/copy?format=pdf")
    assert refused.status_code == 422
    assert collected.reader.get("/api/v1/exports/99/copy").status_code == 404


def history_of(site: Site, uid: str, followers: list[int]) -> None:
    """Store followers of the last days, the newest last."""
    app = site.app
    [row] = rows(app, "SELECT id FROM creators WHERE uid=:uid", uid=uid)
    today = app.calendar.day(app.clock.now())
    days = [today - timedelta(days=back) for back in reversed(range(len(followers)))]
    app.database.write(
        observations.put,
        [
            Observation(row["id"], day, day, number, None, None, None)
            for day, number in zip(days, followers, strict=True)
        ],
    )


def names_in(page: str) -> list[str]:
    return re.findall(r'href="/admin/creators/bilibili/(\w+)"', page)


def links_in(page: str, rel: str) -> list[str]:
    return [html.unescape(one) for one in re.findall(rf'rel="{rel}" href="([^"]+)"', page)]


def test_the_console_lists_creators_a_page_at_a_time_and_back(site: Site) -> None:
    add_account(site.app, "acc1")
    for part in range(6):
        people = range(part * 20 + 1, part * 20 + 21)
        store(site.app, *(entry(str(n), n * 100, f"小鹿 {n}") for n in people))
    path, seen = f"/admin/creators?domain={DOMAIN}", []
    for _ in range(3):
        page = site.reader.get(path).text
        seen.append(names_in(page))
        path = next(iter(links_in(page, "next")), "")
    assert [name for part in seen for name in part] == [str(n) for n in range(120, 0, -1)]
    assert path == ""
    [back] = links_in(page, "prev")
    page = site.reader.get(back).text
    assert names_in(page) == seen[1]
    assert names_in(site.reader.get(links_in(page, "prev")[0]).text) == seen[0]


def test_pages_of_long_names_lead_on_and_back(site: Site) -> None:
    for part in range(8):
        people = range(part * 20 + 100, part * 20 + 120)
        store(site.app, *(entry(str(n), n, "🎀" * 505 + str(n)) for n in people))
    path, seen = f"/admin/creators?domain={DOMAIN}&sort=nickname", []
    for _ in range(4):
        answer = site.reader.get(path)
        assert answer.status_code == 200 and len(path) < 8000
        assert "Found: 160" in answer.text
        seen += names_in(answer.text)
        back, path = links_in(answer.text, "prev"), next(iter(links_in(answer.text, "next")), "")
    assert seen == [str(n) for n in range(100, 260)]
    assert site.reader.get(back[0]).status_code == 200
    query = {"sort": "nickname", "q": "🎀" * 500, "limit": "100", "count": "true"}
    page = site.reader.get("/api/v1/creators", params=query).json()
    assert page["found"] == 160
    page = site.reader.get("/api/v1/creators", params=query | {"after": page["next"]}).json()
    assert [one["uid"] for one in page["items"]] == [str(n) for n in range(200, 260)]


def test_the_console_filters_sorts_and_draws_followers(collected: Site) -> None:
    history_of(collected, "7", [600, 650, 700])
    page = collected.reader.get(
        f"/admin/creators?domain={DOMAIN}&least=300&most=0.07万&where=uid in 5,6,7,1"
    ).text
    assert names_in(page) == ["7", "6", "5"]
    assert page.count("<polyline") == 1
    head = re.search(r'aria-sort="descending"[^>]*><a href="([^"]+)"', page)
    assert head is not None
    turned = collected.reader.get(html.unescape(head[1])).text
    assert names_in(turned) == ["5", "6", "7"]
    by_videos = collected.reader.get("/admin/creators?sort=videos").text
    assert "Every creator was read" in by_videos and "Every creator was read" not in page


def test_what_is_wrong_with_the_form_stands_at_its_field_and_nothing_is_lost(
    collected: Site,
) -> None:
    page = collected.reader.get(
        "/admin/creators?least=many&q=小鹿&where=colour>3%0Avideos>=1&most=9"
    )
    assert page.status_code == 200
    assert re.search(r'name="least" value="many"[^>]*aria-invalid', page.text)
    assert 'id="error-least"' in page.text and 'id="error-where"' in page.text
    assert 'name="q" value="小鹿"' in page.text and 'name="most" value="9"' in page.text
    assert "colour&gt;3" in page.text and "videos&gt;=1" in page.text
    assert names_in(page.text) == []
    needs = collected.reader.get("/admin/creators?status=pending").text
    assert re.search(r'name="domain"[^>]*aria-invalid', needs) and "name the domain" in needs


def test_rows_that_are_not_listed_yet_are_told(collected: Site) -> None:
    assert "rows are listed" not in collected.reader.get("/admin/creators").text
    old_release(collected.app)
    assert "0 of 7 rows are listed" in collected.reader.get("/admin/creators").text


def test_a_page_of_the_list_is_downloaded_as_csv(collected: Site) -> None:
    answer = collected.reader.get("/admin/creators/page.csv?least=500")
    text = answer.content.decode("utf-8-sig")
    assert [row["uid"] for row in csv.DictReader(io.StringIO(text))] == ["7", "6", "5"]


def test_the_console_shows_one_creator_and_what_touched_it(collected: Site) -> None:
    history_of(collected, "7", [600, 700])
    export(collected.app)
    page = collected.reader.get("/admin/creators/bilibili/7").text
    for link in ("/admin/tasks/", "/admin/exports/1/file", "https://space.bilibili.com/7"):
        assert link in page
    assert "acc1" in page and "data-chart" in page and "&#34;fans&#34;: 700" in page
    assert collected.reader.get("/admin/creators/bilibili/8").status_code == 404


def fields_of(page: str) -> dict[str, str]:
    """Return what the form of a new export on a page would send."""
    form = page.split('action="/admin/tasks/export"')[1].split("</form>")[0]
    found = dict(re.findall(r'<input name="(\w+)" value="([^"]*)"', form))
    found |= dict(re.findall(r'<textarea name="(\w+)"[^>]*>([^<]*)<', form))
    for name, options in re.findall(r'<select name="(\w+)">(.*?)</select>', form):
        chosen = re.search(r"<option(?: value=\"([^\"]*)\")? selected>([^<]*)<", options)
        if chosen is not None:
            found[name] = chosen[1] if chosen[1] is not None else chosen[2]
    return {name: html.unescape(text) for name, text in found.items()}


def export_link(page: str) -> str | None:
    found = re.search(r'href="(/admin/tasks/export\?[^"]*)"', page)
    return None if found is None else html.unescape(found[1])


def test_what_a_search_shows_is_exported_from_there(collected: Site) -> None:
    query = f"domain={DOMAIN}&least=0.02万&most=600&q=鹿 5&where=videos>=1&sort=followers"
    page = collected.admin.get(f"/admin/creators?{query}").text
    link = export_link(page)
    assert link is not None
    fields = fields_of(collected.admin.get(link).text)
    assert fields == {
        "domain": DOMAIN,
        "platform": "bilibili",
        "where": "videos>=1\nfollowers>=0.02万\nfollowers<=600\nnickname~鹿 5",
        "keyword": "",
        "order": "followers",
    }
    own = {"Sec-Fetch-Site": "same-origin"}
    collected.admin.post("/admin/tasks/export", data=fields | {"format": "csv"}, headers=own)
    [task] = collected.admin.get("/api/v1/tasks?type=export").json()["items"]
    work_off(collected.app, collected.app.crawling.service.task(task["id"]))
    [segment] = segments_of(collected.app)
    assert segment.exported_count == 1


def test_keywords_contacts_and_the_usual_order_come_along(collected: Site) -> None:
    page = collected.admin.get(f"/admin/creators?domain={DOMAIN}&keyword={DOMAIN}").text
    link = export_link(page)
    assert link is not None and "keyword=" in link
    fields = fields_of(collected.admin.get(f"{link}&has=email").text)
    assert (fields["keyword"], fields["has"], fields["order"]) == (DOMAIN, "email", "-followers")


def test_what_cannot_be_exported_from_a_search_has_no_link(collected: Site) -> None:
    assert export_link(collected.admin.get("/admin/creators").text) is None
    assert export_link(collected.reader.get(f"/admin/creators?domain={DOMAIN}").text) is None
    assert collected.reader.get(f"/admin/tasks/export?domain={DOMAIN}").status_code == 403
    export(collected.app)
    done = collected.admin.get(f"/admin/creators?domain={DOMAIN}&status=exported").text
    assert export_link(done) is None and "is not exported again" in done


@pytest.mark.parametrize(
    ("language", "given", "told"),
    [
        (
            "en",
            {"limit": "800", "lanes": "2"},
            "Accounts side by side: a number of rows at most is kept by one account only; "
            "leave “Accounts side by side” at 1",
        ),
        ("en", {"limit": "0"}, "Rows at most: should be greater than or equal to 1"),
        ("zh-CN", {"limit": "0"}, "最多行数：不得小于 1"),
        ("zh-CN", {"limit": "800", "lanes": "2"}, "并行账号数：行数上限按单个并行账号计"),
        ("en", {"where": "colour>1"}, "Conditions: there is no field 'colour'"),
        ("zh-CN", {"columns": "颜色"}, "列：未知的列“颜色”；可用：序号、达人ID、昵称"),
    ],
)
def test_a_refused_export_names_the_fields_as_the_form_does(
    collected: Site, language: str, given: dict[str, str], told: str
) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Accept-Language": language}
    answer = collected.admin.post(
        "/admin/tasks/export",
        data={"domain": DOMAIN} | given,
        headers=headers,
        allow_redirects=True,
    )
    note = re.search(r'class="note failed">([^<]*)<', answer.text)
    assert note is not None and told in html.unescape(note[1])


SIGN = "合作请联系\n小鹿 v信 deer7, deer@example.cn"


def test_the_signature_with_the_contact_is_shown_everywhere(site: Site) -> None:
    add_account(site.app, "acc1")
    store(site.app, entry("7", 700, sign=SIGN), entry("8", 8))
    [seven, eight] = site.reader.get("/api/v1/creators").json()["items"]
    assert (seven["signature"], eight["signature"]) == (SIGN, None)
    one = site.reader.get("/api/v1/creators/bilibili/7").json()
    assert one["signature"] == SIGN
    text = streamed(site, "csv").content.decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(text)))["signature"] == SIGN
    page = site.reader.get("/admin/creators/bilibili/7").text
    assert f'<dt>Signature</dt><dd class="lines" translate="no">{SIGN}</dd>' in page
    assert "<dd>e-mail, messenger</dd>" in page
    assert "Signature" not in site.reader.get("/admin/creators/bilibili/8").text
    chinese = {"Accept-Language": "zh-CN"}
    listed = site.reader.get("/admin/creators", headers=chinese).text
    assert ">邮箱、即时通讯</td>" in listed


def streamed(site: Site, form: str, **params: str) -> requests.Response:
    return site.admin.get(f"/api/v1/creators/export.{form}", params=params)


def test_streams_have_every_creator_and_say_whether_they_are_complete(collected: Site) -> None:
    lines = [json.loads(line) for line in streamed(collected, "jsonl", raw="1").text.splitlines()]
    assert [one["uid"] for one in lines[:-1]] == ["7", "6", "5", "4", "3", "2", "1"]
    assert lines[0]["raw_data"]["fans"] == 700
    assert lines[-1] == {"complete": True, "rows": 7}
    text = streamed(collected, "csv", where="followers>500", domain=DOMAIN).content
    table = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    assert [(row["uid"], row["status"]) for row in table] == [
        ("7", "pending_export"),
        ("6", "pending_export"),
    ]
    assert streamed(collected, "csv", q="nobody").text.startswith("\ufeffplatform,uid")
    shortened = streamed(collected, "jsonl", limit="2").text.splitlines()
    assert json.loads(shortened[-1]) == {"complete": True, "rows": 2}
    subjects = rows(collected.app, "SELECT who, subject FROM web_actions ORDER BY id")
    assert [dict(row) for row in subjects][1] == {"who": "boss", "subject": f"bilibili/{DOMAIN}"}


def test_a_stream_of_several_pages_has_each_creator_once(site: Site) -> None:
    add_account(site.app, "acc1")
    people = [entry(str(n), n % 90, f"小鹿 {n}") for n in range(1, 1202)]
    for at in range(0, 1201, 200):
        store(site.app, *people[at : at + 200])
    lines = streamed(site, "jsonl").text.splitlines()
    assert json.loads(lines[-1]) == {"complete": True, "rows": 1201}
    assert len({json.loads(line)["uid"] for line in lines[:-1]}) == 1201


def test_a_token_reads_so_many_rows_a_day(make_app: AppFactory, clock: MovingClock) -> None:
    site = Site(make_app(threads=8, api_rows_per_day=10))
    try:
        add_account(site.app, "acc1")
        store(site.app, *(entry(str(n), n) for n in range(1, 8)))
        assert streamed(site, "csv").status_code == 200
        refused = streamed(site, "csv")
        assert refused.status_code == 422 and refused.json()["code"] == "api_rows_used_up"
        assert refused.json()["params"] == {"rows": 4, "left": 3, "most": 10}
        assert streamed(site, "jsonl", limit="3").status_code == 200
        assert streamed(site, "jsonl", limit="1").status_code == 422
        other = site.visitor(site.app.web_tokens.make(Role.ADMIN, "other").text)
        assert other.get("/api/v1/creators/export.csv").status_code == 200
        clock.move(86_400)
        assert streamed(site, "csv").status_code == 200
    finally:
        site.close()


def test_two_streams_at_once_share_what_a_token_may_read(collected: Site) -> None:
    app = collected.app
    budget = RowBudget(
        database=app.database, clock=app.clock, calendar=app.calendar, rows_per_day=50
    )

    def take() -> int:
        try:
            budget.take("boss", 10)
        except InvalidInputError:
            return 0
        return 10

    assert sum(at_once(*[take] * 8)) == 50
    assert budget.left("boss") == 0


def test_streams_are_for_admins(collected: Site) -> None:
    assert collected.reader.get("/api/v1/creators/export.csv").status_code == 403
    assert "export.csv" not in collected.reader.get("/admin/creators").text
    [whole] = re.findall(
        r'href="(/api/v1/creators/export.csv[^"]+)"',
        collected.admin.get("/admin/creators?least=500&q=小鹿").text,
    )
    text = collected.admin.get(html.unescape(whole)).content.decode("utf-8-sig")
    assert [row["uid"] for row in csv.DictReader(io.StringIO(text))] == ["7", "6", "5"]


def test_a_day_is_reported_in_api_and_console(collected: Site) -> None:
    export(collected.app)
    told = collected.reader.get("/api/v1/report").json()
    assert told["totals"]["seen"] == told["totals"]["exported_count"] == 7
    assert collected.reader.get("/api/v1/report?account=nobody").status_code == 422
    assert collected.reader.get("/api/v1/report?day=x").status_code == 422
    page = collected.reader.get("/admin/report").text
    assert page.count(">7</td>") >= 4 and "acc1" in page
    [before] = re.findall(r'href="([^"]+)" rel="prev"', page)
    told = collected.reader.get(html.unescape(before)).text
    assert "Nothing was ingested on this day." in told
    wrong = collected.reader.get("/admin/report?day=2026-99-01&domain=x").text
    assert 'value="2026-99-01" aria-describedby="error-day" aria-invalid="true"' in wrong
    for path in ("/admin/report/xlsx", "/api/v1/report/xlsx"):
        assert collected.reader.get(path).content.startswith(b"PK")


def test_a_deleted_account_is_reported_alike_everywhere(collected: Site) -> None:
    app, name = collected.app, "acc1 (deleted)"
    export(app)
    app.pool.deletion.delete(app.pool.registry.find("acc1"))
    for query in ({}, {"account": name}):
        told = collected.reader.get("/api/v1/report", params=query).json()
        assert told["exported"][0]["account"] == name
        assert told["totals"]["exported_count"] == 7
        page = collected.reader.get("/admin/report", params=query).text
        assert name in page and "There is no account" not in page
        link = re.search(r'href="(/admin/accounts/\d+)"', page)
        assert link and collected.reader.get(link[1]).status_code == 200
        for path in ("/admin/report/xlsx", "/api/v1/report/xlsx"):
            book = openpyxl.load_workbook(
                io.BytesIO(collected.reader.get(path, params=query).content)
            )
            assert [row[0] for row in book.worksheets[1].values][1] == name
    wrong = collected.reader.get("/admin/report", params={"account": "nobody"}).text
    assert 'id="error-account"' in wrong
    assert collected.reader.get("/api/v1/ingestion-logs", params={"account": name}).ok


def test_the_pages_that_were_ingested_are_listed(collected: Site) -> None:
    [log] = collected.reader.get(f"/api/v1/ingestion-logs?domain={DOMAIN}").json()["items"]
    assert (log["account"], log["ingested_count"], "creators" in log) == ("acc1", 7, False)
    whole = collected.reader.get(f"/api/v1/ingestion-logs/{log['id']}").json()
    assert [one["uid"] for one in whole["creators"]] == [str(n) for n in range(1, 8)]
    assert collected.reader.get("/api/v1/ingestion-logs/99").status_code == 404
    assert collected.reader.get("/api/v1/ingestion-logs?day=x").status_code == 422
    page = collected.reader.get("/admin/report/ingestion-logs?creators=yes").text
    assert len(names_in(page)) == 7
    wrong = collected.reader.get("/admin/report/ingestion-logs?task=seven&domain=a").text
    assert 'id="error-task"' in wrong and 'value="seven"' in wrong and 'value="a"' in wrong
