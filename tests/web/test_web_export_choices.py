"""The choice of an export in the console: in words, on its page and when it is joined."""

from __future__ import annotations

import html

import pytest

from tests.crawler.test_crawler_selections import chosen
from tests.support.crawler.workbench import DOMAIN, add_accounts, file_crawl, file_export
from tests.support.web.web_site import Site
from tests.web.test_web_uploads import Boss

WORDS = "--where 'followers>=10000' --has contact --order -followers"


@pytest.fixture
def boss(site: Site) -> Boss:
    return Boss(site, site.admin_token)


def test_the_page_of_an_export_shows_its_choice_in_words(site: Site, boss: Boss) -> None:
    choice = chosen(where=["followers>=10000"], has=["contact"], order="-followers")
    task = file_export(site.app, selection=choice)
    shown = html.unescape(boss.page(f"/admin/tasks/{task.id}"))
    assert f"Choice {WORDS} Options" in shown
    assert "selection=" not in shown
    assert f"choice: {WORDS}" in html.unescape(boss.page("/admin/tasks"))


def test_a_form_without_conditions_goes_on_with_the_open_choice(site: Site, boss: Boss) -> None:
    add_accounts(site.app, 1)
    file_crawl(site.app, 1)
    form = {"domain": DOMAIN, "where": "followers>=10000", "has": "contact", "order": "-followers"}
    boss.post("/admin/tasks/export", form)
    boss.post("/admin/tasks/export", {"domain": DOMAIN})
    shown = html.unescape(boss.page("/admin/tasks"))
    assert "is open already and goes on; it delivers a choice only: " in shown
    boss.post("/admin/tasks/export", {"domain": DOMAIN, "where": "followers>=2"})
    assert "file it without conditions to go on with it" in boss.page("/admin/tasks")
