"""抓取、导出、任务、预计。"""

from __future__ import annotations

MESSAGES = {
    "video_unanswered": "没有应答",
    # 任务等待或失败的原因
    "page_failed": "第 {page} 页：{cause}",
    "page_unconfirmed": "第 {page} 页需由另一个账号确认：{reason}",
    "domain_without_pages": "平台称该领域没有任何页",
    "evidence_kept": "{cause}（证据：{file}）",
    "database_refused": "数据库拒绝：{cause}",
    "internal_error": "内部错误，详见日志：{detail}",
    "given_up_after": "{cause}（尝试 {attempts} 次后放弃）",
    "cancelled_by_operator": "已由操作者取消",
    # 任务
    "task_not_found": "没有 id 为 {task_id} 的任务",
    "task_completed": "任务 {task_id} 已完成",
    "task_ended": "任务 {task_id} 已结束（{status}）",
    "task_without_output": "任务 {task_id} 不是导出任务，或是其子任务",
    "status_completed": "已完成",
    "status_failed": "失败",
    "another_task_open": "{domain} 的另一个{kind}正在进行",
    "ingestion_task": "抓取任务",
    "export_task": "导出任务",
    "task_taken_over": "任务 {task_id} 已被接管",
    "task_taken_meanwhile": "任务 {task_id} 刚被占用",
    "label_invalid": "标签“{label}”不可用",
    "too_many_labels": "一个任务最多 {most} 个标签，现有 {given} 个",
    # 视频数据
    "fetch_stopped": "已停止",
    "no_source": "{platform} 没有数据来源",
    # 计划
    "nothing_to_plan": "没有进行中的“{domain}”抓取，也没有待导出的行",
    "pages_not_known": "任务 {task_id}（抓取 {domain}）尚不知道总页数",
    "plan_without_accounts": "没有账号",
    "plan_all_disabled": "全部账号已禁用",
    "plan_without_sessions": "没有账号有会话",
    # 导出
    "format_unknown": "未知的格式“{name}”；可用：{known}",
    "format_extra_missing": "格式 {format} 需要一个库：{command}",
    "segment_not_compared": "分段 {segment_id}：未比对内容：{cause}",
    "headers_unknown": "没有表头 {name!r}；可用：{known:, }",
    "header_malformed": "表头最多 {most} 个字，且不能含控制字符",
    "export_header_repeated": "有两列的表头都是 {header!r}",
    "segment_rebuild_differs": "分段 {segment_id}：按其行重新生成的内容与记录不符",
    "copy_of_open_segment": "分段 {segment_id} 仍在写入；封存后才能另存",
    "task_without_files": "任务 {task_id} 没有已完成的文件",
    "rows_over_format": "分段 {segment_id} 的行数超过 {format} 文件的上限（{most:,}）",
    "copy_what": "请指定分段，或用 --task 指定一个导出任务",
    "segment_was_copied": "分段 {segment_id}：{rows} 写入 {file}",
    "crawls_filed_partly": (
        "{of} 个抓取中已提交 {filed} 个，随后：{cause}；请重新提交，未结束的会被沿用"
    ),
    "column_unknown": (
        "未知的列“{name}”；可用：序号、达人ID、昵称、平台、领域、粉丝数、作品数、签名、来源页码、"
        "入库时间、获赞数、主页链接、原始数据，或 {known}"
    ),
    "columns_repeated": "每一列只能写一次，以逗号分隔",
    "export_not_writable": "无法写入 {path}：{detail}",
    "part_file_taken": "{file} 的临时文件已被取走",
    "rows_exported_meanwhile": "这些行刚由另一工作线程导出",
    "segment_not_found": "没有 id 为 {segment_id} 的导出文件",
    "segment_being_written": "导出文件 {segment_id} 正由进行中的导出写入",
    "segment_sealed_elsewhere": "导出文件 {segment_id} 已由另一工作线程接管",
    "segment_taken_over": "导出文件 {segment_id} 期间已被接管",
    "rebuild_changes_file": (
        "导出文件 {segment_id}：保留 {path}：它的数据行与写入时已不同（现有 {rows} 行，当时 {logged} 行），"
        "重新生成会得到内容不同的文件"
    ),
    "rebuild_without_platform": (
        "导出文件 {segment_id}：平台 {platform} 已没有声明文件，无法得知各列的含义"
    ),
    # 校验的结果
    "segment_counts_differ": (
        "导出文件 {segment_id}：日志为 {logged} 行，id {logged_first}-{logged_last}；"
        "表中为 {rows} 行，id {first}-{last}"
    ),
    "segment_without_file": "导出文件 {segment_id}：已封存但没有文件",
    "segment_file_unreadable": "导出文件 {segment_id}：{path}：{detail}",
    "segment_file_changed": "导出文件 {segment_id}：{path} 不是当时写入的文件",
    "segment_changed_there": "导出文件 {segment_id}：主机 {host} 上的 {path} 不是当时写入的文件",
    "segment_missing_there": "导出文件 {segment_id}：主机 {host} 上无法读取 {path}",
    "segment_content_differs": (
        "导出文件 {segment_id}：{path} 有 {in_file} 行，表中有 {rows} 行；{differing} 位达人只在其中一处"
    ),
    "pages_missing": ("任务 {task_id}：已完成第 {first} 至 {last} 页，但只入库了 {logged} 页"),
    "manifest_unreadable": "导出文件 {segment_id}：清单无法读取（{detail}）",
    "manifest_differs": "导出文件 {segment_id}：清单内容不符",
    "segment_left_open": "导出文件 {segment_id}：仍在写入中，但其任务 {task_id} 已结束",
    "quota_counted_too_low": "账号 {name} 于 {day}：计数 {counted} 行，实际导出 {exported} 行",
    "limit_passed": "账号 {name} 于 {day}：导出 {exported} 行，上限为 {limit} 行",
    "creators_contradictory": (
        "1 位达人的状态与导出文件互相矛盾",
        "{n} 位达人的状态与导出文件互相矛盾",
    ),
    "creators_in_lost_segments": ("1 位达人指向不存在的导出文件", "{n} 位达人指向不存在的导出文件"),
    "creators_without_details": (
        "1 位达人不在达人列表中",
        "{n} 位达人不在达人列表中",
    ),
}

_LABEL_RULE = "须为 1 至 64 个字母（含汉字）、数字及 . - _ :，不含空格，不以 - 开头"

ADVICE = {
    "terminal": {
        "segment_without_file": "重新生成：{program} exports rebuild {segment_id}",
        "segment_file_unreadable": "重新生成：{program} exports rebuild {segment_id}",
        "segment_file_changed": "重新生成：{program} exports rebuild {segment_id}",
        "segment_changed_there": "重新生成：{program} exports rebuild {segment_id}",
        "segment_missing_there": "重新生成：{program} exports rebuild {segment_id}",
        "manifest_unreadable": "重新生成：{program} exports rebuild {segment_id}",
        "manifest_differs": "重新生成：{program} exports rebuild {segment_id}",
        "segment_left_open": "重新生成：{program} exports rebuild {segment_id}",
        "nothing_to_plan": "请用 --creators N 指明达人数",
        "pages_not_known": "请用 --creators N 指明达人数",
        "plan_without_accounts": "添加账号：{program} accounts import 名称 cookies.txt（或用 --accounts N 假设）",
        "plan_all_disabled": "启用一个：{program} accounts enable 名称（或用 --accounts N 假设）",
        "plan_without_sessions": "导入会话：{program} accounts import 名称 文件（或用 --accounts N 假设）",
        "task_not_found": "请查看：{program} tasks list",
        "task_completed": "请新建一个任务",
        "another_task_open": "请继续那一个",
        "label_invalid": _LABEL_RULE,
        "too_many_labels": "请去掉一些",
        "export_not_writable": "请腾出空间，或用 --out 选择其他文件夹",
        "segment_not_found": "请查看：{program} exports list",
        "segment_taken_over": "请先校验，再重试",
        "rebuild_changes_file": "如需按现有数据重新生成，请先将该文件移走",
        "rebuild_without_platform": "请将其声明文件放回 sources.d",
    },
    "console": {
        "segment_without_file": "请在“导出”页重新生成",
        "segment_file_unreadable": "请在“导出”页重新生成",
        "segment_file_changed": "请在“导出”页重新生成",
        "segment_changed_there": "请在“导出”页重新生成",
        "segment_missing_there": "请在“导出”页重新生成",
        "manifest_unreadable": "请在“导出”页重新生成",
        "manifest_differs": "请在“导出”页重新生成",
        "segment_left_open": "请在“导出”页重新生成",
        "nothing_to_plan": "请指明达人数",
        "pages_not_known": "请指明达人数",
        "plan_without_accounts": "请在“账号”页添加",
        "plan_all_disabled": "请在“账号”页启用一个",
        "plan_without_sessions": "请在“账号”页导入",
        "task_not_found": "请查看“任务”页",
        "task_completed": "请新建一个任务",
        "another_task_open": "请继续那一个",
        "label_invalid": _LABEL_RULE,
        "too_many_labels": "请去掉一些",
        "export_not_writable": "请在该磁盘上腾出空间",
        "segment_not_found": "请查看“导出”页",
        "segment_taken_over": "请先校验，再重试",
        "rebuild_changes_file": "如需按现有数据重新生成，请先将该文件移走",
        "rebuild_without_platform": "请将其声明文件放回 sources.d",
    },
    "api": {
        "segment_without_file": "用 POST /api/v1/exports/{segment_id}/rebuild 重新生成",
        "segment_file_unreadable": "用 POST /api/v1/exports/{segment_id}/rebuild 重新生成",
        "segment_file_changed": "用 POST /api/v1/exports/{segment_id}/rebuild 重新生成",
        "segment_changed_there": "用 POST /api/v1/exports/{segment_id}/rebuild 重新生成",
        "segment_missing_there": "用 POST /api/v1/exports/{segment_id}/rebuild 重新生成",
        "manifest_unreadable": "用 POST /api/v1/exports/{segment_id}/rebuild 重新生成",
        "manifest_differs": "用 POST /api/v1/exports/{segment_id}/rebuild 重新生成",
        "segment_left_open": "用 POST /api/v1/exports/{segment_id}/rebuild 重新生成",
        "nothing_to_plan": "请指明达人数",
        "pages_not_known": "请指明达人数",
        "plan_without_accounts": "用 POST /api/v1/accounts 添加",
        "plan_all_disabled": "用 POST /api/v1/accounts/{{id}}/enable 启用一个",
        "plan_without_sessions": "用 POST /api/v1/accounts 导入",
        "task_not_found": "请查看 GET /api/v1/tasks",
        "task_completed": "请新建一个任务",
        "another_task_open": "请继续那一个",
        "label_invalid": _LABEL_RULE,
        "too_many_labels": "请去掉一些",
        "export_not_writable": "请在该磁盘上腾出空间",
        "segment_not_found": "请查看 GET /api/v1/exports",
        "segment_taken_over": "请先校验，再重试",
        "rebuild_changes_file": "如需按现有数据重新生成，请先将该文件移走",
        "rebuild_without_platform": "请将其声明文件放回 sources.d",
    },
}

MESSAGES |= {
    # 抓取、导出与标签的请求
    "domain_malformed": "1 至 {max_letters} 个字符，不含控制字符",
    "limit_with_lanes": "行数上限按单个并行账号计",
    "domain_unknown": "{platform} 上尚无领域“{domain}”的数据",
    "domain_unknown_there": "{platform} 上尚无领域“{domain}”的数据（已有：{known}）",
    "piece_not_labelled": "任务 {task_id} 是任务 {parent_id} 的子任务",
}

ADVICE["terminal"] |= {
    "limit_with_lanes": "请将 --workers 保持为 1",
    "domain_unknown": "请先抓取：{program} start_crawl --domain {domain!r}",
    "domain_unknown_there": "请先抓取：{program} start_crawl --domain {domain!r}",
    "piece_not_labelled": "请为父任务加标签",
}
ADVICE["console"] |= {
    "limit_with_lanes": "请将“并行账号数”保持为 1",
    "domain_unknown": "请先抓取",
    "domain_unknown_there": "请先抓取",
    "piece_not_labelled": "请为父任务加标签",
}
ADVICE["api"] |= {
    "limit_with_lanes": "请将 lanes 保持为 1",
    "domain_unknown": "请先用 POST /api/v1/tasks/crawl 抓取",
    "domain_unknown_there": "请先用 POST /api/v1/tasks/crawl 抓取",
    "piece_not_labelled": "请为父任务加标签",
}
