"""Facts of alerts that are messages, for people and for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from alerts.serialization import alert_object
from core.messages import Message
from presentation.i18n.alert_messages import AlertRenderer
from presentation.i18n.renderer import ENGLISH_RENDERER, renderer_for
from storage.operations.alerts import Alert, AlertKind

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EXPIRED = Message.of("session_expired", cause="code -101").dump()


def disabled(reason: str) -> Alert:
    return Alert(
        id=1,
        kind=AlertKind.ACCOUNT_DISABLED,
        subject="account:1",
        facts={"account": "acc1", "platform": "bilibili", "reason": reason},
        until_at=None,
        raised_at=NOW,
        well_since=None,
        calm_secs=300,
        resolved_at=None,
    )


@pytest.mark.parametrize(
    ("language", "said"), [("en", "session expired (code -101)"), ("zh", "会话过期（code -101）")]
)
def test_a_reason_is_in_the_readers_language_with_the_way_to_sign_in(
    language: str, said: str
) -> None:
    renderer = AlertRenderer(renderer_for(language, ZoneInfo("Asia/Shanghai")))
    alert = disabled(EXPIRED)
    assert said in renderer.headline(alert)
    assert "accounts import acc1" in renderer.advice(alert)


def test_programs_read_the_code_of_a_reason() -> None:
    facts = alert_object(disabled(EXPIRED), ENGLISH_RENDERER.text)["facts"]
    assert facts["account"] == "acc1"
    assert facts["reason"] == "session expired (code -101)"
    assert facts["reason_code"] == "session_expired"
    assert facts["reason_params"] == {"cause": "code -101"}
