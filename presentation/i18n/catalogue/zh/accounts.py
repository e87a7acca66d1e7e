"""账号与账号池：为何禁用、休息或等待，以及发生过什么。"""

from __future__ import annotations

MESSAGES = {
    # 禁用或休息的原因
    "session_expired": "会话过期（{detail}）",
    "account_banned": "被平台封禁（{detail}）",
    "credentials_unusable": "凭据无法使用（{detail}）",
    "account_throttled": "被限流（{detail}）",
    "risk_control": "遇到风控（{detail}）",
    "risk_control_elsewhere": "遇到风控（{detail}）；原因在 {culprit}，不在账号",
    "proxy_blocked": "其代理无法通过（{detail}）",
    "by_operator": "由操作者执行",
    # 发生过什么
    "session_imported": "已导入",
    "limit_set": "每日 {rows:,} 行",
    "limit_changed": "每日 {before:,} 行改为 {rows:,} 行",
    "quota_handed_over": "{day} 的额度已由 {domain} 用完，最后 id {last_id}",
    "probe_passed": "探测通过，观察中",
    "account_recovered": "连续 {good} 次正常应答，已恢复",
    # 没有可用账号的原因
    "no_account": "{platform} 没有账号",
    "all_accounts_disabled": ("唯一的账号已禁用", "{n:,} 个账号全部已禁用"),
    "no_export_quota": "没有账号有导出额度",
    "account_returned": "刚有账号交还",
    "accounts_busy": ("1 个账号正在使用", "{n:,} 个账号正在使用"),
    "accounts_cooling": ("1 个账号正在休息", "{n:,} 个账号正在休息"),
    "accounts_waiting": ("1 个账号正等待下一次轮到", "{n:,} 个账号正等待下一次轮到"),
    "accounts_spent": ("1 个账号已用完 {day} 的额度", "{n:,} 个账号已用完 {day} 的额度"),
    "others_disabled": ("{reason}；另有 1 个账号已禁用", "{reason}；另有 {n:,} 个账号已禁用"),
}

ADVICE = {
    "terminal": {
        "session_expired": "请重新导入会话",
        "credentials_unusable": "请重新导入会话",
        "no_account": "添加账号：python cli.py accounts import 名称 cookies.txt",
        "all_accounts_disabled": "启用一个：python cli.py accounts enable 名称",
    },
    "console": {
        "session_expired": "请重新导入会话",
        "credentials_unusable": "请重新导入会话",
        "no_account": "请在“账号”页添加",
        "all_accounts_disabled": "请在“账号”页启用一个",
    },
    "api": {
        "session_expired": "请重新导入会话",
        "credentials_unusable": "请重新导入会话",
        "no_account": "用 POST /api/v1/accounts 添加",
        "all_accounts_disabled": "用 POST /api/v1/accounts/{{id}}/enable 启用一个",
    },
}
