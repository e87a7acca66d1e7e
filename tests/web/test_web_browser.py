"""The console in a real browser: acting, staying fresh, outliving a restart, small screens."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from app.web import web_server
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus
from tests.crawler.test_crawler_creators import entry, store
from tests.support.apps import add_account
from tests.support.crawler.workbench import DOMAIN, export, file_crawl, store_rows, task_of
from tests.support.web.web_site import Site
from web.console import SECTIONS

Browse = Callable[..., Page]
EVERY_MS = 30_000


@pytest.fixture
def busy(site: Site) -> Site:
    """A site with something on every page."""
    add_account(site.app, "alice", 100)
    store_rows(site.app, 23)
    export(site.app)
    file_crawl(site.app, pages=30)
    return site


def test_a_task_is_filed_paused_and_cancelled(site: Site, browse: Browse) -> None:
    add_account(site.app, "alice")
    page = browse("/tasks")
    page.get_by_text("New crawl").click()
    form = page.locator("form[action='/admin/tasks/crawl']")
    form.get_by_label("Domain").fill(DOMAIN)
    form.get_by_role("button", name="Start the crawl").click()
    expect(page.locator("#note")).to_have_text(re.compile("Task 1 is filed"))
    page.get_by_role("button", name=f"Pause: #1 {DOMAIN}").click()
    expect(page.locator("#tasks .badge")).to_have_text("paused")
    assert task_of(site.app, 1).status is TaskStatus.PAUSED
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name=f"Cancel: #1 {DOMAIN}").click()
    assert task_of(site.app, 1).is_open
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name=f"Cancel: #1 {DOMAIN}").click()
    expect(page.locator("#note")).to_contain_text("Task 1 is cancelled")
    assert not task_of(site.app, 1).is_open


def test_an_account_is_disabled_with_a_reason(site: Site, browse: Browse) -> None:
    account = add_account(site.app, "alice")
    page = browse(f"/accounts/{account}")
    page.get_by_label("Reason").fill("on holiday")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Disable").click()
    expect(page.locator("#account")).to_contain_text("on holiday")
    assert site.app.pool.registry.find("alice").status is AccountStatus.DISABLED


def test_a_file_is_downloaded_and_verified(busy: Site, browse: Browse) -> None:
    page = browse("/exports")
    with page.expect_download() as downloading:
        page.locator("#exports a[download]").click()
    assert downloading.value.path().read_bytes().startswith(b"\xef\xbb\xbfid,uid")
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("#note")).to_have_text("1 files with 23 rows looked at: all agree.")


def test_it_refreshes_by_itself_and_keeps_that_across_pages(busy: Site, browse: Browse) -> None:
    page = browse("/tasks")
    page.clock.install()
    page.reload()
    page.get_by_label("every 30 s").check()
    page.goto(f"{busy.url}/admin")
    expect(page.get_by_label("every 30 s")).to_be_checked()
    file_crawl(busy.app, domain="later")
    expect(page.locator("#tasks")).not_to_contain_text("later")
    page.clock.fast_forward(EVERY_MS)
    expect(page.locator("#tasks")).to_contain_text("later")


def test_a_hidden_tab_does_not_ask(busy: Site, browse: Browse) -> None:
    page = browse("")
    page.clock.install()
    page.reload()
    page.get_by_label("every 30 s").check()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    def show(hidden: bool) -> None:
        page.evaluate(
            "hidden => { Object.defineProperty(document, 'hidden', {value: hidden,"
            " configurable: true}); document.dispatchEvent(new Event('visibilitychange')); }",
            hidden,
        )

    show(hidden=True)
    page.clock.fast_forward(3 * EVERY_MS)
    page.wait_for_timeout(200)
    assert asked == []
    with page.expect_response("**/admin"):
        show(hidden=False)


def end_server(site: Site) -> None:
    site.server.stop()
    assert site.server.join(30)


def test_the_page_outlives_a_restart_and_says_so(busy: Site, browse: Browse) -> None:
    page = browse("")
    end_server(busy)
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#connection")).to_contain_text("The server does not answer")
    expect(page.locator("#accounts")).to_contain_text("alice")
    host, port = busy.url.removeprefix("http://").split(":")
    busy.server = web_server(busy.app, host, int(port))
    busy.server.start()
    expect(page.locator("#connection")).to_be_hidden(timeout=20_000)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#tasks .badge")).to_have_text("paused")


def test_an_action_without_a_server_is_told_as_not_done(busy: Site, browse: Browse) -> None:
    page = browse("")
    end_server(busy)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#connection")).to_contain_text("Not done")
    expect(page.get_by_role("button", name="Pause")).to_be_enabled()


def test_what_was_opened_stays_open_when_it_refreshes(busy: Site, browse: Browse) -> None:
    page = browse("")
    page.get_by_text("As a table").click()
    file_crawl(busy.app, domain="later")
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#tasks")).to_contain_text("later")
    expect(page.locator("#chart details")).to_have_attribute("open", "")
    assert page.locator("#chart canvas").count() == 1


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_every_page_fits_its_width(busy: Site, browse: Browse, locale: str) -> None:
    page = browse("", locale=locale)
    paths = [section.path for section in SECTIONS] + ["/admin/accounts/1", "/admin/tasks/2"]
    for path in paths:
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            if width == 390:  # the chart becomes narrower only some time after its window
                page.goto(busy.url + path)
            over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, (path, width)


def test_it_works_by_keyboard(busy: Site, browse: Browse) -> None:
    page = browse("/accounts")
    page.reload()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    for control in page.locator("main button:visible, main a:visible, main input:visible").all():
        control.focus()
        expect(control).to_be_focused()
        style = control.evaluate("one => getComputedStyle(one).outlineStyle")
        assert style != "none", control


def only_of_tasks(route: Route) -> None:
    """Let through what is said of tasks: all calls take the browser ten seconds to draw."""
    answer = route.fetch()
    described = answer.json()
    paths = {path: said for path, said in described["paths"].items() if "/tasks" in path}
    route.fulfill(response=answer, json=described | {"paths": paths})


def test_the_api_is_described_with_our_own_files_only(site: Site, browse: Browse) -> None:
    page = browse("")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/openapi.json", only_of_tasks)
    page.goto(f"{site.url}/docs")
    page.wait_for_selector("#operations-tag-tasks")
    assert all(one.startswith((site.url, "data:", "blob:")) for one in asked)


def test_without_javascript_the_buttons_work_too(site: Site, browse: Browse) -> None:
    task = file_crawl(site.app)
    add_account(site.app, "alice")
    page = browse("/tasks", signed_in=False, java_script_enabled=False)
    page.fill("#token", site.admin_token)
    page.click("button.main")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#note")).to_contain_text("is paused")
    assert task_of(site.app, task.id).status is TaskStatus.PAUSED


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_the_navigation_is_whole_on_a_screen(site: Site, browse: Browse, locale: str) -> None:
    page = browse("", locale=locale)
    for width in (1280, 1024):
        page.set_viewport_size({"width": width, "height": 800})
        navigation_is_whole(page, width)


def navigation_is_whole(page: Page, width: int) -> None:
    boxes = [one.bounding_box() for one in page.locator(".top nav a").all()]
    assert len(boxes) == len([section for section in SECTIONS if section.is_listed])
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
    list_box = page.locator(".top nav ul").bounding_box()
    assert list_box and all(
        box and box["y"] + box["height"] <= list_box["y"] + list_box["height"] + 1 for box in boxes
    )
    rows = {box["y"] for box in boxes if box}
    assert len(rows) == 1 or width == 1024


def test_no_way_to_get_in_touch_is_broken_within_its_word(site: Site, browse: Browse) -> None:
    add_account(site.app, "alice")
    sign = "v信 deer7 deer@example.cn 13800138000"
    store(site.app, entry("100000000000001", 123_456_789, "小鹿在路上" * 40, sign=sign))
    page = browse(f"/creators?domain={DOMAIN}", viewport={"width": 1280, "height": 800})
    broken = page.locator("td[data-label=Contact]").evaluate(
        """cell => ["e-mail", "phone", "messenger"].filter(word => {
          const range = document.createRange(), at = cell.textContent.indexOf(word);
          range.setStart(cell.firstChild, at);
          range.setEnd(cell.firstChild, at + word.length);
          return at < 0 || range.getClientRects().length > 1;
        })"""
    )
    assert broken == []
    box = page.locator("#creators table").bounding_box()
    assert box is not None and box["x"] + box["width"] <= 1280


def test_what_is_typed_into_a_box_does_not_look_like_a_hint(site: Site, browse: Browse) -> None:
    page = browse("/creators?where=videos>=1")
    colours = page.locator("textarea[name=where]").evaluate(
        "box => [getComputedStyle(box).color, getComputedStyle(box, '::placeholder').color,"
        " getComputedStyle(document.body).color]"
    )
    assert colours[0] == colours[2] != colours[1]
