"""账号的会话：Cookie、令牌、代理、扫码登录。"""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "session_missing": "该账号没有会话",
    "session_unusable": "保存的会话不可用：{cause}",
    "session_empty": "会话为空",
    "session_not_sendable": "会话中含有 HTTP 头不允许的字符",
    # Cookie；任何一条都不重复其值
    "cookie_file_empty": "未提供 Cookie",
    "cookie_text_malformed": "这不是 Cookie 文本",
    "cookie_header_malformed": "这不是 Cookie 文本",
    "cookie_not_sendable": "Cookie {name}：含有不允许的字符",
    "cookie_place_line": "第 {line} 行",
    "cookie_place_entry": "第 {entry} 项",
    "cookie_place_part": "第 {part} 段",
    "cookies_malformed": (
        "有 1 行（项）不是 Cookie，已略过（{places:、}）",
        "有 {n:,} 行（项）不是 Cookie，已略过（{places:、}）",
    ),
    "cookies_of_other_sites": (
        "有 1 个其他网站的 Cookie，已略过",
        "有 {n:,} 个其他网站的 Cookie，已略过",
    ),
    "cookies_not_sendable": (
        "有 1 个 Cookie 含有请求无法携带的字符，已略过",
        "有 {n:,} 个 Cookie 含有请求无法携带的字符，已略过",
    ),
    "cookies_repeated": (
        "有 1 个名称出现多个值，已取最新的值",
        "有 {n:,} 个名称出现多个值，已取最新的值",
    ),
    "cookie_mended": "{name} 已修正：去掉引号，逗号写作 %2C",
    "cookie_file_html": "这是网页，不是它的 Cookie",
    "cookie_text_too_long": "内容超过 {most:,} 个字符，不会是浏览器的 Cookie",
    "cookie_json_malformed": "Cookie JSON 第 {line} 行：{detail}",
    "cookie_json_too_deep": "Cookie JSON：嵌套过深，或数字过长",
    "cookie_json_not_list": "Cookie JSON：应为 Cookie 的列表",
    "session_cookie_missing": "其中没有 {site} 的 {name}",
    "session_cookie_missing_noted": "其中没有 {site} 的 {name}（{notes:；}）",
    "cookies_of_site_missing": "其中没有 {site} 的 Cookie",
    "missing_with_notes": "{missing}（{notes:；}）",
    "required_cookie_missing": "其中没有名为 {name} 的 Cookie：是否属于其他平台？",
    # 扫码登录
    "qr_code_missing": "未返回二维码",
    "qr_state_unknown": "二维码的状态 {state} 未知",
    "qr_session_missing": "已登录，但未返回名为 {cookie} 的 Cookie",
    "qr_codes_unconfirmed": "连续 {codes} 个二维码均未确认",
    "sign_in_unanswered": "登录接口没有响应（{detail}）",
    "sign_in_status": "登录接口返回 HTTP {status}",
    "sign_in_not_json": "登录接口的答复不是 JSON",
    "sign_in_without_data": "登录接口的答复中没有 data",
}

COOKIE_FORMS = "请提供 cookies.txt、扩展导出的 JSON、浏览器开发者工具的“复制为 cURL”，或 SESSDATA=...; bili_jct=..."
SIGN_IN_AGAIN = "请在浏览器登录 {site} 后重新导出 Cookie"
_TO_DO: dict[str, Forms] = {
    "qr_codes_unconfirmed": "请准备好手机后重试",
    "session_missing": "请导入会话",
    "cookie_file_empty": COOKIE_FORMS,
    "cookie_text_malformed": COOKIE_FORMS,
    "cookie_header_malformed": "写成 name=value; other=value",
    "cookie_json_too_deep": COOKIE_FORMS,
    "cookie_json_not_list": COOKIE_FORMS,
    "cookie_file_html": COOKIE_FORMS,
    "cookie_text_too_long": COOKIE_FORMS,
    "session_cookie_missing": SIGN_IN_AGAIN,
    "session_cookie_missing_noted": SIGN_IN_AGAIN,
}
ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {**_TO_DO},
    "console": {**_TO_DO},
    "api": {**_TO_DO},
}
