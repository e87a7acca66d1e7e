"""Alerts on hourly numbers: which works do what a rule says, judged once an hour."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from core.clock import Clock
from core.errors import DatabaseError, DuplicateKeyError, InvalidInputError
from core.logs import fields, service_log
from core.messages import Message
from core.poller import database_poller
from core.supervision.internal_errors import ComponentErrors
from storage.engines.transactions import Database, Tx
from storage.schema import schema
from storage.views import crossings, days, failures, hours, identities, points, rules
from storage.views.crossings import JUDGED, LASTS_HOURS, Crossing
from storage.views.rules import RuleKind, RuleScope, RuleTerms, ViewRule
from works.hour_data.hours import HOURS_A_DAY

log = service_log("views")
POLL_SECS = 5.0
COUNTER = "views"
MAX_RULES = 200
MAX_SINGLE = 20  # more works of a rule in an hour are told together
JUDGED_BACK_HOURS = 24  # what happened before a longer stop is no news any more
COMPARED_DAYS = 7
AT_ONCE = 500
# A video that is hidden for a while, in review or refused to this region is not lost.
GONE_CODES = ("video_not_found", "video_hidden")
Seen = tuple[int, int]  # an hour, and the views in it


@dataclass(frozen=True, kw_only=True)
class HourNumbers:
    """What rules are applied to: the views of works in an hour, and those they had before.

    `gone` are the works that the platform says are lost; those that were lost an hour before are in
    `gone_before`.
    """

    hour: int
    views: Mapping[int, int]
    earlier: Mapping[int, Seen]
    gone: AbstractSet[int]
    gone_before: AbstractSet[int]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What an hour changes in the crossings of a rule."""

    rule_id: int
    begun: Sequence[Crossing] = ()
    lasting: Sequence[Crossing] = ()
    ended: Sequence[int] = ()


@dataclass(frozen=True, kw_only=True)
class NumberRules:
    """Keeps rules, and judges each hour that has ended by them, on whichever host comes first."""

    database: Database
    clock: Clock
    errors: ComponentErrors

    def run(self, stop: threading.Event) -> None:
        """Judge every few seconds what has ended, until `stop` is set; a database that is away is
        waited for."""
        poller = database_poller(clock=self.clock, poll_secs=POLL_SECS, log=log, errors=self.errors)
        poller.run(self.judge, stop)

    def every(self) -> list[ViewRule]:
        """Return all rules, oldest first."""
        return self.database.read(rules.every)

    def add(self, terms: RuleTerms) -> ViewRule:
        """Add a rule that judges the hours after the newest one.

        Raises:
            InvalidInputError: there is one that says the same, or there are MAX_RULES already.
        """
        try:
            return self.database.write(self._add, terms)
        except DuplicateKeyError as error:
            raise InvalidInputError("rule_known") from error

    def remove(self, rule_id: int) -> ViewRule:
        """Remove a rule, which ends its alerts, and return it.

        Raises:
            InvalidInputError: there is none of that id.
        """
        found = self.database.read(rules.get, rule_id)
        if found is None or not self.database.write_idempotent(rules.remove, rule_id):
            raise InvalidInputError("rule_not_found", rule_id=rule_id)
        return found

    def judge(self) -> int:
        """Judge the hours that have ended and were not judged yet; return how many works are to be
        told of.

        Raises:
            DatabaseError: the hours left are judged later.
        """
        begun = 0
        seen, due = self.database.read(_due)
        for hour in due:
            verdicts = self._verdicts(hour)
            found = self.database.write_idempotent(_record, hour, seen, verdicts)
            if found is None:
                return begun  # another host has judged it
            if found:
                log.info("%s works to tell of", fields(hour=hour, works=found))
            begun, seen = begun + found, str(hour)
        return begun

    def _verdicts(self, hour: int) -> list[Verdict]:
        """Judge an hour by every rule.

        What is not expected costs the rule that raised it this hour, and no other rule anything.

        Raises:
            DatabaseError: nothing is known of the hour.
        """
        numbers, found = self.database.read(_numbers, hour), []
        for rule in self.database.read(rules.every):
            if rule.since_hour >= hour:
                continue
            try:
                found.append(self.database.read(_verdict, rule, numbers))
            except DatabaseError:
                raise
            except Exception as error:
                log.exception("%s", fields(rule=rule.id, hour=hour))
                self.errors.settled(error)
        return found

    def _add(self, tx: Tx, terms: RuleTerms) -> ViewRule:
        if rules.count(tx) >= MAX_RULES:
            raise InvalidInputError("too_many_rules", most=MAX_RULES)
        since = hours.newest_ended(tx)
        rule_id = rules.add(tx, terms, -1 if since is None else since, self.clock.now())
        found = rules.get(tx, rule_id)
        assert found is not None
        return found


def _due(tx: Tx) -> tuple[str | None, list[int]]:
    """Return the mark of what was judged, and the hours that are due by it."""
    known = rules.every(tx)
    if not known:
        return None, []
    seen = schema.get_fact(tx, JUDGED)
    newest = hours.newest_ended(tx)
    first = max(int(seen or -1), min(rule.since_hour for rule in known))
    if newest is None or newest <= first:
        return seen, []
    return seen, hours.ended_after(tx, max(first, newest - JUDGED_BACK_HOURS))


def _record(tx: Tx, hour: int, seen: str | None, verdicts: Sequence[Verdict]) -> int | None:
    """Record an hour's verdicts; return how many works are new among them, or None when another
    process has judged an hour since the mark was `seen`."""
    schema.set_fact_once(tx, JUDGED, seen or "-1")
    schema.lock_fact(tx, JUDGED)
    if schema.get_fact(tx, JUDGED) != (seen or "-1"):
        return None
    known = {rule.id for rule in rules.every(tx)}
    for one in verdicts:
        if one.rule_id in known:
            crossings.begin(tx, one.rule_id, hour, one.begun)
            crossings.go_on(tx, one.rule_id, hour, one.lasting)
            crossings.end(tx, one.rule_id, hour, one.ended)
    schema.set_fact(tx, JUDGED, str(hour))
    return sum(len(one.begun) for one in verdicts)


def _verdict(tx: Tx, rule: ViewRule, numbers: HourNumbers) -> Verdict:
    wanted = _works_of(tx, rule)
    lasting = dict(crossings.lasting(tx, rule.id))
    match rule.kind:
        case RuleKind.PASSES:
            passed = _passed(numbers, rule.threshold, wanted)
            told = crossings.known(tx, rule.id, [one.work for one in passed])
            return Verdict(
                rule_id=rule.id,
                begun=_grouped(one for one in passed if one.work not in told),
                ended=_stale(lasting, numbers.hour),
            )
        case RuleKind.RISES:
            rising = _rising(numbers, rule.threshold, wanted)
            going = {one.work for one in rising}
            over = {work for work in lasting if work in numbers.views and work not in going}
            return Verdict(
                rule_id=rule.id,
                begun=_grouped(one for one in rising if one.work not in lasting),
                lasting=[one for one in rising if one.work in lasting],
                ended=sorted(over | set(_stale(lasting, numbers.hour)) - going),
            )
        case RuleKind.GONE:
            lost = _lost(numbers, rule.since_hour, wanted)
            return Verdict(
                rule_id=rule.id,
                begun=_grouped(
                    Crossing(work=one, value=None) for one in lost if one not in lasting
                ),
                ended=sorted(work for work in lasting if work in numbers.views),
            )


def _grouped(found: Iterable[Crossing]) -> list[Crossing]:
    """Return crossings that begin in an hour; where they are many, as ones that are told
    together."""
    known = sorted(found, key=lambda one: one.work)
    if len(known) <= MAX_SINGLE:
        return known
    return [Crossing(work=one.work, value=one.value, in_group=True) for one in known]


def _passed(numbers: HourNumbers, least: int, wanted: AbstractSet[int] | None) -> list[Crossing]:
    return [
        Crossing(work=work, value=views)
        for work, views, (_, before) in _changes(numbers, wanted)
        if before < least <= views
    ]


def _rising(numbers: HourNumbers, least: int, wanted: AbstractSet[int] | None) -> list[Crossing]:
    rates = (
        Crossing(work=work, value=(views - before) // (numbers.hour - hour))
        for work, views, (hour, before) in _changes(numbers, wanted)
    )
    return [one for one in rates if one.value is not None and one.value >= least]


def _changes(
    numbers: HourNumbers, wanted: AbstractSet[int] | None
) -> Iterator[tuple[int, int, Seen]]:
    for work, views in numbers.views.items():
        if work in numbers.earlier and (wanted is None or work in wanted):
            yield work, views, numbers.earlier[work]


def _lost(numbers: HourNumbers, since: int, wanted: AbstractSet[int] | None) -> list[int]:
    """Return the works that are lost since this hour, and had numbers when the rule was there."""
    return [
        work
        for work in sorted(numbers.gone - numbers.gone_before)
        if work in numbers.earlier and numbers.earlier[work][0] >= since
        if wanted is None or work in wanted
    ]


def _stale(lasting: Mapping[int, int], hour: int) -> list[int]:
    return sorted(work for work, newest in lasting.items() if hour - newest >= LASTS_HOURS)


def _works_of(tx: Tx, rule: ViewRule) -> AbstractSet[int] | None:
    """Return the works that a rule is about; None: all."""
    match rule.scope:
        case RuleScope.ALL:
            return None
        case RuleScope.PLATFORM:
            return frozenset(rules.works_of_platform(tx, rule.platform))
        case RuleScope.AUTHOR:
            return frozenset(rules.works_of_author(tx, rule.platform, rule.subject))
        case RuleScope.LABEL:
            return frozenset(rules.works_of_label(tx, rule.subject))
        case RuleScope.WORK:
            return frozenset(identities.ids_of(tx, [(rule.platform, rule.subject)]).values())


def _numbers(tx: Tx, hour: int) -> HourNumbers:
    views = points.known_values(tx, hour, COUNTER)
    before = hours.ended_with_numbers_before(tx, hour)
    earlier: dict[int, Seen] = {}
    gone_before: AbstractSet[int] = frozenset()
    if before is not None:
        earlier = {w: (before, v) for w, v in points.known_values(tx, before, COUNTER).items()}
        gone_before = _failed_for_good(tx, before)
    gone = (_failed_for_good(tx, hour) | frozenset(rules.lost_works(tx))) - views.keys()
    missing = sorted((views.keys() | gone) - earlier.keys())
    for start in range(0, len(missing), AT_ONCE):
        earlier |= _seen_before(tx, missing[start : start + AT_ONCE], hour)
    return HourNumbers(hour=hour, views=views, earlier=earlier, gone=gone, gone_before=gone_before)


def _seen_before(tx: Tx, works: Sequence[int], hour: int) -> dict[int, Seen]:
    """Return the newest views that works had before an hour, on its day or some days before."""
    day = hour // HOURS_A_DAY
    found = days.last_values(tx, works, day - COMPARED_DAYS, day - 1, COUNTER)
    # What an open hour has so far was not judged, and may never be.
    same_day = [at for at in hours.ended_after(tx, day * HOURS_A_DAY - 1) if at < hour]
    for row in points.series_of(tx, works, same_day, COUNTER):
        found[row["work"]] = row["hour"], row["value"]
    return found


def _failed_for_good(tx: Tx, hour: int) -> frozenset[int]:
    keys = [
        one.key
        for one in failures.of_hour(tx, hour)
        if one.is_final and Message.load(one.error).code in GONE_CODES
    ]
    return frozenset(identities.ids_of(tx, keys).values())
