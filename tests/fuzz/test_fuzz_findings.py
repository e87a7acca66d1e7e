"""What the search found, as plain tests. A mark stands where the product still does otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from app.container import App
from core.errors import InvalidInputError, SettingsError
from core.messages import Message
from core.settings import Pace, load_settings
from crawler.export.formats import CsvWriter
from crawler.tasks.parents import CANCELLED
from sources.base import CreatorPage, Via
from sources.bilibili import search
from sources.bilibili.cookies import parse_cookies
from sources.pacing import EVERYTHING, AccountPace, RateWindow
from tests.fuzz.test_fuzz_bodies import USER, VIDEO, Station, check
from tests.fuzz.test_fuzz_formats import read_csv, written
from tests.fuzz.test_fuzz_pacing import growing, steady_secs
from tests.support.crawler.workbench import ONE_ENGINE, claimed, file_crawl, rows, task_of
from tests.support.moving_clock import MovingClock
from tests.support.sources.sources_servers import SEARCH, Said, says_page, scripted_platform

open_finding = pytest.mark.xfail(strict=True, reason="found by the fuzz tests, not mended yet")
ASKED = search.PageQuery(1, "GET /", lambda text: text)


def said(clock: MovingClock, via: Via, body: bytes) -> object:
    with scripted_platform() as platform:
        return Station(platform=platform, clock=clock).ask(via, SEARCH, Said(body))


def nested(depth: int, inner: str = "1") -> str:
    return "[" * depth + inner + "]" * depth


def test_a_title_with_an_endless_character_number_spoils_one_entry_only() -> None:
    entries = [VIDEO, {**VIDEO, "mid": 18, "title": "&#" + "9" * 5000 + ";"}]
    page = search.read_authors({"numPages": 1, "result": entries}, ASKED)
    assert "17" in [creator.uid for creator in page.creators]


@pytest.mark.parametrize("via", Via)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(nested(600, '"\\u0000"')),
        pytest.param(f'{{"code":-400,"message":{nested(985)}}}'),
        pytest.param(f'{{"code":0,"data":{{"numPages":1,"result":{nested(400)}}}}}'),
    ],
    ids=["with a NUL", "as the message", "as the result"],
)
def test_a_deep_body_is_damage(clock: MovingClock, via: Via, body: str) -> None:
    assert said(clock, via, body.encode()) is None


@pytest.mark.parametrize("form", ["utf-16", "utf-16-le", "utf-32"])
def test_a_nul_does_not_come_in_by_another_encoding(clock: MovingClock, form: str) -> None:
    body = json.loads(says_page({**USER, "uname": "a\x00b"}).body)
    page = said(clock, Via.USERS, json.dumps(body).encode(form))
    assert page is None or isinstance(page, CreatorPage)
    check(page)


@pytest.mark.parametrize("depth", [10, pytest.param(40)])
@pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)
def test_an_entry_too_deep_for_a_database_is_rejected_by_itself(app: App, depth: int) -> None:
    entries = [USER, {**USER, "mid": 8, "deep": json.loads(nested(depth))}]
    page = search.read_users({"numPages": 1, "result": entries}, ASKED)
    file_crawl(app, pages=1)
    store = app.crawling.pages
    store.store(claimed(app), 1, page, 1, app.clock.now())
    assert str(USER["mid"]) in [row["uid"] for row in rows(app, "SELECT uid FROM influencers")]


@pytest.mark.parametrize("text", ["1/" + "9" * 400, "9" * 400 + "/1", "1/" + "9" * 300])
def test_a_pace_that_nobody_can_keep_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="pace_form_wrong"):
        Pace.parse(text)


@pytest.mark.parametrize(
    "name",
    [
        "BATON_LEASE_SECS",
        "BATON_POLL_SECS",
        "BATON_REQUEST_TIMEOUT_SECS",
        "BATON_DATABASE_PATIENCE_SECS",
        "BATON_RISK_COOLDOWN_SECS",
    ],
)
def test_a_time_that_no_clock_can_wait_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1e15")
    with pytest.raises(SettingsError, match=name):
        load_settings()


@open_finding
def test_the_guard_of_a_cell_can_be_taken_away_again() -> None:
    table = [["=1"], ["'=1"], ["''=1"], ["'"], ["'plain"], ["plain"]]
    read = read_csv(written(CsvWriter, table))
    assert len({row[0] for row in read}) == len(table)


@ONE_ENGINE
class TestTasks:
    def test_a_stale_holder_does_not_move_the_end_of_the_whole(
        self, make_app: Callable[..., App], clock: MovingClock
    ) -> None:
        old, new = make_app(), make_app()
        parent = file_crawl(old, pages=5)
        stale = claimed(old)
        clock.move(31)
        new.crawling.scheduler.finish(claimed(new))
        ended = task_of(new, parent.id)
        clock.move(100)
        old.crawling.scheduler.requeue(stale)
        assert task_of(new, parent.id).finished_at == ended.finished_at

    def test_a_whole_follows_its_pieces_when_they_are_taken_back(
        self, app: App, clock: MovingClock
    ) -> None:
        parent = file_crawl(app, pages=5)
        app.crawling.scheduler.abandon(claimed(app))
        clock.move(31)
        app.crawling.lease_renewer("fuzz").renew_once()
        assert task_of(app, parent.id).status == "pending"

    def test_the_reason_of_a_cancelled_task_is_the_operators_word(self, app: App) -> None:
        filed = file_crawl(app)
        lease = claimed(app)
        app.crawling.control.cancel(filed.id)
        app.crawling.scheduler.back_off(lease, Message.text("HTTP 502"))
        assert task_of(app, filed.id).last_error == CANCELLED


@pytest.mark.parametrize(
    "text", ['SESSDA"s3cr3t=\x1b; sid=1', '{"s3cr3t": null}', '[{"name": "s3cr3t", "value": []}]']
)
def test_a_value_that_slipped_into_a_name_is_not_repeated(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_cookies(text)
    assert "s3cr3t" not in str(caught.value)


def test_an_account_at_its_slowest_is_not_slowed_down_by_good_answers() -> None:
    rates = growing(4, Pace(64, 1), Pace(64, 1))
    assert rates == sorted(rates)


def reloaded(window: RateWindow, now: float, clock: MovingClock) -> RateWindow:
    stored = AccountPace({EVERYTHING: window}).dump(clock.now())
    loaded = AccountPace.load({EVERYTHING: window.pace}, stored, clock.now(), known=True)
    return loaded.windows[EVERYTHING]


def test_a_stored_limit_allows_no_more_than_it_did(clock: MovingClock) -> None:
    now = clock.now().timestamp()
    window = RateWindow(Pace(20, 10), limit=2.99997)
    window.record_request(now)
    window.record_request(now)
    assert reloaded(window, now, clock).ready_in(now) == pytest.approx(window.ready_in(now), abs=1)


def test_a_limit_just_under_a_whole_number_is_filled_up_too() -> None:
    window = RateWindow(Pace(20, 10), limit=2.9999999999)
    window.mark_full(0.0)
    assert window.ready_in(0.0) >= 10


@pytest.mark.parametrize("pace", [Pace(101, 50), Pace(150, 300), Pace(2000, 600)])
def test_a_steady_asker_of_a_wide_window_gets_what_the_pace_allows(pace: Pace) -> None:
    assert steady_secs(pace, 3, 1.0) < 3.2 * pace.per_secs


def test_a_wall_is_scaled_with_the_window_that_it_was_met_in() -> None:
    rates = growing(1, Pace(20, 10), Pace(120, 60))
    assert rates == sorted(rates)
