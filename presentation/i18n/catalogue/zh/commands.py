"""仅命令行使用：框架、账号、任务与导出。"""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # 所有命令共用
    "error_line": "错误：{sentence}",
    "database_created": "新建数据库 {database}（原先没有）",
    "database_file_unusable": "{cause}；请检查 DATABASE_URL 中的路径，以及当前用户能否写入其所在文件夹",
    "database_not_answering": "{cause}；数据库服务是否在运行，DATABASE_URL 是否正确？",
    "home_line": "主目录：{home}",
    "data_folder_unwritable": (
        "用户 {user} 无法写入数据目录 {folder}（{detail}）；请将该目录交给此用户，"
        "或将 {setting} 设为其他目录"
    ),
    "log_folder_unwritable": (
        "用户 {user} 无法写入日志目录 {folder}（{detail}）；请将该目录交给此用户，"
        "或将 {setting} 设为其他目录"
    ),
    "output_folder_unwritable": (
        "输出目录 {folder} 无法写入（{detail}）；请将 BATON_DATA_DIR 设为其他目录，或用 --out 指定"
    ),
    "given_folder_unwritable": "输出目录 {folder} 无法写入（{detail}）；请另选 --out",
    "option_no_moment": (
        "{option} {text}：请写日期，或日期与时间，例如 2026-11-22 或 2026-11-22T10:00"
    ),
    "stopped_by_internal_error": "因内部错误停止：{detail}；详见日志",
    "no_thread_left": "无法启动线程（{name}）：请调高进程和线程数上限",
    "web_server_not_started": "Web 服务器无法启动；原因见日志 `web`",
    "host_lacks_resources": (
        "本机已无可用的文件描述符或内存（{detail}）：请调高上限，或结束占用它们的程序，"
        "然后重新运行此命令"
    ),
    "result_unwritable": "无法将结果写到标准输出：{detail}",
    "log_unwritable": "日志文件 {file} 无法写入：{detail}；工作照常进行，只是不写日志",
    "worker_not_ended": "有线程未能及时结束；其租约会自行到期",
    # 命令用法错误
    "domain_option_meant": "是否想写 {option} {word}？",
    "option_needs_value": ("{option} 需要一个值；若值就是 {value}，请写 {option}={value}"),
    "number_beyond": "{option}：{value} 超过上限 {maximum:,}",
    "option_out_of_range": "{option} 须为 1 至 {maximum:,}，给出的是 {value}",
    "usage_frame": "用法：{usage}\n查看帮助：{command}\n",
    "no_such_command": "没有命令 {name}",
    "no_such_command_near": "没有命令 {name}；是否想写 {near}？",
    "missing_command": "缺少命令",
    "extra_arguments": "多余的参数：{name}",
    "option_without_value": "选项 {name} 不带值",
    "option_wants_value": "选项 {name} 需要一个值",
    "no_such_option": "没有选项 {option}",
    "no_such_option_near": "没有选项 {option}；可能是 {near}",
    "missing_option": "缺少选项 {name}",
    "missing_argument": "缺少参数 {name}",
    "invalid_value": "{name} 的值无效：{reason}",
    "value_at_least": "{value} 应不小于 {limit}",
    "value_at_most": "{value} 应不大于 {limit}",
    "value_not_among": "{value} 不在可选值之内：{choices}",
    "value_no_integer": "{value} 应为整数",
    "value_no_number": "{value} 应为数字",
    "value_no_boolean": "{value} 应为真或假",
    # 账号
    "password_prompt": "密码",
    "paste_cookies": ("粘贴 cookie（请求头、JSON 或 cookies.txt），然后按 Ctrl-D："),
    "account_added_line": "已添加账号 {account}（id {id}，每日 {rows:,} 行）",
    "account_changed": "账号 {account}：{change}",
    "account_limit_set": "账号 {account}：每日 {rows:,} 行",
    "account_check_next": ("下一步：{program} accounts check {account}"),
    "accounts_partly_imported": ("已导入 {imported} 个，未导入 {refused} 个；修正后请重新执行"),
    "account_not_signed_in": "账号 {account}：会话已失效，不再处于登录状态",
    "account_signed_in": "账号 {account}：已登录为 {name}（{uid}）",
    "accounts_encrypted": "已用新密钥加密 {count} 个账号",
    "older_keys_done": "现在可以从 BATON_SECRET_KEY 中移除旧密钥",
    "login_again_after": "{cause}；稍后再问",
    "note_no_session": "没有会话，无法抓取",
    "note_limit_zero": "配额为 0，从不导出",
    "note_quota_spent": "当日配额已用完",
    "note_session_ends": "会话于 {moment} 到期，请重新登录",
    "account_disabled_line": "启用之前不发出请求；届时速率：{rate}",
    "account_disabled_why": "原因：{reason}",
    "account_health_line": "健康状况：{health}，速率 {rate}，下次使用：{moment}",
    "event_until": "{detail}，至 {moment}",
    "evidence_asked": "请求：{request}",
    "evidence_answer": "应答：{answer}",
    # 任务
    "task_was_paused": "任务 {task_id} 已暂停",
    "task_goes_on": ("任务 {task_id} 将继续；由 `{program} run` 或其启动命令处理"),
    "task_was_cancelled": "任务 {task_id} 已取消",
    "segment_was_finished": "导出文件 {segment_id} 已收尾：{file}",
    "segment_stays_open": (
        "注意：导出文件 {segment_id} 仍处于写入中（{cause}）；可在其他文件夹收尾："
        "{program} exports rebuild {segment_id} --out FOLDER"
    ),
    "task_account_line": "{account}：{work}",
    "task_has_labels": "任务 {task_id}：{labels}",
    "task_without_labels": "任务 {task_id}：没有标签",
    "task_open_already": "任务 {task_id}（{kind} {domain}）已在进行，继续该任务",
    "joined_with_pages": ("{joined}，页数按其原有设置：第 {first:,} 至 {last:,} 页"),
    "joined_with_all_pages": "{joined}，抓取全部页",
    "task_keeps_options": "注意：该任务保留原有选项；与本次不同的有：{names}",
    "task_was_filed": ("任务 {task_id} 已登记；由 `{program} run` 处理"),
    "task_is_open": ("任务 {task_id} 已在进行；由 `{program} run` 处理"),
    "no_worker_given": "至少需要一个抓取或导出线程",
    "domain_not_crawled": ("{platform} 上没有领域 {domain} 的数据；请先抓取：{command}"),
    "domain_not_crawled_known": (
        "{platform} 上没有领域 {domain} 的数据；请先抓取：{command}（已有：{known}）"
    ),
    # 导出
    "problem_line": "问题：{problem}",
    "files_elsewhere": (
        "主机 {host} 上的 {n:,} 个文件未能校验：{reason}",
        "主机 {host} 上的 {n:,} 个文件未能校验：{reason}",
    ),
    "files_by_peer": (
        "{n:,} 个文件由其所在主机 {host} 校验",
        "{n:,} 个文件由其所在主机 {host} 校验",
    ),
    "exports_agree": "{segments}，{rows}：全部一致",
    "exports_disagree": "{segments}，{rows}：{problems}",
    "rebuild_what": "请给出导出文件 id，或用 --host 指定一台主机的全部导出文件",
    "host_is_this": "{host} 就是本机；请给出要重新生成的导出文件 id",
    "host_without_segments": (
        "主机 {host} 上没有写过导出文件；查看：{program} exports list --json"
    ),
    "export_was_moved": "任务 {task_id} 此后写入 {folder}",
    "segment_rebuilt": "导出文件 {segment_id}：{file}（{size}）",
    "rebuilt_from_now": "内容取自数据库当前数据；重新抓取可能已更新名称",
    # 定时任务与告警
    "job_up_to_date": "{job}：无需执行；最近一次已有记录",
    "job_schedule_line": "{job}（{description}），{cron}：{schedule}",
    "job_unknown_name": "没有名为 {name} 的定时任务；现有：{names}",
    "schedule_unusable": "--schedule 无法使用：{detail}",
    "job_switched_off": "已关闭：{switch}",
    "job_run_line": "{job}（计划于 {moment} UTC）：{state}",
    "job_run_line_result": "{job}（计划于 {moment} UTC）：{state}，{result}",
    "no_alerts": "没有告警",
    "no_alert_channel": (
        "未配置通知渠道：请设置 {setting}（环境变量或 .env），例如 {se"
        "tting}=dingtalk://TOKEN；详见 docs/operatio"
        "ns.md"
    ),
    "channel_accepted": "{channel}：已接受",
    "channel_refused": "{channel}：失败：{cause}",
    "alert_over": "已于 {moment} 恢复",
    "job_does_quota_reset": "开始新的配额日",
    "job_does_session_checks": "每日检查一次所有会话",
    "job_does_hourly_views": "查询所有有效作品的数据",
    "job_does_catalogue_export": "写出 views.json",
    "job_does_views_rollup": "压缩较早日期的每小时数据",
    "job_does_play_counts": "更新作品的播放数",
    "job_does_daily_stats": "上报昨日的分发任务",
    "job_does_incomplete_days": "重新统计未统计完整的日期",
    "job_does_late_completions": "补计上报之后到达的完成记录",
    "job_does_prune": "删除超过保留期的数据",
}
