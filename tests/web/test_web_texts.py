"""Every text of the console is there in Chinese, with the same parts to fill in."""

from __future__ import annotations

import re
from pathlib import Path

from presentation.i18n.catalogue.zh.by_english.console import CHINESE
from storage.crawling.job_runs import JobCause, RunState
from storage.distribution.deliveries import DeliveryKind, DeliveryState
from storage.models.accounts import Health
from storage.models.segments import SegmentState
from web.console import SECTIONS
from web.console.days.shared_videos import RULES
from web.console.export_form import ORDERS
from web.console.language import LABELS
from web.console.list_view import RANGES
from web.console.operations import KINDS
from web.console.videos import LINES
from works.hourly.gaps import HourState

WEB = Path(__file__).resolve().parents[2] / "web"
PARTS = re.compile(r"\{(\w*)\}")


def said() -> set[str]:
    """Texts that templates and pages say word for word."""
    found: set[str] = set()
    for template in WEB.glob("templates/*.html"):
        found |= set(re.findall(r"\bt\('((?:[^'])+)'[,)]", template.read_text(encoding="utf-8")))
    for page in WEB.glob("console/*.py"):
        text = page.read_text(encoding="utf-8")
        found |= set(re.findall(r"\b(?:say|again)\(\s*\"([^\"]+)\"", text))
    return found


def test_every_text_has_its_chinese() -> None:
    enums = (Health, SegmentState, RunState, JobCause, DeliveryState, DeliveryKind, HourState)
    wanted = said()
    assert len(wanted) > 120
    wanted |= {member.value for enum in enums for member in enum if member != HourState.EXPECTED}
    wanted |= {section.title for section in SECTIONS} | {f"last {name}" for name in RANGES}
    wanted |= {text for kind in KINDS.values() for text in (kind.title, kind.result)}
    wanted |= set(LINES.values()) | set(ORDERS.values()) | set(LABELS.values())
    wanted |= set(RULES.values())
    assert wanted - set(CHINESE) == set()


def test_a_translation_fills_in_the_same_parts() -> None:
    assert len(CHINESE) > 500
    other = [
        (english, chinese)
        for english, chinese in CHINESE.items()
        if sorted(PARTS.findall(english)) != sorted(PARTS.findall(chinese))
    ]
    assert other == []
