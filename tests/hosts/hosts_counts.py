"""What a run of three hosts has done, counted."""

from __future__ import annotations

from tests.chaos.chaos_counts import Counts

TITLES: dict[str, str] = {
    "deaths": "process deaths (kill -9)",
    "deaths_at_work": "  of those, holding a lease",
    "zombies": "zombie wake-ups (frozen longer than the lease it held)",
    "hang_ups": "terminals that were closed (SIGHUP)",
    "links_down": "links that were down",
    "one_way": "links that lost one direction",
    "database_cut": "of these, the database's own",
    "connections": "killed connections",
    "killed_queries": "statements ended by KILL QUERY",
    "lost_commit_answers": "lost answers to COMMIT",
    "lost_commits": "lost COMMIT requests",
    "lost_requests": "lost requests",
    "lost_answers": "lost answers",
    "vanished": "connections that went silent in mid-transaction",
    "stalls": "stalls of a connection",
    "hushed": "idle connections that went silent",
    "database_deaths": "database deaths (kill -9)",
    "silent_nodes": "servers that kept silent",
    "switchovers": "switchovers to the replica",
    "no_connections": "servers without a connection left",
    "lock_outs": "passwords that were another one for a while",
    "deadlocks": "deadlocks provoked",
    "held_rows": "rows of leases held by another client",
    "disk_full": "disk full",
    "vanished_folders": "folders of export files that vanished and came back",
    "data_lost": "data folders lost",
    "host_clocks": "host clocks that went a day ahead or back",
    "platform_faults": "faults of the platform ordered",
    "blocks": "blocks of the platform, or of one account",
    "outages": "outages of the platform at the full hour",
    "disabled": "accounts disabled and enabled by an operator",
    "pauses": "tasks paused and resumed by an operator",
    "rebuilds": "rebuilds that ran two at once",
    "twice": "operations begun on two hosts at once",
    "refused_twice": "  of those, refused on one",
    "operator_in_vain": "requests of the operator that a fault met",
    "restarts": "processes started",
    "starts_refused": "processes that did not start under a fault",
    "hours": "hours played",
    "hours_complete": "  complete",
    "hours_told": "  not complete, with an alert and its reason",
    "hours_retried": "  tried again within the hour",
    "hours_skipped": "hours in which nothing ran",
    "midnights": "midnights",
    "points": "numbers of works, each equal to an answer",
    "files": "files of hours, equal on all hosts",
    "segments": "sealed export files",
    "downloads": "downloads of them through every console",
    "rows": "creators exported",
    "leases_lost": "leases lost, each with its cause",
    "parts_left": "part files left on a host whose work another took over",
    "files_left": "  and finished ones",
    "tasks_failed": "tasks failed by answers of the platform, and resumed",
    "passing_failures": "tasks failed for a passing cause",
    "ended": "processes that ended by themselves",
    "faults": "faults in all",
    "violations": "violations",
}
FAULTS = (
    *("deaths", "zombies", "hang_ups", "links_down", "one_way", "connections", "killed_queries"),
    *("lost_commit_answers", "lost_commits", "lost_requests", "lost_answers", "vanished"),
    *("stalls", "hushed", "database_deaths", "silent_nodes", "switchovers", "no_connections"),
    *("lock_outs", "deadlocks", "held_rows", "disk_full", "vanished_folders", "data_lost"),
    *("host_clocks", "platform_faults", "blocks", "outages", "disabled", "pauses", "rebuilds"),
    *("twice", "hours_skipped"),
)


class HostsCounts(Counts):
    """Counters by the names above."""

    titles = TITLES
    names_of_faults = FAULTS


def table(counts: HostsCounts) -> str:
    """Return the counters, one a line."""
    return "\n".join(f"{title:<62}{counts[name]:>8,}" for name, title in TITLES.items())
