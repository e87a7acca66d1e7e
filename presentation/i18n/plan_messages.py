"""The texts of `plan`, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crawler.planning.advice import Change
from crawler.planning.forecast import Bound
from presentation.i18n.chinese import CHINESE
from presentation.i18n.texts import Texts

DAY_SECS, HOUR_SECS = 86_400, 3_600
MAX_HOURS = 24  # longer times are shown in days


@dataclass(frozen=True)
class PlanTexts:
    """The texts of one language; parts in braces are filled in."""

    head: str
    accounts: tuple[str, ...]  # titles of the columns
    work: tuple[str, ...]
    crawl: str
    export: str
    now: str
    never: str
    at_once: str
    days: str
    no_crawl: str
    pages_by: str
    pages_a_minute: str
    rows_a_day: str
    more_accounts: str
    side_by_side: str
    would_shorten: str
    nothing_shortens: str
    advice: str
    instead: str
    comma: str
    counted_on: str
    learned: str
    assumed: str
    search_ends: str
    others: str
    left_out: str
    session_ends: str
    without_session: str
    bounds: Mapping[Bound, str]
    changes: Mapping[Change, str]


ENGLISH_PLAN = PlanTexts(
    head="{domain} on {platform}: {creators} to crawl, {rows} waiting for export",
    accounts=("account", "pages/min", "from", "left today", "a day", "note"),
    work=("work", "amount", "rate", "takes", "ends ({zone})", "decided by"),
    crawl="crawl",
    export="export",
    now="now",
    never="never",
    at_once="under a minute",
    days="{days} d {hours} h",
    no_crawl="nothing to crawl",
    pages_by="{pages} by {accounts}",
    pages_a_minute="{n} pages/min",
    rows_a_day="{n} rows/day, quota days: {days}",
    more_accounts="and {n} more",
    side_by_side=(
        "Both begin now, side by side, with {workers} crawl workers, and run until they are done"
        " (`python cli.py run`, or start_export with --wait)."
    ),
    would_shorten="What would shorten it:",
    nothing_shortens="Nothing that a person can change would shorten it much.",
    advice="  {change}: {ends}",
    instead="{work} {after} instead of {before}",
    comma=", ",
    counted_on="Counted on: {page_creators} creators a page ({page_how}), {secs} s an answer"
    " ({answer_how}).",
    learned="learned from {n} pages",
    assumed="assumed: nothing was crawled yet",
    search_ends=(
        "Note: the search of {platform} ends after {pages} pages, about {creators} creators of one"
        " --domain: for {wanted} it takes some {domains} of them."
    ),
    others="Note: left out are {n} open tasks of other domains, which want the same accounts.",
    left_out="Left out, as disabled: {names}.",
    session_ends="session ends {at}",
    without_session="no session, cannot crawl",
    bounds={
        Bound.PACE: "the accounts' pace",
        Bound.WORKERS: "the number of workers",
        Bound.RESTS: "rests of the accounts",
        Bound.CRAWL: "the crawl",
        Bound.QUOTA: "the daily quotas",
        Bound.NOBODY: "no account can do it",
        Bound.TOO_LONG: "more than ten years",
    },
    changes={
        Change.MORE_ACCOUNTS: "{accounts} more, like these",
        Change.ENABLE: "enable {names}",
        Change.HEALTHY: "with {names} rested and at the full pace",
        Change.SIGN_IN: "sign in again before the session ends ({names})",
        Change.SET_LIMIT: "accounts set_limit NAME {n}, where that is allowed ({names})",
        Change.WORKERS: "--workers {n}",
    },
)

CHINESE_PLAN = PlanTexts(
    head="{platform} · {domain}：待抓取 {creators}，待导出 {rows}",
    accounts=("账号", "页/分钟", "可用时间", "今日剩余", "每日配额", "备注"),
    work=("工作", "数量", "速率", "用时", "结束于（{zone}）", "决定因素"),
    crawl="抓取",
    export="导出",
    now="现在",
    never="永远无法完成",
    at_once="不到一分钟",
    days="{days} 天 {hours} 小时",
    no_crawl="无需抓取",
    pages_by="{pages}，{accounts}参与",
    pages_a_minute="{n} 页/分钟",
    rows_a_day="{n} 行/天，共 {days} 个配额日",
    more_accounts="另有 {n} 个",
    side_by_side=(
        "抓取与导出从现在起并行，{workers} 个抓取线程，一直运行到完成"
        "（`python cli.py run`，或 start_export 加 --wait）。"
    ),
    would_shorten="可以缩短时间的办法：",
    nothing_shortens="没有什么办法能明显缩短时间。",
    advice="  {change}：{ends}",
    instead="{work} {after}（原 {before}）",
    comma="，",
    counted_on=(
        "依据：每页 {page_creators} 位达人（{page_how}），每次应答 {secs} 秒（{answer_how}）。"
    ),
    learned="由 {n} 页得出",
    assumed="假定值：尚未抓取过",
    search_ends=(
        "注意：{platform} 的搜索止于 {pages} 页，一个 --domain 约 {creators} 位达人："
        "{wanted} 位大约需要 {domains} 个。"
    ),
    others="注意：其他领域还有 {n} 个任务要用同样的账号，计划未计入。",
    left_out="未计入（已禁用）：{names}。",
    session_ends="会话于 {at} 结束",
    without_session="没有会话，无法抓取",
    bounds={
        Bound.PACE: "账号的请求速率",
        Bound.WORKERS: "线程数",
        Bound.RESTS: "账号休息",
        Bound.CRAWL: "抓取进度",
        Bound.QUOTA: "每日配额",
        Bound.NOBODY: "没有账号能完成",
        Bound.TOO_LONG: "超过十年",
    },
    changes={
        Change.MORE_ACCOUNTS: "再加同样的 {accounts}",
        Change.ENABLE: "启用 {names}",
        Change.HEALTHY: "{names} 休息结束并恢复全速",
        Change.SIGN_IN: "会话结束前重新登录（{names}）",
        Change.SET_LIMIT: "accounts set_limit 名称 {n}（如允许；{names}）",
        Change.WORKERS: "--workers {n}",
    },
)


def plan_texts(texts: Texts) -> PlanTexts:
    """Return the texts of plans in the language of `texts`."""
    return CHINESE_PLAN if texts is CHINESE else ENGLISH_PLAN


def duration(texts: Texts, secs: float | None) -> str:
    """Return how long work takes, rounded to the precision of a
    forecast; `secs` is None for never."""
    own_texts = plan_texts(texts)
    if secs is None:
        return own_texts.never
    if secs < 60:
        return own_texts.at_once
    if secs < MAX_HOURS * HOUR_SECS:
        return texts.duration(secs)
    hours = round(secs / HOUR_SECS)
    return own_texts.days.format(days=f"{hours // 24:,}", hours=hours % 24)
