"""接口和控制台的消息，以及各入口请求的规则。"""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # 上传的预览
    "upload_forgotten": "这次上传已不再保留",
    "preview_new": "新增，每日 {rows:,} 行",
    "preview_changed": "将更新：{names:、}",
    "preview_enabled": "将更新：{names:、}；并启用",
    "preview_new_login": "名称改给另一个平台账号；原账号保留并禁用",
    "preview_limit": "每日 {rows:,} 行",
    "preview_user_agent": "浏览器标识",
    "preview_group": "分组 {group}",
    "preview_work_new": "新增",
    "preview_work_changed": "有变化",
    "preview_work_same": "不变",
    "preview_short_link": "导入时解析其短链接",
    "preview_taken_out": (
        "完整列表：有 1 个未列出的作品将停用",
        "完整列表：有 {n:,} 个未列出的作品将停用",
    ),
    # 请求：字段应当怎样
    "field_problem": "{field}：{problem}",
    "half_character": "含有半个字符（单独的代理码），不是文本",
    "number_out_of_range": "须为 {least:,} 至 {most:,}，而不是 {given}",
    "text_empty_or_long": "1 至 {max_letters} 个字符",
    "text_over_length": "最多 {max_letters} 个字符",
    "too_many_at_once": "每次最多 {most:,} 个",
    "moment_not_storable": "年份须为 {first_year} 至 {last_year}",
    # 请求：互相矛盾
    "deliveries_not_chosen": "没有说明是哪些回调",
    "endpoint_not_chosen": "须在地址与发往该地址的回调中只给一个",
    # 请求：字段检查的结果
    "value_not_below": "须小于 {limit}",
    "value_not_string": "须为文本",
    "value_not_list": "须为列表",
    "value_not_object": "须为对象",
    "value_not_date": "须为有效的日期或时间",
    "value_not_in_list": "须为以下之一：{expected}",
    "string_too_short": ("至少 1 个字符", "至少 {n:,} 个字符"),
    "string_too_long": ("最多 1 个字符", "最多 {n:,} 个字符"),
    "string_of_wrong_form": "格式不对，须符合 {pattern}",
    "list_too_short": ("至少 1 项，现为 {given} 项", "至少 {n:,} 项，现为 {given} 项"),
    "list_too_long": ("最多 1 项，现为 {given} 项", "最多 {n:,} 项，现为 {given} 项"),
    "field_required": "必填",
    "name_unknown": "没有这个字段",
    "name_unknown_near": "没有这个字段，最接近的是“{nearest}”",
    "name_repeated": "出现了 {times:,} 次，只应出现一次",
    "value_malformed": "{detail}",
    "too_many_items": "{given:,} 条过多：每次最多 {most:,} 条",
    "file_not_chosen": "未选择文件",
    "label_missing": "未填写标签",
    # 不存在
    "operation_not_found": "没有 id 为 {operation_id} 的操作",
    "log_not_found": "本机没有名为 {name!r} 的日志文件",
    "no_hourly_numbers": "尚无每小时数据",
    "route_not_found": "没有这个页面：{method} {path}",
    "method_not_allowed": "不支持此方法：{method} {path}",
    "request_refused": "请求被拒绝：{method} {path}（{detail}）",
    # 导出文件
    "export_not_sealed": "导出文件 {segment_id} 仍在写入",
    "export_outside_folder": "导出文件 {segment_id} 写在主机 {host} 上，在导出文件夹之外（--out）",
    "export_on_other_host": "导出文件 {segment_id} 不在本机；它写在 {host} 上",
    "peer_without_address": "主机 {host} 没有说明如何访问它",
    "peer_unreachable": "主机 {host} 没有应答（{detail}）；它最后一次出现在 {seen_at}",
    "peer_not_understood": "主机 {host} 的应答格式不同（{detail}）；两台主机的版本是否一致？",
    "peer_file_not_found": "主机 {host} 上没有这个文件",
    "peer_file_differs": "主机 {host} 上导出 {segment_id} 的文件内容与记录不符",
    "peer_seal_refused": "这个请求不是来自使用同一数据库的主机",
    "host_not_known": "没有名为 {host!r} 的主机",
    "host_forgotten": "已忘记主机 {host}；它再次工作时会自动出现",
    # 访问
    "token_not_valid": "此令牌未知或已作废",
    "nobody_signed_in": "尚未登录",
    "token_read_only": "令牌 {name!r} 只读",
    "foreign_page": "此操作不是从 Baton 的页面发起的",
    "token_name_invalid": "令牌名称须为 1 至 {max_letters} 个可打印字符",
    "token_name_taken": "已有名为 {name!r} 的令牌在用",
    "token_not_in_use": "没有名为 {name!r} 的令牌在用",
    # 操作
    "operation_under_way": "{kind} {subject} 已在进行",
    "operation_kind_under_way": "{kind} 已在进行",
    "too_many_operations": "已有 {running} 项操作在进行",
    "operation_stopped": "已停止：服务器关闭",
    "operation_process_ended": "执行它的进程已提前结束",
    "operation_broken": "内部错误：{error}",
    "stopped_before_end": "结束前已停止",
    "links_given": ("1 个链接", "{n:,} 个链接"),
    "items_given": ("1 条", "{n:,} 条"),
    "channels_given": ("1 个渠道", "{n:,} 个渠道"),
    "drop_folder": "导入文件夹",
    "day_yesterday": "昨天",
    "days_from_to": "{first} 至 {last}",
    "tasks_of_days": "{days}，{tasks}",
    "dry_run_of_days": "{days}（试运行）",
    "login_refused": "拒绝：未知令牌",
    "channel_missing": "{setting} 中没有配置通知渠道",
    # 服务器
    "body_without_length": "请求正文没有注明长度",
    "body_too_large": "请求正文超过 {max_bytes:,} 字节",
    "body_compressed": "请求正文经过压缩（{encoding}）",
    "body_too_slow": "请求正文未在 {secs:,} 秒内传完",
    "head_too_large": "请求行和请求头超过 {max_bytes:,} 字节",
    "host_malformed": "Host 请求头不是主机名",
    "error_inside": "Baton 内部错误",
    "web_address_unusable": "管理后台无法监听 {host}:{port}（{detail}）",
}
_LOG_FILE = "详情见日志文件 web-<日期>.log"
_CHANNEL = "请设置（环境变量或 .env），例如 {setting}=dingtalk://TOKEN"
_ADDRESS = (
    "是否已有另一个在运行？请用 BATON_WEB_HOST 和 BATON_WEB_PORT（或 --host、--port）选择其他地址"
)
_EVERYWHERE: dict[str, Forms] = {
    "upload_forgotten": "请重新上传",
    "too_many_items": "请分批发送",
    "file_not_chosen": "请先选择文件",
    "label_missing": "请填写标签",
    "export_not_sealed": "封存后请再试",
    "export_outside_folder": "请在那里获取",
    "too_many_operations": "请待其中之一结束后再试",
    "operation_broken": _LOG_FILE,
    "body_without_length": "请带上 Content-Length 发送",
    "body_too_large": "请分批发送",
    "body_compressed": "请不压缩，直接发送",
    "error_inside": _LOG_FILE,
    "web_address_unusable": _ADDRESS,
    "channel_missing": _CHANNEL,
    "token_name_taken": "请换一个名称，或先作废该令牌",
}

ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": _EVERYWHERE
    | {
        "deliveries_not_chosen": (
            "请指明：回调 id、--state、--kind、--task、--url、--since 或 --until"
        ),
        "endpoint_not_chosen": "请给出地址，或发往该地址的回调 id",
        "operation_not_found": "请查看管理后台",
        "log_not_found": "请查看日志文件夹",
        "no_hourly_numbers": "请先获取：{program} views --full",
        "route_not_found": "可用的接口见 /docs",
        "method_not_allowed": "可用的接口见 /docs",
        "request_refused": "可用的接口见 /docs",
        "export_on_other_host": (
            "请在那里获取，或在本机重新生成：{program} exports rebuild {segment_id}"
        ),
        "token_not_valid": "新建令牌：{program} web token",
        "nobody_signed_in": "新建令牌：{program} web token",
        "token_read_only": "请使用管理令牌（{program} web token）",
        "foreign_page": "请打开管理后台在那里操作",
        "token_name_taken": "请另给 --name，或先作废：{program} web revoke {name}",
        "token_not_in_use": "请查看：{program} web tokens",
    },
    "console": _EVERYWHERE
    | {
        "channel_missing": "请在服务器的设置中填写",
        "deliveries_not_chosen": "请先选择筛选条件",
        "endpoint_not_chosen": "请选择一条回调",
        "operation_not_found": "请重新开始",
        "log_not_found": "请查看“日志”页",
        "no_hourly_numbers": "请在“定时任务”页运行 hourly_views",
        "route_not_found": "请使用页面中的链接",
        "method_not_allowed": "请使用页面中的按钮",
        "request_refused": "请使用页面中的链接",
        "export_on_other_host": "请在那里获取，或在此点击“重新生成”",
        "token_not_valid": "请用其他令牌登录",
        "nobody_signed_in": "请登录",
        "token_read_only": "请使用管理令牌",
        "foreign_page": "请打开管理后台在那里操作",
        "token_not_in_use": "请换一个名称",
    },
    "api": _EVERYWHERE
    | {
        "deliveries_not_chosen": "请指明：ids、states、kinds、task_id、url、since 或 until",
        "endpoint_not_chosen": "请给出 url，或发往该地址的 delivery_id",
        "operation_not_found": "请查看 GET /api/v1/operations",
        "log_not_found": "请查看 GET /api/v1/logs",
        "no_hourly_numbers": "请先获取：POST /api/v1/jobs/hourly_views/run",
        "route_not_found": "可用的接口见 /docs",
        "method_not_allowed": "可用的接口见 /docs",
        "request_refused": "可用的接口见 /docs",
        "export_on_other_host": (
            "请在那里获取，或用 POST /api/v1/exports/{segment_id}/rebuild 在本机重新生成"
        ),
        "token_not_valid": (
            "请发送 Authorization: Bearer TOKEN，或在 /admin/login 登录"
            "（新建令牌：{program} web token）"
        ),
        "nobody_signed_in": (
            "请发送 Authorization: Bearer TOKEN，或在 /admin/login 登录"
            "（新建令牌：{program} web token）"
        ),
        "token_read_only": "请使用管理令牌（{program} web token）",
        "foreign_page": ("请打开管理后台在那里操作，或带令牌调用接口：Authorization: Bearer TOKEN"),
        "token_not_in_use": "请给出在用令牌的名称",
    },
}
