"""The settings of Baton, each with its environment name, default, limits and description."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.clock import DEFAULT_ZONE
from core.settings.field_types import (
    MAX_SECS,
    CronSetting,
    DelaysSetting,
    EgressNameSetting,
    FileModeSetting,
    ListSetting,
    NetworksSetting,
    PaceSetting,
    RootPathSetting,
    UrlSetting,
    ZoneSetting,
)
from core.settings.pace import Pace


def _setting(default: Any, env: str, description: str, **limits: float) -> Any:
    return Field(default, validation_alias=env, description=description, **limits)  # type: ignore[call-overload]


def _secs(default: float, env: str, description: str, **limits: float) -> Any:
    return _setting(default, env, description, **limits, le=MAX_SECS)


def _retention_days(days: int, env: str, what: str) -> Any:
    return _setting(days, env, f"days for which {what} are kept; 0: for ever", ge=0, le=36_500)


class Settings(BaseSettings):
    """The settings of one process; `validation_alias` is the environment name of a field."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
        arbitrary_types_allowed=True,
        allow_inf_nan=False,
    )

    database_url: SecretStr = _setting(
        SecretStr("sqlite:///data/baton.db"),
        "DATABASE_URL",
        "`sqlite:///PATH` or `mysql://USER:PASSWORD@HOST:3306/DATABASE`",
    )
    data_dir: Path = _setting(
        Path("data"), "BATON_DATA_DIR", "exports, evidence and the key file lie here"
    )
    log_dir: Path = _setting(Path("logs"), "BATON_LOG_DIR", "one log file per service and day")
    files_mode: FileModeSetting = _setting(
        "0640", "BATON_FILES_MODE", "mode of exports, views and logs; folders have `x` besides"
    )
    files_group: str | None = _setting(
        None,
        "BATON_FILES_GROUP",
        "group of exports, views and logs, by name or number; unset: the process's own",
    )
    sources_dir: Path = _setting(
        Path("sources.d"), "BATON_SOURCES_DIR", "files that describe more platforms lie here"
    )
    secret_key: SecretStr | None = _setting(
        None,
        "BATON_SECRET_KEY",
        "Fernet keys, comma-separated, newest first; unset: a key file in the data folder",
    )
    egress_name: EgressNameSetting | None = _setting(
        None,
        "BATON_EGRESS_NAME",
        "this host's address in `direct@NAME`; unset: 8 digits of the machine's id",
    )
    language: Literal["auto", "en", "zh"] = _setting(
        "auto", "BATON_LANGUAGE", "`en`, `zh` or `auto` (from the locale)"
    )
    quota_timezone: ZoneSetting = _setting(
        DEFAULT_ZONE, "BATON_QUOTA_TIMEZONE", "zone in which the quota day turns"
    )
    daily_export_limit: int = _setting(
        4000, "BATON_DAILY_EXPORT_LIMIT", "export quota of accounts added from now on", ge=0
    )
    lease_secs: float = _secs(
        30.0, "BATON_LEASE_SECS", "a dead worker's work is taken over after this", ge=1
    )
    stalled_after_secs: float = _secs(
        900.0,
        "BATON_STALLED_AFTER_SECS",
        "work that shows no sign of life for so long is an alert",
        ge=60,
    )
    poll_secs: float = _secs(
        1.0, "BATON_POLL_SECS", "how often an idle worker looks for work", gt=0
    )
    pages_per_task: int = _setting(
        10,
        "BATON_PAGES_PER_TASK",
        "pages of one crawl piece; larger where a crawl would have over 500 pieces",
        ge=1,
    )
    task_attempts: int = _setting(
        10, "BATON_TASK_ATTEMPTS", "failures in a row before a task is failed", ge=1
    )
    export_batch_rows: int = _setting(
        500, "BATON_EXPORT_BATCH_ROWS", "rows of one export transaction", ge=1, le=5000
    )
    export_file_rows: int = _setting(
        100_000, "BATON_EXPORT_FILE_ROWS", "rows of one export file at most", ge=1
    )
    export_idle_secs: float = _secs(
        60.0,
        "BATON_EXPORT_IDLE_SECS",
        "an export that waits for rows or its account keeps its file open this long",
        ge=0,
    )
    database_patience_secs: float = _secs(
        120.0, "BATON_DATABASE_PATIENCE_SECS", "how long services wait for a lost database", ge=0
    )
    request_timeout_secs: float = _secs(
        15.0, "BATON_REQUEST_TIMEOUT_SECS", "for one answer of a platform", gt=0
    )
    answer_timeout_secs: float = _secs(
        30.0,
        "BATON_ANSWER_TIMEOUT_SECS",
        "for a whole answer of a platform, to its last byte; TikHub: at least 60",
        gt=0,
    )
    request_attempts: int = _setting(
        3, "BATON_REQUEST_ATTEMPTS", "tries of one request before the task steps back", ge=1
    )
    throttle_cooldown_secs: float = _secs(
        60.0, "BATON_THROTTLE_COOLDOWN_SECS", "rest after a throttle, doubled each time", ge=0
    )
    session_warning_days: float = _setting(
        3.0,
        "BATON_SESSION_WARNING_DAYS",
        "alert that long before a session ends by itself; 0: never",
        ge=0,
        le=365,
    )
    notify_urls: SecretStr | None = _setting(
        None, "BATON_NOTIFY_URLS", "where alerts are sent: apprise URLs, separated by spaces"
    )
    digest_enabled: bool = _setting(
        True, "BATON_DIGEST_ENABLED", "`false`: the channels get no daily digest"
    )
    digest_schedule: CronSetting = _setting(
        "0 9 * * *",
        "BATON_DIGEST_SCHEDULE",
        "when the digest of the day before is sent (cron, quota zone)",
    )
    risk_cooldown_secs: float = _secs(
        900.0, "BATON_RISK_COOLDOWN_SECS", "rest after a risk check, doubled each time", ge=0
    )
    breaker_accounts: int = _setting(
        3, "BATON_BREAKER_ACCOUNTS", "accounts refused in a row that stop a platform", ge=1
    )
    inbox: Path | None = _setting(
        None,
        "BATON_INBOX",
        "the drop folder of works; unset: `spider/inbox` in the data folder",
    )
    works_owner: Literal["platform", "site"] = _setting(
        "platform",
        "BATON_WORKS_OWNER",
        "`site`: platforms' answers leave title, author, time and cover of works as they are",
    )
    play_counts_batch: int = _setting(
        10, "BATON_PLAY_COUNTS_BATCH", "works asked together for play counts", ge=1, le=50
    )
    play_counts_batch_pause_secs: float = _secs(
        3.0,
        "BATON_PLAY_COUNTS_BATCH_PAUSE_SECS",
        "between two batches of play counts, at least",
        ge=0,
    )
    play_counts_request_pause_secs: float = _secs(
        1.0,
        "BATON_PLAY_COUNTS_REQUEST_PAUSE_SECS",
        "between two requests for play counts, at least",
        ge=0,
    )
    play_counts_tries: int = _setting(
        3, "BATON_PLAY_COUNTS_TRIES", "tries of a work before it is skipped and listed", ge=1, le=10
    )
    play_counts_days: int = _setting(
        7,
        "BATON_PLAY_COUNTS_DAYS",
        "play counts younger than this are not asked again",
        ge=0,
        le=3650,
    )
    bilibili_base_url: UrlSetting = _setting(
        "https://api.bilibili.com", "BATON_BILIBILI_BASE_URL", "where Bilibili's API is"
    )
    bilibili_pace: PaceSetting = _setting(
        Pace(1, 2.5), "BATON_BILIBILI_PACE", "requests/seconds of one Bilibili account"
    )
    single_pause_min_secs: float = _secs(
        0.2,
        "BATON_SINGLE_PAUSE_MIN_SECS",
        "before a video that is asked singly, besides the pace, at least",
        ge=0,
    )
    single_pause_max_secs: float = _secs(
        0.5, "BATON_SINGLE_PAUSE_MAX_SECS", "… at most; its length is drawn at random", ge=0
    )
    bilibili_passport_url: UrlSetting = _setting(
        "https://passport.bilibili.com",
        "BATON_BILIBILI_PASSPORT_URL",
        "where Bilibili's sign-in is",
    )
    youtube_api_key: SecretStr | None = _setting(
        None, "BATON_YOUTUBE_API_KEY", "key of the YouTube Data API v3"
    )
    youtube_base_url: UrlSetting = _setting(
        "https://www.googleapis.com/youtube/v3", "BATON_YOUTUBE_BASE_URL", "where YouTube's API is"
    )
    youtube_daily_units: int = _setting(
        10_000, "BATON_YOUTUBE_DAILY_UNITS", "quota units of that key a day", ge=0
    )
    youtube_pace: PaceSetting = _setting(
        Pace(5, 1), "BATON_YOUTUBE_PACE", "requests/seconds to YouTube"
    )
    tikhub_token: SecretStr | None = _setting(
        None, "BATON_TIKHUB_TOKEN", "token of TikHub, which answers for Douyin and TikTok"
    )
    tikhub_base_url: UrlSetting = _setting(
        "https://api.tikhub.io",
        "BATON_TIKHUB_BASE_URL",
        "TikHub (in China: https://api.tikhub.dev)",
    )
    tikhub_daily_budget_usd: float = _setting(
        1.0, "BATON_TIKHUB_DAILY_BUDGET_USD", "what TikHub may cost a day (UTC)", ge=0
    )
    tikhub_price_usd: float = _setting(
        0.001, "BATON_TIKHUB_PRICE_USD", "what TikHub charges for one answer", ge=0
    )
    tikhub_pace: PaceSetting = _setting(
        Pace(8, 1), "BATON_TIKHUB_PACE", "requests/seconds to each endpoint of TikHub"
    )
    short_link_base_url: str = _setting(
        "",
        "BATON_SHORT_LINK_BASE_URL",
        "for trials: short links are asked here, as BASE/HOST/PATH; empty: where they point",
    )
    web_host: str = _setting(
        "127.0.0.1", "BATON_WEB_HOST", "address on which the console and the API listen"
    )
    web_port: int = _setting(8600, "BATON_WEB_PORT", "their port; 0: any free one", ge=0, le=65535)
    web_root_path: RootPathSetting = _setting(
        "", "BATON_WEB_ROOT_PATH", "path below which a proxy publishes them, like `/baton`"
    )
    peer_url: UrlSetting | None = _setting(
        None,
        "BATON_PEER_URL",
        "where other hosts reach the console of this one, such as `http://10.0.0.5:8600`, for "
        "its export files and logs; unset: they cannot",
    )
    web_trusted_proxies: NetworksSetting = _setting(
        (),
        "BATON_WEB_TRUSTED_PROXIES",
        "addresses or networks of proxies whose `X-Forwarded-For` is believed",
    )
    api_rows_per_day: int = _setting(
        10_000,
        "BATON_API_ROWS_PER_DAY",
        "creators that a token may read as a stream each day of the quota zone; 0: none",
        ge=0,
    )
    web_connections: int = _setting(
        128, "BATON_WEB_CONNECTIONS", "connections at a time, in all", ge=8, le=10_000
    )
    web_connections_per_address: int = _setting(
        32,
        "BATON_WEB_CONNECTIONS_PER_ADDRESS",
        "connections at a time, of one address that is no trusted proxy",
        ge=8,
        le=10_000,
    )
    views_enabled: bool = _setting(
        True, "BATON_VIEWS_ENABLED", "`false`: `run` does not ask for the hourly views"
    )
    views_schedule: CronSetting = _setting(
        "0 * * * *", "BATON_VIEWS_SCHEDULE", "when `hourly_views` runs (cron, quota zone)"
    )
    views_files: Literal["all", "json", "sqlite", "off"] = _setting(
        "all",
        "BATON_VIEWS_FILES",
        "files of hourly numbers on this host: `json` (dated files), `sqlite`, `all` or `off`",
    )
    views_keep_points_days: int = _setting(
        8,
        "BATON_VIEWS_KEEP_POINTS_DAYS",
        "days before hourly numbers are packed, a row for a work and day",
        ge=2,
        le=60,
    )
    views_keep_hours_days: int = _retention_days(
        0, "BATON_VIEWS_KEEP_HOURS_DAYS", "packed hours; the day's last numbers stay"
    )
    views_sqlite_days: int = _retention_days(
        0, "BATON_VIEWS_SQLITE_DAYS", "hourly numbers in `view_data.sqlite3`"
    )
    views_rollup_schedule: CronSetting = _setting(
        "10 4 * * *", "BATON_VIEWS_ROLLUP_SCHEDULE", "when `views_rollup` runs (cron, quota zone)"
    )
    works_export_schedule: CronSetting = _setting(
        "55 * * * *",
        "BATON_WORKS_EXPORT_SCHEDULE",
        "when `catalogue_export` runs (cron, quota zone)",
    )
    daily_stats_schedule: CronSetting = _setting(
        "0 2 * * *", "BATON_DAILY_STATS_SCHEDULE", "when `daily_stats` runs (cron, quota zone)"
    )
    daily_accounts_per_platform: bool = _setting(
        False,
        "BATON_DAILY_ACCOUNTS_PER_PLATFORM",
        "`true`: a user of two platforms is two in the `account_count` of daily reports",
    )
    incomplete_hold_tries: int = _setting(
        7,
        "BATON_INCOMPLETE_HOLD_TRIES",
        "so often a day is counted in vain before partial sums are reported, marked; 0: at once",
        ge=0,
        le=1000,
    )
    count_video_once_per: Literal["user", "task", "all"] = _setting(
        "user",
        "BATON_COUNT_VIDEO_ONCE_PER",
        "a video of several completions counts once for each user of a task, each task, or in all",
    )
    late_completions_days: int = _setting(
        7,
        "BATON_LATE_COMPLETIONS_DAYS",
        "so long after a day its late completions are still counted by themselves; 0: never",
        ge=0,
        le=366,
    )
    play_counts_enabled: bool = _setting(
        False, "AUTO_UPDATE_VIDEO_PLAYS_ENABLED", "`true`: `run` updates the play counts by itself"
    )
    play_counts_schedule: CronSetting = _setting(
        "0 2 * * *",
        "AUTO_UPDATE_VIDEO_PLAYS_SCHEDULE",
        "when `play_counts` runs (cron, quota zone)",
    )
    webhook_workers: int = _setting(
        8, "BATON_WEBHOOK_WORKERS", "threads of `run` that send reports; 0: none", ge=0, le=64
    )
    webhook_per_host: int = _setting(
        2, "BATON_WEBHOOK_PER_HOST", "requests to one host that are under way at once", ge=1
    )
    webhook_timeout_secs: float = _secs(
        15.0, "BATON_WEBHOOK_TIMEOUT_SECS", "for one whole request to a receiver", gt=0
    )
    webhook_retry_secs: DelaysSetting = _setting(
        (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0),
        "BATON_WEBHOOK_RETRY_SECS",
        "seconds from a failed attempt to the next; the last one is followed by none",
    )
    webhook_jitter: float = _setting(
        0.2, "BATON_WEBHOOK_JITTER", "share of such a delay that is added at random", ge=0, le=1
    )
    webhook_late_secs: float = _secs(
        3600.0,
        "BATON_WEBHOOK_LATE_SECS",
        "a report that waits for its receiver for so long is an alert; 0: never",
        ge=0,
    )
    webhook_allowed_hosts: ListSetting = _setting(
        (),
        "BATON_WEBHOOK_ALLOWED_HOSTS",
        "hosts (also HOST:PORT) that reports may go to although their address is private",
    )
    webhook_ca_file: Path | None = _setting(
        None,
        "BATON_WEBHOOK_CA_FILE",
        "PEM file of issuers whom receivers' certificates may have, besides the public ones",
    )

    site_name: str = _setting(
        "DramaRelayBot", "SITE_NAME", "how reports of distribution tasks name this site"
    )
    report_part_tasks: int = _setting(
        500, "BATON_REPORT_PART_TASKS", "distribution tasks of one report at most", ge=1, le=10_000
    )
    broadcast_secs: float = _secs(
        180.0, "BATON_BROADCAST_SECS", "how often active distribution tasks are broadcast", ge=10
    )

    prune_schedule: CronSetting = _setting(
        "30 3 * * *", "BATON_PRUNE_SCHEDULE", "when `prune` runs (cron, quota zone)"
    )
    keep_reports_days: int = _retention_days(
        30, "BATON_KEEP_REPORTS_DAYS", "daily and completion reports"
    )
    keep_broadcasts_days: int = _retention_days(7, "BATON_KEEP_BROADCASTS_DAYS", "broadcasts")
    keep_job_runs_days: int = _retention_days(
        90, "BATON_KEEP_JOB_RUNS_DAYS", "runs of scheduled jobs"
    )
    keep_alerts_days: int = _retention_days(180, "BATON_KEEP_ALERTS_DAYS", "alerts")
    keep_account_events_days: int = _retention_days(
        180, "BATON_KEEP_ACCOUNT_EVENTS_DAYS", "what `accounts explain` tells"
    )
    keep_web_actions_days: int = _retention_days(
        365, "BATON_KEEP_WEB_ACTIONS_DAYS", "who did what by console and API"
    )
    keep_rejected_days: int = _retention_days(
        30, "BATON_KEEP_REJECTED_DAYS", "rejected rows of the drop folder"
    )
    keep_logs_days: int = _retention_days(30, "BATON_KEEP_LOGS_DAYS", "log files and evidence")

    @property
    def quota_zone(self) -> ZoneInfo:
        return ZoneInfo(self.quota_timezone)

    @property
    def exports_dir(self) -> Path:
        return self.data_dir / "exports"

    @property
    def evidence_dir(self) -> Path:
        """Return the folder of redacted responses that could not be understood."""
        return self.data_dir / "evidence"

    @property
    def works_inbox(self) -> Path:
        """Return the drop folder: files of works that are put here are imported."""
        return self.inbox or self.data_dir / "spider" / "inbox"

    @property
    def works_list(self) -> Path:
        """Return the path of `views.json`, the published list of works."""
        return self.data_dir / "spider" / "views.json"

    @property
    def views_dir(self) -> Path:
        """Return the folder of the hourly files with the statistics of works."""
        return self.data_dir / "spider" / "views"

    @property
    def view_data_file(self) -> Path:
        """Return the path of the SQLite file with the hourly statistics of works."""
        return self.data_dir / "view_data.sqlite3"

    @property
    def key_file(self) -> Path:
        return self.data_dir / "secret.key"
