"""Proxies as objects: kept encrypted, given to accounts for life, taken away, removed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from accounts.proxies.assignment import AssignmentPlan, AssignmentRequest
from accounts.proxies.inventory import ProxyInventory
from accounts.vault import Credentials
from app.container import App
from core.errors import InvalidInputError
from core.messages import Message
from storage.engines.transactions import Tx
from tests.support.accounts.egress import DEAD_PROXY
from tests.support.apps import AppFactory, add_account
from tests.support.messages import raises_saying

ONE, TWO, THREE = (f"http://u{n}:s3cret@gate.example:7000" for n in range(3))


@pytest.fixture
def inventory(app: App) -> ProxyInventory:
    return app.pool.proxy_inventory


def keep(app: App, *urls: str, is_rotating: bool = False) -> list[str]:
    added = app.pool.proxy_inventory.add(urls, is_rotating=is_rotating)
    return [one.egress for one in added]


def route_of(app: App, name: str) -> tuple[str | None, str | None]:
    """The proxy of an account in clear, and the name of its route."""
    account = app.pool.registry.find(name)
    return app.vault.decrypt(account.proxy), account.egress


def plan(app: App, **wanted: object) -> AssignmentPlan:
    return app.pool.proxy_assigner.plan(AssignmentRequest(platform="bilibili", **wanted))  # type: ignore[arg-type]


def pairs(found: AssignmentPlan) -> list[tuple[str, str]]:
    return [(pair.account.username, pair.egress) for pair in found.pairs]


def test_a_proxy_is_kept_encrypted_and_once(app: App, inventory: ProxyInventory) -> None:
    first, second = inventory.add([ONE, "http://u0:s3cret@gate.example:7000"])
    assert first.is_new and not second.is_new and first.egress == second.egress
    row = app.database.read(lambda tx: tx.one("SELECT * FROM proxies"))
    assert row is not None and row["added_at"] and "s3cret" not in str(dict(row))
    assert inventory.url_of(first.egress) == ONE
    assert inventory.preview([ONE, TWO])[0].is_new is False
    assert inventory.preview([ONE, TWO])[1].is_new is True


def test_a_proxy_is_found_by_its_name_its_gateway_or_its_url(
    app: App, inventory: ProxyInventory
) -> None:
    [one] = keep(app, ONE)
    for name in (one, "gate.example:7000", ONE, "gate.example:7000:u0:s3cret"):
        assert inventory.find(name).route.egress == one
    keep(app, TWO)
    with raises_saying(InvalidInputError, "several proxies: gate.example:7000#") as caught:
        inventory.find("gate.example:7000")
    assert "s3cret" not in str(caught.value)
    for unknown in (one[:-1], THREE, "direct", "http://u:s3#cret@x:1"):
        with raises_saying(InvalidInputError, "no such proxy"):
            inventory.find(unknown)


def test_an_account_gets_a_proxy_and_loses_it_again(app: App, inventory: ProxyInventory) -> None:
    alice, bob = add_account(app, "alice"), add_account(app, "bob")
    [one] = keep(app, ONE)
    given = inventory.give(alice, "bilibili", one)
    assert (given.egress, given.is_direct, given.shared_with) == (one, False, ())
    assert route_of(app, "alice") == (ONE, one)
    assert inventory.give(bob, "bilibili", ONE).shared_with == ("alice",)
    given = inventory.give(alice, "bilibili", "none")
    assert given.is_direct and route_of(app, "alice")[0] is None
    assert route_of(app, "alice")[1] == app.foundation.egress.direct.name
    kinds = [
        (event.kind, Message.load(event.detail).code)
        for event in app.pool.registry.events(app.pool.registry.find("alice"))
    ]
    assert kinds[:2] == [("proxy", "proxy_taken_away"), ("proxy", "proxy_given")]


def test_a_session_that_is_renewed_meanwhile_stays(app: App, inventory: ProxyInventory) -> None:
    alice = add_account(app, "alice", session="SESSDATA=alice")
    before = app.pool.registry.find("alice").session
    inventory.give(alice, "bilibili", ONE)
    assert app.pool.registry.find("alice").session == before


def test_a_proxy_with_accounts_is_removed_only_when_it_is_said_where_they_go(
    app: App, inventory: ProxyInventory
) -> None:
    add_account(app, "alice", proxy=ONE)
    add_account(app, "bob", proxy=ONE)
    one, two = keep(app, ONE, TWO)
    with raises_saying(InvalidInputError, "2 accounts leave by gate.*bilibili/alice"):
        inventory.remove(one)
    with raises_saying(InvalidInputError, "leave by it already"):
        inventory.remove(one, ONE)
    assert [user.username for user in inventory.remove(one, two).users] == ["alice", "bob"]
    assert route_of(app, "alice") == route_of(app, "bob") == (TWO, two)
    inventory.remove(two, "none")
    assert route_of(app, "bob")[0] is None and inventory.all() == []


def test_a_rotation_of_the_keys_takes_the_proxies_along(
    app: App, inventory: ProxyInventory
) -> None:
    [one] = keep(app, ONE)
    before = app.database.read(lambda tx: tx.column("SELECT url FROM proxies"))
    app.vault.rotate(app.database)
    assert app.database.read(lambda tx: tx.column("SELECT url FROM proxies")) != before
    assert inventory.url_of(one) == ONE


def test_each_account_without_a_proxy_gets_one_of_its_own(app: App) -> None:
    for name in ("alice", "bob", "carol", "dora"):
        add_account(app, name, proxy=TWO if name == "bob" else None)
    one, two, three = sorted(keep(app, ONE, TWO, THREE))
    used = route_of(app, "bob")[1]
    free = [name for name in (one, two, three) if name != used]
    found = plan(app)
    assert pairs(found) == [("alice", free[0]), ("carol", free[1])]
    assert found.accounts_left == ("dora",) and found.proxies_left == ()
    assert len(app.pool.proxy_assigner.carry_out(found, 1)) == 2
    assert route_of(app, "alice")[1] == free[0]
    # For life: what has a proxy keeps it, whatever comes later.
    keep(app, "http://new:s3cret@gate.example:7000")
    assert [name for name, _ in pairs(plan(app))] == ["dora"]


def test_two_accounts_share_a_proxy_only_when_that_is_asked_for(app: App) -> None:
    for n in range(5):
        add_account(app, f"a{n}")
    one, two = sorted(keep(app, ONE, TWO))
    assert len(plan(app).pairs) == 2
    found = plan(app, per_proxy=2)
    assert [egress for _, egress in pairs(found)] == [one, two, one, two]
    assert found.accounts_left == ("a4",)


def test_rotating_and_failed_proxies_are_used_only_when_they_are_named(app: App) -> None:
    add_account(app, "alice")
    [rotating] = keep(app, ONE, is_rotating=True)
    [dead] = keep(app, TWO)
    app.pool.egress_routes.record_failure(dead, DEAD_PROXY)
    found = plan(app)
    assert found.pairs == ()
    assert [message.code for message in found.passed_over] == [
        "proxies_rotating_left",
        "proxies_failed_left",
    ]
    assert pairs(plan(app, proxies=[rotating])) == [("alice", rotating)]
    assert pairs(plan(app, proxies=[dead], accounts=["alice"])) == [("alice", dead)]


def test_an_account_that_has_a_proxy_or_is_disabled_is_not_to_be_assigned(app: App) -> None:
    add_account(app, "alice", proxy=ONE)
    keep(app, TWO)
    for name in ("alice", "nobody"):
        with raises_saying(InvalidInputError, f"without a proxy: {name}"):
            plan(app, accounts=[name])


def test_assignments_at_once_give_no_account_two_and_no_proxy_two(
    app: App, make_app: AppFactory
) -> None:
    for n in range(6):
        add_account(app, f"a{n}")
    keep(app, *(f"http://u{n}:s3cret@gate.example:7000" for n in range(6)))
    others = [app, make_app(), make_app()]
    plans = [(other, plan(other)) for other in others]
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda each: each[0].pool.proxy_assigner.carry_out(each[1], 1), plans))
    assert sum(map(len, done)) == 6
    routes = [route_of(app, f"a{n}")[1] for n in range(6)]
    assert len(set(routes)) == 6


def test_a_proxy_that_filled_up_meanwhile_is_left_as_it_is(
    app: App, inventory: ProxyInventory
) -> None:
    add_account(app, "alice")
    bob = add_account(app, "bob")
    [one] = keep(app, ONE)
    found = plan(app)
    assert pairs(found) == [("alice", one)]
    inventory.give(bob, "bilibili", one)
    assert app.pool.proxy_assigner.carry_out(found, 1) == ()
    assert route_of(app, "alice")[0] is None


def test_an_account_goes_by_its_new_proxy_from_its_next_lease_on(
    app: App, inventory: ProxyInventory
) -> None:
    alice = add_account(app, "alice")
    [one] = keep(app, ONE)
    inventory.give(alice, "bilibili", one)
    until = app.pool.egress_operator.cool_down(one, timedelta(hours=1))
    assert app.pool.manager.get_idle_account("bilibili") is None
    assert until is not None
    inventory.give(alice, "bilibili", "direct")
    leased = app.pool.manager.get_idle_account("bilibili")
    assert leased is not None and app.pool.manager.credentials(leased).proxy is None


def test_an_empty_text_takes_no_proxy_away(app: App, inventory: ProxyInventory) -> None:
    alice = add_account(app, "alice", proxy=ONE)
    with raises_saying(InvalidInputError, "no URL"):
        inventory.give(alice, "bilibili", " ")
    assert route_of(app, "alice")[0] == ONE


def forget_routes(app: App) -> None:
    """Leave the database as one from before routes had names and rows."""

    def work(tx: Tx) -> None:
        tx.execute("UPDATE accounts SET egress=NULL WHERE username='alice'")
        tx.execute("DELETE FROM proxies")

    app.database.write(work)


def test_a_proxy_is_listed_whose_account_was_never_leased(
    app: App, inventory: ProxyInventory
) -> None:
    add_account(app, "alice", proxy=ONE)
    add_account(app, "bob", proxy=ONE)
    forget_routes(app)
    [found] = inventory.all()
    assert [user.username for user in found.users] == ["alice", "bob"]
    forget_routes(app)
    with raises_saying(InvalidInputError, "2 accounts leave by gate"):
        inventory.remove("gate.example:7000")
    forget_routes(app)
    [kept] = keep(app, ONE)
    add_account(app, "carol")
    assert plan(app).pairs == () and plan(app, per_proxy=3).pairs[0].egress == kept


def test_a_proxy_that_no_key_decrypts_does_not_hide_the_others(
    app: App, inventory: ProxyInventory
) -> None:
    add_account(app, "alice", proxy=ONE)
    add_account(app, "bob", proxy=TWO)
    forget_routes(app)
    app.database.write(
        lambda tx: tx.execute("UPDATE accounts SET proxy='unreadable' WHERE username='bob'")
    )
    assert [[user.username for user in one.users] for one in inventory.all()] == [["alice"]]


@pytest.mark.parametrize("proxy", [None, TWO])
def test_a_new_login_keeps_the_route_or_takes_that_of_its_new_proxy(
    app: App, inventory: ProxyInventory, proxy: str | None
) -> None:
    add_account(app, "alice", proxy=ONE, session="SESSDATA=a; DedeUserID=1")
    alice = app.pool.registry.find("alice")
    given = Credentials(session="SESSDATA=b; DedeUserID=2", proxy=proxy)
    former = app.pool.registry.replace_login(alice, given)
    url = proxy or ONE
    route = app.foundation.egress.of(url).name
    assert route_of(app, "alice") == (url, route)
    assert [user.username for user in inventory.find(url).users if user.id != alice.id] == ["alice"]
    assert route_of(app, str(former)) == (ONE, app.foundation.egress.of(ONE).name)
