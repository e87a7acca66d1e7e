"""Response rules: every answer has one, and none blames a whole platform for one answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.attribution import ANY_ENDPOINT, ANYTHING, Reaction, Rule, Scope, Signal, classify
from core.errors import Evidence, SourceError
from core.messages import Message
from sources.bilibili import response_rules as bilibili
from sources.classifier import Refusal, error_of
from sources.declared import response_rules as declared
from sources.declared.declaration import Meaning
from sources.tikhub import response_rules as tikhub
from sources.youtube import response_rules as youtube
from tests.sources.conftest import Visitor
from tests.support.moving_clock import MovingClock
from tests.support.sources.sources_servers import Said, ScriptedPlatform

MEANINGS = tuple(
    Meaning.model_validate({"reaction": reaction, "status": 418, "scope": scope})
    for reaction, scopes in declared.SCOPES.items()
    for scope in scopes
)
TABLES: dict[str, tuple[Rule, ...]] = {
    "bilibili": bilibili.RULES,
    "youtube": youtube.RULES,
    "tikhub": tikhub.RULES,
    "declared": declared.rules_of(MEANINGS),
}
MARKS = {
    "bilibili": (
        bilibili.VOUCHER,
        bilibili.EMPTY,
        bilibili.SIGN_IN_TEXT,
        bilibili.UNREADABLE,
    ),
    "youtube": (youtube.KEY_TEXT,),
    "tikhub": (tikhub.EXPLAINED, tikhub.TRY_AGAIN),
    "declared": (
        declared.NOT_GOOD,
        declared.UNREADABLE,
        declared.LOGIN_PAGE,
        *map(declared.mark_of, range(len(MEANINGS))),
    ),
}
ENDPOINTS = (*bilibili.ENDPOINTS.values(), declared.CHECK, "some/other")
STATUSES = st.one_of(st.none(), st.integers(100, 599))
CODES = st.one_of(
    st.none(),
    st.integers(-20_000, 200_000),
    st.integers(-(2**63), 2**63),
    st.sampled_from([*bilibili.GONE_REASONS, -101, -352, -412, 0]),
    st.sampled_from([*youtube.KEY_IS_UNUSABLE, *youtube.DAY_IS_SPENT, "forbidden"]),
    st.text(max_size=20),
)
PLACE = pytest.mark.parametrize("platform", TABLES)


@PLACE
@given(data=st.data())
def test_every_answer_has_one_rule_and_the_error_of_its_reaction(
    platform: str, data: st.DataObject
) -> None:
    signal = Signal(
        endpoint=data.draw(st.sampled_from(ENDPOINTS)),
        http_status=data.draw(STATUSES),
        code=data.draw(CODES),
        marks=frozenset(data.draw(st.sets(st.sampled_from(MARKS[platform])))),
    )
    rules = TABLES[platform]
    verdict = classify(rules, signal)
    [first, *_] = [rule for rule in rules if rule.fits(signal)]
    assert (verdict.scope, verdict.reaction) == (first.scope, first.reaction)
    reset = MovingClock().now()
    refusal = Refusal(message=Message.text("no"), evidence=Evidence("GET /"), resets_at=reset)
    error = error_of(verdict, refusal)
    assert isinstance(error, SourceError)
    assert error.verdict == verdict


@PLACE
def test_no_rule_of_a_platform_is_conclusive(platform: str) -> None:
    wide = (Scope.PLATFORM, Scope.ENDPOINT)
    assert [rule for rule in TABLES[platform] if rule.conclusive and rule.scope in wide] == []


@PLACE
def test_each_rule_names_its_source_and_the_last_one_fits_everything(platform: str) -> None:
    *rules, last = TABLES[platform]
    assert [rule for rule in rules if not rule.note] == []
    assert (last.endpoint, last.match, last.known) == (ANY_ENDPOINT, ANYTHING, False)


@PLACE
def test_each_rule_can_be_reached(platform: str) -> None:
    """A row that an earlier one hides would never be used."""
    seen: list[tuple[str, object]] = []
    for rule in TABLES[platform]:
        assert (rule.endpoint, rule.match) not in seen
        assert (ANY_ENDPOINT, rule.match) not in seen
        seen.append((rule.endpoint, rule.match))


@given(code=st.integers(), status=st.sampled_from([None, 200]))
def test_a_code_about_one_video_touches_nothing_else(code: int, status: int | None) -> None:
    """Only the codes that mean the same everywhere reach beyond the video."""
    signal = Signal(endpoint="view", http_status=status, code=code)
    verdict = classify(bilibili.RULES, signal)
    elsewhere = classify(bilibili.RULES, Signal(endpoint="else", http_status=status, code=code))
    assert verdict.scope is Scope.ITEM or verdict == elsewhere
    if not elsewhere.known:
        assert (verdict.scope, verdict.reaction) == (Scope.ITEM, Reaction.SKIP)
        assert not verdict.final


SECRET = "s3cr3tSESSDATA0123"
BODIES: list[Callable[[str], bytes]] = [
    lambda secret: f'{{"code":-352,"message":"{secret}"}}'.encode(),
    lambda secret: f'{{"code":-31337,"message":"{secret}"}}'.encode(),
    lambda secret: f'{{"code":0,"data":{{"v_voucher":"{secret}","other":1}}}}'.encode(),
    lambda secret: f'{{"code":0,"data":{{"numPages":3,"token":"{secret}"}}}}'.encode(),
    lambda secret: f"<html>SESSDATA={secret}</html>".encode(),
    lambda secret: f'{{"code":"{secret}"}}'.encode(),
]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("status", [200, 302, 403, 404, 412, 418, 500])
def test_no_error_holds_a_secret(
    scripted: ScriptedPlatform,
    enter: Callable[..., Visitor],
    body: Callable[[str], bytes],
    status: int,
) -> None:
    visitor = enter(scripted.url, cookies=f"SESSDATA={SECRET}")
    scripted.on_search(Said(body(SECRET), status))
    with pytest.raises(SourceError) as caught:
        visitor.search()
    assert caught.value.evidence is not None
    assert SECRET not in f"{caught.value!r} {caught.value.evidence!r} {caught.value.verdict!r}"
