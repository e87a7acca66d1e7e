"""抓取、导出、任务、预计。"""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {}

ADVICE: dict[str, dict[str, Forms]] = {"terminal": {}, "console": {}, "api": {}}

MESSAGES |= {
    # 抓取、导出与标签的请求
    "domain_malformed": "1 至 {max_letters} 个字符，不含控制字符",
    "limit_with_lanes": "行数上限按单个并行账号计",
    "domain_unknown": "{platform} 上尚无领域“{domain}”的数据",
    "domain_unknown_there": "{platform} 上尚无领域“{domain}”的数据（已有：{known}）",
    "piece_not_labelled": "任务 {task_id} 是任务 {parent_id} 的子任务",
    "task_not_found": "没有 id 为 {task_id} 的任务",
}

ADVICE["terminal"] |= {
    "limit_with_lanes": "请将 --workers 保持为 1",
    "domain_unknown": "请先抓取：python cli.py start_crawl --domain {domain!r}",
    "domain_unknown_there": "请先抓取：python cli.py start_crawl --domain {domain!r}",
    "piece_not_labelled": "请为父任务加标签",
    "task_not_found": "请查看：python cli.py tasks list",
}
ADVICE["console"] |= {
    "limit_with_lanes": "请将“并行账号数”保持为 1",
    "domain_unknown": "请先抓取",
    "domain_unknown_there": "请先抓取",
    "piece_not_labelled": "请为父任务加标签",
    "task_not_found": "请查看“任务”页",
}
ADVICE["api"] |= {
    "limit_with_lanes": "请将 lanes 保持为 1",
    "domain_unknown": "请先用 POST /api/v1/tasks/crawl 抓取",
    "domain_unknown_there": "请先用 POST /api/v1/tasks/crawl 抓取",
    "piece_not_labelled": "请为父任务加标签",
    "task_not_found": "请查看 GET /api/v1/tasks",
}
