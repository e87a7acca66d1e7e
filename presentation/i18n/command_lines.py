"""Command lines for people to copy."""

from __future__ import annotations

import re
import shlex

from core.installation.program import program_name
from storage.models.tasks import TaskType


def start_command(task_type: TaskType, domain: str) -> str:
    """Return the command line that starts work on a task of that type and domain."""
    name = "start_crawl" if task_type is TaskType.INGESTION else "start_export"
    return f"{program_name()} {name} --domain {shell_word(domain)}"


def shell_word(text: str) -> str:
    """Return a text quoted for a POSIX shell where it needs quotes."""
    return text if re.fullmatch(r"\w[\w.+-]*", text) else shlex.quote(text)
