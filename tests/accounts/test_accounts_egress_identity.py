"""Names of egress routes: what they tell apart, what they never show, and where they are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from accounts.account_lease import Purpose
from accounts.vault import EGRESS_SALT, Credentials
from app.container import App
from core.errors import CredentialsError, SettingsError
from core.installation.machine import machine_name
from core.settings import load_settings
from sources.transport.egress import MAX_NAME_CHARS, direct_egress, is_direct, proxy_egress
from storage.crawling import proxies
from storage.schema import schema
from tests.accounts.conftest import PLATFORM, Pool
from tests.support.apps import AppFactory, add_account

SALT = b"s" * 32
PROXY = "http://ann:geheim@gate.example:7000"


def name(url: str, salt: bytes = SALT) -> str:
    return proxy_egress(url, salt).name


def test_a_route_shows_host_and_port_and_eight_digits():
    route = proxy_egress(PROXY, SALT)
    place, _, digits = route.name.partition("#")
    assert (place, route.gateway, route.kind) == ("gate.example:7000", "gate.example:7000", "http")
    assert len(digits) == 8 and int(digits, 16) >= 0
    assert "ann" not in repr(route) and "geheim" not in repr(route)


@pytest.mark.parametrize(
    "other",
    [
        "http://ann:geheim2@gate.example:7000",
        "http://ann-session-2:geheim@gate.example:7000",
        "http://gate.example:7000",
        "http://ann:geheim@gate.example:7001",
        "http://ann:geheim@other.example:7000",
        "socks5h://ann:geheim@gate.example:7000",
        "http://anng:eheim@gate.example:7000",
        "http://ann%00:geheim@gate.example:7000",
    ],
)
def test_whatever_differs_makes_another_route(other: str):
    assert name(other) != name(PROXY)


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("http://ann:geheim@GATE.example:7000", PROXY),
        ("http://a%6En:gehei%6D@gate.example:7000", PROXY),
        ("http://gate.example", "http://gate.example:80"),
        ("https://gate.example", "https://gate.example:443"),
        ("socks5://gate.example", "socks5://gate.example:1080"),
    ],
)
def test_two_spellings_of_one_proxy_are_one_route(url: str, same: str):
    assert name(url) == name(same)


def test_another_installation_has_other_names():
    assert name(PROXY, b"t" * 32) != name(PROXY)


def test_long_hosts_are_cut_and_kept_apart():
    one, other = (
        proxy_egress(f"http://ann:{'x' * 200}@{'gate' * 30}.{tail}:65535", SALT)
        for tail in ("example", "example2")
    )
    assert max(len(text) for text in (one.name, other.name, one.gateway)) <= MAX_NAME_CHARS
    assert one.gateway != other.gateway and one.gateway.endswith(":65535")
    assert one.host == f"{'gate' * 30}.example"


def test_an_ipv6_address_is_bracketed():
    assert proxy_egress("socks5://[2001:db8::1]:1080", SALT).gateway == "[2001:db8::1]:1080"


@pytest.mark.parametrize("url", ["", "nonsense", "http://host:port", "http://user:secret@"])
def test_what_is_no_url_has_a_route_too(url: str):
    assert proxy_egress(url, SALT).gateway.startswith("?:")


def test_direct_routes_are_told_from_proxies():
    assert is_direct(direct_egress("ab12cd34").name) and is_direct("direct")
    assert not is_direct(name("http://direct:80"))
    assert len(direct_egress("h" * 200).name) == MAX_NAME_CHARS


def test_a_machine_without_an_id_has_the_name_of_its_host(tmp_path: Path):
    files = [tmp_path / file for file in ("missing", "word", "binary", "id", "boot")]
    files[1].write_text("uninitialized\n")
    files[2].write_bytes(b"\xff\xfe\x00")
    assert machine_name(files[:3])
    files[3].write_text("3D1219C7c4c5404aaa1f6d2a48adfda4\n")
    files[4].write_text("e667d6c7-af29-4ac6-a22e-2727ab5b7915\n")
    assert machine_name(files) == "3d1219c7"
    assert machine_name(files[4:]) == "e667d6c7"


def test_the_setting_names_the_direct_route(make_app: AppFactory):
    assert make_app(egress_name="office-1").pool.manager.egress.direct.name == "direct@office-1"


def test_a_name_that_does_not_fit_is_refused():
    with pytest.raises(SettingsError, match="egress_name_wrong"):
        load_settings(egress_name="two words")


def test_all_processes_have_the_same_names(make_app: AppFactory):
    names = {make_app().pool.manager.egress.of(PROXY).name for _ in range(3)}
    assert len(names) == 1


def test_the_salt_is_stored_encrypted_and_outlives_a_new_key(make_app: AppFactory):
    app = make_app()
    before = app.pool.manager.egress.of(PROXY)
    sealed = app.database.read(schema.get_fact, EGRESS_SALT)
    app.vault.rotate(app.database)
    assert app.database.read(schema.get_fact, EGRESS_SALT) != sealed
    assert make_app().pool.manager.egress.of(PROXY) == before


def test_a_salt_of_another_key_stops_a_rotation_and_is_named(make_app: AppFactory):
    app = make_app()
    app.database.write(schema.set_fact, EGRESS_SALT, "gAAAAnonsense")
    with pytest.raises(CredentialsError, match="egress_salt_key_missing"):
        app.vault.rotate(app.database)


def routes(app: App) -> dict[str, str]:
    return {route.egress: route.kind for route in app.database.read(proxies.all_of)}


def test_an_imported_account_has_its_route(app: App, pool: Pool):
    direct = app.pool.manager.egress.direct.name
    plain = add_account(app, "plain")
    behind = add_account(app, "behind", proxy=PROXY)
    gate = app.pool.manager.egress.of(PROXY).name
    assert pool.account(plain).egress == direct
    assert pool.account(behind).egress == gate
    assert routes(app) == {direct: "direct", gate: "http"}


def test_a_new_proxy_makes_another_route_and_a_new_session_none(app: App, pool: Pool):
    behind = pool.account(add_account(app, "behind", proxy=PROXY))
    app.pool.registry.refresh(behind, Credentials(session="SESSDATA=new"))
    assert pool.account(behind.id).egress == behind.egress
    app.pool.registry.refresh(behind, Credentials(proxy="socks5://gate2.example"))
    assert str(pool.account(behind.id).egress).startswith("gate2.example:1080#")


def test_a_lease_fills_in_the_route_of_an_account_of_before(app: App, pool: Pool):
    behind = add_account(app, "behind", proxy=PROXY)
    app.database.write(lambda tx: tx.execute("UPDATE accounts SET egress=NULL"))
    app.database.write(lambda tx: tx.execute("DELETE FROM proxies"))
    leased = pool.must_lease(Purpose.INGESTING)
    route = pool.manager.record_egress(leased, PROXY)
    assert pool.account(behind).egress == route.name
    assert routes(app) == {route.name: "http"}


def test_a_lost_lease_changes_no_route(app: App, pool: Pool):
    behind = add_account(app, "behind")
    before = pool.account(behind).egress
    leased = pool.must_lease(Purpose.INGESTING)
    pool.manager.set_account_status(behind, "idle")
    pool.manager.record_egress(leased, PROXY)
    assert pool.account(behind).egress == before


def test_exports_need_no_route(app: App, pool: Pool):
    add_account(app, "behind", proxy=PROXY)
    app.database.write(schema.set_fact, EGRESS_SALT, "gAAAAnonsense")
    assert pool.manager.lease(Purpose.EXPORTING, PLATFORM) is not None
