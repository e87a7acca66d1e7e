"""Queries on videos that several completions are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from storage.engines.transactions import Tx, in_list

# A full link has the hash of its video; a short link has one of its own, and that of its video once
# it was resolved.
OF_VIDEOS = (
    "SELECT id, task_id, link_hash AS video FROM task_completions"
    " WHERE link_hash IN ({marks}) AND video_hash IS NULL"
    " UNION ALL SELECT id, task_id, video_hash AS video FROM task_completions"
    " WHERE video_hash IN ({marks})"
)


def note_videos(tx: Tx, videos: Mapping[str, str]) -> None:
    """Store the hashes of the videos that short links lead to, by the short links' own hashes."""
    tx.execute_many(
        "UPDATE task_completions SET video_hash=:video WHERE link_hash=:link_hash"
        " AND video_hash IS NULL",
        [{"link_hash": short, "video": videos[short]} for short in sorted(videos)],
    )


def first_completions(
    tx: Tx, videos: Sequence[str], *, per_task: bool
) -> dict[tuple[str, str], tuple[str, str, str]]:
    """Return the key of the completion that was stored first, by video and task.

    Args:
        videos: hashes of videos.
        per_task: look among the completions of each task; else among all, and the task is "".
    """
    marks, names = in_list(videos)
    task = "v.task_id" if per_task else "''"
    rows = tx.all(
        "SELECT f.video, f.task, c.link_hash, c.task_id, c.user_id FROM"
        f" (SELECT v.video AS video, {task} AS task, MIN(v.id) AS id"
        f" FROM ({OF_VIDEOS.format(marks=marks)}) v GROUP BY v.video, {task}) f"
        " JOIN task_completions c ON c.id=f.id",
        **names,
    )
    return {
        (row["video"], row["task"]): (row["link_hash"], row["task_id"], row["user_id"])
        for row in rows
    }
