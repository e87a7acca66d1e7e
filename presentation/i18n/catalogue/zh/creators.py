"""Creators: lists, filters, counts and one creator."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "delivered_left_out": "{count} 位达人已由本平台的其他领域导出，仍保留为待导出",
    "ended_at_empty_page": (
        "已在第 {page} 页之前结束：无论由哪个账号请求，该页均无内容，而平台称共有 {total} 页；"
        "可能有达人缺失，请稍后重新抓取该领域"
    ),
    "stopped_dry": "连续 {pages} 页没有新达人，已结束，最后一页为第 {page} 页",
    "nobody_fits": (
        "该领域待导出的唯一一位达人不符合筛选条件",
        "该领域有 {n:,} 位达人待导出，没有一位符合筛选条件",
    ),
    "nobody_waits": "该领域没有待导出的达人：此前已全部导出",
    "export_choice_line": "筛选：{choice}",
    "task_keeps_choice": "注意：该任务只导出筛选出的达人：{choice}",
    "column_choice": "筛选",
    "column_share_new": "新增占比",
    "column_uid": "达人 ID",
    "column_nickname": "昵称",
    "column_followers": "粉丝数",
    "column_contact": "联系方式",
    "column_signature": "签名",
    "column_seen": "最近出现",
    "column_first_seen": "首次出现",
    "column_30_days": "近 30 天",
    "column_change": "变化",
    "column_profile": "主页",
    "column_history": "走势",
    "column_creators": "达人",
    "column_exported": "已导出",
    "column_pending": "待导出",
    "column_status": "状态",
    "column_keyword": "关键词",
    "column_new_creators": "新增",
    "column_creators_seen": "出现",
    "headers_raw": "列名",
    "headers_en": "英文",
    "headers_zh": "中文",
    "word_email": "邮箱",
    "word_phone": "电话",
    "word_messenger": "即时通讯",
    "word_exported": "已导出",
    # lists
    "no_creators_found": "没有符合条件的达人",
    "more_creators": "已显示 {shown:,} 个，共 {found} 个；用 --limit 可显示更多",
    "creators_all_read": (
        "按 {field} 排序须读取全部达人；followers、first_seen_at 和 seen_at 有索引"
    ),
    "creators_still_brought_in": "旧版本的达人仍在补录：{of:,} 行中还剩 {left:,} 行",
    "no_history_yet": "尚无任何一天的记录：`run` 运行时，见到达人后一小时内会记下当天的数据",
    # one creator
    "creator_heading": "{nickname}（{uid}）",
    "creator_fact": "  {name}：{value}",
    "creator_in_domain": (
        "{domain}：由 {keywords:, } 搜到，任务 {task_id} 第 {page} 页，账号 {account}，{moment}"
    ),
    "creator_waits": "  等待导出",
    "creator_delivered": (
        "  已交付：分段 {segment_id}（任务 {task_id}），账号 {account}，{day}：{file}"
    ),
    "unknown_account": "未知账号",
    "file_not_sealed": "尚未封存",
    # the report of a day, and its log
    "column_ingested": "入库",
    "column_files": "文件",
    "column_page": "页码",
    "report_title": "日报",
    "report_heading": "{day} 日报（配额时区）",
    "report_ingested": "入库",
    "report_exported": "导出",
    "report_nothing": "  无",
    "report_sum": "合计",
    "report_is_empty": "{day} 没有入库，也没有导出",
    "report_was_written": "已写入 {file}",
    "one_report_form": "--json 和 --sentences 只能选一个",
    # The operator's own words: 什么类型的达人今天哪个账号入库了多少个; 账号一导出了4000个什么类型的达人.
    "ingested_today": "{domain}类型的达人今天账号{account}入库了{count}个",
    "ingested_on_day": "{domain}类型的达人{day}账号{account}入库了{count}个",
    "exported_today_by": "账号{account}导出了{count}个{domain}类型的达人",
    "exported_on_day": "账号{account}{day}导出了{count}个{domain}类型的达人",
    "no_page_ingested": "没有符合条件的入库日志",
    "page_was_ingested": (
        "{moment} {account}：{domain} 第 {page} 页（任务 {task_id}）：入库 {count:,} 个，其中新增 {new:,} 个"
    ),
    "page_creator": "  {nickname}（{uid}）",
    "ingestion_log_unknown": "没有编号为 {log_id} 的入库日志",
    # streams of creators
    "api_rows_used_up": "至少有 {rows:,} 个达人，而此令牌今天的 {most:,} 行中还可读取 {left:,} 行",
    # what people give
    "condition_malformed": (
        "{text!r} 不是条件；写法为 字段 运算符 值，例如 粉丝数>=10000；字段：粉丝数、作品数、获赞数、昵称、"
        "达人ID、最近出现、首次出现、入库时间、来源页码，或 {fields:, }；"
        "运算符：{operators: }"
    ),
    "creator_field_unknown": (
        "没有字段 {name!r}；可用：粉丝数、作品数、获赞数、昵称、达人ID、最近出现、首次出现、入库时间、"
        "来源页码，或 {known:, }"
    ),
    "condition_operator_unfit": "{field} 不能用 {operator!r} 比较",
    "condition_values_count": "列表须有 1 到 {most:,} 个值；现有 {given:,} 个",
    "condition_file_refused": "只有在命令行里才能给出文件；请直接给出各个值",
    "condition_needs_domain": (
        "状态、关键词、ingested_at 和 source_page 属于某个领域中的达人；请指定领域"
    ),
    "moment_malformed": "{text!r} 不是时间；可写 7d、12h 这样的时长，或一个日期",
    "number_malformed": "{text!r} 不是整数；可写 10000、10k 或 1万",
    "contact_unknown": "没有联系方式 {name!r}；可用：{known:, }",
    "sort_direction_unknown": "方向只能是 asc 或 desc，不能是 {direction!r}",
    "one_output_form": "--json、--jsonl 和 --csv 只能选一个",
    "list_unreadable": "无法读取列表 {path}：{cause}",
    "list_cursor_malformed": "该游标不属于此列表；请从第一页开始",
    "name_part_too_long": "昵称最多 {most} 个字符",
    "name_too_common": "名字里含有 {name!r} 的达人超过 {most:,} 个；请多写几个字",
    "creator_malformed": "请给出达人的 UID 或主页地址",
    "creator_unknown": "在 {platform} 上没有见过达人 {uid!r}",
    "creator_unknown_anywhere": "在所有平台上都没有见过达人 {uid!r}",
    "creator_on_several": "{platforms:, } 上都有达人 {uid!r}；请用 --platform 指定",
    "profile_address_unknown": "该地址不是已知平台的主页（{platforms:, }）",
    "keyword_malformed": "关键词须为 1 到 {max_letters} 个字，且不能含控制字符",
    "selection_with_lanes": "带筛选的导出一次只用一个账号",
    "order_with_follow": "不结束的导出不能指定顺序",
    "selection_before_backfill": "旧版本的达人仍在补录；此时筛选会漏掉他们",
    "selection_differs": "导出任务 {task_id}（{options}）尚未结束，且筛选条件不同：{choice}",
    "selection_of_all_is_open": "导出任务 {task_id}（{options}）尚未结束，且导出全部达人",
}

ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {
        "selection_differs": "继续该任务：{program} start_export {options}；或取消：{program} tasks cancel {task_id}",
        "selection_of_all_is_open": "继续该任务：{program} start_export {options}；或取消：{program} tasks cancel {task_id}",
        "selection_before_backfill": "可立即执行：{program} jobs run creators_backfill",
    },
    "console": {
        "selection_differs": "不填筛选条件再次提交即可继续该任务，或在“任务”页取消它",
        "selection_of_all_is_open": "不填筛选条件再次提交即可继续该任务，或在“任务”页取消它",
        "selection_before_backfill": "请在“定时任务”页执行 creators_backfill",
    },
    "api": {
        "selection_differs": "去掉筛选条件重新请求即可继续该任务；或取消：POST /api/v1/tasks/{task_id}/cancel",
        "selection_of_all_is_open": "去掉筛选条件重新请求即可继续该任务；或取消：POST /api/v1/tasks/{task_id}/cancel",
        "selection_before_backfill": "POST /api/v1/jobs/creators_backfill/run",
    },
}
