"""Blame: the culprit of each raises_saying, from what else was answered in the last minute."""

from __future__ import annotations

import pytest

from core.errors import (
    AccountBannedError,
    BadRequestError,
    Culprit,
    Evidence,
    FaultUnit,
    LoginExpiredError,
    NotFoundError,
    PlatformQuotaError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
    TransportFault,
    UnexpectedResponseError,
)
from core.messages import Message
from sources.blame import Asked, Blame
from tests.support.moving_clock import MovingClock

PLATFORM = "bilibili"
OF_PROXY = TransportFault(FaultUnit.EGRESS, Message.of("proxy_unreachable"), is_certain=True)


@pytest.fixture
def blame(clock: MovingClock) -> Blame:
    return Blame(clock=clock, accounts=3)


def by(account: int, egress: str = "direct", kind: str = "search") -> Asked:
    return Asked(account, egress, kind)


def refused(blame: Blame, asked: Asked, code: int = -352) -> Culprit:
    return blame.judge(PLATFORM, asked, RiskControlError("no", Evidence("GET /", 200, code)))


def test_one_refused_account_is_to_blame_itself(blame: Blame) -> None:
    assert [refused(blame, by(1)) for _ in range(5)] == [Culprit.ACCOUNT] * 5


def test_several_accounts_within_a_minute_are_not(blame: Blame, clock: MovingClock) -> None:
    found = []
    for account in (1, 2, 3, 4):
        found.append(refused(blame, by(account)))
        clock.move(15)
    assert found == [Culprit.ACCOUNT, Culprit.ACCOUNT, Culprit.PLATFORM, Culprit.PLATFORM]


def test_several_accounts_over_a_long_time_are(blame: Blame, clock: MovingClock) -> None:
    for account in range(1, 9):
        assert refused(blame, by(account)) is Culprit.ACCOUNT
        clock.move(31)


def test_a_way_out_is_to_blame_when_others_get_through_elsewhere(blame: Blame) -> None:
    blame.note_good(PLATFORM, by(9, "proxy:9"))
    found = [refused(blame, by(account, "proxy:1")) for account in (1, 2, 3)]
    assert found[-1] is Culprit.PROXY


@pytest.mark.parametrize(
    ("code", "culprit"),
    [(-352, Culprit.SIGNATURE), (-403, Culprit.SIGNATURE), (-401, Culprit.ENDPOINT)],
)
def test_an_endpoint_or_our_signature_is_when_other_endpoints_answer(
    blame: Blame, code: int, culprit: Culprit
) -> None:
    blame.note_good(PLATFORM, by(1, kind="session"))
    found = [refused(blame, by(account), code) for account in (1, 2, 3)]
    assert found[-1] is culprit


def test_another_platforms_answers_do_not_count(blame: Blame) -> None:
    for account in (1, 2, 3):
        blame.judge("other", by(account), RiskControlError("no"))
    assert refused(blame, by(1)) is Culprit.ACCOUNT


def test_a_block_of_the_address_is_the_ways(blame: Blame) -> None:
    error = RiskControlError("blocked", whole_egress=True)
    assert blame.judge(PLATFORM, by(1), error) is Culprit.PROXY


@pytest.mark.parametrize(
    ("error", "culprit"),
    [
        (ThrottledError("slow"), Culprit.ACCOUNT),
        (LoginExpiredError("gone"), Culprit.ACCOUNT),
        (AccountBannedError("gone"), Culprit.ACCOUNT),
        (RetryableError("502"), Culprit.PLATFORM),
        (RetryableError("tunnel", fault=OF_PROXY), Culprit.PROXY),
        (PlatformQuotaError("spent", MovingClock().now()), Culprit.PLATFORM),
        (UnexpectedResponseError("shape"), Culprit.OURSELVES),
        (NotFoundError("gone"), Culprit.OURSELVES),
        (BadRequestError("bad"), Culprit.OURSELVES),
    ],
)
def test_every_other_error_has_its_culprit(
    blame: Blame, error: SourceError, culprit: Culprit
) -> None:
    assert blame.judge(PLATFORM, by(1), error) is culprit


def test_servers_failures_blame_nobody_however_many(blame: Blame) -> None:
    for account in range(1, 9):
        assert blame.judge(PLATFORM, by(account), RetryableError("502")) is Culprit.PLATFORM
    assert refused(blame, by(1)) is Culprit.ACCOUNT
