"""Export files over HTTP: download within the export folder, and the proof."""

from __future__ import annotations

import hashlib
import html
import json
import re
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qsl
from zipfile import ZipFile

import pytest

from tests.support.apps import add_account
from tests.support.crawler.workbench import (
    DOMAIN,
    change,
    export,
    file_export,
    segments_of,
    store_rows,
)
from tests.support.web.web_site import Site, Visitor


@pytest.fixture
def exported(site: Site) -> Site:
    """A site with one sealed file of 23 rows."""
    add_account(site.app, "alice")
    store_rows(site.app, 23)
    export(site.app)
    return site


def test_a_file_is_downloaded_whole(exported: Site) -> None:
    (row,) = exported.reader.get("/api/v1/exports").json()["items"]
    answer = exported.reader.get(f"/api/v1/exports/{row['id']}/file")
    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).hexdigest() == row["sha256"]
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert ".csv" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("place", ["../../secret.key", "/etc/passwd", "link.csv"])
def test_a_download_cannot_leave_the_export_folder(
    exported: Site, tmp_path: Path, place: str
) -> None:
    folder = exported.app.crawling.segment_files.exports_dir
    (tmp_path / "outside.txt").write_text("outside")
    (folder / "link.csv").symlink_to(tmp_path / "outside.txt")
    change(exported.app, "UPDATE export_logs SET file_path=:path", path=place)
    answer = exported.admin.get(f"/api/v1/exports/{segments_of(exported.app)[0].id}/file")
    assert answer.status_code == 403
    assert "outside the export folder" in answer.json()["detail"]


def test_a_lost_file_says_where_it_was_and_what_to_do(exported: Site) -> None:
    (segment,) = segments_of(exported.app)
    exported.app.crawling.segment_files.locate(segment.file_path or "").unlink()
    answer = exported.admin.get(f"/api/v1/exports/{segment.id}/file")
    assert answer.status_code == 404
    assert f"POST /api/v1/exports/{segment.id}/rebuild" in answer.json()["detail"]


def test_a_file_being_written_is_not_given_out(exported: Site) -> None:
    change(exported.app, "UPDATE export_logs SET state='open', file_path=NULL")
    answer = exported.admin.get(f"/api/v1/exports/{segments_of(exported.app)[0].id}/file")
    assert answer.status_code == 409 and "still being written" in answer.json()["detail"]


def test_exports_are_verified_and_filtered(exported: Site) -> None:
    admin: Visitor = exported.admin
    assert admin.post("/api/v1/exports/verify").json() == {
        "ok": True,
        "segments": 1,
        "rows": 23,
        "problems": [],
    }
    (segment,) = segments_of(exported.app)
    exported.app.crawling.segment_files.locate(segment.file_path or "").write_text("damaged")
    verdict = admin.post("/api/v1/exports/verify", params={"domain": DOMAIN}).json()
    assert not verdict["ok"] and verdict["problems"]
    for query, count in (
        ("domain=x", 0),
        (f"domain={DOMAIN}", 1),
        ("state=open", 0),
        (f"account_id={segment.account_id}", 1),
        ("task_id=99", 0),
    ):
        assert len(admin.get(f"/api/v1/exports?{query}").json()["items"]) == count, query


def test_a_task_shows_who_delivered_how_many_and_its_files(site: Site) -> None:
    add_account(site.app, "alice", limit=15)
    add_account(site.app, "bob", limit=15)
    store_rows(site.app, 23)
    task = export(site.app)
    page = site.reader.get(f"/admin/tasks/{task.id}").text
    shares = re.findall(r">(\w+)</a> delivered (\d+) rows<", page)
    assert sorted(shares) in ([("alice", "15"), ("bob", "8")], [("alice", "8"), ("bob", "15")])
    for segment in segments_of(site.app):
        assert f'href="/admin/exports/{segment.id}/file"' in page
    listed = site.reader.get(f"/admin/exports?task={task.id}").text
    assert listed.count(f'href="/admin/tasks/{task.id}"') == 2


def test_files_of_pieces_are_the_tasks(site: Site) -> None:
    add_account(site.app, "alice")
    add_account(site.app, "bob")
    store_rows(site.app, 23)
    task = export(site.app, lanes=2)
    page = site.reader.get(f"/admin/tasks/{task.id}").text
    assert sum(map(int, re.findall(r"delivered (\d+) rows<", page))) == 23
    assert "/file" in site.reader.get(f"/admin/exports?task=%23{task.id}").text


def test_the_list_of_files_is_narrowed_as_the_day_report_leads_there(exported: Site) -> None:
    def files(query: str) -> int:
        return exported.reader.get(f"/admin/exports?{query}").text.count("/file")

    report = exported.reader.get("/admin/report").text
    [link] = re.findall(r'href="/admin/exports\?([^"]+)"', report)
    narrowed = dict(parse_qsl(html.unescape(link)))
    assert set(narrowed) == {"domain", "account", "day"} and files(html.unescape(link)) == 1
    add_account(exported.app, "bob")
    for query, count in (("account=bob", 0), ("account=alice", 1), ("day=2020-01-01", 0)):
        assert files(query) == count, query
    wrong = exported.reader.get("/admin/exports?account=nobody&task=x&day=someday").text
    assert all(f'id="error-{name}"' in wrong for name in ("account", "task", "day"))


def test_all_files_of_a_task_are_copied_in_one_go(site: Site) -> None:
    add_account(site.app, "alice", limit=15)
    add_account(site.app, "bob", limit=15)
    store_rows(site.app, 23)
    task = export(site.app)
    path = f"/admin/tasks/{task.id}"
    assert f'href="{path}/copy-as"' in site.reader.get(path).text
    query = {"format": "jsonl", "columns": "昵称,uid", "headers": "zh"}
    answer = site.reader.get(f"{path}/copy", params=query)
    assert f'filename="task-{task.id}.zip"' in answer.headers["Content-Disposition"]
    with ZipFile(BytesIO(answer.content)) as archive:
        assert len(set(archive.namelist())) == 2
        lines = [line for name in archive.namelist() for line in archive.read(name).splitlines()]
    assert len(lines) == 23 and set(json.loads(lines[0])) == {"昵称", "达人ID"}
    assert site.reader.get("/admin/tasks/99/copy").status_code == 404


def test_what_is_wrong_with_a_copy_stands_at_its_form(exported: Site) -> None:
    page = {"Accept": "text/html"}
    (segment,) = segments_of(exported.app)
    form = exported.reader.get(f"/admin/exports/{segment.id}/copy-as", headers=page).text
    assert "<option selected>xlsx</option>" in form  # the file is CSV already
    for path in (f"/admin/exports/{segment.id}", f"/admin/tasks/{segment.task_id}"):
        query = {"format": "jsonl", "columns": "uid,colour"}
        answer = exported.reader.get(f"{path}/copy", params=query, headers=page)
        assert answer.status_code == 422 and "Unprocessable" not in answer.text
        assert re.search(r'id="error-columns"[^>]*>unknown column', answer.text)
        assert 'value="uid,colour"' in answer.text and "<option selected>jsonl" in answer.text
    change(exported.app, "UPDATE export_logs SET state='open', file_path=NULL")
    answer = exported.reader.get(f"/admin/exports/{segment.id}/copy", headers=page)
    assert "is still being written" in answer.text and "<form" in answer.text


def test_cancelling_finishes_the_open_file(site: Site, admin: Visitor) -> None:
    add_account(site.app, "alice")
    store_rows(site.app, 5)
    task = export(site.app)
    (segment,) = segments_of(site.app)
    change(site.app, "UPDATE export_logs SET state='open', file_path=NULL")
    change(
        site.app,
        "UPDATE tasks SET status='pending', open_key='k', lease_until=NULL WHERE id=:id",
        id=task.id,
    )
    assert admin.post(f"/api/v1/tasks/{task.id}/cancel").json()["status"] == "failed"
    assert [one.state for one in segments_of(site.app)] == ["sealed"]
    assert admin.get(f"/api/v1/exports/{segment.id}/file").status_code == 200


def test_an_export_by_api_never_chooses_a_folder(site: Site, admin: Visitor) -> None:
    add_account(site.app, "alice")
    store_rows(site.app, 1)
    admin.post("/api/v1/tasks/export", json={"domain": DOMAIN, "out": "/tmp/elsewhere"})
    assert file_export(site.app).options["out"] is None
