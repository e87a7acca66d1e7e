"""`exports verify`: what is in the files, limits that change, pages of crawls, no false alarm."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from app.container import App
from crawler.export import verifier
from crawler.export.segment_files import manifest_path
from storage.models.segments import Segment
from storage.models.tasks import TaskStatus
from tests.support.crawler.workbench import (
    account_of,
    add_accounts,
    after_batch,
    at_call,
    change,
    crawl,
    export,
    file_export,
    segments_of,
    store_rows,
    work_off,
)
from tests.support.messages import english_text


def problems_of(app: App, *, deep: bool = False) -> list[str]:
    return [english_text(problem) for problem in app.crawling.verifier.verify(deep=deep).problems]


def file_of(app: App, segment: Segment) -> Path:
    return app.settings.exports_dir / str(segment.file_path)


@pytest.fixture(params=["csv", "jsonl"])
def exported(make_app, request) -> App:
    app = make_app()
    add_accounts(app, 1)
    store_rows(app, 5)
    assert export(app, format=request.param).status is TaskStatus.COMPLETED
    return app


def test_a_file_whose_rows_and_hash_were_both_changed_is_found_by_reading_it(
    exported: App,
) -> None:
    [segment] = segments_of(exported)
    path = file_of(exported, segment)
    if segment.format == "csv":
        text = path.read_text(encoding="utf-8-sig")
        rows = list(csv.reader(text.splitlines()))
        rows[2][0] = "99"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(rows)
    else:
        lines = path.read_text(encoding="utf-8").splitlines()
        lines[1] = json.dumps(json.loads(lines[1]) | {"id": 99})
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    manifest = json.loads(manifest_path(path).read_text(encoding="utf-8"))
    manifest_path(path).write_text(json.dumps(manifest | {"sha256": digest}), encoding="utf-8")
    change(exported, "UPDATE export_logs SET sha256=:sha, bytes=:n", sha=digest, n=len(content))
    assert problems_of(exported) == []
    [found] = problems_of(exported, deep=True)
    assert "has 5 rows, the table 5; 2 creators are in one of them only" in found


def test_files_that_are_right_are_right_when_read(exported: App) -> None:
    assert problems_of(exported, deep=True) == []


def test_files_without_ids_are_compared_by_their_number_of_rows(make_app) -> None:
    app = make_app()
    add_accounts(app, 1)
    store_rows(app, 4)
    export(app, columns=("nickname",))
    assert problems_of(app, deep=True) == []
    change(app, "DELETE FROM influencers WHERE id=2")
    assert any("has 4 rows, the table 3" in found for found in problems_of(app, deep=True))


def test_a_limit_that_was_raised_and_lowered_again_raises_no_alarm(make_app) -> None:
    app = make_app(export_batch_rows=2)
    add_accounts(app, 1, limit=4)
    store_rows(app, 8)
    account = account_of(app, "acc1")

    def raised() -> None:
        app.pool.registry.set_limit(account, 100)

    worker = app.crawling.export_worker(after_commit=after_batch(1, raised))
    assert work_off(app, file_export(app), worker).status is TaskStatus.COMPLETED
    app.pool.registry.set_limit(account, 4)
    assert problems_of(app) == []


def test_a_limit_that_was_raised_afterwards_hides_nothing(make_app) -> None:
    app = make_app()
    add_accounts(app, 1, limit=4)
    store_rows(app, 4)
    export(app)
    change(app, "UPDATE export_logs SET quota_limit=3")
    app.pool.registry.set_limit(account_of(app, "acc1"), 100)
    assert any("its limit is 3" in found for found in problems_of(app))


def test_quotas_of_an_account_whose_row_is_gone_are_verified(make_app) -> None:
    app = make_app()
    add_accounts(app, 1, limit=4)
    store_rows(app, 4)
    export(app)
    change(app, "UPDATE export_logs SET quota_limit=3")
    change(app, "DELETE FROM accounts")
    assert any("account #1" in found for found in problems_of(app))


def test_a_page_of_a_completed_crawl_without_a_log_is_named(make_app, platform) -> None:
    app = make_app(bilibili_base_url=platform(creators=60).url)
    add_accounts(app, 1)
    task = crawl(app, pages=3)
    assert task.status is TaskStatus.COMPLETED
    assert problems_of(app) == []
    change(app, "DELETE FROM ingestion_logs WHERE page_number=2")
    [found] = problems_of(app)
    assert "completed with pages 1 to 3, but 2 of them were stored" in found


def test_a_rebuild_while_the_file_is_read_raises_no_alarm(make_app, monkeypatch) -> None:
    app, other = make_app(), make_app()
    add_accounts(app, 1)
    store_rows(app, 3)
    export(app)
    [segment] = segments_of(app)

    def rebuilt_elsewhere() -> None:
        file_of(app, segment).unlink()
        change(app, "UPDATE influencers SET nickname='新名'")
        other.crawling.segment_finalizer.rebuild(segment.id)

    measured = at_call(1, rebuilt_elsewhere, verifier.measure)
    monkeypatch.setattr(verifier, "measure", measured)
    assert problems_of(app) == []
