"""Every text of the console and the summaries, in both languages."""

from __future__ import annotations

import locale
from collections.abc import Mapping
from dataclasses import dataclass

from storage.records import AccountStatus, TaskStatus, TaskType, WaitingFor


@dataclass(frozen=True)
class Texts:
    """User-facing words of one language."""

    accounts: str
    account: str
    tasks: str
    task: str
    state: str
    quota: str
    progress: str
    rate: str
    note: str
    events: str
    pages: str
    creators: str
    new: str
    rows: str
    files: str
    rows_waiting: str
    per_sec: str
    until: str
    quota_day_turns: str
    no_accounts: str
    no_tasks: str
    more: str
    draining: str
    sealed: str
    spent: str
    interrupted: str
    stopped: str
    task_paused: str
    task_failed: str
    all_spent: str
    person_needed: str
    demo_done: str
    verify_passed: str
    verify_failed: str
    account_states: Mapping[AccountStatus, str]
    task_states: Mapping[TaskStatus, str]
    task_types: Mapping[TaskType, str]
    waits: Mapping[WaitingFor, str]
    event_kinds: Mapping[str, str]


ENGLISH = Texts(
    accounts="Accounts",
    account="account",
    tasks="Tasks",
    task="task",
    state="state",
    quota="export quota today",
    progress="progress",
    rate="rate",
    note="note",
    events="Last events",
    pages="pages",
    creators="creators",
    new="new",
    rows="rows",
    files="files",
    rows_waiting="waiting",
    per_sec="/s",
    until="until",
    quota_day_turns="quota day turns at",
    no_accounts="no accounts yet; add one with: accounts import NAME FILE",
    no_tasks="no open tasks",
    more="and {n} more",
    draining="finishing the pages and files in hand ... (Ctrl-C again: stop at once)",
    sealed="sealed",
    spent="spent",
    interrupted="interrupted; the same command goes on from here",
    stopped="stopped; everything is handed back",
    task_paused="task {id} is paused; go on with: tasks resume {id}",
    task_failed="task {id} failed: {error}",
    all_spent=(
        "all accounts have used up their quota of the day; the export goes on at {until}:"
        " run the same command then, or leave `run` running (or give --wait)"
    ),
    person_needed=(
        "{reason}; see `accounts list`, then enable one or import a fresh session."
        " The task stays open."
    ),
    demo_done="{exported} of {creators} creators of {domain} exported by {accounts} accounts:",
    verify_passed="verify: passed",
    verify_failed="verify: FAILED: {problems}",
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
    },
)

CHINESE = Texts(
    accounts="账号",
    account="账号",
    tasks="任务",
    task="任务",
    state="状态",
    quota="今日导出额度",
    progress="进度",
    rate="速率",
    note="备注",
    events="最近事件",
    pages="页",
    creators="位达人",
    new="新增",
    rows="行",
    files="个文件",
    rows_waiting="待导出",
    per_sec="/秒",
    until="至",
    quota_day_turns="额度日切换于",
    no_accounts="还没有账号；添加：accounts import 名称 文件",
    no_tasks="没有进行中的任务",
    more="另有 {n} 个",
    draining="正在完成手头的页面与文件……（再按 Ctrl-C 立即停止）",
    sealed="已封存",
    spent="已用完",
    interrupted="已中断；再次执行同一命令即从此处继续",
    stopped="已停止；所有任务与账号均已交还",
    task_paused="任务 {id} 已暂停；继续请执行：tasks resume {id}",
    task_failed="任务 {id} 失败：{error}",
    all_spent=(
        "所有账号当日额度均已用完；导出将于 {until} 继续：届时再次执行同一命令，"
        "或让 `run` 保持运行（或使用 --wait）"
    ),
    person_needed="{reason}；请查看 `accounts list`，启用账号或导入新的会话。任务保持打开。",
    demo_done="{domain} 的 {creators} 位达人已由 {accounts} 个账号导出 {exported} 位：",
    verify_passed="校验：通过",
    verify_failed="校验：失败：{problems}",
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
    },
)


def texts_for(language: str) -> Texts:
    """`zh`, `en`, or `auto` for the locale's."""
    if language == "auto":
        language = locale.getlocale()[0] or "en"
    return CHINESE if language.lower().startswith(("zh", "chinese")) else ENGLISH
