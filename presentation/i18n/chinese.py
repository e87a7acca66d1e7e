"""The texts of the terminal in Chinese."""

from __future__ import annotations

from presentation.i18n.language import Language
from presentation.i18n.texts import Texts
from storage.crawling.job_runs import RunState
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus, TaskType, WaitingFor

CHINESE = Texts(
    language=Language.CHINESE,
    accounts="账号",
    account="账号",
    task="任务",
    state="状态",
    quota="今日导出配额",
    progress="进度",
    rate="速率",
    note="备注",
    of_pages="{done}/{all} 页",
    new="新增",
    rows_waiting="{n} 行待导出",
    until="至",
    now_and_day_end="{now} {zone} · 配额日切换于 {end}",
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
        "所有账号当日配额均已用完；导出将于 {until} 继续：届时再次执行同一命令，"
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
        WaitingFor.QUOTA: "等待下一个配额日",
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
        "limit_changed": "调整配额",
        "session_replaced": "新会话",
        "suspect": "可疑，休息",
        "probation": "观察期",
        "recovered": "恢复正常",
        "spared": "与账号无关",
        "session_checked": "会话检查",
    },
)
