"""`proxies …` and `accounts set_proxy` on the command line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import SandboxConfig, SandboxServer
from tests.support.apps import add_account
from tests.support.processes.launcher import Baton

LIST = "1.2.3.4:8080:u:s3cret\nhttp://u:s3#cret@5.6.7.8:1\n5.6.7.8:3128\n1.2.3.4:8080:u:s3cret\n"


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    server = SandboxServer(config=SandboxConfig(creators=10, egresses=1))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def pool(baton: Baton) -> Baton:
    """An installation with two accounts."""
    with baton.opened_app() as app:
        for name in ("alice", "bob"):
            add_account(app, name)
    return baton


def names(baton: Baton) -> list[str]:
    return [one["name"] for one in baton.run("proxies", "list", "--json").json]


def test_a_list_goes_from_a_seller_to_accounts(pool: Baton) -> None:
    (pool.work / "list.txt").write_text(LIST)
    planned = pool.run("proxies", "import", "list.txt", "--dry-run")
    assert planned.code == 3 and names(pool) == []
    assert planned.out == "2 proxies would be added, 0 are there already\n"
    done = pool.run("proxies", "import", "list.txt")
    assert done.code == 3 and done.out == "2 proxies added, 0 there already\n"
    assert "list.txt, line 2: the proxy's user or password holds #: write # as %23" in done.err
    assert "line 4: the same proxy as in line 1" in done.err
    assert "2 imported, 1 not" in done.err and "s3" not in done.err
    first, second = names(pool)
    shown = pool.run("proxies", "assign", "--dry-run")
    assert shown.out == f"alice: would leave by {first}\nbob: would leave by {second}\n"
    assert pool.run("accounts", "list", "--json").json[0]["egress"].startswith("direct@")
    assert pool.run("proxies", "assign").out.splitlines()[0] == f"alice: leaves by {first}"
    listed = pool.run("proxies", "list", "--json").json
    assert [one["accounts"][0]["username"] for one in listed] == ["alice", "bob"]
    table = pool.run("proxies", "list").out
    assert "alice" in table and "not used yet" in table and "s3cret" not in table
    again = pool.run("proxies", "assign")
    assert again.code == 0 and again.out == "" and "no account without a proxy" in again.err


def test_remainders_are_named(pool: Baton) -> None:
    pool.run("proxies", "add", "1.2.3.4:80")
    done = pool.run("proxies", "assign")
    assert done.out.startswith("alice: leaves by 1.2.3.4:80#")
    assert "1 account is left without a proxy: bob" in done.err


def test_an_account_gets_a_proxy_in_any_form_or_none(pool: Baton) -> None:
    done = pool.run("accounts", "set_proxy", "alice", "1.2.3.4:80:u:s3cret")
    assert done.out.startswith("account alice: leaves by 1.2.3.4:80#") and done.code == 0
    piped = pool.run("accounts", "set_proxy", "bob", "-", stdin="u:s3cret@1.2.3.4:80\n")
    assert piped.code == 0 and "alice of bilibili leave by it too" in piped.err
    assert pool.run("accounts", "set_proxy", "alice", "none").out == (
        "account alice: leaves without a proxy from its next lease on\n"
    )
    wrong = pool.run("accounts", "set_proxy", "bob", "http://u:s3#cret@1.2.3.4:80")
    assert wrong.code == 2 and "write # as %23" in wrong.err and "s3" not in wrong.err
    explained = pool.run("accounts", "explain", "bob")
    assert "leaves by 1.2.3.4:80#" in explained.out and "s3cret" not in explained.out


def test_a_proxy_in_use_is_removed_when_it_is_said_where_its_accounts_go(pool: Baton) -> None:
    pool.run("accounts", "set_proxy", "alice", "1.2.3.4:80:u:s3cret")
    [one] = names(pool)
    refused = pool.run("proxies", "remove", one)
    assert refused.code == 2 and f"1 account leaves by {one}: bilibili/alice" in refused.err
    assert "--accounts-to PROXY, or none" in refused.err
    moved = pool.run("proxies", "remove", one, "--accounts-to", "5.6.7.8:80")
    assert moved.out.startswith(f"{one} is removed; its account leaves by 5.6.7.8:80#")
    [other] = names(pool)
    gone = pool.run("proxies", "remove", other, "--accounts-to", "none")
    assert gone.out == f"{other} is removed; its account leaves by no proxy now\n"
    assert pool.run("proxies", "remove", other).code == 2


def test_checks_tell_what_works_and_exit_with_partial_when_something_does_not(
    pool: Baton, sandbox: SandboxServer
) -> None:
    env = {"BATON_BILIBILI_BASE_URL": sandbox.url}
    gate = sandbox.gateways[0]
    pool.run("proxies", "add", f"ann:s3cret@{gate}", env=env)
    good = pool.run("proxies", "check", env=env)
    assert good.code == 0 and f"{gate}#" in good.out and ", exit 198.51.100." in good.out
    pool.run("proxies", "add", "socks5://127.0.0.1:9", "--rotating", env=env)
    some = pool.run("proxies", "check", "--json", env=env)
    assert some.code == 3
    assert sorted((one["works"], one["told_code"]) for one in some.json) == [
        (False, "proxy_failed"),
        (True, "proxy_works_as"),
    ]
    assert "failed " in pool.run("proxies", "list").out
    assert pool.run("proxies", "check", "--platform", "youtube", env=env).code == 2
    other = pool.run("proxies", "check", gate, "--url", f"{sandbox.url}/", env=env)
    assert other.code == 0 and "works" in other.out


def test_actions_on_proxies_are_logged_without_secrets(pool: Baton) -> None:
    pool.run("proxies", "add", "u:s3cret@1.2.3.4:80")
    pool.run("accounts", "set_proxy", "alice", "u:s3cret@1.2.3.4:80")
    pool.run("proxies", "remove", "u:s3cret@1.2.3.4:80", "--accounts-to", "none")
    with pool.opened_app() as app:
        rows = app.database.read(
            lambda tx: tx.all("SELECT action, subject FROM web_actions ORDER BY id")
        )
    told = str([dict(row) for row in rows])
    assert [row["action"] for row in rows] == ["proxy.add", "account.proxy", "proxy.remove"]
    assert "s3cret" not in told and told.count("1.2.3.4:80#") == 2
