"""What screens and the console tell of an export: its choice, how it goes on, how it ended."""

from __future__ import annotations

import pytest

from app.container import App
from crawler.tasks.options import CrawlOptions
from presentation.i18n.command_lines import going_on_command
from storage.models.tasks import Task, TaskType
from tests.crawler.test_crawler_creators import entry, store
from tests.crawler.test_crawler_rows_left import screen
from tests.crawler.test_crawler_selections import chosen
from tests.support.crawler.workbench import (
    DOMAIN,
    ONE_ENGINE,
    file_crawl,
    file_export,
)

CHOICE = {"where": ["followers>=10000"], "has": ["contact"], "order": "-followers"}
WORDS = "--where 'followers>=10000' --has contact --order -followers"


def test_a_screen_shows_the_choice_below_the_export(app: App) -> None:
    file_export(app, selection=chosen(**CHOICE))
    assert f"choice: {WORDS}" in screen(app)
    assert f"筛选：{WORDS}" in screen(app, "zh")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", f"export {DOMAIN} cancelled by the operator, 0 rows"),
        ("zh", f"导出 {DOMAIN} 已由操作者取消"),
    ],
)
def test_an_export_that_was_cancelled_is_not_told_as_failed(app: App, language, text) -> None:
    task = file_export(app)
    app.crawling.control.cancel(task.id)
    shown = screen(app, language)
    assert text in shown and "failed" not in shown and "失败" not in shown


def test_a_crawl_that_was_cancelled_before_a_page_is_told_so(app: App) -> None:
    app.crawling.control.cancel(file_crawl(app, 1).id)
    assert f"crawl {DOMAIN} cancelled by the operator, 0 pages, 0 creators" in screen(app)


@ONE_ENGINE
def test_a_hint_names_the_whole_command(app: App) -> None:
    """Of several crawls of a domain it must not begin another one."""

    def command(task: Task) -> str:
        return going_on_command(task).partition("cli.py ")[2]

    assert command(file_export(app, selection=chosen(**CHOICE))) == (
        f"start_export --domain {DOMAIN}"
    )
    crawl = app.crawling.submitter.submit_crawl(
        "tiktok", "a b", 1, CrawlOptions(), keyword="口红 x"
    ).task
    assert command(crawl) == "start_crawl --domain 'a b' --platform tiktok --keyword '口红 x'"


def test_an_export_names_the_crawl_that_it_waits_for_with_its_keyword(app: App) -> None:
    store(app, entry("01", 1))
    app.crawling.submitter.submit_crawl("bilibili", DOMAIN, 1, CrawlOptions(), keyword="口红")
    export = file_export(app, selection=chosen(**CHOICE))
    app.database.write(
        lambda tx: tx.execute("UPDATE tasks SET waiting_for='rows' WHERE id=:id", id=export.id)
    )
    shown = screen(app, here=(TaskType.EXPORT,))
    assert f"go on with: python cli.py start_crawl --domain {DOMAIN} --keyword 口红" in shown
