"""Every button of the console is pressed in a browser; a new one without a line here is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.container import App
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus
from tests.support.apps import add_account as stored_account
from tests.support.crawler.workbench import change, file_crawl, task_of
from tests.support.web.busy_site import PAGES, fill
from tests.support.web.web_site import Site
from web.console import SECTIONS

Press = Callable[[Page, Site], None]
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
SERIOUS = {"serious", "critical"}
RULES_OF_COLOURS = ["color-contrast", "link-in-text-block"]  # the only ones that look at a colour
WORD_PLACES = re.compile(
    r"/(?:\d+|T1|quota_reset|[a-z_]+(?=/run)|bilibili/BV\w+|[0-9a-f]{64})(?=/|$)"
)


class Forms(HTMLParser):
    """The forms of a page that change something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.bare_buttons: set[str] = set()
        self._in_form = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "form":
            self._in_form = True
            if told.get("method") == "post":
                action = (told["action"] or "").partition("?")[0]
                self.found.add(WORD_PLACES.sub("/ID", action).removeprefix("/admin/"))
        elif tag == "button" and not self._in_form:
            self.bare_buttons.add(told.get("id") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._in_form = False


def forms_of(html: str) -> Forms:
    page = Forms()
    page.feed(html)
    return page


@pytest.fixture(scope="module")
def busy(module_app: App) -> Iterator[Site]:
    site = Site(module_app)
    yield fill(site)
    site.close()


@pytest.fixture(scope="module")
def page(chromium_browser: Browser, busy: Site) -> Iterator[Page]:
    """One browser, signed in once; every question is answered with yes."""
    context = chromium_browser.new_context(locale="en-GB")
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("dialog", lambda dialog: dialog.accept())
    opened.goto(f"{busy.url}/admin")
    opened.fill("#token", busy.admin_token)
    opened.click("button.main")
    opened.wait_for_selector(".refresh")
    yield opened
    context.close()
    assert wrong == []


def at(page: Page, site: Site, path: str) -> Page:
    page.goto(f"{site.url}/admin/{path}")
    return page


def press(page: Page, action: str, note: str | re.Pattern[str] | None = None) -> None:
    """Press the button of the first form that goes there; it is told what was done."""
    form = page.locator(f"form[action^='/admin/{action}']").first
    if form.locator("xpath=ancestor::details[not(@open)]").count():
        form.locator("xpath=ancestor::details").locator("summary").first.click()
    form.locator("button").click()
    if note is not None:
        expect(page.locator("#note")).to_contain_text(note)


def enable_account(page: Page, site: Site) -> None:
    site.app.pool.manager.set_account_status(2, AccountStatus.DISABLED)
    press(at(page, site, "accounts/2"), "accounts/2/enable", "bob is enabled")
    assert site.app.pool.registry.find("bob").status is AccountStatus.IDLE


def disable_account(page: Page, site: Site) -> None:
    press(at(page, site, "accounts/2"), "accounts/2/disable", "bob is disabled")
    assert site.app.pool.registry.find("bob").status is AccountStatus.DISABLED


def limit_account(page: Page, site: Site) -> None:
    at(page, site, "accounts/1").get_by_label("Rows a day").fill("77")
    press(page, "accounts/1/limit", "may export 77 rows a day")
    assert site.app.pool.registry.find("alice").daily_export_limit == 77


def check_account(page: Page, site: Site) -> None:
    press(at(page, site, "accounts/1"), "accounts/1/check", "alice")


def rename_account(page: Page, site: Site) -> None:
    account = stored_account(site.app, "olga")
    at(page, site, f"accounts/{account}").get_by_label("Name").fill("robert")
    press(page, f"accounts/{account}/rename", "Account olga is robert now.")
    assert site.app.pool.registry.find("robert").id == account


def group_account(page: Page, site: Site) -> None:
    at(page, site, "accounts/2").get_by_label("Group").fill("north")
    press(page, "accounts/2/group", "Account bob is in group north.")
    assert site.app.pool.registry.find("bob").group_name == "north"


def delete_account(page: Page, site: Site) -> None:
    account = stored_account(site.app, "gone")
    press(at(page, site, f"accounts/{account}"), f"accounts/{account}/delete", "gone is deleted.")
    assert [one.username for one in site.app.pool.registry.deleted()] == ["gone (deleted)"]


def proxy_account(page: Page, site: Site) -> None:
    at(page, site, "accounts/2").locator("form[action$='/proxy'] input").fill("none")
    press(page, "accounts/2/proxy", "Account bob leaves without a proxy.")


def import_proxies(page: Page, site: Site) -> None:
    at(page, site, "proxies").locator("textarea").fill("127.0.0.1:9:user:pass")
    press(page, "proxies/preview")
    press(page, "proxies/import", "1 proxies added, 0 were there.")
    [found] = site.app.database.read(
        lambda tx: tx.column("SELECT egress FROM proxies WHERE added_at IS NOT NULL")
    )
    assert found.startswith("127.0.0.1:9#")


def check_proxies(page: Page, site: Site) -> None:
    at(page, site, "proxies").get_by_role("button", name="Check all").click()
    expect(page.locator("#note")).to_contain_text("prox")
    change(site.app, "DELETE FROM proxies WHERE added_at IS NOT NULL")  # it rests now


def import_dramas(page: Page, site: Site) -> None:
    at(page, site, "dramas").get_by_text("Take in a list").click()
    file = {
        "name": "d.csv",
        "mimeType": "text/csv",
        "buffer": b"task_id,project_id\nT9,p9\n",
    }
    page.locator("form[action='/admin/dramas/preview'] input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    press(page, "dramas/preview")
    press(page, "dramas/import", "Begun")


def pin_task(page: Page, site: Site) -> None:
    task = file_crawl(site.app, domain="pinned").id
    at(page, site, f"tasks/{task}").get_by_label("Only this account").fill("alice")
    press(page, f"tasks/{task}/pin", f"Task {task}: pinned to account alice.")


def add_account(page: Page, site: Site) -> None:
    at(page, site, "accounts/new").get_by_role("textbox", name="Name").fill("carol")
    page.get_by_role("textbox", name="Cookies").fill("not a cookie")
    press(page, "accounts/new")
    expect(page.locator("#error-cookies")).to_contain_text("this is no cookie text")
    expect(page.get_by_role("textbox", name="Cookies")).to_be_focused()
    page.get_by_role("textbox", name="Cookies").fill("SESSDATA=carol; bili_jct=x")
    press(page, "accounts/new", "Account carol is added.")
    expect(page.locator("h1")).to_have_text("carol")


def import_accounts(page: Page, site: Site) -> None:
    text = "username,cookie\ndave,SESSDATA=dave\neve,nothing\n"
    file = {"name": "many.csv", "mimeType": "text/csv", "buffer": text.encode()}
    at(page, site, "accounts/new").locator("input[name=file]").set_input_files(file)  # type: ignore[arg-type]
    press(page, "accounts/preview")
    expect(page.locator("#preview")).to_contain_text("1 will be taken in, 1 left out.")
    expect(page.locator("#left-out")).to_contain_text("many.csv, line 3")
    press(page, "accounts/import", "1 accounts imported. 1 problems. many.csv, line 3")
    assert site.app.pool.registry.find("dave").status is AccountStatus.IDLE


def file_new_crawl(page: Page, site: Site) -> None:
    at(page, site, "tasks").get_by_text("New crawl").click()
    form = page.locator("form[action='/admin/tasks/crawl']")
    form.get_by_label("Domain").fill("新")
    form.get_by_label("Labels").fill("甲 乙")
    press(page, "tasks/crawl", "is filed.")
    expect(page.locator("#tasks .chip", has_text="甲")).to_be_visible()


def file_new_export(page: Page, site: Site) -> None:
    at(page, site, "tasks").get_by_text("New export").click()
    page.locator("form[action='/admin/tasks/export']").get_by_label("Domain").fill("美妆")
    press(page, "tasks/export", "is filed.")


def task_word(word: str, status: TaskStatus, told: str) -> Press:
    def pressed(page: Page, site: Site) -> None:
        task = file_crawl(site.app, domain=f"for {word}")
        if word == "resume":
            site.app.crawling.control.pause(task.id)
        press(at(page, site, f"tasks/{task.id}"), f"tasks/{task.id}/{word}", told)
        assert task_of(site.app, task.id).status is status

    return pressed


def label_task(page: Page, site: Site) -> None:
    task = file_crawl(site.app, domain="labelled")
    at(page, site, f"tasks/{task.id}").get_by_label("Labels").fill("丙")
    page.get_by_role("button", name="Put on").click()
    expect(page.locator("#task dl .chip")).to_have_text("丙")
    page.get_by_role("button", name="Take off the label 丙").click()
    expect(page.locator("#note")).to_contain_text("has no labels")
    assert site.app.crawling.service.labels([task.id]) == {}


def verify(page: Page, site: Site) -> None:
    press(at(page, site, "exports"), "exports/verify", "1 files with 23 rows looked at: all agree.")


def rebuild(page: Page, site: Site) -> None:
    press(at(page, site, "exports"), "exports/1/rebuild", "is written again from the database.")


def add_videos(page: Page, site: Site) -> None:
    at(page, site, "videos").get_by_text("Add videos").first.click()
    form = page.locator("form[action='/admin/videos/add']")
    form.locator("textarea").fill("https://www.bilibili.com/video/BV1GJ411x7h7")
    form.get_by_label("ask the platform").uncheck()
    press(page, "videos/add", "Begun")
    expect(page.locator(".operation").first).to_contain_text("1 added, 0 known, 0 not added.")


def import_videos(page: Page, site: Site) -> None:
    at(page, site, "videos").get_by_text("Import a file").click()
    file = {
        "name": "w.csv",
        "mimeType": "text/csv",
        "buffer": b"work_id,title\nav170001,x\nnone,y\n",
    }
    page.locator("form[action='/admin/videos/preview'] input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    press(page, "videos/preview")
    expect(page.locator("#preview")).to_contain_text("1 will be taken in, 1 left out.")
    press(page, "videos/import", "Begun")
    shown = page.locator(".operation").first
    expect(shown).to_contain_text("1 new, 0 changed, 0 unchanged, 1 lines not imported.")
    shown.get_by_text("1 notes").click()
    expect(shown.locator("li")).to_contain_text("w.csv, line 3")


def discover(page: Page, site: Site) -> None:
    at(page, site, "videos").get_by_text("All uploads").click()
    page.get_by_label("Creator id").fill("12345")
    press(page, "videos/discover", "Begun")
    expect(page.locator(".operation").first).to_contain_text("Uploads of 12345")


def switch_video(word: str, told: str) -> Press:
    def pressed(page: Page, site: Site) -> None:
        valid = int(word == "disable")
        change(site.app, "UPDATE works SET is_valid=:valid", valid=valid)
        at(page, site, "videos").locator(f"form[action$='/{word}'] button").first.click()
        expect(page.locator("#note")).to_contain_text(told)

    return pressed


def drama_word(word: str, before: str, told: str) -> Press:
    def pressed(page: Page, site: Site) -> None:
        change(site.app, "UPDATE drama_tasks SET status=:status", status=before)
        press(at(page, site, "dramas/T1"), f"dramas/T1/{word}", told)

    return pressed


def scan_day(page: Page, site: Site) -> None:
    at(page, site, "dramas").get_by_text("Count a day again").click()
    page.get_by_label("dry run").check()
    press(page, "dramas/scan", "Begun")
    expect(page.locator(".operation").first).to_contain_text("0 reports")


def count_incomplete_day(page: Page, site: Site) -> None:
    press(at(page, site, "incomplete_days"), "incomplete_days/scan", "Begun")


def count_settled_day(page: Page, site: Site) -> None:
    at(page, site, "settlement").get_by_text("Count a day again").click()
    press(page, "settlement/scan", "Begun")


def add_number_rule(page: Page, site: Site) -> None:
    at(page, site, "videos/alerts").get_by_label("When a video").select_option("rises")
    page.get_by_label("Views (not needed").fill("2,000")
    press(page, "videos/alerts/add", "Told from the next hour on")
    expect(page.locator("#rules")).to_contain_text("2,000")


def remove_number_rule(page: Page, site: Site) -> None:
    press(at(page, site, "videos/alerts"), "videos/alerts/1/remove", "No longer told")


def forget_host(page: Page, site: Site) -> None:
    press(at(page, site, "hosts"), "hosts/forget")
    expect(page.locator("#hosts")).to_contain_text("No host has worked")


def start_broadcaster(page: Page, site: Site) -> None:
    site.app.distribution.broadcaster.stop()
    press(at(page, site, "broadcaster"), "broadcaster/start", "Broadcasting is on.")


def stop_broadcaster(page: Page, site: Site) -> None:
    site.app.distribution.broadcaster.start()
    press(at(page, site, "broadcaster"), "broadcaster/stop", "Broadcasting is off.")


def trigger(page: Page, site: Site) -> None:
    change(site.app, "UPDATE drama_tasks SET status='active'")
    press(at(page, site, "broadcaster"), "broadcaster/trigger", "A round is begun")
    expect(page.locator("#round")).to_contain_text("Succeeded")
    expect(page.locator(".operation").first).to_contain_text("1 tasks: 0 with numbers, 1 without.")


def replay_one(page: Page, site: Site) -> None:
    press(at(page, site, "webhooks/2"), "webhooks/2/replay", "1 deliveries are due again.")


def replay_all(page: Page, site: Site) -> None:
    change(site.app, "UPDATE webhook_deliveries SET state='dead' WHERE id=1")
    press(at(page, site, "webhooks"), "webhooks/replay", "deliveries are due again.")


def disable_endpoint(page: Page, site: Site) -> None:
    press(at(page, site, "webhooks/1"), "webhooks/1/disable", "Nothing more is sent")
    press(page, "webhooks/1/enable", "is sent to again")


def enable_endpoint(page: Page, site: Site) -> None:
    hashed = site.app.webhooks.service.show(2).delivery.url
    site.app.webhooks.service.disable(hashed, "tired")
    press(at(page, site, "webhooks"), "webhooks/endpoints", "is sent to again")
    expect(page.locator("#disabled .note")).to_have_count(0)


def try_receiver(page: Page, site: Site) -> None:
    at(page, site, "webhooks").get_by_text("Try a receiver").click()
    page.locator("form[action='/admin/webhooks/test'] input[name=url]").fill("http://127.0.0.1:9/x")
    press(page, "webhooks/test", "Not delivered:")


def run_job(page: Page, site: Site) -> None:
    press(at(page, site, "jobs"), "jobs/quota_reset/run", "Job quota_reset was started.")


def try_channels(page: Page, site: Site) -> None:
    press(at(page, site, "alerts"), "alerts/test", "no channel is configured")


def change_language(page: Page, site: Site) -> None:
    press(at(page, site, "tasks"), "language")
    expect(page.locator("h1")).to_have_text("任务")
    press(page, "language")
    expect(page.locator("h1")).to_have_text("Tasks")


def open_route(page: Page, site: Site) -> None:
    name = "gate:7000#1f3a9c02"
    press(at(page, site, "egress"), "egress/open", f"{name} is used again.")
    assert site.app.pool.egress_routes.cooling_until(name) is None


def leave_route_alone(page: Page, site: Site) -> None:
    press(at(page, site, "egress"), "egress/cooldown", "is left alone for 30m.")


def close_circuit(page: Page, site: Site) -> None:
    press(at(page, site, "egress"), "egress/circuits/close", "bilibili is asked again.")
    assert site.app.pool.egress_operator.circuits() == []


PRESSED: dict[str, Press] = {
    "accounts/ID/enable": enable_account,
    "accounts/ID/disable": disable_account,
    "accounts/ID/limit": limit_account,
    "accounts/ID/check": check_account,
    "accounts/ID/rename": rename_account,
    "accounts/ID/group": group_account,
    "accounts/ID/delete": delete_account,
    "accounts/ID/proxy": proxy_account,
    "proxies/preview": import_proxies,
    "proxies/check": check_proxies,
    "dramas/preview": import_dramas,
    "accounts/new": add_account,
    "accounts/preview": import_accounts,
    "tasks/crawl": file_new_crawl,
    "tasks/export": file_new_export,
    "tasks/ID/pause": task_word("pause", TaskStatus.PAUSED, "is paused"),
    "tasks/ID/resume": task_word("resume", TaskStatus.PENDING, "goes on"),
    "tasks/ID/cancel": task_word("cancel", TaskStatus.FAILED, "is cancelled"),
    "tasks/ID/label": label_task,
    "tasks/ID/pin": pin_task,
    "egress/open": open_route,
    "egress/cooldown": leave_route_alone,
    "egress/circuits/close": close_circuit,
    "exports/verify": verify,
    "exports/ID/rebuild": rebuild,
    "videos/add": add_videos,
    "videos/preview": import_videos,
    "videos/discover": discover,
    "videos/ID/disable": switch_video("disable", "is off the list"),
    "videos/ID/enable": switch_video("enable", "is on the list again"),
    "dramas/ID/pause": drama_word("pause", "active", "is paused"),
    "dramas/ID/resume": drama_word("resume", "paused", "is active again"),
    "dramas/ID/finish": drama_word("finish", "active", "is finished"),
    "dramas/scan": scan_day,
    "incomplete_days/scan": count_incomplete_day,
    "settlement/scan": count_settled_day,
    "videos/alerts/add": add_number_rule,
    "videos/alerts/ID/remove": remove_number_rule,
    "hosts/forget": forget_host,
    "broadcaster/start": start_broadcaster,
    "broadcaster/stop": stop_broadcaster,
    "broadcaster/trigger": trigger,
    "webhooks/ID/replay": replay_one,
    "webhooks/replay": replay_all,
    "webhooks/ID/disable": disable_endpoint,
    "webhooks/ID/enable": disable_endpoint,
    "webhooks/endpoints/ID/enable": enable_endpoint,
    "webhooks/test": try_receiver,
    "jobs/ID/run": run_job,
    "alerts/test": try_channels,
    "language": change_language,
}
ELSEWHERE = {"login", "logout"}  # pressed by signing in, and at the end
BARE = {"refresh"}  # in test_web_browser.py


def test_no_button_is_left_out(busy: Site) -> None:
    found: set[str] = set()
    bare: set[str] = set()
    for state in ("active", "paused"):
        change(busy.app, "UPDATE drama_tasks SET status=:state", state=state)
        change(busy.app, "UPDATE works SET is_valid=:valid", valid=int(state == "active"))
        word = "stop" if state == "active" else "start"
        busy.admin.post(f"/api/broadcaster/{word}")
        for path in (*PAGES, "/admin/login"):
            page = forms_of(busy.admin.get(path).text)
            found |= page.found
            bare |= page.bare_buttons
    assert found - ELSEWHERE == set(PRESSED)
    assert bare <= BARE


@pytest.mark.parametrize("action", list(dict.fromkeys(PRESSED)))
def test_a_button_does_what_it_says(page: Page, busy: Site, action: str) -> None:
    PRESSED[action](page, busy)


def serious(page: Page, **options: Any) -> list[tuple[str, str]]:
    """What axe, which was put into the page, finds serious there: rule and element."""
    run = "async options => (await axe.run({resultTypes: ['violations'], ...options})).violations"
    problems = page.evaluate(run, options)
    return [
        (one["id"], one["nodes"][0]["html"][:200]) for one in problems if one["impact"] in SERIOUS
    ]


@pytest.mark.slow
def test_axe_finds_nothing_serious_on_any_page(page: Page, busy: Site) -> None:
    source = AXE.read_text(encoding="utf-8")
    found = {}
    for path in PAGES:
        page.emulate_media(color_scheme="light")
        page.goto(busy.url + path)
        assert page.locator("h1").count() == 1, path
        page.evaluate(source)
        found[path] = serious(page)
        page.emulate_media(color_scheme="dark")  # the style sheet changes nothing but colours
        found[f"{path}, dark"] = serious(page, runOnly=RULES_OF_COLOURS)
    page.emulate_media(color_scheme="light")
    assert {path: problems for path, problems in found.items() if problems} == {}


def test_charts_are_drawn_anew_when_the_colour_scheme_changes(page: Page, busy: Site) -> None:
    page.emulate_media(color_scheme="light")
    at(page, busy, "")
    before = page.locator("#chart canvas").element_handle()
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("one => !one.isConnected", arg=before)
    expect(page.locator("#chart canvas")).to_have_count(1)


def test_on_a_phone_tables_are_still_tables(page: Page, busy: Site) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    for section in SECTIONS:
        page.goto(busy.url + section.path)
        for table in page.locator("table.cards").all():
            rows = table.get_by_role("row")
            assert rows.count() == table.locator("tr").count() > 0, section.path
            assert table.get_by_role("columnheader").count() == table.locator("thead th").count()
            assert table.get_by_role("cell").count() == table.locator("td").count()
            shown = table.evaluate("one => getComputedStyle(one.querySelector('td')).display")
            assert shown == "block"
    page.set_viewport_size({"width": 1280, "height": 800})


def test_signing_out_ends_the_session(page: Page, busy: Site) -> None:
    at(page, busy, "").get_by_role("button", name="Sign out").click()
    expect(page.locator("#token")).to_be_visible()
    at(page, busy, "tasks")
    expect(page.locator("#token")).to_be_visible()
