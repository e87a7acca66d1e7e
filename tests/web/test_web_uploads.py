"""Files in the console: what would come of them is shown before anything is stored."""

from __future__ import annotations

import re

import pytest
import requests

from core.errors import InvalidInputError
from storage.models.accounts import AccountStatus
from storage.operations import alerts
from storage.operations.alerts import AlertKind
from tests.support.moving_clock import MovingClock
from tests.support.processes.launcher import wait_until
from tests.support.web.web_site import ASK_SECS, Site
from web.console.staged_uploads import KEPT_SECS, MAX_FILES, StagedUpload, StagedUploads

SECRET = "geheim"
LIST = (
    "账号;Cookie;每日上限;备注\n"
    f"alice;SESSDATA={SECRET}1;77;x\n"
    f"bob;SESSDATA={SECRET}2;;\n"
    f"ended;SESSDATA=a%2C1500000000%2C{SECRET};;\n"
    f"wrong;{SECRET};;\n"
)
BV = "BV1GJ411x7h7"


class Boss:
    """Somebody who is signed in and may act, without a browser's scripts."""

    def __init__(self, site: Site, token: str) -> None:
        self.url = site.url
        self.session = requests.Session()
        self.session.headers.update({"Accept": "text/html"})
        self.post("/admin/login", {"token": token, "to": "/admin"})

    def post(
        self, path: str, form: dict[str, str], content: bytes | None = None, name: str = "list.csv"
    ) -> requests.Response:
        own = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        files = None if content is None else {"file": (name, content)}
        return self.session.post(
            self.url + path,
            data=form,
            files=files,
            headers=own,
            timeout=ASK_SECS,
            allow_redirects=False,
        )

    def page(self, path: str) -> str:
        answer = self.session.get(self.url + path, timeout=ASK_SECS)
        assert answer.status_code == 200, (path, answer.status_code)
        text = re.sub(r"<[^>]+>", " ", answer.text)
        return re.sub(r"\s+", " ", text)

    def previewed(self, page: str, content: bytes, **form: str) -> str:
        """Upload a file, and return the address of its preview."""
        answer = self.post(f"/admin/{page}/preview", form, content)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]


@pytest.fixture
def boss(site: Site) -> Boss:
    return Boss(site, site.admin_token)


def names(site: Site) -> dict[str, AccountStatus]:
    return {account.username: account.status for account in site.app.pool.registry.all()}


def test_a_list_of_accounts_is_shown_before_it_is_taken_in(site: Site, boss: Boss) -> None:
    address = boss.previewed("accounts", LIST.encode("gb18030"))
    shown = boss.page(address)
    assert names(site) == {}
    for told in (
        "2 will be taken in, 2 left out.",
        "list.csv: read as GB18030 text",
        "columns without a meaning here were left out: 备注",
        "2 alice is added, 77 rows a day",
        "3 bob is added, 4,000 rows a day",
        "account ended: this session ended on 2017-07-14",
        "list.csv, line 5: this is no cookie text",
    ):
        assert told in shown, (told, shown)
    assert SECRET not in shown
    word = address.rpartition("/")[2]
    done = boss.post("/admin/accounts/import", {"upload": word})
    assert done.headers["Location"] == "/admin/accounts"
    assert set(names(site)) == {"alice", "bob"}
    told = boss.page("/admin/accounts")
    assert "2 accounts imported. 2 problems." in told and SECRET not in told
    # It is taken in once only.
    boss.post("/admin/accounts/import", {"upload": word})
    assert "this upload is not kept any more; upload it again" in boss.page("/admin/accounts")


def test_what_a_list_would_change_is_told(site: Site, boss: Boss) -> None:
    boss.post("/admin/accounts/import", {"platform": "bilibili"}, LIST.encode())
    account = site.app.pool.registry.find("bob")
    site.app.pool.manager.set_account_status(account.id, AccountStatus.DISABLED)
    again = f"name,cookie,limit,ua\nalice,SESSDATA={SECRET}1,78,Mine/1\nbob,SESSDATA={SECRET}9,,\n"
    shown = boss.page(boss.previewed("accounts", again.encode()))
    assert "alice gets new: limit of 78 rows a day, User-Agent" in shown
    assert "bob gets new: session; and is enabled" in shown
    same = boss.page(boss.previewed("accounts", LIST.encode()))
    assert "alice nothing new in it" in same and "bob nothing new in it" in same


def test_a_list_puts_accounts_into_the_group_that_was_chosen(site: Site, boss: Boss) -> None:
    given = b"name,cookie,group\nalice,SESSDATA=a,\nbob,SESSDATA=b,south\n"
    address = boss.previewed("accounts", given, group=" north ")
    boss.post("/admin/accounts/import", {"upload": address.rpartition("/")[2]})
    find = site.app.pool.registry.find
    assert [find(name).group_name for name in ("alice", "bob")] == ["north", "south"]
    shown = boss.page(boss.previewed("accounts", given, group="east"))
    assert "alice gets new: group east" in shown and "bob nothing new in it" in shown
    boss.post("/admin/accounts/import", {"group": "west"}, given)
    assert find("alice").group_name == "west"
    boss.post("/admin/accounts/preview", {"group": "a\u200bb"}, given)
    assert "U+200B" in boss.page("/admin/accounts/new")


def row(name: str, uid: int) -> str:
    return f"{name},SESSDATA={SECRET}{uid}; DedeUserID={uid}\n"


def test_logins_that_a_list_would_swap_or_bring_twice_are_told(site: Site, boss: Boss) -> None:
    head = "username,cookie\n"
    boss.post("/admin/accounts/import", {}, (head + row("alice", 111)).encode())
    given = head + row("alice", 222) + row("bob", 111) + row("carol", 333) + row("dave", 333)
    refused = boss.page(boss.previewed("accounts", given.encode()))
    for told in (
        "1 will be taken in, 3 left out.",
        "alice is the login 111, and these cookies are of 222",
        "bob is already the login of alice (uid 111)",
        "dave is already the login of carol (uid 333)",
    ):
        assert told in refused, (told, refused)
    address = boss.previewed("accounts", given.encode(), new_login="true")
    shown = boss.page(address)
    assert "2 will be taken in, 2 left out." in shown
    assert "alice another login takes over the name" in shown
    boss.post("/admin/accounts/import", {"upload": address.rpartition("/")[2]})
    told = boss.page("/admin/accounts")
    assert "2 accounts imported. 2 problems." in told and SECRET not in told
    logins = {account.username: account.platform_uid for account in site.app.pool.registry.all()}
    assert logins == {"alice.1": "111", "alice": "222", "carol": "333"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04geheim", "list.csv is a ZIP file, no text; unpack it"),
        (b"<!DOCTYPE html><html>geheim", "is a web page, no list"),
        (b"a,b\ngeheim,c\n", "must name the columns username and cookie"),
        (b"\xff\xff\x81", "neither UTF-8 nor GBK"),
        (b"", "choose a file"),
    ],
)
def test_what_is_no_list_is_told_at_once(site: Site, boss: Boss, content: bytes, told: str) -> None:
    for kind in ("accounts",):
        answer = boss.post(f"/admin/{kind}/preview", {}, content)
        assert "/preview/" not in answer.headers["Location"]
        page = boss.page(answer.headers["Location"])
        assert told in page and SECRET not in page, page


def test_a_file_of_videos_is_shown_before_it_is_taken_in(site: Site, boss: Boss) -> None:
    text = f"链接;标题;发布时间\n{BV};甲;0000-00-00 00:00:00\nav2;乙;\nhello;丙;\n"
    address = boss.previewed("videos", text.encode())
    shown = boss.page(address)
    for told in (
        "2 will be taken in, 1 left out.",
        "the cell was left out",
        "line 2 甲 is added",
        "line 3 乙 is added",
        "list.csv, line 4:",
    ):
        assert told in shown, (told, shown)
    begun = boss.post("/admin/videos/import", {"upload": address.rpartition("/")[2]})
    assert begun.headers["Location"] == "/admin/videos"


def test_a_preview_is_its_visitors_own_and_ends(clock: MovingClock) -> None:
    kept = StagedUploads(clock=clock)
    upload = StagedUpload(b"x", "list.csv", None)
    word = kept.keep("boss", upload)
    assert kept.find("boss", word) is upload
    with pytest.raises(InvalidInputError):
        kept.find("another", word)
    clock.move(KEPT_SECS)
    with pytest.raises(InvalidInputError):
        kept.take("boss", word)
    words = [kept.keep("boss", upload) for _ in range(MAX_FILES + 1)]
    assert kept.take("boss", words[-1]) is upload
    for gone in (words[0], words[-1]):
        with pytest.raises(InvalidInputError):
            kept.find("boss", gone)
    assert "x" not in repr(upload)


def test_an_account_is_renewed_from_its_alert_in_one_click(site: Site, boss: Boss) -> None:
    ends = int(site.app.clock.now().timestamp()) + 86400
    ending = f"name,cookie\nalice,SESSDATA=a%2C{ends}%2C{SECRET}\n"
    boss.post("/admin/accounts/import", {"platform": "bilibili"}, ending.encode())
    site.app.alerts.monitor().look_once()
    assert [alert.kind for alert in site.app.database.read(alerts.all_open)] == [
        AlertKind.SESSION_EXPIRING
    ]
    account = site.app.pool.registry.find("alice")
    site.app.pool.manager.set_account_status(account.id, AccountStatus.DISABLED)
    html = boss.session.get(site.url + "/admin/alerts", timeout=ASK_SECS).text
    link = "/admin/accounts/new?name=alice&amp;platform=bilibili"
    assert f'href="{link}"' in html
    form = boss.session.get(site.url + link.replace("&amp;", "&"), timeout=ASK_SECS).text
    assert 'value="alice"' in form
    pasted = f"curl 'https://api.bilibili.com/x' -b 'SESSDATA={SECRET}7' -H 'user-agent: Mine/2'"
    given = {"username": "alice", "platform": "bilibili", "cookies": pasted}
    boss.post("/admin/accounts/new", given)
    renewed = site.app.pool.registry.find("alice")
    assert (renewed.status, renewed.user_agent) == (AccountStatus.IDLE, "Mine/2")


def test_lists_of_tasks_users_and_completions_are_shown_and_taken_in(
    site: Site, boss: Boss
) -> None:
    tasks = "任务ID;项目ID;标题;时长;备注\nt1;p1;第一集;1,200;x\nt2;p1;第二集;soon;\n;p1;;;\n"
    address = boss.previewed("dramas", tasks.encode("gb18030"), kind="dramas")
    shown = boss.page(address)
    for told in (
        "2 will be taken in, 1 left out.",
        "list.csv: read as GB18030 text",
        "columns without a meaning here were left out: 备注",
        "line 2 t1 is added",
        "line 3 t2 is added duration",
        "is no whole number; the cell was left out",
        "line 4: task_id is missing",
    ):
        assert told in shown, (told, shown)
    assert site.app.distribution.service.newest(9, None) == []
    boss.post("/admin/dramas/import", {"upload": address.rpartition("/")[2]})
    wait_until(lambda: len(site.app.distribution.service.newest(9, None)) == 2, "the tasks")
    durations = {
        d.fields.task_id: d.fields.duration for d in site.app.distribution.service.newest(9, None)
    }
    assert durations == {"t1": 1200, "t2": 0}
    again = boss.page(boss.previewed("dramas", tasks.encode(), kind="dramas"))
    assert "t1 stays as it is" in again
    posted = "task_id,user_id,submission_link\nt1,u1,https://youtu.be/aaaaaaaaaaa\nt9,u1,https://youtu.be/aaaaaaaaaaa\n"
    seen = boss.page(boss.previewed("dramas", posted.encode(), kind="completions"))
    assert "1 will be taken in, 1 left out." in seen and "t9" in seen


def test_an_empty_pool_leads_to_the_form_and_to_no_command(boss: Boss) -> None:
    page = boss.session.get(boss.url + "/admin/accounts", timeout=ASK_SECS).text
    assert '<p class="empty">No account yet. <a href="/admin/accounts/new">' in page
    assert "accounts import" not in page
