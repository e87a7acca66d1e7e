"""Queries on `view_works`: the numbers by which the other tables name works."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from storage.engines.transactions import Tx, in_list

Key = tuple[str, str]  # platform and work id
AT_ONCE = 500
T = TypeVar("T")


def ids_of(tx: Tx, keys: Iterable[Key]) -> dict[Key, int]:
    """Return the ids of those of the works that have one."""
    found: dict[Key, int] = {}
    for platform, work_ids in _by_platform(keys):
        marks, names = in_list(work_ids)
        rows = tx.all(
            f"SELECT id, work_id FROM view_works WHERE platform=:platform AND work_id IN ({marks})",
            platform=platform,
            **names,
        )
        found |= {(platform, row["work_id"]): row["id"] for row in rows}
    return found


def ensure(tx: Tx, keys: Iterable[Key]) -> dict[Key, int]:
    """Give an id to each work that has none; return the ids of all."""
    wanted = sorted(set(keys))
    found = ids_of(tx, wanted)
    missing = [key for key in wanted if key not in found]
    if not missing:
        return found
    tx.execute_many(
        "INSERT INTO view_works (platform, work_id) VALUES (:platform, :work_id)"
        f" {tx.dialect.on_conflict_ignore('platform, work_id')}",
        [{"platform": platform, "work_id": work_id} for platform, work_id in missing],
    )
    return found | ids_of(tx, missing)


def keys_of(tx: Tx, ids: Iterable[int]) -> dict[int, Key]:
    """Return platform and work id by the ids of works."""
    found: dict[int, Key] = {}
    for part in _parts(list(ids)):
        marks, names = in_list(part)
        rows = tx.all(
            f"SELECT id, platform, work_id FROM view_works WHERE id IN ({marks})", **names
        )
        found |= {row["id"]: (row["platform"], row["work_id"]) for row in rows}
    return found


def all_keys(tx: Tx) -> Mapping[int, Key]:
    """Return platform and work id of every work, by id."""
    rows = tx.all("SELECT id, platform, work_id FROM view_works")
    return {row["id"]: (row["platform"], row["work_id"]) for row in rows}


def highest_id(tx: Tx) -> int:
    """Return the highest id of a work; 0 without works."""
    return tx.number("SELECT MAX(id) FROM view_works")


def _by_platform(keys: Iterable[Key]) -> Iterator[tuple[str, list[str]]]:
    grouped: dict[str, list[str]] = {}
    for platform, work_id in keys:
        grouped.setdefault(platform, []).append(work_id)
    for platform, work_ids in grouped.items():
        for part in _parts(work_ids):
            yield platform, part


def _parts(values: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]
