"""Add and remove rules of alerts on hourly numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from works.hourly.rule_requests import RuleRequest, sentence_of

if TYPE_CHECKING:
    from storage.views.rules import ViewRule
    from web.audit_log import AuditLog, Principal
    from works.hourly.rules import NumberRules


@dataclass(frozen=True, kw_only=True)
class NumberRuleUseCases:
    """Adds and removes rules; each call is recorded in the log of actions."""

    rules: NumberRules
    audit: AuditLog

    def every(self) -> list[ViewRule]:
        """Return all rules, oldest first."""
        return self.rules.every()

    def add(self, who: Principal, request: RuleRequest) -> ViewRule:
        """Add a rule; hours that are complete already are not judged by it.

        Raises:
            InvalidInputError: there is one that says the same, or too many.
        """
        terms = request.terms
        with self.audit.action(who, "view_rule.add", sentence_of(terms)):
            return self.rules.add(terms)

    def remove(self, who: Principal, rule_id: int) -> ViewRule:
        """Remove a rule, which ends its alerts, and return it.

        Raises:
            InvalidInputError: there is none of that id.
        """
        with self.audit.action(who, "view_rule.remove", str(rule_id)):
            return self.rules.remove(rule_id)
