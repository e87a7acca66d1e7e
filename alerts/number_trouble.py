"""Find what operators want to be told of hourly numbers, from the database: the same on every
host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.causes import AlertCause
from core.clock import Clock
from storage.engines.transactions import Tx
from storage.operations.alerts import AlertKind
from storage.views import crossings
from storage.views.crossings import LASTS_HOURS, OpenCrossing
from storage.views.rules import RuleKind

LASTS = timedelta(hours=LASTS_HOURS)
MAX_SINGLES = 200
KINDS = {
    RuleKind.PASSES: AlertKind.VIEWS_PASSED,
    RuleKind.RISES: AlertKind.VIEWS_RISING,
    RuleKind.GONE: AlertKind.VIDEO_GONE,
}


@dataclass(frozen=True, kw_only=True)
class NumberTrouble:
    """Finds the works that do what a rule of the operator says.

    Args:
        begins: returns when an hour of the tables begins (UTC).
        named: returns an hour as people write it.
    """

    clock: Clock
    begins: Callable[[int], datetime]
    named: Callable[[int], str]

    def causes(self, tx: Tx) -> Iterator[AlertCause]:
        """Yield a cause for each work, and one for each group of works that are told together.

        A number that was passed, or a rise, is news for a day; a lost video until it is back.
        """
        now = self.clock.now()
        for one in (*crossings.open_singles(tx, MAX_SINGLES), *crossings.open_groups(tx)):
            if one.kind is RuleKind.GONE or self.begins(one.hour) + LASTS > now:
                yield self._cause(one)

    def _cause(self, one: OpenCrossing) -> AlertCause:
        about = f"hour:{one.since_hour}" if one.in_group else f"work:{one.work}"
        facts: dict[str, Any] = {
            "n": one.n,
            "rule": one.rule_id,
            "hour": self.named(one.hour),
            "platform": one.platform,
            "work_id": one.work_id,
            "video": one.title or one.work_id,
            "threshold": one.threshold,
        }
        if one.value is not None:
            facts["views"] = one.value
        return AlertCause(
            kind=KINDS[one.kind],
            subject=f"rule:{one.rule_id},{about}",
            facts=facts,
            since_at=self.begins(one.since_hour),
        )
