"""平台的 TOML 文件。"""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "platform_file_wrong": "{problems:；}",
    "platform_file_line_wrong": "{file} 第 {line} 行：{key}：{problem}",
    "platform_file_key_wrong": "{file}：{key}：{problem}",
    "platform_file_whole": "整个文件",
    "platform_file_not_toml": "{file} 第 {line} 行：不是 TOML：{detail}",
    "platform_file_not_utf8": "{file} 第 {line} 行：不是 UTF-8 文本",
    "platform_file_too_large": "{file}：作为平台文件过大",
    "platform_name_reserved": "{file}：name：{name!r} 是 Baton 自带的平台",
    "platform_name_taken": "{file}：name：{name!r} 已用于 {other}",
    "platform_base_url_malformed": (
        "{setting}：须为不含用户名、密码、? 与 # 的 http(s) 地址；它是 {platform} 的基础地址"
    ),
    "sources_folder_missing": "BATON_SOURCES_DIR：{folder} 不是文件夹",
    "sources_folder_unreadable": "BATON_SOURCES_DIR：文件夹 {folder} 无法读取：{detail}",
    # 单个键的值
    "key_missing": "缺失",
    "key_unknown": "未知的键",
    "platform_name_malformed": "名称须为 1 至 32 个字符：a-z、0-9 与 _，以字母开头",
    "variable_name_malformed": "环境变量名只能含 A-Z、0-9 与 _",
    "base_url_not_plain": "基础地址不能含用户名、密码、? 或 #；会话属于账号",
    "profile_url_malformed": "主页地址须以 https:// 开头，并含有 {{uid}}",
    "url_path_malformed": "路径须以 / 开头，且不含 ?、# 或空白；请用 params",
    "header_name_malformed": "不是 HTTP 头的名称",
    "header_value_malformed": "含有 HTTP 头不允许的字符",
    "header_not_constant": "此 HTTP 头不应写在文件中：会话属于账号（[session]）",
    "cookie_name_malformed": "不是 Cookie 的名称",
    "cookie_value_malformed": "含有 Cookie 不允许的字符",
    "placeholder_unknown": "未知的占位符 {{{name}}}；可用：{known}",
    "json_without_number": "JSON 没有 {value}",
    "json_without_type": "JSON 没有类型 {found}；请写成文本",
    "jmespath_not_text": "JMESPath 须为文本，而不是 {found}",
    "jmespath_malformed": (
        "{text!r} 不是 JMESPath：{detail}（数字放在反引号中（code == `0`），文本用单引号，键用双引号）"
    ),
    "jmespath_ampersand_misplaced": "& 只能放在函数的参数之前",
    "jmespath_function_unknown": "JMESPath 没有函数 {name}()",
    "jmespath_arguments_wrong": "{name}() 需要 {wanted} 个参数，而不是 {given} 个",
    # 互相矛盾的键
    "key_only_with": "仅用于 {condition}",
    "body_needs_post": '有请求体时须 method = "POST"',
    "post_needs_body": "POST 需要请求体：[{table}.json]",
    "scope_does_not_fit": "{reaction} 的 scope 只能是 {scopes}",
    "meaning_without_condition": "请说明是哪种答复：status、when，或两者",
    "session_header_missing": "缺失：携带会话的 HTTP 头的名称",
    "session_placeholder_missing": '缺少占位符 {{session}}，例如 "Bearer {{session}}"',
    "domain_placeholder_missing": "缺少占位符 {{domain}}：每次搜索都会相同",
    "paging_placeholder_missing": '缺少占位符 {{{name}}}（翻页方式为 "{kind}"）',
    "placeholder_without_value": '翻页方式为 "{kind}" 时 {{{name}}} 没有值',
    "check_placeholder_without_value": "{{{name}}} 在 [check] 中没有值：它不搜索任何内容",
    "next_cursor_missing": "缺失：答复中下一个游标的位置",
    "cursor_not_counted": "游标不计数；first_cursor 是第一个游标",
    "totals_exclusive": "total_pages 与 total_count 只能给出一个",
    "short_pages_need_total": "此时须给出 total_pages、total_count 或 more",
    "page_size_used": "缺失：[search] 中用到了 {{page_size}}",
    "page_size_for_total_count": "缺失：没有它就无法由 total_count 算出页数",
    "page_size_for_offset": "缺失：没有它就没有偏移量",
    "page_size_for_last_page": (
        "缺失：最后一页由其条目较少得知（或给出 total_pages、total_count 或 more）"
    ),
}

_TO_DO: dict[str, Forms] = {
    "platform_file_wrong": "见 docs/sources.md",
    "platform_file_not_toml": "见 docs/sources.md",
    "platform_file_not_utf8": "请另存为 UTF-8",
}
ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {**_TO_DO},
    "console": {**_TO_DO},
    "api": {**_TO_DO},
}
