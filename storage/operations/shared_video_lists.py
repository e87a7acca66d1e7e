"""The list of completions whose video was handed in before."""

from __future__ import annotations

from storage.distribution.completions import Completion
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.models.mapping import row_to
from storage.operations.listings import Numbered, Slice

EARLIER = (
    "EXISTS (SELECT 1 FROM task_completions o WHERE o.{column}=COALESCE(c.video_hash, c.link_hash)"
    " AND o.id<c.id AND {other})"
)
OTHER_TASK_OR_USER = "(o.task_id<>c.task_id OR o.user_id<>c.user_id)"
OTHER_USER_OF_TASK = "o.task_id=c.task_id AND o.user_id<>c.user_id"


def later_completions(tx: Tx, part: Slice, *, same_task: bool) -> list[Numbered[Completion]]:
    """Return completions whose video was stored before, of another user or task, newest first.

    Short links are recognised when they were resolved. The slice's times apply to the completion;
    without a beginning all completions are looked through.

    Args:
        same_task: only those that another user handed in for the same task.
    """
    other = OTHER_USER_OF_TASK if same_task else OTHER_TASK_OR_USER
    earlier = [EARLIER.format(column=name, other=other) for name in ("link_hash", "video_hash")]
    terms = [f"({' OR '.join(earlier)})"]
    source = "task_completions c"
    if part.since is not None:
        source += f" {tx.dialect.force_index('idx_task_completions_day')}"
        terms.append("c.completed_at>=:since")
    if part.until is not None:
        terms.append("c.completed_at<:until")
    if part.before is not None:
        terms.append("c.id<:before")
    rows = tx.all(
        f"SELECT c.* FROM {source} WHERE {' AND '.join(terms)} ORDER BY c.id DESC LIMIT :limit",
        limit=part.limit,
        before=part.before,
        since=to_sql(part.since) if part.since else None,
        until=to_sql(part.until) if part.until else None,
    )
    return [Numbered(row["id"], row_to(Completion, row)) for row in rows]
