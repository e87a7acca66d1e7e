"""With which task a round begins: with the first that the last round had no time for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from storage.distribution.distribution_tasks import DramaFields


def in_turn(dramas: Sequence[DramaFields], begins: Mapping[str, str]) -> list[DramaFields]:
    """Each platform's tasks by their ids, from the one that it begins with round to the one before
    it. `begins` has task ids by platform; a platform that is not in it begins with its first."""

    def turn(one: DramaFields) -> tuple[bool, str]:
        return one.task_id < begins.get(one.platform or "", ""), one.task_id

    return sorted(dramas, key=turn)


def next_begins(ordered: Sequence[DramaFields], left: Collection[str]) -> dict[str, str]:
    """The first task of each platform that was left, in the order of this round."""
    begins: dict[str, str] = {}
    for one in ordered:
        if one.task_id in left:
            begins.setdefault(one.platform or "", one.task_id)
    return begins
