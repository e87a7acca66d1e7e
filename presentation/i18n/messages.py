"""Every text of the console and the summaries, in both languages."""

from __future__ import annotations

import locale
from collections.abc import Mapping
from dataclasses import dataclass

from storage.crawling.job_runs import RunState
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus, TaskType, WaitingFor

HOUR_SECS, MINUTE_SECS = 3600, 60


@dataclass(frozen=True)
class Texts:
    """User-facing words of one language. `nouns` are for one and for several."""

    accounts: str
    account: str
    task: str
    state: str
    quota: str
    progress: str
    rate: str
    note: str
    of_pages: str
    new: str
    rows_waiting: str
    until: str
    now_and_day_end: str
    today: str
    done_in: str
    no_accounts: str
    no_tasks: str
    more: str
    draining: str
    sealed: str
    spent: str
    stopped_state: str
    nobody: str
    ended: str
    ended_failed: str
    no_creators: str
    interrupted: str
    stopped: str
    task_paused: str
    task_failed: str
    all_spent: str
    person_needed: str
    demo_done: str
    verify_passed: str
    verify_failed: str
    login_scan: str
    login_scanned: str
    login_expired: str
    login_again: str
    login_stopped: str
    login_given_up: str
    nouns: Mapping[str, tuple[str, str]]
    durations: Mapping[str, str]
    account_states: Mapping[AccountStatus, str]
    task_states: Mapping[TaskStatus, str]
    task_types: Mapping[TaskType, str]
    job_states: Mapping[RunState, str]
    rates: Mapping[TaskType, str]
    waits: Mapping[WaitingFor, str]
    event_kinds: Mapping[str, str]
    reasons: Mapping[str, str]

    def count(self, noun: str, number: int) -> str:
        """`1 file`, `2,000 files`."""
        one, several = self.nouns[noun]
        return (one if number == 1 else several).format(n=f"{number:,}")

    def duration(self, secs: float) -> str:
        """A time to go, no more exact than it can be known."""
        if secs < MINUTE_SECS:
            return self.durations["secs"].format(n=max(5, round(secs / 5) * 5))
        minutes = round(secs / MINUTE_SECS)
        if minutes < MINUTE_SECS:
            return self.durations["minutes"].format(n=minutes)
        hours, rest = divmod(minutes, 60)
        return self.durations["hours"].format(n=f"{hours:,}", minutes=rest)


ENGLISH = Texts(
    accounts="Accounts",
    account="account",
    task="task",
    state="state",
    quota="export quota today",
    progress="progress",
    rate="rate",
    note="note",
    of_pages="{done}/{all} pages",
    new="new",
    rows_waiting="{n} waiting",
    until="until",
    now_and_day_end="{now} {zone} · quota day turns at {end}",
    today="today {exported} exported, {left} left in {accounts}",
    done_in="{kind} done in ~{time}",
    no_accounts="no accounts yet; add one with: python cli.py accounts import NAME FILE",
    no_tasks="no open tasks",
    more="and {n} more: {counts}",
    draining="finishing the pages and files in hand ... (Ctrl-C again: stop at once)",
    sealed="sealed {rows}  {file}",
    spent="spent",
    stopped_state="stopped",
    nobody="no process works on it; go on with: {command}",
    ended="{kind} {domain} done, {count}",
    ended_failed="{kind} {domain} failed: {error}",
    no_creators="the platform has no creators for '{domain}'; check the spelling",
    interrupted="interrupted; the same command goes on from here",
    stopped="stopped; everything is handed back",
    task_paused="task {id} is paused; go on with: python cli.py tasks resume {id}",
    task_failed="task {id} failed: {error}",
    all_spent=(
        "all accounts have used up their quota of the day; the export goes on at {until}:"
        " run the same command then, or leave `python cli.py run` running (or give --wait)"
    ),
    person_needed=(
        "{reason}; see `python cli.py accounts list`, then enable one or import a fresh session."
        " The task stays open."
    ),
    demo_done="{exported} of {creators} of {domain} exported by {accounts}:",
    verify_passed="verify: passed",
    verify_failed="verify: FAILED: {problems}",
    login_scan=(
        "Scan it with the Bilibili app and confirm, within {secs} s. If it does not fit the window,"
        " make the window wider, or open this address on the phone: {url}"
    ),
    login_scanned="scanned; now confirm on the phone",
    login_expired="the code has expired; here is a new one",
    login_again="asking again",
    login_stopped="sign-in stopped; nothing was changed",
    login_given_up="nobody confirmed {codes} codes in a row; start again when the phone is at hand",
    nouns={
        "account": ("{n} account", "{n} accounts"),
        "page": ("{n} page", "{n} pages"),
        "creator": ("{n} creator", "{n} creators"),
        "row": ("{n} row", "{n} rows"),
        "file": ("{n} file", "{n} files"),
    },
    durations={"secs": "{n} s", "minutes": "{n} min", "hours": "{n} h {minutes} min"},
    account_states={
        AccountStatus.IDLE: "idle",
        AccountStatus.INGESTING: "crawling",
        AccountStatus.EXPORTING: "exporting",
        AccountStatus.DISABLED: "disabled",
    },
    task_states={
        TaskStatus.PENDING: "pending",
        TaskStatus.IN_PROGRESS: "running",
        TaskStatus.PAUSED: "paused",
        TaskStatus.COMPLETED: "done",
        TaskStatus.FAILED: "failed",
    },
    task_types={TaskType.INGESTION: "crawl", TaskType.EXPORT: "export"},
    job_states={
        RunState.RUNNING: "begun",
        RunState.SUCCEEDED: "done",
        RunState.FAILED: "failed",
        RunState.MISSED: "missed",
    },
    rates={TaskType.INGESTION: "{n} creators/s", TaskType.EXPORT: "{n} rows/s"},
    waits={
        WaitingFor.ACCOUNT: "waits for an account",
        WaitingFor.QUOTA: "waits for the next quota day",
        WaitingFor.ROWS: "waits for creators",
        WaitingFor.PLATFORM: "platform trouble, tries again",
        WaitingFor.DISK: "cannot write, tries again",
    },
    event_kinds={
        "hand_over": "hand-over",
        "cooldown": "rests",
        "disabled": "disabled",
        "enabled": "enabled",
        "added": "added",
        "limit_changed": "limit changed",
        "session_replaced": "new session",
        "suspect": "suspect, rests",
        "probation": "on probation",
        "recovered": "healthy again",
        "spared": "not its fault",
        "session_checked": "session checked",
    },
    reasons={
        "expired": "session expired: import again",
        "banned": "banned by the platform",
        "credentials": "secrets cannot be used: import again",
        "throttled": "throttled",
        "risk": "risk control",
        "operator": "by the operator",
        "new_session": "imported",
        "limit": "limit {rows} a day",
        "limit_changed": "from {before} to {rows} a day",
        "hand_over": "quota of {day} used up by {domain}, last id {last}",
        "no_account": "no account for {platform}",
        "only_disabled": "the only account is disabled",
        "all_disabled": "all {n} accounts are disabled",
        "no_quota": "no account has an export quota",
        "given_back": "an account was just given back",
        "busy": "{accounts} busy",
        "cooling": "{accounts} cooling down",
        "spent": "{accounts} without quota on {day}",
        "turn": "{accounts} waiting for the next turn",
        "also_disabled": "; {accounts} disabled",
        "proxy": "its proxy does not let it through",
        "probe_passed": "the probe passed",
        "recovered": "after {good} good answers",
        "left_alone": "{platform} is left alone for {secs} s after risk control",
        "no_answer": "no answer",
        "server_error": "server error",
        "quota_reset": "{day} begins: {accounts} with a new quota, {tasks} tasks woken",
        "sessions": "{accounts} looked at",
    },
)

CHINESE = Texts(
    accounts="账号",
    account="账号",
    task="任务",
    state="状态",
    quota="今日导出额度",
    progress="进度",
    rate="速率",
    note="备注",
    of_pages="{done}/{all} 页",
    new="新增",
    rows_waiting="{n} 行待导出",
    until="至",
    now_and_day_end="{now} {zone} · 额度日切换于 {end}",
    today="今日已导出 {exported} 行，{accounts}尚余 {left} 行",
    done_in="{kind}约 {time}后完成",
    no_accounts="还没有账号；添加：python cli.py accounts import 名称 文件",
    no_tasks="没有进行中的任务",
    more="另有 {n} 个：{counts}",
    draining="正在完成手头的页面与文件……（再按 Ctrl-C 立即停止）",
    sealed="已封存 {rows}  {file}",
    spent="已用完",
    stopped_state="已停止",
    nobody="没有进程在处理；继续请执行：{command}",
    ended="{kind} {domain} 完成，{count}",
    ended_failed="{kind} {domain} 失败：{error}",
    no_creators="平台上没有“{domain}”的达人；请检查拼写",
    interrupted="已中断；再次执行同一命令即从此处继续",
    stopped="已停止；所有任务与账号均已交还",
    task_paused="任务 {id} 已暂停；继续请执行：python cli.py tasks resume {id}",
    task_failed="任务 {id} 失败：{error}",
    all_spent=(
        "所有账号当日额度均已用完；导出将于 {until} 继续：届时再次执行同一命令，"
        "或让 `python cli.py run` 保持运行（或使用 --wait）"
    ),
    person_needed=(
        "{reason}；请查看 `python cli.py accounts list`，启用账号或导入新的会话。任务保持打开。"
    ),
    demo_done="{domain} 的 {creators}已由 {accounts}导出 {exported} 位：",
    verify_passed="校验：通过",
    verify_failed="校验：失败：{problems}",
    login_scan=(
        "请在 {secs} 秒内用哔哩哔哩客户端扫码并确认。若窗口放不下二维码，请拉宽窗口，"
        "或在手机上打开此地址：{url}"
    ),
    login_scanned="已扫码，请在手机上确认",
    login_expired="二维码已过期，这是新的二维码",
    login_again="稍后再问",
    login_stopped="登录已停止，未作任何更改",
    login_given_up="连续 {codes} 个二维码均未确认；请准备好手机后重试",
    nouns={
        "account": ("{n} 个账号", "{n} 个账号"),
        "page": ("{n} 页", "{n} 页"),
        "creator": ("{n} 位达人", "{n} 位达人"),
        "row": ("{n} 行", "{n} 行"),
        "file": ("{n} 个文件", "{n} 个文件"),
    },
    durations={"secs": "{n} 秒", "minutes": "{n} 分钟", "hours": "{n} 小时 {minutes} 分钟"},
    account_states={
        AccountStatus.IDLE: "空闲",
        AccountStatus.INGESTING: "抓取中",
        AccountStatus.EXPORTING: "导出中",
        AccountStatus.DISABLED: "已禁用",
    },
    task_states={
        TaskStatus.PENDING: "待处理",
        TaskStatus.IN_PROGRESS: "进行中",
        TaskStatus.PAUSED: "已暂停",
        TaskStatus.COMPLETED: "已完成",
        TaskStatus.FAILED: "失败",
    },
    task_types={TaskType.INGESTION: "抓取", TaskType.EXPORT: "导出"},
    job_states={
        RunState.RUNNING: "开始",
        RunState.SUCCEEDED: "完成",
        RunState.FAILED: "失败",
        RunState.MISSED: "错过",
    },
    rates={TaskType.INGESTION: "{n} 位/秒", TaskType.EXPORT: "{n} 行/秒"},
    waits={
        WaitingFor.ACCOUNT: "等待账号",
        WaitingFor.QUOTA: "等待下一个额度日",
        WaitingFor.ROWS: "等待达人入库",
        WaitingFor.PLATFORM: "平台故障，稍后重试",
        WaitingFor.DISK: "无法写入，稍后重试",
    },
    event_kinds={
        "hand_over": "交棒",
        "cooldown": "休息",
        "disabled": "禁用",
        "enabled": "启用",
        "added": "添加",
        "limit_changed": "调整额度",
        "session_replaced": "新会话",
        "suspect": "可疑，休息",
        "probation": "观察期",
        "recovered": "恢复正常",
        "spared": "与账号无关",
        "session_checked": "会话检查",
    },
    reasons={
        "expired": "会话过期：请重新导入",
        "banned": "被平台封禁",
        "credentials": "凭据无法使用：请重新导入",
        "throttled": "被限流",
        "risk": "遇到风控",
        "operator": "由操作者执行",
        "new_session": "已导入",
        "limit": "每日 {rows} 行",
        "limit_changed": "每日 {before} 行改为 {rows} 行",
        "hand_over": "{day} 的额度已由 {domain} 用完，最后 id {last}",
        "no_account": "{platform} 没有账号",
        "only_disabled": "唯一的账号已禁用",
        "all_disabled": "{accounts}全部已禁用",
        "no_quota": "没有账号有导出额度",
        "given_back": "刚有账号交还",
        "busy": "{accounts}正在使用",
        "cooling": "{accounts}正在休息",
        "spent": "{accounts}已用完 {day} 的额度",
        "turn": "{accounts}正等待下一次轮到",
        "also_disabled": "；另有{accounts}已禁用",
        "proxy": "其代理无法通过",
        "probe_passed": "探测通过",
        "recovered": "连续 {good} 次正常应答",
        "left_alone": "遇到风控，{secs} 秒内不访问 {platform}",
        "no_answer": "没有应答",
        "server_error": "服务器错误",
        "quota_reset": "{day} 开始：{accounts}恢复额度，唤醒 {tasks} 个任务",
        "sessions": "检查了 {accounts}",
    },
)


def texts_for(language: str) -> Texts:
    """`zh`, `en`, or `auto` for the locale's."""
    if language == "auto":
        language = locale.getlocale()[0] or "en"
    return CHINESE if language.lower().startswith(("zh", "chinese")) else ENGLISH
