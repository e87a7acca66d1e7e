"""Scopes of a declared platform's rules, and answers that may mean a lost login."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.attribution import Scope
from core.errors import (
    LoginExpiredError,
    RetryableError,
    RiskControlError,
    SourceError,
    UnexpectedResponseError,
)
from sources.base import Via
from sources.declared.response_rules import SCOPES
from sources.local_circuits import LocalCircuits
from sources.policies import GuardedSource
from tests.support.messages import raises_saying
from tests.support.moving_clock import MovingClock
from tests.support.sources.declared_files import PLATFORM, Shopper, shopper
from tests.support.sources.sources_servers import Said
from tests.support.sources.stats_servers import ScriptedApi, scripted_api

SIGNED_OUT = '[check]\npath = "/me"\nsigned_in = "user"'
OK = Said(b'{"pages": 1, "people": [{"id": 1, "name": "a"}]}')
LOGIN = Said(b"", 302, (("Location", "https://fair.example/login?next=/people"),))
LOGIN_FORM = Said(b'<html><form><input name="p" type="password"></form></html>')
OWN_CODE = Said(b'{"code": 9001, "message": "session expired"}')
Shop = Callable[..., Shopper]


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted_api() as started:
        started.on("/people", OK)
        yield started


@pytest.fixture
def ask(tmp_path: Path, clock: MovingClock, api: ScriptedApi) -> Callable[..., SourceError]:
    """Search through the policies, and return the error and how the account is judged by it."""

    def search(text: str = PLATFORM) -> SourceError:
        visitor = shopper(tmp_path, clock, api.url, text)
        source = GuardedSource(
            source=visitor.source,
            circuits=LocalCircuits(clock=clock),
            clock=clock,
            attempts=2,
        )
        with pytest.raises(SourceError) as caught:
            source.search_creators(visitor.session, "d", 1, Via.USERS, threading.Event())
        return caught.value

    return search


def with_means(*meanings: str) -> str:
    text = PLATFORM.replace('[check]\npath = "/me"', SIGNED_OUT)
    return text + "".join(f"\n[[answers.means]]\n{meaning}\n" for meaning in meanings)


@pytest.mark.parametrize("answer", [LOGIN, Said(b"", 302), LOGIN_FORM, Said(b"<html>"), OWN_CODE])
def test_what_may_be_a_lost_login_is_settled_by_the_check(
    api: ScriptedApi, ask: Callable[..., SourceError], answer: Said
) -> None:
    text = with_means().replace("[answers]", "[answers]\ngood = \"type(pages) == 'number'\"", 1)
    api.on("/people", answer)
    # The check's own answer is good by the same condition.
    api.on("/me", Said(b'{"user": null, "pages": 1}'))
    assert type(ask(text)) is LoginExpiredError
    api.on("/me", Said(b'{"user": {"id": 7}, "pages": 1}'))
    assert type(ask(text)) is UnexpectedResponseError
    assert api.times("/me") == 2


def test_a_check_that_is_redirected_elsewhere_says_nothing(
    api: ScriptedApi, ask: Callable[..., SourceError]
) -> None:
    away = Said(b"", 302, (("Location", "https://fair.example/maintenance"),))
    api.on("/people", away)
    api.on("/me", away)
    assert type(ask()) is UnexpectedResponseError
    api.on("/me", LOGIN)
    assert type(ask()) is LoginExpiredError


@pytest.mark.parametrize(
    ("rule", "kind", "scope"),
    [
        ('reaction = "risk"\nscope = "egress"', RiskControlError, Scope.EGRESS),
        ('reaction = "risk"\nwhole_egress = true', RiskControlError, Scope.EGRESS),
        ('reaction = "throttled"\nscope = "egress"', RiskControlError, Scope.EGRESS),
        ('reaction = "risk"\nscope = "endpoint"', RiskControlError, Scope.ENDPOINT),
        ('reaction = "throttled"\nscope = "platform"', RiskControlError, Scope.PLATFORM),
        ('reaction = "risk"\nscope = "account"', RiskControlError, Scope.ACCOUNT),
        ('reaction = "retry"\nscope = "egress"', RetryableError, Scope.EGRESS),
        ('reaction = "retry"\nscope = "platform"', RetryableError, Scope.PLATFORM),
    ],
)
def test_a_rule_says_whom_its_answers_concern(
    api: ScriptedApi,
    ask: Callable[..., SourceError],
    rule: str,
    kind: type[SourceError],
    scope: Scope,
) -> None:
    api.on("/people", Said(b'{"code": 7}'))
    found = ask(with_means(f'{rule}\nwhen = "code == `7`"'))
    assert type(found) is kind
    assert found.attribution is not None and found.attribution.scope is scope


@pytest.mark.parametrize("reaction", SCOPES)
def test_a_scope_that_a_reaction_cannot_have_is_refused(
    tmp_path: Path, clock: MovingClock, reaction: str
) -> None:
    fitting = SCOPES[reaction]
    for scope in ("item", "request", "account", "egress", "endpoint", "platform"):
        text = with_means(f'reaction = "{reaction}"\nscope = "{scope}"\nstatus = 418')
        if scope in fitting:
            shopper(tmp_path, clock, "http://127.0.0.1:1", text)
            continue
        with raises_saying(Exception, f'{reaction} concerns one of "{fitting[0]}"'):
            shopper(tmp_path, clock, "http://127.0.0.1:1", text)


def test_whole_egress_beside_another_scope_is_refused(tmp_path: Path, clock: MovingClock) -> None:
    rule = 'reaction = "risk"\nscope = "platform"\nwhole_egress = true\nstatus = 418'
    with raises_saying(Exception, 'only with scope = "egress"'):
        shopper(tmp_path, clock, "http://127.0.0.1:1", with_means(rule))
