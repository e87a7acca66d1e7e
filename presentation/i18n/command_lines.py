"""Command lines for people to copy."""

from __future__ import annotations

import re
import shlex

from core.installation.program import program_name
from core.plain_text import one_line
from crawler.tasks.requests import DEFAULT_PLATFORM
from storage.models.tasks import Task, TaskType


def start_command(
    task_type: TaskType,
    domain: str,
    *,
    platform: str = DEFAULT_PLATFORM,
    keyword: str | None = None,
) -> str:
    """Return the command line that starts work on a task, or goes on with the open one.

    Args:
        keyword: what a crawl searches for; None: the domain. An open export is found without its
            choice.
    """
    name = "start_crawl" if task_type is TaskType.INGESTION else "start_export"
    line = f"{program_name()} {name} --domain {shell_word(domain)}"
    if platform != DEFAULT_PLATFORM:
        line += f" --platform {shell_word(platform)}"
    return line if keyword is None else f"{line} --keyword {shell_word(keyword)}"


def going_on_command(task: Task) -> str:
    """Return the command line that goes on with an open task, as one line."""
    keyword = None if task.keyword is None else one_line(task.keyword)
    return start_command(
        task.task_type, one_line(task.domain), platform=task.platform, keyword=keyword
    )


def shell_word(text: str) -> str:
    """Return a text quoted for a POSIX shell where it needs quotes."""
    return text if re.fullmatch(r"\w[\w.+-]*", text) else shlex.quote(text)
