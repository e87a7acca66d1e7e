"""Sign-in by QR code, sessions that end, and the call that says whether one should be refreshed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote

import pytest
import requests

from sandbox import SandboxServer
from tests.support.sandbox.sandbox_client import WALL_SECS, Client, Clock

Start = Callable[..., SandboxServer]
Visit = Callable[..., Client]
NAV = "/x/web-interface/nav"
GENERATE = "/x/passport-login/web/qrcode/generate"
POLL = "/x/passport-login/web/qrcode/poll"
INFO = "/x/passport-login/web/cookie/info"
COOKIES = {"SESSDATA", "bili_jct", "DedeUserID", "DedeUserID__ckMd5", "sid"}
DAY = 86_400
# The client's cookie jar has the real clock, and drops what has ended by that.
LONG_SECS = int(time.time()) - WALL_SECS + 400 * DAY


@pytest.fixture
def browser(client: Client) -> Client:
    """A visitor who is not signed in."""
    client.http.cookies.clear()
    client.http.cookies.set("buvid3", "TEST-infoc")
    return client


def shown(browser: Client) -> str:
    data = browser.get(GENERATE).json()["data"]
    assert data["qrcode_key"] in data["url"]
    assert len(data["qrcode_key"]) == 32
    return str(data["qrcode_key"])


def polled(browser: Client, key: str) -> requests.Response:
    answer = browser.get(POLL, qrcode_key=key)
    assert answer.json()["code"] == 0
    return answer


def state(browser: Client, key: str) -> int:
    return int(polled(browser, key).json()["data"]["code"])


def sign_in(browser: Client, account: str) -> requests.Response:
    key = shown(browser)
    confirm(browser, key, account)
    return polled(browser, key)


def confirm(browser: Client, key: str, account: str) -> None:
    browser.control("scan", qrcode_key=key, step="confirm", account=account, lasts_secs=LONG_SECS)


def test_all_states_until_done(browser: Client) -> None:
    key = shown(browser)
    waiting = polled(browser, key)
    assert (waiting.json()["data"]["code"], waiting.json()["data"]["message"]) == (86101, "未扫码")
    assert "Set-Cookie" not in waiting.headers
    browser.control("scan", qrcode_key=key, step="scan")
    assert state(browser, key) == 86090
    confirm(browser, key, "小明")
    done = polled(browser, key)
    assert done.json()["data"]["code"] == 0
    assert done.json()["data"]["refresh_token"]
    assert set(done.cookies.keys()) == COOKIES
    nav = browser.get(NAV).json()
    assert (nav["code"], nav["data"]["uname"]) == (0, "小明")
    assert str(nav["data"]["mid"]) == done.cookies["DedeUserID"]
    assert browser.search()["code"] == 0
    assert browser.stats()["accounts"]["小明"]["pages"] == 1
    assert state(browser, key) == 86038


def test_codes_expire_after_three_minutes(browser: Client, wall: Clock) -> None:
    key = shown(browser)
    wall.secs += 179
    assert state(browser, key) == 86101
    wall.secs += 1
    assert state(browser, key) == 86038
    late = {"qrcode_key": key, "step": "confirm", "account": "a"}
    assert browser.post("/__sandbox__/scan", late).status_code == 404


def test_codes_can_be_made_to_expire_and_unknown_ones_are(browser: Client) -> None:
    key = shown(browser)
    assert browser.control("scan", step="expire")["qrcode_key"] == key
    assert state(browser, key) == 86038
    assert state(browser, "0" * 32) == 86038
    assert browser.get(POLL).json()["code"] == -400


def test_sessions_last_180_days_and_say_so(browser: Client, wall: Clock) -> None:
    key = shown(browser)
    browser.control("scan", step="confirm", account="acc1")
    header = polled(browser, key).headers["Set-Cookie"]
    sessdata, expires = re.findall(r"SESSDATA=([^;]+); Path=/; Expires=([^;]+? GMT)", header)[0]
    ends = WALL_SECS + 180 * DAY
    assert unquote(sessdata).split(",")[1] == str(ends)
    assert parsedate_to_datetime(expires).timestamp() == ends
    held = {"Cookie": f"SESSDATA={sessdata}"}
    url = browser.server.url + NAV
    wall.secs += 180 * DAY - 1
    assert requests.get(url, headers=held, timeout=10).json()["code"] == 0
    wall.secs += 1
    assert requests.get(url, headers=held, timeout=10).json()["code"] == -101


def test_refresh_is_wanted_thirty_days_before_the_end(browser: Client, wall: Clock) -> None:
    assert browser.get(INFO).json()["code"] == -101
    done = sign_in(browser, "acc1")
    csrf = done.cookies["bili_jct"]
    assert browser.get(INFO, csrf=csrf).json()["data"]["refresh"] is False
    wall.secs += LONG_SECS - 30 * DAY
    assert browser.get(INFO, csrf=csrf).json()["data"]["refresh"] is True
    assert browser.get(INFO, csrf="wrong").json()["code"] == -111


def test_sessions_end_at_a_moment_and_a_new_one_outlives_it(
    client: Client, visit: Visit, wall: Clock
) -> None:
    client.control("expire", account="acc1", in_secs=60)
    assert client.get(NAV).json()["code"] == 0
    assert client.get(INFO).json()["data"]["refresh"] is True
    wall.secs += 60
    assert client.get(NAV).json()["data"]["isLogin"] is False
    assert client.search()["code"] == -101
    assert visit(client.server, "acc2").search()["code"] == 0
    browser = visit(client.server, None)
    sign_in(browser, "acc1")
    assert browser.search()["code"] == 0
    assert client.search()["code"] == -101
    client.control("revive", account="acc1")
    assert client.search()["code"] == 0


@pytest.mark.parametrize("account", ["expired-1", "dead-1"])
def test_signing_in_again_mends_the_account_but_not_the_old_session(
    start: Start, visit: Visit, account: str
) -> None:
    old = visit(start(good_answers_before_ban=2), account)
    codes = [old.search(page=page)["code"] for page in (1, 2, 3)]
    assert codes[2] == -101
    new = visit(old.server, None)
    sign_in(new, account)
    assert new.search()["code"] == 0
    assert old.search()["code"] == -101


def test_a_ban_is_not_mended_by_signing_in_but_by_reviving(start: Start, visit: Visit) -> None:
    banned = visit(start(good_answers_before_ban=1), "banned-1")
    assert [banned.search()["code"] for _ in range(2)] == [0, -102]
    browser = visit(banned.server, None)
    sign_in(browser, "banned-1")
    assert browser.search()["code"] == browser.get(INFO).json()["code"] == -102
    banned.control("revive", account="banned-1")
    assert banned.search()["code"] == 0


def test_a_poll_that_went_wrong_hands_nothing_out(browser: Client) -> None:
    key = shown(browser)
    confirm(browser, key, "acc1")
    browser.order({"kind": "http_502", "endpoint": POLL}, {"kind": "delay", "endpoint": POLL})
    failed = browser.get(POLL, qrcode_key=key)
    assert (failed.status_code, failed.cookies.keys()) == (502, [])
    assert set(polled(browser, key).cookies.keys()) == COOKIES


@pytest.mark.parametrize(
    ("call", "body", "status"),
    [
        ("scan", {"step": "scan"}, 404),
        ("scan", {"step": "dance"}, 400),
        ("scan", {"step": "confirm"}, 400),
        ("scan", {}, 400),
        ("expire", {}, 400),
        ("expire", {"account": "a", "in_secs": "soon"}, 400),
        ("revive", {"account": 3}, 400),
        ("clock", {}, 400),
        ("clock", [], 400),
    ],
)
def test_control_calls_that_are_not_understood(
    client: Client, call: str, body: Any, status: int
) -> None:
    answer = client.post(f"/__sandbox__/{call}", body)
    assert answer.status_code == status
    assert answer.json()["error"]
