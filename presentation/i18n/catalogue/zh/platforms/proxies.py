"""Proxies: how they are written, the list of them, who leaves by which, and their checks."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # one proxy as a text; none of these repeats a user or a password
    "proxy_not_url": "代理不是有效地址（可用：{schemes}）",
    "proxy_sign_unescaped": "代理的用户名或密码含有 {sign}：请把 {sign} 写成 {code}，整行写作 {line}",
    "proxy_wide_letters": "代理用了全角字符；请写成 {line}",
    "proxy_not_sendable": "代理含有请求无法携带的字符，或过长；请写成 {line} 的形式",
    "proxy_not_ascii": (
        "代理含有非 ASCII 字符；用户名和密码中的请按 UTF-8 用 % 编码（用 写作 %E7%94%A8），"
        "整行写作 {line}"
    ),
    "proxy_login_too_long": (
        "SOCKS5 的用户名和密码各不能超过 {most} 字节；请向代理商要更短的，或改用 HTTP 代理"
    ),
    "proxy_socks4": "不使用 SOCKS4 代理：它没有密码；请向代理商要 SOCKS5 或 HTTP",
    "proxy_ambiguous": "代理有两种读法，两端都像主机与端口；请写成 {line} 的形式",
    "proxy_port_wrong": "代理的端口不在 1 到 {most} 之间；请写成 {line} 的形式",
    "proxy_port_missing": "代理缺少端口；请写成 {line} 的形式",
    "proxy_ipv6_bare": "代理的 IPv6 地址需要加方括号；请写成 {line} 的形式",
    # lists of proxies
    "proxy_entry_wrong": "不是代理",
    "proxy_twice": "{file}，第 {line} 行：与第 {first} 行是同一个代理，只取一次",
    "too_many_proxies": "{file} 的行数超出代理列表的上限；一次最多 {most:,} 个",
    "list_of_others": "有 {n:,} 行不是代理，第一处：{first}",
    "proxies_missing": "{file} 中没有代理",
    # the proxies that are kept
    "proxy_added": "{egress}：已添加",
    "proxy_known": "{egress}：已存在",
    "proxies_imported": (
        "已添加 1 个代理，{known:,} 个已存在",
        "已添加 {n:,} 个代理，{known:,} 个已存在",
    ),
    "proxies_partly_imported": "已导入 {imported:,} 个，{refused:,} 个未导入",
    "proxies_previewed": (
        "将添加 1 个代理，{known:,} 个已存在",
        "将添加 {n:,} 个代理，{known:,} 个已存在",
    ),
    "no_proxies": "还没有代理",
    "proxy_unknown": "没有这个代理",
    "proxy_gateway_ambiguous": "{gateway} 有多个代理：{names}",
    "proxy_url_forgotten": "{egress} 只知道名称，不知道地址",
    "proxy_in_use": ("有 1 个账号使用 {egress}：{names}", "有 {n:,} 个账号使用 {egress}：{names}"),
    "proxy_moved_to_itself": "{egress} 的账号本来就使用它",
    "proxy_removed": (
        "{egress} 已移除；其账号改为经 {target}",
        "{egress} 已移除；其 {n:,} 个账号改为经 {target}",
    ),
    "proxy_removed_unused": "{egress} 已移除",
    "proxy_key_missing": "代理 {egress} 的地址用本机没有的密钥加密；未做任何更改",
    "proxy_state_unused": "尚未使用",
    "proxy_state_good": "{at} 可用",
    "proxy_state_failed": "{at} 失败：{reason}",
    "proxy_state_cooling": "暂停使用，直到 {until}：{reason}",
    "proxy_prompt": "代理（不显示）",
    "proxy_preview_new": "将添加",
    "proxy_preview_known": "已存在",
    "without_proxy": "直连",
    # who leaves by which
    "account_proxy_failed": "{account} 使用的 {egress} 不可用：{cause}",
    "proxy_given": "改为经 {egress}",
    "proxy_taken_away": "改为直连",
    "account_proxy_set": "账号 {account}：从下一次租约起经 {egress}",
    "account_proxy_removed": "账号 {account}：从下一次租约起直连",
    "account_proxy_shared": "{platform} 的 {names} 也使用它：平台看得出来",
    "per_proxy_too_small": "每个代理至少一个账号",
    "accounts_not_to_assign": "不在已启用且没有代理的账号之中：{names}",
    "proxies_rotating_left": ("1 个轮换代理未使用：{names}", "{n:,} 个轮换代理未使用：{names}"),
    "proxies_failed_left": (
        "1 个最近失败的代理未使用：{names}",
        "{n:,} 个最近失败的代理未使用：{names}",
    ),
    "assignment_planned": "{account}：将经 {egress}",
    "assignment_done": "{account}：改为经 {egress}",
    "assignments_planned": ("将为 1 个账号分配代理", "将为 {n:,} 个账号分配代理"),
    "assignments_done": ("已为 1 个账号分配代理", "已为 {n:,} 个账号分配代理"),
    "assignments_overtaken": ("1 个账号期间有变动，保持原样", "{n:,} 个账号期间有变动，保持原样"),
    "accounts_without_proxy": (
        "1 个账号没有分到代理：{names}",
        "{n:,} 个账号没有分到代理：{names}",
    ),
    "proxies_without_account": ("1 个代理还有空位：{names}", "{n:,} 个代理还有空位：{names}"),
    "nothing_to_assign": "没有缺少代理的账号，或没有空闲的代理",
    # checks
    "proxy_works": "可用（{secs:.1f} 秒）",
    "proxy_works_as": "可用（{secs:.1f} 秒），出口 {exit}",
    "proxy_works_refused": "可用（{secs:.1f} 秒），但被目标拒绝（HTTP {status}）",
    "proxy_failed": "不可用：{cause}",
    "proxy_unasked": "未检查：时间已到",
    "proxy_unasked_unknown": "未检查：本机不知道其地址",
    "proxy_left_alone": "{outcome}；操作员已暂停使用，直到 {until}",
    "proxy_same_exit": "{outcome}，与 {egress} 的出口相同",
    "proxy_check_line": "{egress}：{outcome}",
    "proxies_checked": "{n:,} 个中有 {good:,} 个可用",
    "proxy_target_wrong": "检查的目标须为不含用户名与密码的 http(s) 地址",
    "proxy_target_missing": "{platform} 没有可用于检查代理的接口",
}

_TO_DO: dict[str, Forms] = {
    "proxy_not_url": "写成 http://user:password@host:8080",
}

ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": _TO_DO
    | {
        "no_proxies": "请添加：{program} proxies import 文件",
        "account_proxy_failed": (
            "请检查：{program} proxies check '{egress}'；或换一个："
            "{program} accounts set_proxy {account} 代理"
        ),
        "proxy_unknown": "请查看：{program} proxies list",
        "proxy_gateway_ambiguous": "请指明其中一个",
        "proxy_url_forgotten": "请给出其地址",
        "proxy_in_use": "请用 --accounts-to 指明它们改用的代理，或 none",
        "accounts_not_to_assign": "为账号换代理：{program} accounts set_proxy",
        "proxy_key_missing": "请把该密钥加在其他密钥之后",
        "proxy_target_missing": "请用 --url 给出一个",
    },
    "console": _TO_DO
    | {
        "no_proxies": "请在下方添加",
        "account_proxy_failed": ("请查看“代理”页，或在该账号的页面换一个"),
        "proxy_unknown": "请查看“代理”页面",
        "proxy_gateway_ambiguous": "请指明其中一个",
        "proxy_url_forgotten": "请给出其地址",
        "proxy_in_use": "请选择它们改用哪个代理",
        "accounts_not_to_assign": "请在账号页面为它换代理",
        "proxy_key_missing": "请把该密钥加在其他密钥之后",
        "proxy_target_missing": "请给出一个地址",
    },
    "api": _TO_DO
    | {
        "no_proxies": "请用 POST /api/v1/proxies/import 添加",
        "account_proxy_failed": ("请用 POST /api/v1/proxies/check 检查，或换一个"),
        "proxy_unknown": "请查看 GET /api/v1/proxies",
        "proxy_gateway_ambiguous": "请指明其中一个",
        "proxy_url_forgotten": "请给出其地址",
        "proxy_in_use": "请用 accounts_to 指明它们改用的代理，或 none",
        "accounts_not_to_assign": "为账号换代理：POST /api/v1/accounts/{{id}}/proxy",
        "proxy_key_missing": "请把该密钥加在其他密钥之后",
        "proxy_target_missing": "请给出 url",
    },
}
