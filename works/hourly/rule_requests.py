"""Requests for rules of alerts on hourly numbers, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.clock import iso_utc
from core.errors import InvalidInputError, WrongFieldsError
from core.messages import Message
from core.requests import FieldChecks, require_text
from sources.links import VideoLink, video_named
from storage.views.rules import RuleKind, RuleScope, RuleTerms, ViewRule

MAX_THRESHOLD = 10**15
MAX_SUBJECT_CHARS = 255
MAX_PLATFORM_CHARS = 32


@dataclass(frozen=True, kw_only=True)
class RuleRequest:
    """A rule to add: what it looks for, and of which works.

    Exactly one of `passes` (views), `rises` (views an hour) and `gone` is given, and one of `work`
    (a link or an id), `author` and `label` at most; `platform` alone means all its works, and with
    an author those there. None of them: every work.

    Raises:
        WrongFieldsError: the fields do not make a rule, or one is out of its bounds.
        InvalidInputError: `work` names no video.
    """

    passes: int | None = None
    rises: int | None = None
    gone: bool = False
    work: str | None = None
    author: str | None = None
    label: str | None = None
    platform: str | None = None

    def __post_init__(self) -> None:
        checks = FieldChecks()
        self._check_kind(checks)
        named = [name for name in ("work", "author", "label") if getattr(self, name) is not None]
        if len(named) > 1:
            checks.add(named[1], Message.of("rule_of_one"))
        if self.platform is not None and self.label is not None:
            checks.add("platform", Message.of("rule_of_one"))
        for name, most in (
            ("author", MAX_SUBJECT_CHARS),
            ("label", MAX_SUBJECT_CHARS),
            ("platform", MAX_PLATFORM_CHARS),
        ):
            text = getattr(self, name)
            if text is not None:
                checks.check(name, require_text, text)
                if not 0 < len(text.strip()) <= most:
                    checks.add(name, Message.of("rule_name_wrong", most=most))
        checks.finish()
        self._scope()

    def _check_kind(self, checks: FieldChecks) -> None:
        given = [name for name in ("passes", "rises") if getattr(self, name) is not None]
        if len(given) + self.gone != 1:
            checks.add("passes", Message.of("rule_kind_wrong"))
        for name in given:
            if not 1 <= getattr(self, name) <= MAX_THRESHOLD:
                checks.add(
                    name,
                    Message.of(
                        "number_out_of_range",
                        least=1,
                        most=MAX_THRESHOLD,
                        given=getattr(self, name),
                    ),
                )

    @property
    def terms(self) -> RuleTerms:
        """Return what the rule says."""
        scope, platform, subject = self._scope()
        kind = RuleKind.GONE if self.gone else RuleKind.RISES
        if self.passes is not None:
            kind = RuleKind.PASSES
        return RuleTerms(
            kind=kind,
            threshold=self.passes or self.rises or 0,
            scope=scope,
            platform=platform,
            subject=subject,
        )

    def _scope(self) -> tuple[RuleScope, str, str]:
        platform = (self.platform or "").strip()
        if self.author is not None:
            return RuleScope.AUTHOR, platform, self.author.strip()
        if self.label is not None:
            return RuleScope.LABEL, "", self.label.strip()
        if self.work is not None:
            link = _video(self.work, platform)
            return RuleScope.WORK, link.platform, link.video_id
        return (RuleScope.PLATFORM if platform else RuleScope.ALL), platform, ""


def _video(text: str, platform: str) -> VideoLink:
    try:
        return video_named(require_text(text), platform or None)
    except InvalidInputError as error:
        raise WrongFieldsError({"work": error.message}) from error


def sentence_of(terms: RuleTerms) -> Message:
    """Return what a rule says, as a message."""
    platform, subject = terms.platform, terms.subject
    match terms.scope:
        case RuleScope.ALL:
            works = Message.of("rule_of_all")
        case RuleScope.PLATFORM:
            works = Message.of("rule_of_platform", platform=platform)
        case RuleScope.AUTHOR if platform:
            works = Message.of("rule_of_author_there", author=subject, platform=platform)
        case RuleScope.AUTHOR:
            works = Message.of("rule_of_author", author=subject)
        case RuleScope.LABEL:
            works = Message.of("rule_of_label", label=subject)
        case RuleScope.WORK:
            works = Message.of("rule_of_work", platform=platform, work_id=subject)
    return Message.of(f"rule_{terms.kind}", works=works, threshold=terms.threshold)


def rule_object(rule: ViewRule) -> dict[str, Any]:
    """Return a rule as JSON, with null for what does not apply to it."""
    return {
        "id": rule.id,
        "kind": rule.kind.value,
        "threshold": rule.threshold or None,
        "scope": rule.scope.value,
        "platform": rule.platform or None,
        "subject": rule.subject or None,
        "created_at": iso_utc(rule.created_at),
    }
