"""Labels of tasks: on filing, afterwards, in lists, and as what a process works on."""

from __future__ import annotations

import pytest

from app.container import App
from core.errors import InvalidInputError
from crawler.tasks.labels import MAX_LABELS, labels_named
from crawler.tasks.requests import CrawlRequest, LabelChange
from crawler.tasks.submission import FiledTask
from presentation.i18n.renderer import ENGLISH_RENDERER
from storage.crawling import tasks
from storage.models.tasks import TaskType
from storage.operations import listings
from storage.operations.listings import Slice
from tests.support.apps import add_account
from tests.support.crawler.workbench import DOMAIN, file_crawl
from tests.support.web.web_site import Site

BOTH_ENGINES = pytest.mark.parametrize("database_url", ["sqlite", "mariadb"], indirect=True)


def _crawl(app: App, labels: list[str]) -> FiledTask:
    return app.crawling.service.crawl(CrawlRequest(domain=DOMAIN, pages=30, labels=labels))[0]


def _label(app: App, task_id: int, **changes: list[str]) -> list[str]:
    return app.crawling.service.label(LabelChange(task_id=task_id, **changes))


def test_what_a_label_may_be() -> None:
    good = ("客户A", "spring_2026", "a.b:c-d", "1", "x" * 64)
    assert labels_named([*good, "1"]) == good
    for bad in ("", " ", "a b", "a,b", "-x", "x" * 65, "a/b", "<b>", "a\n", "😀"):
        with pytest.raises(InvalidInputError, match=r"(?s)label_invalid: .*max_letters=64"):
            labels_named([bad])
    with pytest.raises(InvalidInputError, match="too_many_labels: most=32"):
        labels_named([f"n{number}" for number in range(MAX_LABELS + 1)])


@BOTH_ENGINES
def test_filing_again_adds_labels_and_lists_find_them(app: App) -> None:
    add_account(app, "alice")
    first = _crawl(app, ["a", "客户"]).task
    again = _crawl(app, ["b", "a"])
    other = file_crawl(app, domain="other")
    assert (again.task.id, again.is_new) == (first.id, False)
    assert app.crawling.service.labels([first.id, other.id]) == {first.id: ["a", "b", "客户"]}
    assert _label(app, other.id, add=["b", "A"]) == ["A", "b"]
    assert _label(app, first.id, remove=["b", "unknown"]) == ["a", "客户"]
    assert app.crawling.service.labels_in_use(9) == ["A", "a", "b", "客户"]

    def listed(label: str, *filters: object) -> list[int]:
        found = app.database.read(
            lambda tx: listings.tasks(tx, Slice(9), *(filters or (None,) * 3), label)  # type: ignore[arg-type]
        )
        top = app.database.read(tasks.top_level, only_open=True, limit=9, label=label)
        assert filters or [one.id for one in top] == [one.id for one in found]
        return [one.id for one in found]

    assert listed("a") == [first.id] and listed("b") == [other.id] and listed("c") == []
    assert listed("a", TaskType.EXPORT, None, None) == []
    piece = app.database.read(tasks.children, first.id)[0]
    with pytest.raises(InvalidInputError) as refused:
        _label(app, piece.id, add=["x"])
    said = ENGLISH_RENDERER.sentence(refused.value)
    assert said == f"task {piece.id} is a piece of task {first.id}; label that one"
    _label(app, other.id, add=[f"n{number}" for number in range(MAX_LABELS - 2)])
    with pytest.raises(InvalidInputError, match="too_many_labels: most=32"):
        _label(app, other.id, add=["one-more"])
    assert len(app.crawling.service.labels([other.id])[other.id]) == MAX_LABELS


@BOTH_ENGINES
def test_a_process_works_on_tasks_with_its_labels_only(app: App) -> None:
    file_crawl(app, domain="other")
    wanted = file_crawl(app, domain="wanted")
    _label(app, wanted.id, add=["mine"])
    assert app.crawling.scheduler.claim(TaskType.INGESTION, labels=["yours"]) is None
    assert app.crawling.scheduler.claim(TaskType.EXPORT, labels=["mine"]) is None
    leased = app.crawling.scheduler.claim(TaskType.INGESTION, labels=["yours", "mine"])
    assert leased is not None and leased.id == wanted.id
    assert app.crawling.scheduler.claim(TaskType.INGESTION, labels=["mine"]) is None


def test_the_api_files_finds_and_changes_them(site: Site) -> None:
    add_account(site.app, "alice")
    admin = site.admin
    filed = admin.post("/api/v1/tasks/crawl", json={"domain": DOMAIN, "labels": ["a", "客户"]})
    assert filed.status_code == 201 and filed.json()["task"]["labels"] == ["a", "客户"]
    file_crawl(site.app, domain="other")
    assert [one["labels"] for one in admin.get("/api/v1/tasks").json()["items"]] == [
        [],
        ["a", "客户"],
    ]
    found = admin.get("/api/v1/tasks", params={"label": "客户"}).json()["items"]
    assert [one["domain"] for one in found] == [DOMAIN]
    assert admin.get("/api/v1/tasks/1").json()["labels"] == ["a", "客户"]
    assert admin.get("/api/v1/status").json()["tasks"][0]["labels"] == ["a", "客户"]
    changed = admin.post("/api/v1/tasks/1/labels", json={"add": ["b"], "remove": ["a"]})
    assert changed.json() == {"labels": ["b", "客户"]}
    wrong = admin.post("/api/v1/tasks/1/labels", json={"add": ["a b"]})
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["field"] == "add"
    assert admin.post("/api/v1/tasks/99/labels", json={"add": ["a"]}).status_code == 404
    assert site.reader.post("/api/v1/tasks/1/labels", json={}).status_code == 403
    logged = admin.get("/api/v1/actions").json()["items"][0]
    assert (logged["action"], logged["subject"]) == ("task.label", "1 +b -a")
    page = site.reader.get("/admin/tasks", params={"label": "客户"}).text
    assert 'href="/admin/tasks?label=%E5%AE%A2%E6%88%B7" aria-current="true"' in page
    assert "#2 " not in page
