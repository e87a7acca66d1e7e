"""Tasks that are pinned to an account or a group: others leave them alone, whatever happens."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from accounts.account_lease import Purpose
from app.container import App
from core.errors import CredentialsError, InvalidInputError, WrongFieldsError
from crawler.export.requests import ExportRequest
from crawler.planning.advice import Change
from crawler.planning.inputs import Plan, PlanRequest
from crawler.planning.pool_reader import Search
from crawler.tasks.requests import CrawlRequest, PinChange
from storage.crawling import task_pins, tasks
from storage.models.tasks import NO_PIN, Pin, Task, TaskStatus, TaskType, WaitingFor
from storage.operations.alerts import AlertKind
from tests.support.crawler.workbench import (
    DOMAIN,
    account_of,
    add_accounts,
    at_once,
    change,
    claimed,
    column,
    counts_of,
    file_crawl,
    file_export,
    once,
    pieces_of,
    rows,
    segments_of,
    store_rows,
    task_of,
    work_off,
)
from tests.support.messages import english_text, raises_saying
from tests.support.moving_clock import MovingClock

PLATFORM = "bilibili"


def pin(app: App, task: Task, **target: str) -> Pin:
    return app.crawling.service.pin(PinChange(task_id=task.id, **target))


def group(app: App, name: str, *accounts: str) -> None:
    app.pool.groups.assign([account_of(app, one) for one in accounts], name)


def delete(app: App, name: str) -> tuple[int, ...]:
    return app.pool.deletion.delete(account_of(app, name)).waiting_tasks


def export_request(**more: object) -> ExportRequest:
    return ExportRequest(domain=DOMAIN, **more)  # type: ignore[arg-type]


def exporters(app: App) -> list[str]:
    names = app.pool.registry.names({one.account_id for one in segments_of(app)})
    return [names[one.account_id] for one in segments_of(app)]


def causes(app: App, kind: AlertKind) -> list[tuple[str, str]]:
    found = app.database.read(app.alerts.monitor().rules.causes, [], app.clock.now())
    return [
        (cause.subject, english_text(str(cause.facts["reason"])))
        for cause in found
        if cause.kind is kind
    ]


def test_a_pinned_export_waits_for_its_account_while_others_are_idle(
    make_app: Callable[..., App], agree: Callable[..., list[int]], clock: MovingClock
) -> None:
    app = make_app(export_batch_rows=10)
    add_accounts(app, 2, limit=20)
    store_rows(app, 30)
    task = app.crawling.service.export(export_request(account="acc2")).task
    worker = app.crawling.export_worker()
    once(worker)
    found = task_of(app, task.id)
    assert (found.status, found.waiting_for) == (TaskStatus.PAUSED, WaitingFor.QUOTA)
    assert re.fullmatch(
        r"account acc2 is at its quota until 2026-11-\d\d \d\d:\d\d;"
        r" other accounts are not used as the task is pinned",
        english_text(found.last_error),
    )
    assert account_of(app, "acc1").today_export_count == 0
    clock.move(86400)
    assert work_off(app, task, worker).status is TaskStatus.COMPLETED
    assert exporters(app) == ["acc2", "acc2"]
    agree()


def test_a_group_hands_over_among_its_accounts_only(
    make_app: Callable[..., App], agree: Callable[..., list[int]]
) -> None:
    app = make_app(export_batch_rows=10)
    add_accounts(app, 4, limit=10)
    group(app, "north", "acc2", "acc4")
    store_rows(app, 30)
    task = app.crawling.service.export(export_request(group="north")).task
    once(app.crawling.export_worker())
    found = task_of(app, task.id)
    assert exporters(app) == ["acc2", "acc4"]
    assert found.waiting_for is WaitingFor.QUOTA
    assert english_text(found.last_error) == (
        "group north: 2 accounts have used up the quota of 2026-11-22;"
        " other accounts are not used as the task is pinned"
    )
    agree()


def test_pieces_have_the_pin_of_their_task(
    app: App, platform: Callable[..., object], make_app: Callable[..., App]
) -> None:
    add_accounts(app, 2)
    store_rows(app, 5)
    lanes = app.crawling.service.export(export_request(account="acc1", lanes=2)).task
    assert {piece.pin for piece in pieces_of(app, lanes.id)} == {task_of(app, lanes.id).pin}
    split = app.crawling.service.crawl(CrawlRequest(domain="other", pages=30, account="acc1"))[
        0
    ].task
    assert {piece.only_account_id for piece in pieces_of(app, split.id)} == {1}
    pin(app, split, account="acc2")
    assert {piece.only_account_id for piece in pieces_of(app, split.id)} == {2}
    assert task_of(app, split.id).only_account_id == 2


def test_a_crawl_is_split_with_its_pin_and_fetched_by_its_account_only(
    make_app: Callable[..., App], platform: Callable[..., object]
) -> None:
    server = platform(creators=45)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 3)
    group(app, "north", "acc2", "acc3")
    task = app.crawling.service.crawl(CrawlRequest(domain=DOMAIN, group="north"))[0].task
    assert work_off(app, task).status is TaskStatus.COMPLETED
    assert {piece.only_group for piece in pieces_of(app, task.id)} == {"north"}
    used = set(column(app, "SELECT DISTINCT account_id FROM ingestion_logs"))
    assert used and used <= {2, 3}


def test_a_new_pin_takes_the_task_from_its_worker(app: App) -> None:
    add_accounts(app, 2)
    store_rows(app, 5)
    task = file_export(app)
    lease = claimed(app, TaskType.EXPORT)
    assert pin(app, task, account="acc2") == Pin(account_id=2)
    assert app.crawling.scheduler.is_halted(lease)
    assert not app.crawling.scheduler.finish(lease)
    found = task_of(app, task.id)
    assert (found.status, found.lease_owner) == (TaskStatus.PENDING, None)
    token = found.lease_token
    pin(app, task, account="acc2")
    assert task_of(app, task.id).lease_token == token, "the same pin disturbs nobody"
    assert work_off(app, task).status is TaskStatus.COMPLETED
    assert exporters(app) == ["acc2"]
    with raises_saying(InvalidInputError, "has ended"):
        pin(app, task, account="acc1")


def test_a_task_that_sleeps_until_the_quota_day_wakes_for_its_new_pin(app: App) -> None:
    add_accounts(app, 2, limit=5)
    store_rows(app, 10)
    task = app.crawling.service.export(export_request(account="acc1")).task
    worker = app.crawling.export_worker()
    once(worker)
    assert task_of(app, task.id).status is TaskStatus.PAUSED
    pin(app, task)
    once(worker)
    assert task_of(app, task.id).status is TaskStatus.COMPLETED
    assert exporters(app) == ["acc1", "acc2"]


def test_what_the_operator_paused_stays_paused_under_another_pin(app: App) -> None:
    add_accounts(app, 1)
    task = file_crawl(app)
    app.crawling.control.pause(task.id)
    pin(app, task, account="acc1")
    found = task_of(app, task.id)
    assert (found.status, found.not_before) == (TaskStatus.PAUSED, None)


def test_a_piece_is_pinned_with_its_task_only(app: App) -> None:
    add_accounts(app, 1)
    task = file_crawl(app, pages=20)
    with raises_saying(InvalidInputError, f"is a piece of task {task.id}; pin that one"):
        pin(app, pieces_of(app, task.id)[0], account="acc1")


def test_joining_with_another_pin_is_refused_with_the_command_that_changes_it(app: App) -> None:
    add_accounts(app, 2)
    group(app, "north", "acc2")
    store_rows(app, 5)
    export = app.crawling.service.export
    task = export(export_request(account="acc1")).task
    with raises_saying(
        InvalidInputError,
        rf"task {task.id}\), pinned to account acc1, and not as asked for: --account acc2;"
        rf" change it with: .+ tasks pin {task.id} --account acc2$",
    ):
        export(export_request(account="acc2", labels=["new"]))
    with raises_saying(InvalidInputError, rf"tasks pin {task.id} --group north"):
        export(export_request(group="north"))
    assert app.crawling.service.labels([task.id]) == {}, "nothing was changed"
    for same in (export_request(account="acc1"), export_request(account="1"), export_request()):
        assert export(same).task.id == task.id
    pin(app, task)
    with raises_saying(InvalidInputError, "pinned to nobody, and not"):
        export(export_request(account="acc2"))


def test_who_is_not_there_is_no_pin(app: App) -> None:
    add_accounts(app, 2)
    store_rows(app, 5)
    service = app.crawling.service
    delete(app, "acc2")
    with raises_saying(WrongFieldsError, "no account is named 'nobody'"):
        service.export(export_request(account="nobody"))
    with raises_saying(WrongFieldsError, r"account acc2 \(deleted\) was deleted"):
        service.export(export_request(account="2"))
    with raises_saying(WrongFieldsError, "no account of bilibili is in group 'north'"):
        service.crawl(CrawlRequest(domain=DOMAIN, group="north"))
    with raises_saying(WrongFieldsError, "not to both"):
        export_request(account="acc1", group="north")
    app.pool.manager.set_account_status(1, "disabled", "holiday")
    with raises_saying(CredentialsError, r"account acc1 is disabled \(holiday\); other accounts"):
        service.export(export_request(account="acc1"))
    assert rows(app, "SELECT id FROM tasks") == [], "no task was filed"


def test_a_task_whose_account_is_deleted_waits_and_raises_an_alert(
    app: App, clock: MovingClock
) -> None:
    add_accounts(app, 2)
    store_rows(app, 5)
    task = app.crawling.service.export(export_request(account="acc1")).task
    file_crawl(app, domain="unpinned")
    assert causes(app, AlertKind.TASK_WITHOUT_ACCOUNT) == []
    assert delete(app, "acc1") == (task.id,)
    lost = "account acc1 (deleted), to which the task is pinned, was deleted"
    told = task_of(app, task.id)
    assert (told.waiting_for, english_text(told.last_error)) == (WaitingFor.ACCOUNT, lost)
    worker = app.crawling.export_worker()
    for _ in range(3):
        once(worker)
        clock.move(3600)
    waiting = task_of(app, task.id)
    assert (waiting.status, waiting.waiting_for) == (TaskStatus.PENDING, WaitingFor.ACCOUNT)
    assert english_text(waiting.last_error) == lost
    assert causes(app, AlertKind.TASK_WITHOUT_ACCOUNT) == [(f"task:{task.id}", lost)]
    pin(app, task)
    assert causes(app, AlertKind.TASK_WITHOUT_ACCOUNT) == []
    assert work_off(app, task, worker).status is TaskStatus.COMPLETED
    assert exporters(app) == ["acc2"]


def test_a_group_that_is_empty_by_now_raises_an_alert_too(app: App) -> None:
    add_accounts(app, 1)
    group(app, "north", "acc1")
    store_rows(app, 5)
    task = app.crawling.service.export(export_request(group="north")).task
    app.pool.groups.assign([account_of(app, "acc1")], None)
    once(app.crawling.export_worker())
    empty = "group north, to which the task is pinned, has no account"
    assert english_text(task_of(app, task.id).last_error) == empty
    assert causes(app, AlertKind.TASK_WITHOUT_ACCOUNT) == [(f"task:{task.id}", empty)]
    group(app, "north", "acc1")
    once(app.crawling.export_worker())
    assert task_of(app, task.id).status is TaskStatus.COMPLETED, "it looked again at once"


def test_a_worker_goes_on_with_another_account_when_its_own_is_deleted(
    make_app: Callable[..., App], agree: Callable[..., list[int]]
) -> None:
    app = make_app(export_batch_rows=10)
    add_accounts(app, 2)
    store_rows(app, 30)
    task = file_export(app)
    worker = app.crawling.export_worker()
    export, calls = worker.transaction.export, iter(range(99))

    def deleting(*args, **kwargs):  # type: ignore[no-untyped-def]
        if next(calls) == 1:
            delete(app, "acc1")
        return export(*args, **kwargs)

    object.__setattr__(worker.transaction, "export", deleting)
    assert work_off(app, task, worker).status is TaskStatus.COMPLETED
    assert exporters(app) == ["acc1 (deleted)", "acc2"]
    assert counts_of(app) == [10, 20]
    assert agree() == list(range(1, 31))
    assert app.crawling.verifier.verify().problems == []


def test_files_of_a_renamed_and_a_deleted_account_keep_their_names(
    app: App, agree: Callable[..., list[int]]
) -> None:
    add_accounts(app, 1)
    store_rows(app, 5)
    work_off(app, file_export(app))
    (segment,) = segments_of(app)
    file = app.crawling.segment_files.locate(segment.file_path or "")
    app.pool.registry.rename(account_of(app, "acc1"), "other")
    app.crawling.segment_finalizer.rebuild(segment.id)
    delete(app, "other")
    file.unlink()
    app.crawling.segment_finalizer.rebuild(segment.id)
    assert file.exists() and file.stem.endswith("-acc1")
    assert agree() == [1, 2, 3, 4, 5]
    assert app.crawling.verifier.verify().problems == []


def test_a_crawl_leaves_the_account_of_a_starving_pinned_export_alone(
    app: App, clock: MovingClock
) -> None:
    add_accounts(app, 2)
    store_rows(app, 5)
    task = app.crawling.service.export(export_request(account="acc1")).task
    lease = claimed(app, TaskType.EXPORT)
    soon = app.clock.now()
    app.crawling.scheduler.requeue(lease, not_before=soon, waiting_for=WaitingFor.ACCOUNT)
    change(
        app,
        "UPDATE tasks SET waiting_since=:long WHERE id=:id",
        id=task.id,
        long="2020-01-01 00:00:00.000",
    )
    starving = app.crawling.scheduler.starving(TaskType.EXPORT, PLATFORM, 30)
    assert starving == {Pin(account_id=1)} and NO_PIN not in starving
    leased = app.pool.manager.lease(Purpose.INGESTING, PLATFORM, sparing=starving)
    assert leased is not None and leased.id == 2
    assert app.pool.manager.lease(Purpose.INGESTING, PLATFORM, sparing=starving) is None


def test_a_plan_counts_the_accounts_of_the_pin_only(app: App) -> None:
    add_accounts(app, 3)
    group(app, "north", "acc2", "acc3")
    store_rows(app, 5)
    search = Search(app.pool.access[PLATFORM].source.paces, 20, 50, sequential=False)

    def planned(**more: object) -> list[str]:
        request = PlanRequest(PLATFORM, DOMAIN, creators=100, **more)  # type: ignore[arg-type]
        plan = app.crawling.planner.plan(request, search)
        return sorted(account.name for account in plan.question.accounts)

    assert planned() == ["acc1", "acc2", "acc3"]
    assert planned(pin=Pin(account_id=1)) == ["acc1"]
    app.crawling.service.crawl(CrawlRequest(domain=DOMAIN, group="north"))
    assert planned() == ["acc2", "acc3"], "as the open crawl is pinned"
    delete(app, "acc3")
    assert planned() == ["acc2"]


def test_a_plan_counts_each_account_for_the_work_that_it_may_do(app: App) -> None:
    add_accounts(app, 4)
    group(app, "north", "acc2", "acc3")
    store_rows(app, 5)
    search = Search(app.pool.access[PLATFORM].source.paces, 20, 50, sequential=False)

    def plan() -> Plan:
        request = PlanRequest(PLATFORM, DOMAIN, creators=100_000)
        return app.crawling.planner.plan(request, search)

    def planned() -> dict[str, tuple[bool, int]]:
        accounts = plan().question.accounts
        return {one.name: (one.pace is not None, one.daily_limit) for one in accounts}

    app.crawling.service.crawl(CrawlRequest(domain=DOMAIN, keywords=["口红"], group="north"))
    assert planned() == {"acc2": (True, 4000), "acc3": (True, 4000)}
    app.crawling.service.export(ExportRequest(domain=DOMAIN, account="acc1"))
    assert planned() == {"acc1": (False, 4000), "acc2": (True, 0), "acc3": (True, 0)}
    limits = [one.names for one in plan().advice if one.change is Change.SET_LIMIT]
    assert limits and set(limits) == {("acc1",)}
    app.crawling.service.crawl(CrawlRequest(domain=DOMAIN, keywords=["护肤"], account="acc4"))
    assert planned()["acc4"] == (True, 0)
    app.crawling.service.crawl(CrawlRequest(domain="游戏", account="acc4"))
    assert plan().other_tasks == 1
    app.crawling.service.pin(PinChange(task_id=1, account="acc2"))
    assert "acc3" not in planned()


def test_a_plan_counts_the_pages_of_every_open_crawl(app: App) -> None:
    add_accounts(app, 1)
    search = Search(app.pool.access[PLATFORM].source.paces, 20, 50, sequential=False)
    for keyword, pages in (("口红", 3), ("护肤", 4)):
        request = CrawlRequest(domain=DOMAIN, keywords=[keyword], pages=pages)
        app.crawling.service.crawl(request)
    plan = app.crawling.planner.plan(PlanRequest(PLATFORM, DOMAIN), search)
    assert plan.question.pages == 7


def test_a_plan_counts_no_task_that_is_pinned_to_others(app: App) -> None:
    add_accounts(app, 2)
    search = Search(app.pool.access[PLATFORM].source.paces, 20, 50, sequential=False)
    app.crawling.service.crawl(CrawlRequest(domain="游戏", account="acc2"))
    for account_id, expected in ((1, 0), (2, 1)):
        request = PlanRequest(PLATFORM, DOMAIN, creators=100, pin=Pin(account_id=account_id))
        assert app.crawling.planner.plan(request, search).other_tasks == expected


def test_confirmation_asks_only_those_who_may_work_on_the_task(app: App) -> None:
    add_accounts(app, 3)
    group(app, "north", "acc1", "acc2")
    manager, north = app.pool.manager, Pin(group="north")
    assert manager.count_enabled(PLATFORM, north) == 2
    assert manager.has_other_soon(PLATFORM, [1], north)
    assert not manager.has_other_soon(PLATFORM, [1, 2], north)
    assert not manager.has_other_soon(PLATFORM, [3], Pin(account_id=3))


@pytest.mark.parametrize(
    ("target", "sqlite", "mysql"),
    [
        (NO_PIN, ["idx_accounts_claim"], ["idx_accounts_claim"]),
        (Pin(account_id=7), ["INTEGER PRIMARY KEY"], ["PRIMARY"]),
        (
            Pin(group="g7"),
            ["idx_accounts_group", "INTEGER PRIMARY KEY"],
            ["idx_accounts_group", "PRIMARY"],
        ),
    ],
)
def test_a_claim_reads_few_rows_whatever_its_pin(
    app: App, target: Pin, sqlite: list[str], mysql: list[str]
) -> None:
    from storage.crawling import account_leases

    add_accounts(app, 8)
    group(app, "g7", "acc7")
    plans: list[str] = []

    def explain(tx):  # type: ignore[no-untyped-def]
        looks = {name: getattr(tx, name) for name in ("one", "column")}
        words = "EXPLAIN QUERY PLAN " if tx.dialect.name == "sqlite" else "EXPLAIN "

        def spying(name: str):  # type: ignore[no-untyped-def]
            def spy(sql: str, **params: object):  # type: ignore[no-untyped-def]
                plans.append(str([dict(row) for row in tx.all(words + sql, **params)]))
                return looks[name](sql, **params)

            return spy

        for name in looks:
            object.__setattr__(tx, name, spying(name))
        return account_leases.lock_next_fit(tx, PLATFORM, app.clock.now(), None, pin=target)

    found = app.database.write(explain)
    assert found is not None and found.id == (7 if target else 1)
    wanted = sqlite if app.database.dialect.name == "sqlite" else mysql
    for plan, key in zip(plans, wanted, strict=True):
        assert key in plan, plan
    if not target:
        assert "TEMP B-TREE" not in plans[0] and "filesort" not in plans[0], "no sort"


def test_two_claimers_of_a_group_get_one_account_each(
    mysql_url: str, make_app: Callable[..., App]
) -> None:
    """A claim locks the account that it takes, and no other of its group."""
    from storage.crawling import account_leases

    app = make_app(database_url=mysql_url, threads=4)
    add_accounts(app, 3)
    group(app, "north", "acc2", "acc3")
    north, now = Pin(group="north"), app.clock.now()

    def outer(tx):  # type: ignore[no-untyped-def]
        first = account_leases.lock_next_fit(tx, PLATFORM, now, None, pin=north)
        (second,) = at_once(
            lambda: app.database.write(account_leases.lock_next_fit, PLATFORM, now, None, pin=north)
        )
        return first, second

    first, second = app.database.write(outer)
    assert (first.id, second.id) == (2, 3)


def test_tasks_of_an_account_are_found_among_the_open_ones(app: App) -> None:
    add_accounts(app, 2)
    task = app.crawling.service.crawl(CrawlRequest(domain="a", account="acc1"))[0].task
    other = app.crawling.service.crawl(CrawlRequest(domain="b", account="acc1"))[0].task
    app.crawling.control.cancel(other.id)
    assert app.database.read(task_pins.pinned_to, 1) == [task.id]
    assert app.database.read(task_pins.by_account) == {1: (task.id,)}
    assert app.database.read(tasks.get, other.id) is not None
