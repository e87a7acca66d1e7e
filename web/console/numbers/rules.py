"""Rules of alerts on hourly numbers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from web.console.visits import Acting, Reading, action
from web.parameters import RowId
from web.requests import NumberRule
from works.hourly.rule_requests import sentence_of

router = APIRouter(include_in_schema=False)
Typed = Annotated[str, Form(max_length=2000)]


@router.get("/alerts")
def rules(visit: Reading) -> Response:
    """Show what alerts tell of hourly numbers, and a form for one more."""
    found = visit.use_cases.number_rules.every()
    return visit.page(
        "number_rules",
        rules=[(rule, visit.language.problem(sentence_of(rule))) for rule in found],
        platforms=sorted(visit.backend.platforms.platforms),
    )


@router.post("/alerts/add")
@action
def add(
    visit: Acting,
    kind: Typed = "",
    threshold: Typed = "",
    scope: Typed = "",
    subject: Typed = "",
    platform: Typed = "",
) -> str:
    """Add a rule."""
    number = threshold.strip().replace(",", "") or None
    given = {
        "passes": number if kind == "passes" else None,
        "rises": number if kind == "rises" else None,
        "gone": kind == "gone",
        "work": subject if scope == "work" else None,
        "author": subject if scope == "author" else None,
        "label": subject if scope == "label" else None,
        "platform": platform if scope == "platform" else _platform_of(scope, platform),
    }
    rule = visit.use_cases.number_rules.add(
        visit.who, NumberRule.model_validate(given).as_request()
    )
    return visit.say(
        "Told from the next hour on: {rule}", rule=visit.language.problem(sentence_of(rule))
    )


def _platform_of(scope: str, platform: str) -> str | None:
    return (platform or None) if scope == "author" else None


@router.post("/alerts/{rule_id}/remove")
@action
def remove(rule_id: RowId, visit: Acting) -> str:
    """Remove a rule."""
    rule = visit.use_cases.number_rules.remove(visit.who, rule_id)
    return visit.say("No longer told: {rule}", rule=visit.language.problem(sentence_of(rule)))
