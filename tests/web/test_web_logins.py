"""Logins in API and console: refused twice, another one on demand, and whether they are proven."""

from __future__ import annotations

import pytest

from storage.crawling import account_logins
from tests.support.apps import add_account
from tests.support.web.web_site import Site, Visitor


def cookies(uid: int) -> str:
    return f"SESSDATA=s-{uid}; DedeUserID={uid}"


def body(name: str, uid: int, **more: object) -> dict[str, object]:
    return {"username": name, "cookies": cookies(uid), **more}


def test_the_api_refuses_a_login_twice_and_another_one_unless_it_is_meant(admin: Visitor) -> None:
    assert admin.post("/api/v1/accounts", json=body("alice", 111)).status_code == 201
    twice = admin.post("/api/v1/accounts", json=body("bob", 111))
    assert (twice.status_code, twice.json()["code"]) == (422, "login_taken")
    assert "bob is already the login of alice (uid 111)" in twice.json()["detail"]
    other = admin.post("/api/v1/accounts", json=body("alice", 222))
    assert (other.status_code, other.json()["code"]) == (422, "login_differs")
    assert "new_login: true" in other.json()["detail"]
    done = admin.post("/api/v1/accounts", json=body("alice", 222, new_login=True))
    assert (done.status_code, done.json()["change_code"]) == (200, "login_begun")
    account = done.json()["account"]
    assert (account["username"], account["platform_uid"]) == ("alice", "222")
    assert (account["uid_proven"], account["uid_seen_at"]) == (False, None)


def test_a_file_of_accounts_may_bring_other_logins_on_demand(admin: Visitor) -> None:
    admin.post("/api/v1/accounts", json=body("alice", 111))
    file = {"content": f'username,cookie\nalice,"{cookies(222)}"\n'}
    refused = admin.post("/api/v1/accounts/import", json=file)
    assert refused.status_code == 422 and "alice is the login 111" in refused.json()["problems"][0]
    done = admin.post("/api/v1/accounts/import", json={**file, "new_login": True})
    assert (done.status_code, done.json()["problems"]) == (200, [])


def test_the_api_shows_no_device_and_says_what_is_proven(site: Site) -> None:
    account = add_account(site.app, "alice", session=cookies(111))
    now = site.app.clock.now()
    site.app.database.write(account_logins.set_device, account, "gAAAA-device")
    site.app.database.write(account_logins.set_uid, account, "111", now)
    shown = site.reader.get(f"/api/v1/accounts/{account}")
    assert "gAAAA" not in shown.text and "device" not in shown.json()
    assert shown.json()["uid_proven"] is True


@pytest.mark.parametrize("is_proven", [True, False])
def test_the_console_shows_whose_an_account_is(site: Site, is_proven: bool) -> None:
    account = add_account(site.app, "alice", session=cookies(111))
    if is_proven:
        site.app.database.write(account_logins.set_uid, account, "111", site.app.clock.now())
    page = site.reader.get(f"/admin/accounts/{account}", headers={"Accept-Language": "en"}).text
    assert "111" in page
    assert ("not proven" in page) is not is_proven


def test_the_consoles_form_has_a_box_for_another_login(site: Site, admin: Visitor) -> None:
    admin.post("/api/v1/accounts", json=body("alice", 111))
    form = body("alice", 222, platform="bilibili")
    refused = admin.post("/admin/accounts/new", data=form, headers={"Accept-Language": "en"})
    assert refused.status_code == 422
    assert "alice is the login 111" in refused.text and "tick the box" in refused.text
    assert 'name="new_login" value="true">' in refused.text
    done = admin.post("/admin/accounts/new", data={**form, "new_login": "true"})
    assert done.status_code == 303
    assert site.app.pool.registry.find("alice").platform_uid == "222"
