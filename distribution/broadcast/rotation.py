"""The order of tasks in a round: each platform starts with the first task that was postponed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from storage.distribution.distribution_tasks import DramaFields


def rotate(dramas: Sequence[DramaFields], starts: Mapping[str, str]) -> list[DramaFields]:
    """Return the tasks of each platform sorted by id, rotated so that its start comes first.

    Args:
        starts: by platform the task id to start with; a platform without one starts with its first.
    """

    def position(drama: DramaFields) -> tuple[bool, str]:
        return drama.task_id < starts.get(drama.platform or "", ""), drama.task_id

    return sorted(dramas, key=position)


def next_starts(ordered: Sequence[DramaFields], postponed: Collection[str]) -> dict[str, str]:
    """Return for each platform the task id that the next round starts with.

    It is the first postponed one in the order of this round; platforms without one are absent. Pass
    the result to `rotate` as `starts`.
    """
    starts: dict[str, str] = {}
    for drama in ordered:
        if drama.task_id in postponed:
            starts.setdefault(drama.platform or "", drama.task_id)
    return starts
