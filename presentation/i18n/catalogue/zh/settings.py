"""设置、文件、文件夹、计划。"""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "wrong_settings": "设置有误：{problems:；}（环境变量或 .env）",
    "wrong_setting": "{name}：{problem}",
    "wrong_setting_value": "{name}：{given!r}：{problem}",
    "settings_unreadable": "设置有误：{detail}",
    "env_file_not_utf8": ".env 不是 UTF-8 文本",
    "env_file_forbidden": "当前用户无权读取 {file}；请以其所有者执行命令：sudo -u {owner} …",
    "home_unknown": "当前用户没有主目录；请将 {setting} 设为 Baton 的数据目录",
    # 值应当怎样
    "value_too_small": "不得小于 {limit}",
    "value_not_above": "须大于 {limit}",
    "value_too_large": "不得大于 {limit}",
    "value_not_integer": "须为整数",
    "value_not_number": "须为有限的数字",
    "value_not_boolean": "须为 true 或 false",
    "value_not_listed": "须为以下之一：{expected}",
    "pace_form_wrong": "{text!r}须写成 请求数/秒数，例如 1/2.5",
    "egress_name_wrong": "{name!r} 不是有效名称：最多 64 个字母、数字、点、连字符或下划线",
    "time_zone_unknown": "没有时区{name!r}；写成 Asia/Shanghai 这样的名称",
    "not_http_url": "{text!r}不是 http(s) 地址",
    "network_malformed": "{text!r}既不是地址，也不是 10.0.0.0/8 这样的网段",
    "file_mode_malformed": "{text!r}不是文件权限；请用八进制数字书写，例如 0640",
    "file_mode_of_owner": "{text!r}会使 Baton 无法读写自己的文件：首位须为 6",
    "file_mode_for_anybody": "{text!r}会让本机任何用户都能修改文件：末位最大为 4",
    "file_mode_executable": "{text!r}会使文件可执行：请用偶数数字；目录会自动加上 x",
    "files_group_unknown": "BATON_FILES_GROUP：本机没有用户组{group!r}",
    "files_group_not_member": "BATON_FILES_GROUP：用户 {user} 不属于 {group}，不能把文件交给该组",
    "root_path_malformed": "{text!r}不是 /baton 这样的路径",
    "seconds_list_wrong": "{text!r}不是以逗号分隔的秒数，例如 5,300,1800",
    # 计划
    "cron_fields_wrong": (
        "{text!r}有 {fields} 个字段，应为 5 个：分、时、日、月、星期；例如 0 2 * * *"
    ),
    "cron_term_wrong": "{text!r}：第 {position} 个字符处的{term!r}不是{field}",
    "cron_never_happens": "{text!r}永远不会到来：没有哪个月有这一天",
    "cron_minute": "分钟（0-59）",
    "cron_hour": "小时（0-23）",
    "cron_day_of_month": "日（1-31，L 为最后一天）",
    "cron_month": "月（1-12 或 JAN-DEC）",
    "cron_day_of_week": "星期（0-7 或 SUN-SAT，0 与 7 为星期日）",
    # 文件
    "file_not_readable": "{file}：{detail}",
    "file_not_writable": "无法写入 {path}：{detail}",
    "file_not_replaced": "无法写入 {path}：{detail}；原文件未改动",
    "text_encoding_unknown": "{file} 既不是 UTF-8 也不是 GBK 文本",
    # 租约
    "lease_lost": "{kind} {id} 的租约已过期或被接管",
}

ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {
        "wrong_settings": "见 docs/configuration.md",
        "env_file_not_utf8": "请重新存为 UTF-8",
        "text_encoding_unknown": "请另存为 UTF-8",
    },
    "console": {
        "wrong_settings": "见 docs/configuration.md",
        "env_file_not_utf8": "请重新存为 UTF-8",
        "text_encoding_unknown": "请另存为 UTF-8",
    },
    "api": {
        "wrong_settings": "见 docs/configuration.md",
        "env_file_not_utf8": "请重新存为 UTF-8",
        "text_encoding_unknown": "请另存为 UTF-8",
    },
}
