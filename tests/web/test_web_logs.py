"""Log files by API and console: only those of the log folder, and never read as a whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import LogNotFoundError
from tests.support.web.web_site import Site
from web.monitoring import log_files
from web.monitoring.log_files import LineFilter, LogFolder

NAME = "ingestion-2026-11-22.log"
LINES = (
    "2026-11-22T05:00:00.123Z INFO ingestion task=3 account=acc1 page=7\n",
    "2026-11-22T05:00:01.123Z ERROR ingestion task=33 account='two words' failed\n",
    "Traceback (most recent call last):\n",
    "  File 'x', line 1\n",
    "2026-11-22T05:00:02.123Z INFO ingestion task=3 account=acc11 Page=8 美妆\n",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    logs = tmp_path / "logs"
    (logs / "spider").mkdir(parents=True, exist_ok=True)
    (logs / NAME).write_text("".join(LINES), encoding="utf-8")
    (logs / "spider" / "views_crawler_20261121.log").write_text("[2026-11-21 05:00:07] INFO x\n")
    return logs


def first_words(folder: Path, wanted: LineFilter, limit: int = 10) -> list[str]:
    return [one[:19] for one in LogFolder(folder).tail(NAME, wanted, limit).records]


def test_records_are_found_by_text_task_and_account(folder: Path) -> None:
    first, error, last = (f"2026-11-22T05:00:0{n}" for n in range(3))
    assert first_words(folder, LineFilter()) == [first, error, last]
    assert first_words(folder, LineFilter(), 1) == [last]
    assert first_words(folder, LineFilter(task="3")) == [first, last]
    assert first_words(folder, LineFilter(account="acc1")) == [first]
    assert first_words(folder, LineFilter(account="two words")) == [error]
    assert first_words(folder, LineFilter(text="PAGE=8 美")) == [last]
    assert first_words(folder, LineFilter(text="traceback", task="33")) == [error]
    assert first_words(folder, LineFilter(text="nothing")) == []


def test_the_end_is_the_same_whatever_the_blocks(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = LogFolder(folder).tail(NAME, LineFilter(), 10).records
    for size in (1, 2, 7, 64):
        monkeypatch.setattr(log_files, "BLOCK_BYTES", size)
        assert LogFolder(folder).tail(NAME, LineFilter(), 10).records == whole


def test_a_large_file_is_read_from_its_end_only(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (folder / NAME).open("r+b") as file:
        file.seek(10**10)  # a hole of ten gigabytes
        file.write(b"\n" + LINES[0].encode())
    monkeypatch.setattr(log_files, "MAX_TAIL_BYTES", 4 * log_files.BLOCK_BYTES)
    tail = LogFolder(folder).tail(NAME, LineFilter(task="33"), 10)
    assert tail.records == [] and not tail.is_whole
    assert tail.bytes_read < 40 * log_files.BLOCK_BYTES
    assert LogFolder(folder).tail(NAME, LineFilter(task="3"), 1).records == [LINES[0].strip()]


def test_they_are_listed_shown_and_downloaded_by_readers(site: Site, folder: Path) -> None:
    files = {one["name"]: one for one in site.reader.get("/api/v1/logs").json()["items"]}
    assert files[NAME]["service"] == "ingestion" and files[NAME]["day"] == "2026-11-22"
    assert files["spider/views_crawler_20261121.log"]["day"] == "2026-11-21"
    shown = site.reader.get(f"/api/v1/logs/{NAME}?task=3&lines=1").json()
    assert shown["records"] == [LINES[-1].strip()] and shown["bytes"] == files[NAME]["bytes"]
    whole = site.reader.get(f"/api/v1/logs/{NAME}/file")
    assert whole.content == (folder / NAME).read_bytes()
    assert "attachment" in whole.headers["Content-Disposition"]
    page = site.reader.get(f"/admin/logs/{NAME}?account=acc1").text
    assert "page=7" in page and "Page=8" not in page
    assert NAME in site.reader.get("/admin/logs?service=ingestion").text
    assert site.reader.get("/admin/logs/spider/views_crawler_20261121.log").status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "../secret-2026-11-22.log",
        "..%2Fsecret-2026-11-22.log",
        "/etc/passwd",
        "link.log",
        "pipe.log",
        "linked/x.log",
        "spider/../ingestion.log",
        "spider",
        "secret.key",
        ".log",
        "a.log%00",
        "x" * 190,
    ],
)
def test_nothing_else_can_be_reached(site: Site, folder: Path, name: str) -> None:
    (folder.parent / "secret-2026-11-22.log").write_text("secret")
    (folder / "secret.key").write_text("secret")
    (folder / "link.log").symlink_to(folder.parent / "secret-2026-11-22.log")
    os.mkfifo(folder / "pipe.log")
    for path in (f"/api/v1/logs/{name}", f"/api/v1/logs/{name}/file", f"/admin/logs/{name}"):
        answer = site.admin.get(path)
        assert answer.status_code == 404 and "secret\n" not in answer.text, path
    assert "link.log" not in site.admin.get("/api/v1/logs").text


def test_a_linked_subfolder_is_not_entered(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (folder / "spider").rename(outside)
    (folder / "spider").symlink_to(outside)
    assert [one.name for one in LogFolder(folder).files()] == [NAME]
    with pytest.raises(LogNotFoundError):
        LogFolder(folder).opened("spider/views_crawler_20261121.log")
