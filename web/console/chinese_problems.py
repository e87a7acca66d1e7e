"""Chinese for sentences that `sources` and `storage` raise as texts, by their form.

The module goes when these errors have codes; a text of another form stays as it is.
"""

from __future__ import annotations

import re

FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(form, re.DOTALL), chinese)
    for form, chinese in (
        (r"the cookie file is empty; give .*", "未提供 Cookie；请粘贴或选择文件"),
        (
            r"this is no cookie text; give .*",
            "这不是 Cookie 文本；请提供 cookies.txt、扩展导出的 JSON，或 SESSDATA=...;"
            " bili_jct=...",
        ),
        (
            r"there is no (?P<name>\S+) cookie of (?P<site>\S+) in it: .*",
            "其中没有 {site} 的 {name}：请在浏览器登录后重新导出 Cookie",
        ),
        (r"cookie JSON.*", "Cookie JSON 无法读取"),
        (r"cookies\.txt, line (?P<n>\d+): .*", "cookies.txt 第 {n} 行格式不对"),
        (r"cookie (?P<name>\S+): .*", "Cookie {name} 的值不可用"),
        (r"the proxy is no URL; .*", "代理不是有效地址；写成 http://user:password@host:8080"),
        (r"the stored session is no use: (?P<what>.*)", "保存的会话不可用：{what}"),
        (r"(?P<what>.*): .*Connection refused.*", "{what}：连接被拒绝"),
        (r"the database (?:cannot be reached|went away).*", "数据库暂时无法访问"),
    )
)


def translate_problem(english: str) -> str:
    """Return the sentence in Chinese; a sentence of an unknown form unchanged."""
    for form, chinese in FORMS:
        found = form.fullmatch(english)
        if found:
            parts = {name: translate_problem(value) for name, value in found.groupdict().items()}
            return chinese.format(**parts)
    return english
