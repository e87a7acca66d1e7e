"""作品列表及其数据。"""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # 文件
    "file_missing": "{path} 不存在",
    "file_unreadable": "{path} 无法读取：{detail}",
    "file_empty": "{path} 是空的",
    "file_damaged": "{path}：{problem}",
    "file_not_removed": "无法删除 {path}：{detail}",
    "file_not_moved": "无法将 {path} 移到 {target}：{detail}",
    "folder_not_readable": "无法读取 {folder}：{detail}",
    "json_value_wrong": "{problem}，实为 {value}",
    "json_place_wrong": "{place}：{problem}",
    "more_problems": "{problem}（另有 {more} 处）",
    # 作品文件
    "at_item": "第 {item} 项",
    "file_not_json": "{file} 第 {line} 行第 {column} 列：不是 JSON（{detail}）；文件是否完整？",
    "json_unreadable": "{file} 不是可读取的 JSON：{detail}",
    "works_array_needed": '{file}：须为作品数组，或如 views.json 那样的 {{"works": [...]}}',
    "complete_malformed": "{file}：“complete” 的值是 {value}",
    "complete_list_empty": "{file}：完整列表中没有作品，导入会停用全部作品",
    "complete_list_held": "{file}：在修正这些之前，完整列表不停用任何作品",
    "item_not_work": "既不是对象也不是链接",
    "columns_missing": (
        "{file}：首行须为列名：work_id、link（{ids}）之一，另可有 platform、title、author、uid、"
        "publish_time、cover_url、is_valid（{others} 等）；首行现为 {first!r}"
    ),
    "cell_left_out": "{cause}；已略过该单元格",
    "work_unidentified": "既没有 id 也没有链接",
    "id_without_bv": "{text!r} 不是 id；是否指 {suggestion}？",
    "cell_not_text": "{name} 既不是文本也不是数字",
    "is_valid_malformed": "is_valid 的值是 {text!r}",
    "publish_time_malformed": "publish_time 的值是 {text!r}",
    "publish_time_impossible": "发布时间 {day} 不可能",
    "text_too_long": "{name} 超过 {max_chars:,} 个字符",
    "short_link_not_asked": "在查询短链接之前已停止",
    "short_link_unresolved": "{cause}",
    "short_link_dropped": "此处不查询短链接",
    "reject_reason_gone": "拒绝的原因已丢失",
    # 作品列表
    "works_not_found": "作品列表中没有：{works}；未做任何更改",
    "work_disabled": "已停用",
    "work_disabled_because": "已停用：{reason}",
    "work_unlisted": "已停用：不在完整列表中",
    "uid_malformed": "{text!r} 不是 uid：须为最多 16 位的数字",
    "links_count_wrong": "一次 1 到 {most} 个，现为 {given} 个",
    "links_too_long": "每个最多 {max_chars:,} 个字符",
    "creator_not_found": "{platform} 没有 uid 为 {uid} 的达人（{cause}）",
    # views.json 与每小时文件
    "views_list_unusable": "{cause}",
    "short_link_listed": "{text!r} 是短链接；列表中须写 id",
    "day_malformed": "{text!r} 不是有效日期",
    "hour_malformed": "{text!r} 不是小时",
    "span_malformed": "{text!r} 不是时长",
    "hour_file_missing": "{cause}；没有 {hour} 的数据",
    "hour_file_damaged": "{cause}",
    "no_data_files": "{folder} 下没有数据文件",
    "day_without_files": "{folder} 下没有 {day} 的数据文件",
    "crawl_hour_differs": "crawl_hour 是 {found!r}，而文件名是 {named!r}",
    "count_differs": "{name} 是 {stated}，实际有 {found}",
    "entry_repeated": "{name}[{place}] 的 {work_id} 与 {name}[{first}] 重复；以后者为准",
    "no_hour_in_name": "{path}：数据文件的名称须标明小时，如 2026-11-22-05_views_data.json",
    "rows_came_meanwhile": "压缩某日时有新数据写入",
    "hour_is_crawled": "{hour} 正在抓取中",
    "hour_file_aside": "{cause}；已移到 {path}",
    # 每小时抓取
    "hour_taken": "另一进程正在抓取此小时",
    "work_not_asked": "未请求：{reason}",
    "crawl_done": "已完成",
    "crawl_partial": "部分完成",
    "crawl_without_account": "没有可用账号",
    "crawl_interrupted": "已中断",
    "works_have_numbers": "{total:,} 个作品中 {success:,} 个有数据",
    "works_skipped": "{result}，跳过其他平台的 {skipped:,} 个",
    "crawl_ended": "{result}；{ending}",
    "crawl_ended_because": "{result}；{ending}：{reason}",
    "hour_result": "{hour}：{result}",
    "rows_imported": "{result}；导入 {rows:,} 行",
    "other_hours_imported": "{result}；另导入其他小时的 {files} 个文件",
    "entries_left_out": "{result}；略过或更正 {entries:,} 项",
    "files_refused": "{result}；拒绝：{problems:；}",
    # 每小时抓取的日志
    "list_without_work": "{hour}：{path} 中没有有效的 B站作品",
    "list_entries_repeated": "{path} 中有 {entries:,} 项重复",
    "list_entry_left_out": "已略过：{problem}",
    "hour_begun": "{hour}：待抓取 {works:,} 个作品，已有 {known:,} 个，跳过其他平台的 {skipped:,} 个",
    "hour_recovered": "{hour}：已结束中断的运行",
    "work_begun": "开始抓取：{work_id} {title}",
    "work_fetched": "抓取成功：{work_id} 播放量 {views:,}",
    "work_fetched_hidden": "抓取成功：{work_id}，播放量未公开",
    "work_failed": "抓取失败：{work_id} {title}：{reason}",
    "work_shrunk": "{work_id}：低于以前：{counters:、}",
    "works_progress": "进度：{done:,}/{total:,}",
    # 没有数据的小时
    "all_works_failed": "{works:,} 个作品全部失败：{cause}",
    "some_works_failed": "{works:,} 个作品失败，多为：{cause}",
    "crawl_begun_late": "整点后 {minutes} 分钟才开始",
    "hour_faults": "{faults:；}",
    "hour_unfinished": "运行中断或仍在进行；下次运行会继续",
    "nothing_ran": "此小时没有运行",
    "nothing_ran_yet": "尚未运行",
    "reason_unknown": "原因不明",
    # 播放量
    "play_counts_busy": "另一进程正在更新播放量",
    "play_counts_updated": "更新 {updated:,}，跳过 {skipped:,}，失败 {failed:,}",
    "play_counts_lower": "{result}，{works:,} 个低于以前",
    "works_left": "{result}；余 {works:,} 个留待下次运行",
    # 压缩日与数据文件的文件夹
    "packed_day_damaged": (
        "{work} 在 {day} 的压缩小时数据已损坏（{detail}），未计入；可由当天的数据文件恢复"
    ),
    "folder_of_other_host": "主机 {host} 已在写入 {folder}",
}

_TO_DO = {
    "complete_malformed": "请写 true 或 false",
    "is_valid_malformed": "请写 true 或 false",
    "publish_time_malformed": "写成 2026-11-22 13:05:00 这样",
    "short_link_unresolved": "请稍后再运行",
    "short_link_dropped": "请写作品的 id",
    "day_malformed": "写成 YYYY-MM-DD，例如 2026-02-28",
    "hour_malformed": "写 00 到 23",
    "span_malformed": "写成 24h 或 7d 这样",
    "hour_file_damaged": "请修正它，或移走后重新导入或抓取；未做任何更改",
    "hour_is_crawled": "请在抓取结束后再运行",
    "no_hour_in_name": "请改名；小时为本地时间",
    "folder_of_other_host": "请为本机另设数据文件夹，或在本机设置 BATON_VIEWS_FILES=off",
}
ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {
        **_TO_DO,
        "works_not_found": "见：{program} works list",
        "views_list_unusable": "请重新写入：{program} views --export-only",
        "no_data_files": "请先抓取：{program} views --crawl-only",
    },
    "console": {
        **_TO_DO,
        "works_not_found": "见“视频”页",
        "views_list_unusable": "请在“定时任务”页运行 catalogue_export 重新写入",
        "no_data_files": "请先在“定时任务”页运行 hourly_views",
    },
    "api": {
        **_TO_DO,
        "works_not_found": "见 GET /api/v1/works",
        "views_list_unusable": "请用 POST /api/v1/jobs/catalogue_export/run 重新写入",
        "no_data_files": "请先用 POST /api/v1/jobs/hourly_views/run 抓取",
    },
}
