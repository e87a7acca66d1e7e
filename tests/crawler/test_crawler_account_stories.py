"""What `accounts explain` tells of an account: everything, in order, with evidence, no secret."""

from __future__ import annotations

import json
from typing import Any

from accounts.requests import NewAccount
from accounts.vault import Credentials
from commands.accounts.tables import explain_lines
from core.settings import Pace
from sandbox.messages import json_reply
from sources.bilibili.response_rules import NAV
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus
from tests.support.crawler.workbench import (
    Platform,
    account_of,
    add_account,
    column,
    crawl,
    file_crawl,
    once,
    stored_uids,
    work_off,
)
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control

COMPLETED, DISABLED = TaskStatus.COMPLETED, AccountStatus.DISABLED
SECRET, CSRF = "geheim4711sessdata", "geheim0815csrf"


def say(server: Platform, call: str, **body: object) -> None:
    control.tell(server.url, call, body)


def test_the_story_of_an_account_is_complete_in_order_and_without_secrets(
    make_app, platform, clock: MovingClock
) -> None:
    server = platform(creators=800)
    app = make_app(
        bilibili_base_url=server.url, pages_per_task=100, bilibili_pace=Pace(4, 10), lease_secs=9999
    )  # it comes back every ten seconds
    session = f"SESSDATA={SECRET}; bili_jct={CSRF}"
    add_account(app, "me", session=session)

    def refuse_once(_request: Any, _reply: Any) -> Any:
        """The one account of the pool is refused everywhere, so that it is to blame itself."""
        del server.spoil_path[NAV]
        return json_reply({"code": -412, "message": "no"})

    def spoil(request: Any, reply: Any) -> Any:
        page, times = int(request.params["page"]), server.pages.count(int(request.params["page"]))
        if page == 2 and times == 1:
            return json_reply({"code": -799, "message": f"too fast, {SECRET} {CSRF}"})
        if page == 3 and times == 1:
            server.spoil_path[NAV] = refuse_once
            return json_reply({"code": -401, "message": "robot", "data": {"v_voucher": SECRET}})
        if page == 24:  # of page 25 on it knows nobody
            say(server, "expire", account=SECRET)
        return reply

    server.spoil = spoil
    task = file_crawl(app, pages=40)
    for _ in range(100):
        if account_of(app, "me").status is DISABLED:
            break
        once(app.crawling.ingestion_worker())
        clock.move(60)
    clock.move(60)
    server.spoil = None
    say(server, "revive", account=SECRET)
    fresh = Credentials(session=f"{session}; sid=another1")
    done = app.pool.enrolment.add_or_refresh(NewAccount("bilibili", "me", fresh, None))
    assert english_text(done.change) == "refreshed"
    assert work_off(app, task).status is COMPLETED
    assert stored_uids(app) == server.uids()

    account = account_of(app, "me")
    events = app.pool.registry.events(account)
    assert [event.kind for event in events[::-1]] == [
        "added",
        "device_assigned",
        "cooldown",
        "suspect",
        "probation",
        "recovered",
        "disabled",
        "session_replaced",
        "enabled",
    ]
    [view] = app.crawling.account_views.views([account])
    lines = list(map(str, explain_lines(app, view, events)))
    assert lines[0] == "me (bilibili): idle"
    assert lines[1].startswith("health healthy, rate ")
    told = [line for line in lines[2:] if not line.startswith(" ")]
    assert [line.split()[2] for line in told] == [event.kind for event in events[::-1]]
    moments = [line[:19] for line in told]
    assert moments == sorted(moments)
    by_kind = {line.split()[2]: line for line in told}
    assert "throttled (code -799" in by_kind["cooldown"] and " until " in by_kind["cooldown"]
    assert "risk control (code -401" in by_kind["suspect"] and " until " in by_kind["suspect"]
    assert "good answers" in by_kind["recovered"]
    assert "session expired (code -101" in by_kind["disabled"]
    assert "a new session" in by_kind["enabled"]
    for kind, code in (("cooldown", -799), ("suspect", -401), ("disabled", -101)):
        asked, came = lines[lines.index(by_kind[kind]) + 1 :][:2]
        assert asked.strip().startswith("asked: GET /x/web-interface/wbi/search/type?")
        assert came.strip().startswith(f"came back: HTTP 200, code {code}")
    stored = column(app, "SELECT evidence FROM account_events WHERE evidence IS NOT NULL")
    everything = "\n".join(lines) + json.dumps(stored)
    assert SECRET not in everything and CSRF not in everything


def test_a_banned_account_tells_why_and_how_to_go_on(make_app, platform) -> None:
    server = platform(creators=400)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "banned-1")
    add_account(app, "acc2")
    assert crawl(app, pages=20).status is COMPLETED
    account = account_of(app, "banned-1")
    [view] = app.crawling.account_views.views([account])
    lines = list(map(str, explain_lines(app, view, app.pool.registry.events(account))))
    assert lines[0] == "banned-1 (bilibili): disabled"
    assert any("banned by the platform (code -102" in line for line in lines)
    assert any("code -102" in line and line.strip().startswith("came back") for line in lines)
    assert server.stats()["accounts"]["banned-1"]["after_ban"] == 1
