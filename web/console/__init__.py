"""The admin console: one module for each page, in the order of the navigation."""

from __future__ import annotations

from fastapi import APIRouter

from web.console import (
    actions,
    alerts,
    broadcaster,
    dramas,
    exports,
    hosts,
    jobs,
    logs,
    overview,
    sign_in,
    tasks,
    videos,
    webhooks,
)
from web.console.creators import creators, report
from web.console.days import incomplete_days, settlement, shared_videos
from web.console.pool import accounts, egress, proxies
from web.console.rendering import Section

PREFIX = "/admin"


SECTIONS = (
    Section("/admin", "Overview", overview.router),
    Section("/admin/accounts", "Accounts", accounts.router),
    Section("/admin/proxies", "Proxies", proxies.router),
    Section("/admin/egress", "Routes and circuits", egress.router),
    Section("/admin/tasks", "Tasks", tasks.router),
    Section("/admin/creators", "Creators", creators.router),
    Section("/admin/exports", "Exports", exports.router),
    Section("/admin/report", "Day report", report.router),
    Section("/admin/videos", "Videos", videos.router),
    Section("/admin/dramas", "Dramas", dramas.router),
    Section("/admin/settlement", "Settlement", settlement.router),
    Section("/admin/incomplete_days", "Incomplete days", incomplete_days.router, is_listed=False),
    Section("/admin/shared_videos", "Shared videos", shared_videos.router, is_listed=False),
    Section("/admin/broadcaster", "Broadcaster", broadcaster.router),
    Section("/admin/webhooks", "Webhooks", webhooks.router),
    Section("/admin/jobs", "Jobs", jobs.router),
    Section("/admin/hosts", "Hosts", hosts.router, is_listed=False),
    Section("/admin/alerts", "Alerts", alerts.router),
    Section("/admin/actions", "Actions", actions.router),
    Section("/admin/logs", "Logs", logs.router),
)
OPEN_ROUTERS: tuple[APIRouter, ...] = (sign_in.router,)
