"""Crawls, exports, tasks, plans."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {}

ADVICE: dict[str, dict[str, Forms]] = {"terminal": {}, "console": {}, "api": {}}

MESSAGES |= {
    # what may be asked of crawls, exports and labels
    "domain_malformed": "1 to {max_letters} characters without control characters",
    "limit_with_lanes": "limit counts rows of one lane",
    "domain_unknown": "nothing is known of domain {domain!r} on {platform}",
    "domain_unknown_there": (
        "nothing is known of domain {domain!r} on {platform} (known: {known})"
    ),
    "piece_not_labelled": "task {task_id} is a piece of task {parent_id}",
    "task_not_found": "no task has the id {task_id}",
}

ADVICE["terminal"] |= {
    "limit_with_lanes": "leave --workers at 1",
    "domain_unknown": "crawl it first with: python cli.py start_crawl --domain {domain!r}",
    "domain_unknown_there": "crawl it first with: python cli.py start_crawl --domain {domain!r}",
    "piece_not_labelled": "label that one",
    "task_not_found": "see: python cli.py tasks list",
}
ADVICE["console"] |= {
    "limit_with_lanes": "leave “Accounts side by side” at 1",
    "domain_unknown": "crawl it first",
    "domain_unknown_there": "crawl it first",
    "piece_not_labelled": "label that one",
    "task_not_found": "see the page Tasks",
}
ADVICE["api"] |= {
    "limit_with_lanes": "leave lanes at 1",
    "domain_unknown": "crawl it first with POST /api/v1/tasks/crawl",
    "domain_unknown_there": "crawl it first with POST /api/v1/tasks/crawl",
    "piece_not_labelled": "label that one",
    "task_not_found": "see GET /api/v1/tasks",
}
