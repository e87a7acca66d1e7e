"""Sentences of errors, refusals and results, in Chinese, by their form; others stay as they are."""

from __future__ import annotations

import re

FIELDS = {
    "domain": "领域",
    "platform": "平台",
    "pages": "页数",
    "limit": "行数",
    "labels": "标签",
    "add": "标签",
    "username": "名称",
    "cookies": "Cookie",
    "proxy": "代理",
    "daily_export_limit": "每日行数",
    "links": "链接",
    "uid": "uid",
    "day": "日期",
    "url": "URL",
    "via": "查找方式",
    "columns": "列",
    "format": "格式",
    "lanes": "并行数",
}
COUNTERS = {
    "view": "播放",
    "like": "点赞",
    "comment": "评论",
    "share": "分享",
    "favorite": "收藏",
    "download": "下载",
    "forward": "转发",
}
FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(form, re.DOTALL), chinese)
    for form, chinese in (
        # what pydantic says of a field
        (r"Input should be greater than or equal to (?P<n>\S+)", "不得小于 {n}"),
        (r"Input should be less than or equal to (?P<n>\S+)", "不得大于 {n}"),
        (r"Input should be less than (?P<n>\S+)", "须小于 {n}"),
        (r"Input should be a valid integer.*", "须为整数"),
        (r"Input should be a valid (?:date|datetime).*", "须为有效日期"),
        (r"Input should be '.*", "请选择列出的值"),
        (r"String should have at most (?P<n>\d+) characters?", "最多 {n} 个字符"),
        (r"String should have at least (?P<n>\d+) characters?", "至少 {n} 个字符"),
        (r"String should match pattern .*", "格式不对"),
        (r"List should have at least (?P<n>\d+) items? .*", "至少 {n} 项"),
        (r"List should have at most (?P<n>\d+) items? .*", "最多 {n} 项"),
        (r"Field required", "必填"),
        (r"1 to (?P<n>\d+) characters without control characters", "1 到 {n} 个字符，不含控制字符"),
        (r"1 to (?P<n>\d+) printable characters", "1 到 {n} 个可见字符"),
        (r"0 to (?P<n>[\d,]+) rows", "0 到 {n} 行"),
        # tasks and labels
        (
            r"the label (?P<what>.*) cannot be used; write .*",
            "标签 {what} 不可用：1 到 64 个文字、数字或 . - _ :，不含空格，且不以 - 开头",
        ),
        (
            r"a task has at most (?P<n>\d+) labels, these are (?P<m>\d+); .*",
            "每个任务最多 {n} 个标签，现为 {m} 个；请去掉一些",
        ),
        (r"give a label", "请填写标签"),
        (
            r"task (?P<id>\d+) is a piece of task (?P<whole>\d+); label that one",
            "任务 {id} 是任务 {whole} 的分片；请为后者加标签",
        ),
        (
            r"no (?:task|account|export|delivery|operation) has the id (?P<id>\S+); see.*",
            "没有 id 为 {id} 的条目",
        ),
        (r"task (?P<id>\d+) has ended \(.*\)", "任务 {id} 已结束"),
        (r"task (?P<id>\d+) is completed; start a new one instead", "任务 {id} 已完成；请新建任务"),
        (
            r"another .* task of (?P<domain>.*) is open; resume that one",
            "{domain} 已有另一个未结束的任务；请继续那一个",
        ),
        (r"cancelled by the operator", "已由操作者取消"),
        (
            r"nothing is known of domain '(?P<domain>.*)' on (?P<platform>\S+); crawl it first.*",
            "{platform} 上尚无领域“{domain}”的数据；请先抓取",
        ),
        (
            r"unknown (?P<what>format|column|platform) (?P<name>'.*?'); known: (?P<known>.*)",
            "未知：{name}；可用：{known}",
        ),
        (r"columns must be named once each, separated by commas", "各列名只写一次，以逗号分隔"),
        (
            r"(?P<what>.*); add one with: python cli\.py accounts import NAME cookies\.txt.*",
            "{what}；请在“账号”页添加账号",
        ),
        (r"(?P<what>.*) \(given up after (?P<n>\d+) attempts\)", "{what}（尝试 {n} 次后放弃）"),
        # accounts
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
        (
            r"account (?P<name>.*): this session ended on (?P<day>\S+); .*",
            "账号 {name}：此会话已于 {day} 到期；请重新登录并导出 Cookie",
        ),
        (r"the limit is no whole number", "每日行数须为整数"),
        (r"(?P<name>'.*') is in the file twice", "{name} 在文件中重复"),
        (r"choose a file first", "请先选择文件"),
        (r"(?P<file>.*): its first line must name the columns.*", "{file}：首行须为规定的列名"),
        (
            r"(?P<file>.*): neither UTF-8 nor GBK text; save it as UTF-8",
            "{file}：不是 UTF-8 或 GBK 文本；请另存为 UTF-8",
        ),
        (r"(?P<file>.*) is empty", "{file} 是空的"),
        (r"(?P<file>.*), line (?P<n>\d+): (?P<what>.*)", "{file} 第 {n} 行：{what}"),
        (r"(?P<file>.*), item (?P<n>\d+): (?P<what>.*)", "{file} 第 {n} 项：{what}"),
        (r"the stored session is no use: (?P<what>.*)", "保存的会话不可用：{what}"),
        (r"(?P<what>.*): .*Connection refused.*", "{what}：连接被拒绝"),
        # videos
        (
            r"(?P<what>'.*') is neither a link nor an id whose platform is known; .*",
            "{what} 既不是链接，也不知道是哪个平台的 id；写成 平台:ID，例如 youtube:dQw4w9WgXcQ",
        ),
        (r"(?P<what>'.*') is no link of a video: .*", "{what} 不是视频链接"),
        (r"(?P<what>'.*') is no video id of (?P<platform>\S+)", "{what} 不是 {platform} 的视频 id"),
        (r"it has neither an id nor a link", "既没有 id 也没有链接"),
        (r"there are no hourly numbers yet; .*", "尚无逐小时数据"),
        (r"nothing ran in this hour", "此小时没有运行"),
        (r"nothing has run yet", "尚未运行"),
        (r"begun (?P<n>\d+) minutes after the hour", "整点后 {n} 分钟才开始"),
        (r"its file is there and not imported: (?P<command>.*)", "文件已有但未导入：{command}"),
        (r"a run was cut short or is at work; .*", "运行中断或仍在进行；下次运行会补入已抓取的"),
        (r"all (?P<n>[\d,]+) works failed: (?P<what>.*)", "{n} 个视频全部失败：{what}"),
        (r"(?P<n>[\d,]+) works failed, mostly: (?P<what>.*)", "{n} 个视频失败，多为：{what}"),
        # exports and their proof
        (r"segment (?P<id>\d+) is being written by a running export", "文件 #{id} 正在写入"),
        # operations
        (r"(?P<what>.*) is under way already", "{what} 已在进行"),
        (r"(?P<n>\d+) operations are under way; .*", "已有 {n} 项操作在进行；请待其结束"),
        (r"a round is under way(?: since (?P<at>\S+))?", "一轮播报正在进行"),
        (r"(?P<day>\S+) dry run", "{day}（试运行）"),
        (r"(?P<n>\d+) links", "{n} 个链接"),
        (r"(?P<n>\d+) items", "{n} 条"),
        (r"(?P<n>\d+) channels", "{n} 个渠道"),
        (r"stopped: the server ends", "已停止：服务器关闭"),
        (r"stopped before its end", "结束前已停止"),
        (r"internal error.*", "内部错误；日志 web-<日期>.log 有全部内容"),
        (r"no channel is configured: set (?P<name>\S+) .*", "没有配置通知渠道：请设置 {name}"),
        # jobs
        (r"no completions", "没有完成记录"),
        (r"(?P<day>\S+): no completions", "{day}：没有完成记录"),
        (
            r"(?P<day>\S+): tasks (?P<n>\d+) \(new (?P<new>\d+), changed (?P<changed>\d+),"
            r" unchanged (?P<same>\d+)\), completions (?P<c>\d+), reports (?P<r>\d+)"
            r"(?:, not counted in full (?P<bad>\d+))?",
            "{day}：任务 {n}（新增 {new}，更改 {changed}，未变 {same}），完成 {c}，上报 {r}",
        ),
        (
            r"(?P<day>\S+) is in the future: today is (?P<today>\S+) .*",
            "{day} 尚未到来：今天是 {today}",
        ),
        (
            r"there is no API key of (?P<name>.*): set (?P<setting>\S+)",
            "没有 {name} 的 API 密钥：请设置 {setting}",
        ),
        (r"the catalogue is empty; .*", "视频库为空；文件未改动"),
        (
            r"(?P<n>[\d,]+) works, (?P<valid>[\d,]+) of them valid",
            "{n} 个视频，其中 {valid} 个有效",
        ),
        (
            r"(?P<a>[\d,]+) updated, (?P<b>[\d,]+) skipped, (?P<c>[\d,]+) failed.*",
            "更新 {a}，跳过 {b}，失败 {c}",
        ),
        (r"(?P<job>\S+) is running already; .*", "{job} 已在运行"),
        (r"no job is called (?P<name>.*); .*", "没有名为 {name} 的作业"),
        (
            r"(?P<n>\d+) of (?P<m>\d+) completions not counted in full: (?P<what>.*)",
            "{m} 条完成中有 {n} 条未统计完整：{what}",
        ),
        (
            r"(?P<link>\S+) without (?P<counters>[a-z, ]+): (?P<what>.*)",
            "{link} 缺少{counters}：{what}",
        ),
        (r"interrupted", "已中断"),
        (r"its process ended", "其进程已结束"),
        # webhooks
        (r"the receiver said HTTP (?P<code>\d+).*", "接收方答复 HTTP {code}"),
        (r"nothing was ever to be sent to that URL.*", "从未有内容要发送到此地址"),
        # access
        (r"the token (?P<name>'.*') may only read; .*", "令牌 {name} 只读；请使用管理令牌"),
        (r"this action did not come from a page of Baton; .*", "此操作不是从 Baton 的页面发起的"),
        (r"no log file is called (?P<name>.*) on this host; .*", "本机没有名为 {name} 的日志文件"),
        (r"\S+ /\S*: Not Found; .*", "没有这个页面"),
        (r"refused: unknown token", "拒绝：未知令牌"),
        (r"the database (?:cannot be reached|went away).*", "数据库暂时无法访问"),
    )
)


def told(english: str) -> str:
    """The sentence in Chinese: as a whole, or each of those that `; ` separates, with its field."""
    whole = _formed(english) or _of_field(english)
    if whole is not None:
        return whole
    parts = english.split("; ")
    done = [_formed(part) or _of_field(part) for part in parts]
    return "；".join(found or part for found, part in zip(done, parts, strict=True))


def _formed(english: str) -> str | None:
    for form, chinese in FORMS:
        found = form.fullmatch(english)
        if found:
            parts = {name: value or "" for name, value in found.groupdict().items()}
            for name in ("what", "error"):
                if name in parts and parts[name] != english:
                    parts[name] = told(parts[name])
            names = parts.get("counters", "").split(", ")
            parts["counters"] = "、".join(COUNTERS.get(name, name) for name in names)
            return chinese.format(**parts)
    return None


def _of_field(english: str) -> str | None:
    """`pages: Input should be …`"""
    name, separator, problem = english.partition(": ")
    known = FIELDS.get(name.split(".")[0])
    return f"{known}：{told(problem)}" if separator and known else None
