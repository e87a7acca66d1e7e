"""What every source of creators promises, asked of each of them over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from core import errors
from core.errors import (
    EmptyPageError,
    LoginExpiredError,
    RetryableError,
    SourceError,
    ThrottledError,
)
from sources.base import AccountSession, CreatorPage, CreatorSource, Via
from tests.sources.conftest import DOMAIN, World
from tests.support.moving_clock import MovingClock
from tests.support.sources.creator_places import PLACES, Place
from tests.support.sources.sources_servers import Said, ScriptedPlatform

REACTIONS = ("Throttled", "RiskControl", "LoginExpired", "AccountBanned", "NotFound")
ODD_NAMES = ("=1+1", "换行\n名", "😀", '"引号"', " 空 ", "NUL\x00名", "\ud83d半个")
BIG = 9_223_372_036_854_775_807
SECRET = "sess4711secret%2Cx"


@dataclass
class Guest:
    """An account at the source under test."""

    source: CreatorSource
    session: AccountSession

    def search(self, page: int = 1, domain: str = DOMAIN) -> CreatorPage:
        return self.source.search_creators(self.session, domain, page, Via.USERS)

    def error(self, page: int = 1) -> SourceError:
        with pytest.raises(SourceError) as caught:
            self.search(page)
        return caught.value


Visit = Callable[..., Guest]


@pytest.fixture(params=list(PLACES))
def place(request: pytest.FixtureRequest) -> Place:
    return PLACES[request.param]


@pytest.fixture
def visit(place: Place, clock: MovingClock) -> Iterator[Visit]:
    """`visit(url, "acc1")`: a fresh adapter and session, as in a new process."""
    with ExitStack() as opened:

        def come(url: str, name: str = "acc1") -> Guest:
            source = place.make(url, clock)
            session = source.open_session(1, "me", place.session_of(name), None)
            opened.callback(session.http.close)
            return Guest(source, session)

        yield come


def pages_of(guest: Guest, domain: str = DOMAIN) -> list[CreatorPage]:
    """As a crawl goes that follows what the platform says."""
    pages = [guest.search(1, domain)]
    while pages[-1].page < pages[-1].total_pages:
        pages.append(guest.search(pages[-1].page + 1, domain))
    return pages


def uids(pages: list[CreatorPage]) -> list[str]:
    return [creator.uid for page in pages for creator in page.creators]


@pytest.mark.parametrize("creators", [1, 20, 45, 60])
def test_pages_are_complete_and_end_where_the_platform_ends(
    world: Callable[..., World], visit: Visit, creators: int
) -> None:
    here = world(creators=creators)
    pages = pages_of(visit(here.url))
    assert [page.page for page in pages] == list(range(1, -(-creators // 20) + 1))
    assert sorted(uids(pages)) == sorted(here.uids())
    assert not any(page.rejected for page in pages)
    assert pages[-1].total_pages == pages[-1].page


def test_every_page_is_the_same_asked_alone(world: Callable[..., World], visit: Visit) -> None:
    """As workers ask that take over in the middle, with another process's adapter."""
    url = world(creators=75).url
    inorder = pages_of(visit(url))
    for number in (4, 2, 3, 1):
        alone = visit(url).search(number)
        assert alone.creators == inorder[number - 1].creators
        assert alone.page == number


def test_a_page_may_be_asked_twice(world: Callable[..., World], visit: Visit) -> None:
    guest = visit(world(creators=75).url)
    pages_of(guest)
    first = [guest.search(2), guest.search(4), guest.search(2)]
    assert first[0] == first[2]
    assert first[1].total_pages == 4


@pytest.mark.parametrize("page", [4, 9])
def test_pages_behind_the_end_are_empty(
    world: Callable[..., World], visit: Visit, page: int
) -> None:
    found = visit(world(creators=45).url).search(page)
    assert (found.page, found.total_pages, found.creators) == (page, 3, ())


@pytest.mark.parametrize("page", [1, 3])
def test_a_domain_that_nobody_knows_has_no_pages(
    world: Callable[..., World], visit: Visit, page: int
) -> None:
    found = visit(world().url).search(page, "没有这个领域")
    assert (found.page, found.total_pages, found.creators) == (page, 0, ())


def test_domains_do_not_mix(world: Callable[..., World], visit: Visit) -> None:
    here = world(creators=45, domains=("美妆", "游戏"))
    guest = visit(here.url)
    mixed: dict[str, list[str]] = {"美妆": [], "游戏": []}
    for number in (1, 2, 3):
        for domain, found in mixed.items():
            found += uids([guest.search(number, domain)])
    assert {domain: sorted(found) for domain, found in mixed.items()} == {
        domain: sorted(here.uids(domain)) for domain in mixed
    }


@pytest.mark.parametrize("reaction", REACTIONS)
def test_each_refusal_is_the_error_of_its_reaction(
    world: Callable[..., World], visit: Visit, place: Place, reaction: str
) -> None:
    here = world()
    guest = visit(here.url)
    guest.search()
    fault = {"kind": place.reactions[reaction], "times": 5, "endpoint": place.endpoint}
    here.order(fault)
    error = guest.error()
    expected = place.gone if reaction == "NotFound" else reaction
    assert type(error) is getattr(errors, f"{expected}Error")
    assert error.evidence is not None
    assert place.endpoint in error.evidence.request
    assert error.evidence.body


@pytest.mark.parametrize(
    ("name", "reaction"), [("banned-1", "AccountBanned"), ("expired-1", "LoginExpired")]
)
def test_an_account_that_falls_says_so_on_the_next_page(
    world: Callable[..., World], visit: Visit, name: str, reaction: str
) -> None:
    guest = visit(world(creators=200, good_answers_before_ban=2).url, name)
    guest.search(1)
    guest.search(2)
    assert type(guest.error(3)) is getattr(errors, f"{reaction}Error")


def test_the_limit_of_an_account_is_a_throttle(world: Callable[..., World], visit: Visit) -> None:
    guest = visit(world(rate="1/10").url)
    guest.search(1)
    assert isinstance(guest.error(1), ThrottledError)


def test_who_is_signed_in(world: Callable[..., World], visit: Visit) -> None:
    url = world().url
    good, dead = visit(url, "acc1"), visit(url, "dead-1")
    status = good.source.check_session(good.session)
    assert (status.signed_in, status.name) == (True, "acc1")
    assert status.uid
    assert not dead.source.check_session(dead.session).signed_in


@pytest.mark.parametrize("session", [None, "", "sth else;\x00", "词"])
def test_without_usable_credentials_nobody_sets_out(
    place: Place, clock: MovingClock, session: str | None
) -> None:
    with pytest.raises(LoginExpiredError):
        place.make("http://127.0.0.1:1", clock).open_session(1, "me", session, None)


@pytest.mark.parametrize(
    "kind", ["truncated_body", "truncated_json", "drop", "http_500", "html_200", "empty_body"]
)
def test_a_spoilt_answer_is_tried_again(
    world: Callable[..., World], visit: Visit, place: Place, kind: str
) -> None:
    here = world()
    guest = visit(here.url)
    guest.search()
    here.order({"kind": kind, "endpoint": place.endpoint})
    assert isinstance(guest.error(), RetryableError)
    assert len(guest.search().creators) == 20


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"<html>", b"[]", b"null", b"7", b"{}", b'{"data":null}', b"\xff\xfa", b"[" * 9**5],
    ids=lambda body: body.decode("latin-1")[:12],
)
def test_a_damaged_body_is_told_from_a_platform_that_is_away(
    scripted: ScriptedPlatform, visit: Visit, place: Place, body: bytes
) -> None:
    scripted.on(place.endpoint, Said(body))
    _assert_damaged(visit(scripted.url).error())


@pytest.mark.parametrize("instead", ["null", '"text"', "7", "{}", "true"])
def test_a_page_whose_list_is_none_is_damaged(
    scripted: ScriptedPlatform, visit: Visit, place: Place, instead: str
) -> None:
    text = place.page_of((1, "甲"), (2, "乙")).body.decode()
    start, end = text.index(place.list_key), text.index(place.behind_list)
    scripted.on(
        place.endpoint, Said(f"{text[:start]}{place.list_key} {instead}{text[end:]}".encode())
    )
    error = visit(scripted.url).error()
    # An empty page that the platform counts is looked at by another account.
    if not isinstance(error, EmptyPageError):
        _assert_damaged(error)
    else:
        assert (place.gone, instead) == ("UnexpectedResponse", "null")


@pytest.mark.parametrize("key", ["id", "name"])
def test_a_page_of_which_no_entry_is_understood_is_damaged(
    scripted: ScriptedPlatform, visit: Visit, place: Place, key: str
) -> None:
    creators = [(None, "甲"), (None, "乙")] if key == "id" else [(1, None), (2, None)]
    scripted.on(place.endpoint, place.page_of(*creators))
    _assert_damaged(visit(scripted.url).error())


@pytest.mark.parametrize("uid", [BIG, str(BIG), 1_000_000_000_000_000_001])
def test_a_19_digit_id_survives_to_its_last_digit(
    scripted: ScriptedPlatform, visit: Visit, place: Place, uid: int | str
) -> None:
    scripted.on(place.endpoint, place.page_of((uid, "甲")))
    page = visit(scripted.url).search()
    assert [creator.uid for creator in page.creators] == [str(uid)]
    assert str(uid) in json.dumps(page.creators[0].raw)


@pytest.mark.parametrize(
    "uid", [None, "", 0, -1, 1.0, 9.2e18, True, [], {}, "a b", "x" * 256, "\x00", "\ud83d"]
)
def test_an_entry_without_a_usable_id_is_left_out_alone(
    scripted: ScriptedPlatform, visit: Visit, place: Place, uid: Any
) -> None:
    scripted.on(place.endpoint, place.page_of((1, "甲"), (uid, "乙"), (3, "丙")))
    page = visit(scripted.url).search()
    assert [creator.uid for creator in page.creators] == ["1", "3"]
    assert len(page.rejected) == 1
    assert page.rejected[0].reason


@pytest.mark.parametrize("name", [None, 7, [], True])
def test_an_entry_without_a_name_is_left_out_alone(
    scripted: ScriptedPlatform, visit: Visit, place: Place, name: Any
) -> None:
    scripted.on(place.endpoint, place.page_of((1, "甲"), (2, name)))
    page = visit(scripted.url).search()
    assert [creator.uid for creator in page.creators] == ["1"]
    assert len(page.rejected) == 1


def test_text_that_no_database_takes_is_made_storable(
    scripted: ScriptedPlatform, visit: Visit, place: Place
) -> None:
    scripted.on(place.endpoint, place.page_of(*enumerate(ODD_NAMES, start=1)))
    found = visit(scripted.url).search().creators
    assert [creator.nickname for creator in found[:5]] == list(ODD_NAMES[:5])
    assert [creator.nickname for creator in found[5:]] == ["NUL\ufffd名", "\ufffd半个"]
    for creator in found:
        stored = json.dumps(creator.raw, ensure_ascii=False)
        stored.encode()
        assert "\x00" not in stored


def test_numbers_that_are_no_json_become_unknown(
    scripted: ScriptedPlatform, visit: Visit, place: Place
) -> None:
    text = place.page_of((1, "甲")).body.decode()
    for word in ("NaN", "-Infinity", "1e999"):
        scripted.on(place.endpoint, Said(text.replace('id": 1', f'id": 1, "odd": {word}').encode()))
        (creator,) = visit(scripted.url).search().creators
        assert "odd" in creator.raw
        json.dumps(creator.raw, allow_nan=False)


@pytest.mark.parametrize("status", [200, 400, 403, 418, 429, 500])
@pytest.mark.parametrize("form", ["header", "json", "bare"])
def test_no_secret_is_in_any_error(
    scripted: ScriptedPlatform, visit: Visit, place: Place, status: int, form: str
) -> None:
    sent = place.session_of(SECRET)
    said = {"message": sent, "status": {"code": 4290, "msg": sent}, "error": {"type": sent}}
    echo = {"header": f"Cookie: {sent}", "json": json.dumps(said), "bare": SECRET}[form]
    guest = visit(scripted.url, SECRET)
    text = echo if form == "json" else echo + "界" * 3980 + echo
    scripted.on(place.endpoint, Said(text.encode(), status))
    error = guest.error()
    for shown in (str(error), repr(error), repr(error.evidence), repr(guest.session)):
        assert "4711secret" not in shown
    assert error.evidence is not None
    assert len(error.evidence.body) <= 4000


def test_no_half_of_a_secret_is_left_where_evidence_is_cut(
    scripted: ScriptedPlatform, visit: Visit, place: Place
) -> None:
    guest = visit(scripted.url, SECRET)
    for padding in range(3700, 4000, 5):
        scripted.on(place.endpoint, place.page_of((None, "x" * padding + SECRET)))
        assert "sess4" not in repr(guest.error().evidence)


def test_no_secret_is_in_a_rejected_entry(
    scripted: ScriptedPlatform, visit: Visit, place: Place
) -> None:
    guest = visit(scripted.url, SECRET)
    for padding in range(400, 500, 3):
        scripted.on(place.endpoint, place.page_of((None, "x" * padding + SECRET), (1, "甲")))
        (rejected,) = guest.search().rejected
        assert "sess4" not in repr(rejected)


def test_one_page_is_one_request(world: Callable[..., World], visit: Visit, place: Place) -> None:
    here = world(creators=45)
    pages_of(visit(here.url))
    assert here.stats()["pages"] == 3
    assert here.stats()["duplicate_pages"] == 0


def _assert_damaged(error: SourceError) -> None:
    assert isinstance(error, RetryableError)
    assert error.damaged
    assert error.evidence is not None
    assert error.evidence.http_status == 200
