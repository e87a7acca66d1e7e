"""Egress routes and circuits in the API, the console and the metrics."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.support.accounts.egress import DEAD_PROXY, add_route, open_circuit
from tests.support.apps import add_account
from tests.support.web.web_site import Site

NAME = "gate.example:7000#1f3a9c02"
ROUTE = f"/api/v1/egress/{quote(NAME, safe='')}"


@pytest.fixture
def troubled(site: Site) -> Site:
    add_account(site.app, "plain")
    add_route(site.app, NAME)
    site.app.pool.egress_routes.record_failure(NAME, DEAD_PROXY)
    open_circuit(site.app, "bilibili", egress=NAME)
    open_circuit(site.app, "bilibili", endpoint="search")
    return site


def test_the_api_lists_routes_and_opens_one(troubled: Site) -> None:
    listed = {one["egress"]: one for one in troubled.reader.get("/api/v1/egress").json()["items"]}
    assert listed[NAME]["last_error_code"] == "proxy_unreachable" and listed[NAME]["cooldown_until"]
    assert [one["egress"] for one in listed[NAME]["open_circuits"]] == [NAME]
    assert troubled.reader.post(f"{ROUTE}/open").status_code == 403
    assert troubled.admin.post(f"{ROUTE}/open").json() == {"name": NAME, "ended": True}
    assert troubled.admin.post(f"{ROUTE}/open").json() == {"name": NAME, "ended": False}
    assert troubled.admin.post("/api/v1/egress/nobody/open").status_code == 404


def test_the_api_leaves_a_route_alone(troubled: Site) -> None:
    answer = troubled.admin.post(f"{ROUTE}/cooldown", json={"length": "2h"})
    assert answer.status_code == 200 and answer.json()["cooldown_until"]
    assert troubled.admin.post(f"{ROUTE}/cooldown", json={"length": "3d"}).status_code == 422


def test_the_api_lists_and_closes_circuits(troubled: Site) -> None:
    listed = troubled.reader.get("/api/v1/circuits").json()["items"]
    assert [(one["egress"], one["endpoint"]) for one in listed] == [(None, "search"), (NAME, None)]
    path = "/api/v1/circuits/bilibili/close"
    closed = troubled.admin.post(path, json={"endpoint": "search"}).json()["items"]
    assert [one["endpoint"] for one in closed] == ["search"]
    assert len(troubled.admin.post(path, json={}).json()["items"]) == 1
    assert troubled.admin.post(path, json={}).json()["items"] == []


def test_status_and_overview_tell_what_is_left_alone(troubled: Site) -> None:
    status = troubled.reader.get("/api/v1/status").json()
    assert len(status["circuits"]) == 2
    assert [one["reason_code"] for one in status["egress"]] == ["proxy_unreachable"]
    overview = troubled.reader.get("/admin").text
    assert f"no request by {NAME}: the proxy cannot be reached" in overview
    page = troubled.reader.get("/admin/egress").text
    assert NAME in page and "<button" not in page.partition('id="routes"')[2]


def test_metrics_count_circuits_and_cooldowns(troubled: Site) -> None:
    text = troubled.admin.get("/metrics").text
    assert 'baton_circuits{platform="bilibili",state="open"} 2.0' in text
    assert 'baton_circuits{platform="bilibili",state="half_open"} 0.0' in text
    assert "baton_egress_cooldowns 1.0" in text
    troubled.admin.post(f"{ROUTE}/open")
    assert "baton_egress_cooldowns 0.0" in troubled.admin.get("/metrics").text


def test_what_is_done_stands_in_the_log_of_actions(troubled: Site) -> None:
    troubled.admin.post(f"{ROUTE}/open")
    troubled.admin.post("/api/v1/circuits/bilibili/close", json={})
    actions = troubled.admin.get("/api/v1/actions").json()["items"]
    assert [one["action"] for one in actions] == ["circuit.close", "egress.open"]
