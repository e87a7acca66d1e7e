"""账号的名称、分组与删除。"""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # 名称
    "name_with_hidden_character": "名称含有看不见的字符：{code}",
    "group_name_with_hidden_character": "分组名含有看不见的字符：{code}",
    "name_of_deleted": "“{name}”与已删除账号的名称形式相同",
    "group_name_is_nothing": "“{name}”表示不分组",
    # 账号的变动
    "account_deleted": "已由操作者删除；原名 {name}",
    "account_renamed": "由 {before} 改为 {name}",
    "group_joined": "加入分组 {group}",
    "group_left": "移出分组 {group}",
    "account_event_deleted": "已删除",
    "account_event_renamed": "改名",
    "account_event_group": "分组",
    "account_is_deleted": "账号 {name} 已删除",
    "account_in_group": "分组 {group}",
    # 命令的输出
    "account_deleted_line": "账号 {account} 已删除；此后文件、日志和回传中显示为 {name}",
    "pinned_task_waits": (
        "注意：任务 {task_id} 指定了该账号，现在等待；如要让其他账号处理："
        "{program} tasks pin {task_id} --none"
    ),
    "delete_account": (
        "删除账号 {name}（{platform}）？其 Cookie、密码、代理和设备将永久清除；已导出的数据保留"
    ),
    "deletion_unconfirmed": "无法询问是否删除账号 {name}；如要删除，请加 --yes",
    "account_renamed_line": "账号 {account} 现名 {name}",
    "accounts_grouped": (
        "{n:,} 个账号现属于分组 {group}",
        "{n:,} 个账号现属于分组 {group}",
    ),
    "accounts_ungrouped": ("{n:,} 个账号现不属于任何分组", "{n:,} 个账号现不属于任何分组"),
    "column_group": "分组",
    "column_enabled": "已启用",
    "column_with_quota": "有配额",
    "word_without_group": "（无）",
}

_RENAME = "已用此类名称保存的账号，可按其 id 改名"

ADVICE = {
    "terminal": {
        "name_with_hidden_character": _RENAME,
        "account_is_deleted": "请查看：{program} accounts list --deleted",
    },
    "console": {
        "name_with_hidden_character": _RENAME,
        "account_is_deleted": "请在“账号”页查看已删除的账号",
    },
    "api": {
        "name_with_hidden_character": _RENAME,
        "account_is_deleted": "请查看 GET /api/v1/accounts?deleted=true",
    },
}
