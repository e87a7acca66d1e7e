"""Answers of every kind: a page or a named error comes out, and what comes out can be stored."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.container import App
from core.errors import SourceError
from core.settings import Pace
from crawler.export.formats import CsvWriter, Table
from sources.base import AccountSession, CreatorPage, SessionStatus, Via
from sources.bilibili import search
from sources.bilibili.client import BilibiliClient
from sources.bilibili.source import BilibiliSource
from sources.local_circuits import LocalCircuits
from sources.transport.request_delay import RandomDelay
from tests.support.crawler.workbench import claimed, file_crawl, rows
from tests.support.fuzz.fuzz_effort import effort
from tests.support.fuzz.json_strategies import ANY_JSON, ODD_TEXTS, body_of, damaged
from tests.support.moving_clock import MovingClock
from tests.support.sources.sources_servers import (
    FINGER,
    NAV,
    SEARCH,
    Said,
    ScriptedPlatform,
    scripted_platform,
)

SECRET = "s3cr3tsession"
USER: dict[str, Any] = {
    "type": "bili_user",
    "mid": 3493000000000001,
    "uname": "美妆达人",
    "usign": "合作",
    "fans": 5,
    "videos": 3,
    "level": 6,
    "official_verify": {"type": 0, "desc": "认证"},
    "res": [{"aid": 1}],
}
VIDEO: dict[str, Any] = {
    "type": "video",
    "mid": 17,
    "author": "作者",
    "title": 'a <em class="keyword">b</em> &amp; c',
    "bvid": "BV1xx411c7mD",
    "pubdate": 1700000000,
}
USERS = {"page": 1, "numPages": 2, "numResults": 22, "result": [USER, {**USER, "mid": "7"}]}
VIDEOS = {"page": 1, "numPages": 1, "result": [VIDEO, {"type": "ketang"}]}
NAV_DATA = {
    "isLogin": True,
    "mid": 7,
    "uname": "somebody",
    "wbi_img": {"img_url": f"https://h/{'a' * 32}.png", "sub_url": f"https://h/{'b' * 32}.png"},
}
CODES = st.sampled_from([0, -101, -102, -352, -403, -412, -509, -400, -404, -500, 62002, 31337])
STATUSES = st.sampled_from([200] * 12 + [204, 301, 302, 401, 404, 407, 412, 418, 429, 500, 599])
HEADERS = st.sampled_from(
    [
        (),
        (),
        (),
        (("Retry-After", "\u00b2"),),
        (("Location", "http://["),),
        (("Location", "\xff"),),
        (("Content-Encoding", "gzip"),),
        (("Set-Cookie", "a=\xff; expires=soon"),),
    ]
)


def answers(data: Any) -> st.SearchStrategy[Said]:
    """An answer with `data` in the platform's envelope, damaged anywhere."""
    good = {"code": 0, "message": "0", "ttl": 1, "data": data}
    refusal = st.builds(lambda code, text: {"code": code, "message": text}, CODES, ANY_JSON)
    bodies = st.binary(max_size=60) | body_of(damaged(good) | damaged(good) | refusal | ANY_JSON)
    return st.builds(Said, bodies, STATUSES, HEADERS)


class Station:
    """A platform that says anything, and an account that listens."""

    def __init__(self, platform: ScriptedPlatform, clock: MovingClock) -> None:
        self.platform = platform
        self._clock = clock
        self._opened = ExitStack()

    def ask(self, via: Via | None, path: str, said: Said) -> CreatorPage | SessionStatus | None:
        """What comes out when `path` says that; None for a SourceError."""
        self.platform.__post_init__()
        self.platform.on(path, said)
        client, chance = (
            BilibiliClient(base_url=self.platform.url, timeout_secs=5, clock=self._clock),
            random.Random(),
        )
        pause = RandomDelay(clock=self._clock, min_secs=0.0, max_secs=0.0, rng=chance)
        source = BilibiliSource(
            client=client,
            pace=Pace(100_000, 1),
            pause=pause,
            rng=chance,
            circuits=LocalCircuits(clock=self._clock),
        )
        session = source.open_session(1, "acc1", f"SESSDATA={SECRET}; buvid3={'D' * 5}", None)
        if path == FINGER:
            session.http.cookies.pop("buvid3")
        with session.http:
            try:
                return self._said(source, session, via)
            except SourceError as error:
                shown = f"{error} {error.evidence}"
                assert str(error) and SECRET not in shown
                shown.encode()
                return None

    def _said(
        self, source: BilibiliSource, session: AccountSession, via: Via | None
    ) -> CreatorPage | SessionStatus:
        if via is None:
            return source.check_session(session)
        return source.search_creators(session, "美妆", 1, via)


@pytest.fixture
def station(clock: MovingClock) -> Iterator[Station]:
    with scripted_platform() as platform:
        yield Station(platform=platform, clock=clock)


def check(page: object) -> None:
    """Whatever the platform said, every column and every file takes it."""
    if not isinstance(page, CreatorPage):
        return
    assert 0 <= page.total_pages <= 100_000
    texts = [*page.rejected]
    for creator in page.creators:
        assert re.fullmatch(r"[1-9][0-9]{0,19}", creator.uid)
        raw = json.dumps(creator.raw, ensure_ascii=False, allow_nan=False)
        for text in (creator.nickname, raw):
            assert "\x00" not in text and "\\u0000" not in text
            text.encode()
    for entry in texts:
        (entry.reason.dump() + entry.excerpt).encode()
    assert len({creator.uid for creator in page.creators}) == len(page.creators)


@effort(120)
@given(said=answers(USERS))
def test_a_name_search_gives_a_page_or_a_named_error(station: Station, said: Said) -> None:
    check(station.ask(Via.USERS, SEARCH, said))


@effort(80)
@given(said=answers(VIDEOS))
def test_a_video_search_gives_a_page_or_a_named_error(station: Station, said: Said) -> None:
    check(station.ask(Via.VIDEOS, SEARCH, said))


@effort(60)
@given(said=answers(NAV_DATA), via=st.sampled_from([None, Via.USERS]))
def test_a_session_check_gives_a_status_or_a_named_error(
    station: Station, said: Said, via: Via | None
) -> None:
    check(station.ask(via, NAV, said))


@effort(40)
@given(said=answers({"b_3": "DEVICE-1", "b_4": "DEVICE-2"}))
def test_a_device_cookie_comes_or_a_named_error(station: Station, said: Said) -> None:
    check(station.ask(Via.USERS, FINGER, said))


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
STORABLE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | ODD_TEXTS.filter(lambda text: text not in ("\x00", "\ud83d")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
UIDS = st.integers(1, 10**20 - 1)
ENTRIES = st.lists(
    st.builds(
        lambda mid, name, raw: {"mid": mid, "uname": name, "raw": raw},
        UIDS | UIDS.map(str),
        TEXTS | ODD_TEXTS.filter(lambda t: t not in ("\x00", "\ud83d")),
        STORABLE,
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda entry: str(entry["mid"]),
)


def test_every_creator_comes_back_from_the_database_and_the_file_as_it_was(
    make_app: Callable[..., App], tmp_path: Path
) -> None:
    app = make_app()
    store_of_pages = app.crawling.pages

    @effort(12)
    @given(entries=ENTRIES)
    def store(entries: list[dict[str, Any]]) -> None:
        asked = search.PageQuery(1, "GET /", lambda text: text)
        page = search.read_users({"numPages": 1, "result": entries}, asked)
        file_crawl(app, pages=1)
        lease = claimed(app)
        store_of_pages.store(lease, 1, page, 1, app.clock.now())
        app.crawling.scheduler.finish(lease)
        stored = {row["uid"]: row for row in rows(app, "SELECT * FROM influencers")}
        for creator in page.creators:
            row = stored[creator.uid]
            assert row["nickname"] == creator.nickname
            assert json.loads(row["raw_data"]) == creator.raw
        assert written(tmp_path / "out.csv", page) == [
            [creator.uid, creator.nickname] for creator in page.creators
        ]

    store()


def written(path: Path, page: CreatorPage) -> list[list[str]]:
    """The creators as a CSV reader finds them in a file."""
    writer = CsvWriter(path, Table(("uid", "nickname"), ("uid", "nickname"), raw_cells=True))
    writer.write([(creator.uid, creator.nickname) for creator in page.creators])
    writer.close()
    text = path.read_bytes().decode("utf-8-sig")
    path.unlink()
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:]
