"""What the faults of three hosts act on, and what these faults are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import requests

from sandbox.faults import KINDS
from tests.chaos import acts
from tests.chaos.chaos_plan import Step
from tests.chaos.scene import Scene
from tests.hosts.disturbances import EVERYBODY, Disturbances
from tests.hosts.hosts_plan import ACCOUNTS
from tests.hosts.installation import FarHost, Installation

DAY_SECS = 86_400.0
HOUR_BEGINS_SECS = 3.0
# Believed when two accounts are told it: a lie that often told would be the truth.
BELIEVED = "null_result"
DAMAGES = sorted(set(KINDS) - {BELIEVED})
# An endpoint whose answers nobody understands is left for hours, and works are asked singly: that
# is longer than an hour is played. So batches of works are refused and broken, not distorted.
SEARCHES, BATCHES = {"endpoint": "search"}, {"endpoint": "batch"}
BREAKS = ("delay", "drop", "http_500", "http_502", "http_503", "code_412", "code_509")
# During these nobody may be able to renew leases; a held row costs its own lease only.
STOPS_RENEWALS = frozenset(
    {"kill_database", "silence_node", "switch_over", "lock_out", "hush", "deadlock"}
    | {"stall", "vanish"}
)
Act = Callable[["HostsScene", Step], None]


@dataclass(kw_only=True)
class HostsScene(Scene):
    """The installation, as the faults see it."""

    here: Installation
    disturbances: Disturbances

    def far_host(self, step: Step) -> FarHost:
        """The host that a step hits."""
        return self.here.hosts[int(step.pick * len(self.here.hosts))]

    def ask(self, host: FarHost, method: str, path: str, **how: Any) -> requests.Response | None:
        """Do what an operator does; None where a fault met the request."""
        try:
            answer = self.here.ask(host, method, path, **how)
        except requests.RequestException:
            self.counts.note("operator_in_vain")
            return None
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.counts.note("operator_in_vain")
        return answer

    def insist(self, method: str, path: str, tries: int = 200, **how: Any) -> requests.Response:
        """Do the same at any host until it is done; processes are started meanwhile."""
        answer = None
        for number in range(tries):
            self.crew.keep_running({})
            host = self.here.hosts[number % len(self.here.hosts)]
            with suppress(requests.RequestException):
                answer = self.here.ask(host, method, path, **how)
                if answer.status_code < HTTPStatus.BAD_REQUEST:
                    return answer
            time.sleep(0.2)
        raise AssertionError(f"{method} {path}: {answer.text if answer is not None else answer}")

    def disturb(self, host: str, secs: float) -> None:
        now = time.time()
        self.disturbances.note(host, now, now + secs)


# Who crawls the hour.


def kill_hour(scene: HostsScene, step: Step) -> None:
    _hit_hour(lambda: scene.crew.kill_holder("view_hours"))


def freeze_hour(scene: HostsScene, step: Step) -> None:
    _hit_hour(lambda: scene.crew.freeze_holder("view_hours", step.size))


def _hit_hour(hit: Callable[[], bool]) -> None:
    """Try for a while: an hour is crawled in seconds."""
    until = time.monotonic() + HOUR_BEGINS_SECS
    while not hit() and time.monotonic() < until:
        time.sleep(0.1)


# Links, in both directions and in one.


def link_down(scene: HostsScene, step: Step) -> None:
    """The cable is pulled, of a host or, now and then, of the database."""
    secs = 1 + 10 * step.size
    is_database = step.pick > 0.85
    host = scene.far_host(step)
    place = scene.here.stage.place if is_database else host.place
    place.cut()
    scene.disturb(EVERYBODY if is_database else host.name, secs)
    scene.counts.note("links_down")
    scene.counts.note("database_cut", is_database)
    scene.undo_after(secs, place.mend)


def one_way(scene: HostsScene, step: Step) -> None:
    """What a host sends to the database is lost, or what the database sends to it."""
    secs = 1 + 10 * step.size
    host, database = scene.far_host(step).place, scene.here.stage.place
    sender, other = (host, database) if step.size < 0.5 else (database, host)
    sender.lose_packets_to(other)
    scene.disturb(scene.far_host(step).name, secs)
    scene.counts.note("one_way")
    scene.undo_after(secs, lambda: sender.deliver_packets_to(other))


# A host's disk and clock.


def lose_data(scene: HostsScene, step: Step) -> None:
    """The data folder is empty, under running processes or when they died with it."""
    host = scene.far_host(step)
    if not host.has_good_disk:
        return
    if step.size < 0.5:
        scene.crew.kill_all_of(host)
    host.lose_data()
    scene.counts.note("data_lost")


def host_clock(scene: HostsScene, step: Step) -> None:
    """Somebody sets a host's clock a day ahead or back, and right again."""
    host = scene.far_host(step)
    host.clocks.set_ahead(DAY_SECS if step.size < 0.5 else -DAY_SECS)
    scene.counts.note("host_clocks")
    scene.undo_after(2 + 10 * step.size, lambda: host.clocks.set_ahead(0.0))


# The database.


def no_connections(scene: HostsScene, step: Step) -> None:
    """Nearly no connection is left at the server, and those that were open have ended."""
    secs = 0.5 + 5 * step.size
    scene.here.stage.crowd(secs)
    scene.disturb(EVERYBODY, secs)
    scene.counts.note("no_connections")


def of_database(scene: HostsScene, step: Step) -> None:
    """Faults of the chaos driver's own stage."""
    if step.fault in STOPS_RENEWALS:
        scene.disturb(EVERYBODY, 12.0)
    scene.stage.do(step.fault, step.pick, step.size, scene.counts)


# The platform.


def trouble_platform(scene: HostsScene, step: Step) -> None:
    """The next answers are damaged, late, or refusals."""
    orders: list[dict[str, Any]] = [
        {"kind": scene.chance.choice(kinds), "times": scene.chance.randrange(1, 4), **where}
        for kinds, where in ((DAMAGES, SEARCHES), (DAMAGES, SEARCHES), (BREAKS, BATCHES))
    ]
    scene.order_faults(*orders)
    scene.counts.note("platform_faults", len(orders))


def block(scene: HostsScene, step: Step) -> None:
    """The platform blocks everybody, or one account."""
    order: dict[str, Any] = {"kind": "block", "for_secs": 1 + 6 * step.size}
    if step.pick < 0.6:
        number = int(step.pick / 0.6 * ACCOUNTS)
        order["account"] = f"cookie{number}-of-{ACCOUNTS}"
    scene.platform.order_faults(order)
    scene.counts.note("blocks")


# The operator.


def disable_account(scene: HostsScene, step: Step) -> None:
    number = 1 + int(step.pick * ACCOUNTS)
    path = f"/accounts/{number}/disable"
    if scene.ask(scene.far_host(step), "POST", path, json={"reason": "driver"}) is None:
        return
    scene.counts.note("disabled")
    scene.undo_after(1 + 5 * step.size, lambda: _enable(scene, number))


def pause_task(scene: HostsScene, step: Step) -> None:
    """An operator pauses a task, and resumes it."""
    tasks = scene.outside.rows("SELECT id FROM tasks WHERE status IN ('pending','in_progress')")
    if not tasks:
        return
    task = tasks[int(step.pick * len(tasks))]["id"]
    scene.ask(scene.far_host(step), "POST", f"/tasks/{task}/pause")
    scene.counts.note("pauses")
    scene.undo_after(1 + 5 * step.size, lambda: resume(scene, task))


def start_twice(scene: HostsScene, step: Step) -> None:
    """The same operation is begun on two hosts at once: one at most may run."""
    first = scene.far_host(step)
    others = [host for host in scene.here.hosts if host is not first]
    body = {"links": scene.here.works[:20], "platform": "bilibili", "fetch": True}
    with ThreadPoolExecutor(2) as pool:
        done = list(
            pool.map(lambda host: scene.ask(host, "POST", "/works", json=body), (first, others[0]))
        )
    scene.counts.note("twice")
    codes = [answer.status_code for answer in done if answer is not None]
    scene.counts.note("refused_twice", HTTPStatus.CONFLICT in codes)
    good = {HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.CONFLICT}
    for code in codes:
        if code not in good and code < HTTPStatus.INTERNAL_SERVER_ERROR:
            scene.problems.append(f"POST /works was answered by {code}")


def resume(scene: HostsScene, task: int) -> None:
    """Resume a task, unless it has ended meanwhile."""
    for host in scene.here.hosts:
        answer = scene.ask(host, "POST", f"/tasks/{task}/resume")
        if answer is not None and answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return


def _enable(scene: HostsScene, account: int) -> None:
    for host in scene.here.hosts:
        answer = scene.ask(host, "POST", f"/accounts/{account}/enable")
        if answer is not None and answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return


ACTS: Mapping[str, Act] = MappingProxyType(
    {
        "kill_hour": kill_hour,
        "freeze_hour": freeze_hour,
        "link_down": link_down,
        "one_way": one_way,
        "lose_data": lose_data,
        "host_clock": host_clock,
        "no_connections": no_connections,
        "trouble_platform": trouble_platform,
        "block": block,
        "disable_account": disable_account,
        "pause_task": pause_task,
        "start_twice": start_twice,
    }
)


def play(scene: HostsScene, step: Step) -> None:
    """Play the fault of a step: one of these, or else one of the chaos driver's."""
    act = ACTS.get(step.fault)
    if act is not None:
        act(scene, step)
    elif step.fault in acts.ACTS:
        with suppress(OSError):  # of a data folder that was lost meanwhile
            acts.ACTS[step.fault](scene, step)
    else:
        of_database(scene, step)
