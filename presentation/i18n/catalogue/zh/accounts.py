"""账号与账号池：为何禁用、休息或等待，以及发生过什么。"""

from __future__ import annotations

NEW_KEY = (
    '生成一个：python -c "from cryptography.fernet import Fernet;'
    ' print(Fernet.generate_key().decode())"'
)

MESSAGES = {
    # 禁用或休息的原因
    "session_expired": "会话过期（{cause}）",
    "session_not_signed_in": "会话已不在登录状态",
    "account_banned": "被平台封禁（{cause}）",
    "credentials_unusable": "凭据无法使用（{cause}）",
    "account_throttled": "触发频率限制（{cause}）",
    "risk_control": "遇到风控（{cause}）",
    "risk_control_elsewhere": "遇到风控（{cause}）；原因在{culprit}，不在账号",
    "culprit_account": "账号",
    "culprit_proxy": "代理",
    "culprit_signature": "签名",
    "culprit_endpoint": "接口",
    "culprit_platform": "平台",
    "culprit_ourselves": "程序自身",
    "proxy_blocked": "其代理无法通过（{cause}）",
    "by_operator": "由操作者执行",
    # 发生过什么
    "session_imported": "已导入新会话",
    "secrets_replaced": "已更新：{names}",
    "account_password": "密码",
    "account_session": "会话",
    "account_proxy": "代理",
    "limit_set": "每日 {rows:,} 行",
    "limit_changed": "每日 {before:,} 行改为 {rows:,} 行",
    "quota_handed_over": "{day} 的配额已由 {domain} 用尽，最后 id {last_id:,}",
    "probe_passed": "探测通过，观察中",
    "account_recovered": "连续 {good} 次正常应答，已恢复",
    # 没有可用账号的原因
    "no_account": "{platform} 没有账号",
    "all_accounts_disabled": ("唯一的账号已禁用", "{n:,} 个账号全部已禁用"),
    "no_export_quota": "没有账号有导出配额",
    "account_returned": "刚有账号交还",
    "accounts_busy": ("1 个账号正在使用", "{n:,} 个账号正在使用"),
    "accounts_cooling": ("1 个账号正在休息", "{n:,} 个账号正在休息"),
    "accounts_waiting": ("1 个账号正等待下一次轮到", "{n:,} 个账号正等待下一次轮到"),
    "accounts_spent": ("1 个账号在 {day} 的配额已用尽", "{n:,} 个账号在 {day} 的配额已用尽"),
    "others_disabled": ("{reason}；另有 1 个账号已禁用", "{reason}；另有 {n:,} 个账号已禁用"),
    "platform_shortage": "{platform}：{reason}",
    "shortage_until": "{shortage}，直到 {until}",
    "next_turn": "等待下一次请求轮到",
    "platform_throttled": "触发平台的频率限制：{cause}",
    "daily_budget_spent": "{platform} 当日预算已用完（{units:,} 单位）",
    # 对账号的要求无法完成
    "account_not_found": "没有 id 为 {account_id} 的账号",
    "account_name_unknown": "没有名为“{name}”的账号",
    "account_name_ambiguous": "“{name}”存在于 {platforms}",
    "account_name_invalid": "账号名称须为 1 至 {max_letters} 个字符",
    "account_exists": "{platform} 已有名为“{name}”的账号",
    "account_not_leased_here": "账号 {account_id} 未由本进程租用",
    "account_status_unknown": "未知的账号状态“{status}”；可用：{known}",
    "account_taken_meanwhile": "账号 {account_id} 刚被占用",
    "account_taken_over": "账号 {name} 已被接管",
    "daily_limit_out_of_range": "每日导出上限须为 0 至 {most}，而不是 {limit}",
    "export_count_invalid": "数量须为非负整数，而不是 {count}",
    "quota_too_small": "账号 {account_id} 今日尚余 {left} 行，不足 {rows} 行",
    "quota_left": "账号 {name} 尚余 {left} 行",
    # 添加账号
    "name_not_printable": "1 至 {max_letters} 个可打印字符",
    "rows_out_of_range": "0 至 {most:,} 行",
    "session_ended": "账号 {name}：该会话已于 {day} 到期",
    "account_added": "已添加（id {account_id}，每日 {rows:,} 行）",
    "account_refreshed": "已更新",
    "account_refreshed_with_limit": "已更新，每日 {rows:,} 行",
    "account_same_session": "会话未变，每日 {rows:,} 行",
    "account_unchanged": "没有新内容",
    # 账号文件
    "csv_columns_missing": (
        "{file}：首行必须包含列 username 与 cookie（可另有 password、proxy、limit）"
    ),
    "csv_line_wrong": "{file}，第 {line} 行：{cause}",
    "csv_name_twice": "“{name}”在文件中出现两次",
    "csv_name_invalid": "username 须为 1 至 {max_letters} 个字符",
    "csv_limit_invalid": "limit 不是整数",
    "folder_without_files": "{folder} 中没有文件",
    "folder_name_twice": "文件夹中已有另一个名为 {name} 的文件",
    "account_agent_set": "账号 {account}：已设置 User-Agent",
    "account_agent_removed": "账号 {account}：恢复为通常的 User-Agent",
    "user_agent_set": "User-Agent 改为 {user_agent}",
    "user_agent_removed": "不再有自己的 User-Agent",
    "user_agent_malformed": "User-Agent 须为 1 至 {max_letters} 个可打印的 ASCII 字符",
    "too_many_accounts": "{file} 有 {count:,} 个账号；一次最多 {most:,} 个",
    # 密钥
    "secret_key_empty": "{setting} 中没有密钥",
    "secret_key_missing": "没有密钥：{file} 不存在",
    "secret_key_malformed": "{source} 不是 Fernet 密钥（32 字节，url-safe base64）；未作任何更改",
    "key_file": "密钥文件 {file}",
    "key_file_unreadable": "密钥文件 {file} 无法读取：{detail}",
    "secret_of_other_key": "存储的凭据不是用 {source} 的密钥加密的；未作任何更改",
    "secret_key_lost": (
        "账号所用的加密密钥不在此处：{file} 不存在，{setting} 也未设置；未作任何更改"
    ),
    "secret_key_other": "{source} 不是加密账号所用的密钥；未作任何更改",
    "account_key_missing": "账号“{name}”的凭据所用的加密密钥不在此处；未作任何更改",
    "callback_key_missing": "任务“{task_id}”的回调密钥所用的加密密钥不在此处；未作任何更改",
}

_EVERYWHERE = {
    "too_many_accounts": "请拆分为较小的文件",
    "account_not_leased_here": "请先用 get_idle_account() 租用",
    "session_expired": "请重新导入会话",
    "credentials_unusable": "请重新导入会话",
    "secret_of_other_key": "请提供正确的密钥，或重新登录该账号",
    "secret_key_lost": "请放回密钥",
    "secret_key_other": "请放回正确的密钥",
    "account_key_missing": "请将该密钥加在其他密钥之后再试",
    "callback_key_missing": "请将该密钥加在其他密钥之后，或重新设置回调密钥",
    "secret_key_empty": NEW_KEY,
    "secret_key_missing": NEW_KEY,
    "secret_key_malformed": NEW_KEY,
}

ADVICE = {
    "terminal": _EVERYWHERE
    | {
        "no_account": "添加账号：{program} accounts import 名称 cookies.txt",
        "all_accounts_disabled": "启用一个：{program} accounts enable 名称",
        "account_not_found": "请查看：{program} accounts list",
        "account_name_unknown": "请查看：{program} accounts list",
        "account_name_ambiguous": "请用 --platform 指明平台",
        "account_exists": "更换会话：{program} accounts import {name} 文件",
        "session_ended": (
            "请在浏览器中重新登录并重新导出 Cookie，或执行：{program} accounts login"
        ),
        "csv_columns_missing": (
            "若是单个账号的 Cookie，请同时给出名称：{program} accounts import 名称 {file}"
        ),
    },
    "console": _EVERYWHERE
    | {
        "no_account": "请在“账号”页添加",
        "all_accounts_disabled": "请在“账号”页启用一个",
        "account_not_found": "请查看“账号”页",
        "account_name_unknown": "请查看“账号”页",
        "account_name_ambiguous": "请同时选择平台",
        "account_exists": "请在该账号的页面导入新会话",
        "session_ended": "请在浏览器中重新登录并重新导出 Cookie",
        "csv_columns_missing": "单个账号的 Cookie 请用单个账号的表单",
    },
    "api": _EVERYWHERE
    | {
        "no_account": "用 POST /api/v1/accounts 添加",
        "all_accounts_disabled": "用 POST /api/v1/accounts/{{id}}/enable 启用一个",
        "account_not_found": "请查看 GET /api/v1/accounts",
        "account_name_unknown": "请查看 GET /api/v1/accounts",
        "account_name_ambiguous": "请同时给出平台",
        "account_exists": "用 POST /api/v1/accounts 提交新会话",
        "session_ended": "请在浏览器中重新登录并重新导出 Cookie",
        "csv_columns_missing": "单个账号的 Cookie 请用 POST /api/v1/accounts",
    },
}
