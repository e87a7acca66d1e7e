"""下发任务、用户、完成记录。"""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # 字段；名称后不加冒号，否则其后内容会被当作密钥
    "wrong_field": "{field} {reason}",
    "field_unknown": "是未知字段；可用：{known}",
    "field_missing": "必填",
    "value_not_text": "的值 {value} 不是文本",
    "value_too_long": "超过 {max_chars} 个字符",
    "value_not_identifier": "的值 {value} 既不是文本也不是整数",
    "identifier_malformed": "须为 1 到 {max_chars} 个字符，不含换行等控制字符",
    "value_not_time": "的值 {value} 不是时间",
    "value_not_whole": "的值 {value} 不是整数",
    "value_negative": "的值 {value} 是负数",
    "value_above": "的值 {value} 大于 {most}",
    "value_not_known": "的值 {value!r} 不是以下之一：{known}",
    "time_in_future": "的时间 {time} 尚未到来",
    "platform_not_distributed": "属于 {platform}；此处可用：{known}",
    "platform_differs": "是 {named!r}，但链接属于 {platform}",
    "callback_url_malformed": "不是 http(s) 地址",
    "callback_url_with_password": "含有用户名或密码",
    "signing_secret_malformed": (
        "须为 {prefix} 加 {least} 到 {most} 字节的 base64（更换期间可写两个，以空格隔开）"
    ),
    "not_json_object": "不是 JSON 对象",
    "json_too_deep": "超过 {levels} 层",
    "json_not_storable": "无法存为 JSON：{detail}",
    # 任务与完成记录
    "distribution_task_not_found": "没有 id 为 {task_id!r} 的下发任务",
    "completion_without_task": "{task_id!r} 不存在",
    # 日期
    "day_in_future": "{day} 尚未到来：今天是 {today}（{zone}）",
    "days_reversed": "{first} 晚于 {last}",
    "day_and_span": "单日与日期范围不能同时给出",
    "incomplete_excludes_scan": "--incomplete 只列出内容；除日期外不能与其他选项同用",
    "nothing_incomplete": "所有日期均已统计完整",
    "no_shared_videos": "这段时间内没有重复提交的视频",
    "first_day_missing": "只有最后一天，缺少第一天",
    "too_many_days": "一次 {days} 天太多；最多 {most} 天",
    "day_without_completions": "{day}：没有完成记录",
    "day_counted": "{day}：任务 {tasks}，完成 {completions}",
    "day_scanned": (
        "{day}：任务 {tasks}（新增 {new}，更改 {changed}，未变 {unchanged}），完成 {completions}，"
        "回传 {reports}"
    ),
    "day_incomplete": "{result}，未统计完整 {incomplete}",
    "days_scanned": "{days:；}",
    "receiver_answered": "{status} {answer}",
    "no_late_completions": "没有迟到的完成记录",
    "no_incomplete_days": "没有到期的未统计完整的日期",
    "day_counted_again_later": "{result}，稍后重新统计 {recounted}（暂缓回传 {held}）",
    # 当日总数中缺少的
    "completions_incomplete": "{completions} 条完成中有 {incomplete} 条未统计完整：{problems:；}",
    "and_more": "{problem}；另有 {more} 条",
    "completion_not_countable": "{link}：未知平台 {platform!r}",
    "completion_without_counters": "{link} 缺少{counters:、}：{reason}",
    "completion_not_resolved": "{link}：无法确认对应的视频：{reason}",
    "counters_not_shown": "平台不提供",
    "counters_not_fetched": "未获取（试运行）",
    "task_forgotten": "任务本身已不存在",
    "counter_view": "播放",
    "counter_like": "点赞",
    "counter_comment": "评论",
    "counter_share": "分享",
    "counter_collect": "收藏",
    # 分发数据回传
    "broadcasting_turned_on": "分发数据回传已启动，每 {secs:g} 秒一次",
    "broadcasting_was_on": "分发数据回传本已启动",
    "broadcasting_turned_off": "分发数据回传已停止",
    "broadcasting_was_off": "分发数据回传本已停止",
    "broadcasting_on": "分发数据回传已启动，每 {secs:g} 秒一次",
    "broadcasting_off": "分发数据回传已停止，间隔 {secs:g} 秒",
    "round_under_way": "一轮回传正在进行",
    "round_under_way_since": "一轮回传正在进行，始于 {since}",
    "round_reported": "{total} 个活跃任务中回传了 {succeeded} 个，回传 {reports} 份",
    "round_postponed": "{result}；{postponed} 个未查询，下一轮先处理",
    "round_failed": "该轮未回传：{cause}",
    "round_without_numbers": "{total} 个活跃任务都没有数据：{reason}",
    "broadcast_video_uncounted": "平台不提供该视频的数据",
    "round_taken_over": "{lease} 已被接管：该轮未回传",
}

_TO_DO = {
    "value_not_time": "写成 2026-11-21T23:15:00+08:00",
    "callback_url_malformed": "写成 https://example.com/callback 这样",
    "callback_url_with_password": "请改用签名密钥",
    "completion_without_task": "请先导入任务",
}
ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {
        **_TO_DO,
        "distribution_task_not_found": "见：{program} dramas list",
        "days_reversed": "写成 --from 较早 --to 较晚",
        "day_and_span": "请给出单日，或 --from 与 --to",
        "first_day_missing": "--to 须与 --from 同用",
        "broadcasting_turned_on": "由 `{program} run` 执行",
    },
    "console": {
        **_TO_DO,
        "distribution_task_not_found": "见“短剧任务”页",
        "days_reversed": "请先写较早的日期",
        "day_and_span": "请给出单日，或第一天与最后一天",
        "first_day_missing": "请同时给出第一天",
        "broadcasting_turned_on": "由长期运行的进程执行",
    },
    "api": {
        **_TO_DO,
        "distribution_task_not_found": "见 GET /api/v1/dramas",
        "days_reversed": "请先写较早的日期",
        "day_and_span": "请给出单日，或第一天与最后一天",
        "first_day_missing": "请同时给出第一天",
        "broadcasting_turned_on": "由长期运行的进程执行",
    },
}
