"""实时界面、告警、计划与扫码登录。"""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "screen_accounts": "账号",
    "screen_quota": "今日导出配额",
    "screen_progress": "进度",
    "screen_of_pages": "{done}/{all} 页",
    "screen_new": "新增",
    "screen_rows_waiting": "{n} 行待导出",
    "screen_until": "至",
    "screen_now_and_day_end": "{now} {zone} · 配额日切换于 {end}",
    "screen_today": "今日已导出 {exported} 行，{accounts}尚余 {left} 行",
    "screen_done_in": "{kind}约 {time}后完成",
    "screen_no_tasks": "没有进行中的任务",
    "screen_more": "另有 {n} 个：{counts}",
    "screen_draining": "正在完成手头的页面与文件……（再按 Ctrl-C 立即停止）",
    "screen_sealed": "已封存 {rows}  {file}",
    "screen_spent": "已用完",
    "screen_stopped_state": "已停止",
    "screen_nobody": "没有进程在处理；继续请执行：{command}",
    "screen_ended": "{kind} {domain} 完成，{count}",
    "screen_ended_cancelled": "{kind} {domain} 已由操作者取消，{count}",
    "screen_ended_failed": "{kind} {domain} 失败：{error}",
    "screen_no_creators": "平台上没有“{domain}”的达人；请检查拼写",
    "screen_interrupted": "已中断；再次执行同一命令即从此处继续",
    "screen_stopped": "已停止；所有任务与账号均已交还",
    "screen_task_paused": "任务 {id} 已暂停；继续请执行：{program} tasks resume {id}",
    "screen_task_failed": "任务 {id} 失败：{error}",
    "screen_all_spent": (
        "所有账号当日配额均已用完；导出将于 {until} 继续：届时再次执行同一命令，或让 `"
        "{program} run` 保持运行（或使用 --wait）"
    ),
    "screen_person_needed": (
        "{reason}；请查看 `{program} accounts list`，启用账号或导入新的会话。任务保持打开。"
    ),
    "demo_done": "{domain} 的 {creators}已由 {accounts}导出 {exported} 位：",
    "verify_passed": "校验：通过",
    "verify_failed": "校验：失败：{problems}",
    "login_scan": (
        "请在 {secs} 秒内用哔哩哔哩客户端扫码并确认。若窗口放不下二维码，请拉宽窗口，"
        "或在手机上打开此地址：{url}"
    ),
    "login_scanned": "已扫码，请在手机上确认",
    "login_expired": "二维码已过期，这是新的二维码",
    "login_stopped": "登录已停止，未作任何更改",
    "login_given_up": "连续 {codes} 个二维码均未确认；请准备好手机后重试",
    "count_pages": ("{n:,} 页", "{n:,} 页"),
    "count_creators": ("{n:,} 位达人", "{n:,} 位达人"),
    "duration_secs": "{n} 秒",
    "duration_minutes": "{n} 分钟",
    "duration_hours": "{n} 小时 {minutes} 分钟",
    "account_state_idle": "空闲",
    "account_state_ingesting": "抓取中",
    "account_state_exporting": "导出中",
    "account_state_disabled": "已禁用",
    "account_state_suspect": "可疑",
    "account_state_cooldown": "休息中",
    "account_state_probation": "观察期",
    "task_state_pending": "待处理",
    "task_state_in_progress": "进行中",
    "task_state_paused": "已暂停",
    "task_state_completed": "已完成",
    "task_state_failed": "失败",
    "task_type_ingestion": "抓取",
    "task_type_export": "导出",
    "job_state_running": "开始",
    "job_state_succeeded": "完成",
    "job_state_failed": "失败",
    "job_state_missed": "错过",
    "rate_of_ingestion": "{n} 位/秒",
    "rate_of_export": "{n} 行/秒",
    "waits_for_account": "等待账号",
    "waits_for_quota": "等待下一个配额日",
    "waits_for_rows": "等待达人入库",
    "waits_for_platform": "平台故障，稍后重试",
    "waits_for_disk": "无法写入，稍后重试",
    "waits_and_looks_again": "{wait}；{moment} 再看",
    "waits_for_paused_crawl": (
        "等待达人入库，但抓取任务 #{id} 已暂停；继续请执行：{program} tasks resume {id}"
    ),
    "waits_for_stopped_crawl": (
        "等待达人入库，但没有进程在处理抓取任务 #{id}；继续请执行：{command}"
    ),
    "screen_circuit_open": "{until} 前不访问 {unit}：{cause}",
    "screen_route_silent": "{until} 前不经由 {egress}：没有 {platform} 的应答",
    "screen_circuit_tried": "{unit} 暂停后正在逐个请求试探：{cause}",
    "screen_silent_tried": "正在逐个请求试探 {egress}：它此前没有 {platform} 的应答",
    "screen_egress_cools": "{until} 前不经由 {egress}：{reason}",
    "screen_account_rests": "{until} 前不使用账号 {account}（{platform}）：{reason}",
    "what_to_do": "处理办法：{advice}",
    "account_works_for": "#{id} {kind} {domain}",
    "account_next_request": "{secs:,} 秒后发出下一次请求",
    "account_pages_today": ("今日 {n:,} 页", "今日 {n:,} 页"),
    "account_egress_direct": "直连",
    "account_egress_proxy": "经 {proxy}",
    "account_route_closed": "{until} 前不经由 {egress}",
    "account_route_unproven": "正在重新尝试 {egress}",
    "account_uid": "平台 uid {uid}",
    "account_uid_claimed": "平台 uid {uid}（未证实）",
    "account_event_hand_over": "交棒",
    "account_event_cooldown": "休息",
    "account_event_disabled": "禁用",
    "account_event_enabled": "启用",
    "account_event_added": "添加",
    "account_event_limit_changed": "调整配额",
    "account_event_session_replaced": "新会话",
    "account_event_user_agent": "浏览器标识",
    "account_event_proxy": "代理",
    "account_event_suspect": "可疑，休息",
    "account_event_probation": "观察期",
    "account_event_recovered": "恢复正常",
    "account_event_spared": "与账号无关",
    "account_event_reverted": "撤回",
    "account_event_session_checked": "会话检查",
    "account_event_session_renewed": "会话更新",
    "account_event_device_assigned": "分配设备",
    "account_event_identity_changed": "更换平台账号",
    "account_event_duplicate": "重复账号",
    # 每日发送的日报
    "digest_title": "Baton 日报：{day}",
    "digest_ingested": "入库：{seen:,} 个达人（新 {new:,}），{pages:,} 页",
    "digest_ingested_row": (
        "- {account}，{platform}，{domain}：{seen:,}（新 {new:,}），{pages:,} 页"
    ),
    "digest_exported": "导出：{rows:,} 行，{files:,} 个文件",
    "digest_exported_row": ("- {account}，{platform}，{domain}：{rows:,} 行，{files:,} 个文件"),
    "digest_more_rows": ("- 另有 {n:,} 项", "- 另有 {n:,} 项"),
    "digest_reports": ("回传：提交 {n:,} 份", "回传：提交 {n:,} 份"),
    "digest_reports_row": "- {kind}：{states}",
    "digest_state": "{state} {count:,}",
    "digest_counted": ("当日统计：任务 {tasks:,}，完成次数 {completions:,}，不完整 {incomplete:,}"),
    "digest_alerts": ("目前：{n:,} 条告警未恢复", "目前：{n:,} 条告警未恢复"),
    "digest_now": "目前：",
    "digest_all_well": "目前：一切正常",
    # 回传的情况：`status` 的各行与管理后台总览
    "health_receiver_closed": (
        "回传：{host} 已禁用，{n:,} 份在等待：{reason}",
        "回传：{host} 已禁用，{n:,} 份在等待：{reason}",
    ),
    "health_given_up": ("回传：{n:,} 份已放弃", "回传：{n:,} 份已放弃"),
    "health_day_incomplete": (
        "回传：{day} 有 {n:,} 个任务未能统计，下次统计在 {next}：{cause}",
        "回传：{day} 有 {n:,} 个任务未能统计，下次统计在 {next}：{cause}",
    ),
    "health_broadcast_stale": "回传：自 {since} 起没有回传任何当前数据",
    "health_uncounted": (
        "回传：最近一轮有 {n:,} 个任务没有数据",
        "回传：最近一轮有 {n:,} 个任务没有数据",
    ),
    "health_job_failed": "定时任务 {job} 失败：{error}",
    "health_waiting": (
        "回传：{n:,} 份在途，提交于 {since}",
        "回传：{n:,} 份在途，最早提交于 {since}",
    ),
    # 告警：标题与处理办法
    "alert_headline_account_disabled": "账号 {account}（{platform}）已禁用：{reason}",
    "alert_headline_accounts_spent": "{platform}：导出等待至 {until}：{reason}",
    "alert_headline_accounts_suspect": (
        "{platform} 拒绝账号 {account} 本身，它休息至 {until}：{reason}",
        "{platform} 拒绝 {n:,} 个账号本身（{accounts}），它们休息至 {until}：{reason}",
    ),
    "alert_headline_breaker_open": "{platform} 暂停访问至 {until}：{cause}",
    "alert_headline_egress_down": "出口线路 {egress} 不可用，下次尝试在 {until}：{reason}",
    "alert_headline_egress_refused": "代理服务商拒绝 {egress}：{reason}",
    "alert_headline_internal_error": (
        "{host} 上的 {component} 出现内部错误（近期 {times} 次）：{error}"
    ),
    "alert_headline_works_rejected": "{host} 上的作品投放目录有内容未能导入：{reason}",
    "alert_headline_host_gone": "主机 {host} 最后一次出现在 {since}，且没有正常停止",
    "alert_headline_hour_late": (
        "{hour} 的每小时数据迟到：{listed} 个作品中已有 {success} 个；{reason}"
    ),
    "alert_headline_video_gone": (
        "{video}（{platform} {work_id}）自 {hour} 起失效",
        "{n:,} 个视频自 {hour} 起失效，其中有 {video}（{platform} {work_id}）",
    ),
    "alert_headline_views_passed": (
        "{video}（{platform} {work_id}）播放量超过 {threshold:,}：{hour} 为 {views:,}",
        "{n:,} 个视频在 {hour} 播放量超过 {threshold:,}，其中有 {video}（{platform} {work_id}）",
    ),
    "alert_headline_views_rising": (
        "{video}（{platform} {work_id}）在 {hour} 每小时增长 {views:,}",
        "{n:,} 个视频在 {hour} 每小时增长 {threshold:,} 或更多，其中有 {video}（{platform}"
        " {work_id}）",
    ),
    "alert_headline_hour_missed": (
        "{hour} 的每小时数据缺失：{listed} 个作品中只有 {success} 个；{reason}"
    ),
    "alert_headline_key_changed": "{host} 上的密钥有变：{reason}",
    "alert_headline_mass_sign_out": (
        "{platform} 不再接受 Cookie（原因可能在我方，也可能在平台）：连续 {accounts} 个账号，{reason}"
    ),
    "alert_headline_clock_went_back": "数据库时钟倒退了 {secs} 秒：此前记录的时间已在未来",
    "alert_headline_database_unavailable": "数据库曾有 {secs} 秒无法使用（从 {host} 观察）：{error}",
    "alert_headline_database_unknown_error": ("数据库对 {host} 返回未知的错误 {number}：{error}"),
    "alert_headline_day_incomplete": (
        "{day} 的数据未统计完整，部分回传暂缓：任务 {tasks} 个：{reason}"
    ),
    "alert_headline_disk_full": "{domain} 的导出（任务 {task}）在等待磁盘：{error}",
    "alert_headline_receiver_gone": "不再向 {host} 发送：{reason}",
    "alert_headline_reports_given_up": (
        "发往 {host} 的 {n:,} 份回传已放弃：{error}",
        "发往 {host} 的 {n:,} 份回传已放弃：{error}",
    ),
    "alert_headline_reports_late": "发往 {host} 的回传自 {since} 起等待：{error}",
    "reports_untried": "没有进程在发送",
    "alert_headline_broadcast_stale": "自 {since} 起没有回传任何当前数据：{reason}",
    "broadcast_without_round": "没有一轮回传完成",
    "alert_headline_job_failed": "定时任务 {job} 失败：{error}",
    "alert_headline_session_expiring": "账号 {account}（{platform}）的会话将于 {until} 到期",
    "alert_headline_task_failed": "任务 {task}（{kind} {domain}，{platform}）失败：{error}",
    "alert_headline_work_stalled": "{host} 上的{reason}自 {since} 起没有进展",
    "stalled_thread": "线程 {name}",
    "stalled_task": "任务 {name}",
    "stalled_account": "账号 {name} 的工作",
    "stalled_job": "定时任务的运行 {name}",
    "stalled_webhook": "回传 {name}",
    "stalled_broadcast": "分发数据回传的一轮",
    "alert_advice_account_disabled": "执行 {program} accounts explain {word}",
    "advice_account_enable": (
        "重新使用请执行 {program} accounts enable {word}；不再使用：{program} accounts delete {word}"
    ),
    "advice_account_banned": (
        "请到平台查看原因；解决后执行 {program} accounts enable {word}；不再使用：{program}"
        " accounts delete {word}"
    ),
    "advice_login_swapped": (
        "请导入 {was} 的 Cookie：{program} accounts import {word} -；要换成另一平台账号，请加"
        " --new-login"
    ),
    "advice_login_twice": (
        "无需操作，另一个账号照常工作；要换成另一平台账号：{program} accounts import {word} -"
        " --new-login"
    ),
    "advice_account_suspect": (
        "无需操作：届时检查会话，之后自动继续；要提前使用：{program} accounts enable {word}"
    ),
    "advice_account_throttled": "无需操作：届时自动继续，并放慢节奏",
    "alert_advice_accounts_spent": "无需操作，届时自动继续；也可以添加账号",
    "alert_advice_accounts_suspect": (
        "无需操作：届时检查会话，之后自动继续；逐个查看：{program} accounts list"
    ),
    "alert_advice_breaker_open": (
        "无需操作：届时自动重试，提前访问只会延长限制；若反复出现，请放慢节奏"
    ),
    "advice_circuit_no_answer": ("请检查本机网络；届时自动重试，要提前：{program} {words}"),
    "advice_circuit_proxy_silent": (
        "该代理没有应答，或无法连到 {platform}：{program} proxies check {egress_word}；若一直如此，"
        "给它的账号换代理：{program} proxies remove {egress_word} --accounts-to 代理；届时自动重试，要提前：{program} {words}"
    ),
    "advice_circuit_server_error": "无需操作：故障在平台一方，届时自动重试",
    "advice_circuit_unusable": "无需操作：期间改用其他方式访问",
    "advice_circuit_key": "请在配置中更换 API 密钥，然后执行 {program} {words}",
    "advice_circuit_operator": "恢复访问请执行 {program} {words}",
    "advice_circuit_tried": "无需处理：得到应答即恢复，再被拒绝则延长",
    "advice_circuit_quarantined": "无需操作：下一次应答会表明原因在谁",
    "alert_advice_egress_down": (
        "请检查代理：{program} proxies check {egress_word}；若一直如此，给它的账号换代理："
        "{program} proxies remove {egress_word} --accounts-to 代理；届时自动重试，要提前：{program} egress open {egress_word}"
    ),
    "advice_egress_held": "要提前使用：{program} egress open {egress_word}",
    "alert_advice_egress_refused": (
        "在服务商处处理登录、余额或套餐，然后执行 {program} egress open {egress_word}"
    ),
    "alert_advice_internal_error": ("请查看 {host} 上 {component} 的日志并反馈；其他工作照常进行"),
    "alert_advice_works_rejected": (
        "请在 {host} 上执行 {program} works rejected，并在站点中修正这些行；其余已导入"
    ),
    "alert_advice_host_gone": (
        "请重新启动它；它的工作由其他主机接手。如果不再使用：{program} hosts forget {host}"
    ),
    "alert_advice_hour_late": "本小时内会自动重试；若原因不消失，执行 {program} views",
    "alert_advice_video_gone": (
        "无需处理：恢复时会通知；不再通知：{program} views remove_alert {rule}"
    ),
    "alert_advice_views_passed": (
        "无需处理，只通知一次；不再通知：{program} views remove_alert {rule}"
    ),
    "alert_advice_views_rising": (
        "无需处理，增长期间只通知一次；不再通知：{program} views remove_alert {rule}"
    ),
    "alert_advice_hour_missed": "未及时抓取的数据已无法补抓；见 {program} views gaps",
    "alert_advice_key_changed": "请放回数据库所用的密钥，或用它重新启动；账号本身没有问题",
    "alert_advice_mass_sign_out": (
        "这些账号先休息，之后再做会话检查；请登录其中一个，查看平台的说明"
    ),
    "alert_advice_work_stalled": (
        "其租约仍被持有，不会由其他进程接管：请查看 {host} 上的日志 watchdog，若仍不继续，请重启该进程"
    ),
    "alert_advice_day_incomplete": (
        "原因消失后会自动重新统计，无需操作；任务和原因见 {program} daily_stats --incomplete"
    ),
    "alert_advice_clock_went_back": "执行 {program} doctor --fix",
    "alert_advice_database_unavailable": "工作已自动继续，没有丢失数据；原因请查看数据库服务器的日志",
    "alert_advice_database_unknown_error": (
        "请在数据库手册中查找该错误编号；任务连续十分钟遇到它就会失败"
    ),
    "alert_advice_receiver_gone": (
        "接收方恢复后执行 {program} webhooks enable {delivery}；届时重发被 HTTP 410 拒绝的与等待中的回传"
    ),
    "alert_advice_reports_given_up": "请先修复接收方，再执行 {program} webhooks replay --state dead",
    "alert_advice_reports_late": "无需操作，会自动重试；也可询问接收方；见 {program} webhooks list",
    "alert_advice_broadcast_stale": "见 {program} broadcast status；由 {program} run 执行各轮回传",
    "alert_advice_job_failed": "原因排除后执行 {program} jobs run {job}；到下次时间也会自动运行",
    "alert_advice_disk_full": "请腾出空间；导出会自动继续",
    "alert_advice_task_failed": "执行 {program} tasks resume {task}",
    "alert_silent_way": "出口线路 {way} 没有 {platform} 的应答，暂停使用至 {until}",
    "alert_silent_way_tried": "出口线路 {way} 没有 {platform} 的应答；下一次请求会重新试探它",
    "alert_one_way": "出口线路 {way} 暂停访问 {platform} 至 {until}：{cause}",
    "alert_one_endpoint": "{platform} 的接口 {endpoint} 暂停访问至 {until}：{cause}",
    "alert_one_endpoint_of_way": (
        "出口线路 {way} 暂停访问 {platform} 的接口 {endpoint} 至 {until}：{cause}"
    ),
    "alert_sign_in": "粘贴新的 Cookie：{program} accounts import {word} -",
    "database_in_trouble": "数据库自 {since} 起无法使用：{cause}。工作正在等待，恢复后自动继续。",
    "screen_without_answer": "数据库自 {since} 起没有应答：以下为当时的数字。工作正在等待，恢复后自动继续。",
    "alert_is_open": "告警",
    "alert_is_over": "已恢复",
    "alert_lasted": "始于 {moment}",
    "alert_do": "处理办法：{advice}",
    "alert_more": "另有 {n} 条：{program} alerts list",
    "alert_title": "Baton（{host}）：新告警 {raised} 条，恢复 {resolved} 条",
    "alert_test_title": "Baton（{host}）：测试",
    "alert_test_body": "能看到这条消息，说明告警可以送达这里。",
    # `plan` 的表格与句子
    "plan_head": "{platform} · {domain}：待抓取 {creators}，待导出 {rows}",
    "plan_column_account": "账号",
    "plan_column_pace": "页/分钟",
    "plan_column_from": "可用时间",
    "plan_column_left": "今日剩余",
    "plan_column_limit": "每日配额",
    "plan_column_note": "备注",
    "plan_column_work": "工作",
    "plan_column_amount": "数量",
    "plan_column_rate": "速率",
    "plan_column_takes": "用时",
    "plan_column_ends": "结束于（{zone}）",
    "plan_column_bound": "决定因素",
    "plan_never": "永远无法完成",
    "plan_at_once": "不到一分钟",
    "plan_days": "{days} 天 {hours} 小时",
    "plan_no_crawl": "无需抓取",
    "plan_pages_by": "{pages}，{accounts}参与",
    "plan_pages_a_minute": "{n} 页/分钟",
    "plan_rows_a_day": "{n} 行/天，共 {days} 个配额日",
    "plan_more_accounts": "另有 {n} 个",
    "plan_side_by_side": (
        "抓取与导出从现在起并行，{workers} 个抓取线程，一直运行到完成（`{program} run`，或"
        " start_export 加 --wait）。"
    ),
    "plan_would_shorten": "可以缩短时间的办法：",
    "plan_nothing_shortens": "没有什么办法能明显缩短时间。",
    "plan_advice": "  {change}：{ends:，}",
    "plan_instead": "{work} {after}（原 {before}）",
    "plan_counted_on": (
        "依据：每页 {page_creators} 位达人（{page_how}），每次应答 {secs} 秒（{answer_how}）。"
    ),
    "plan_choice": (
        "已存储的 {stored} 位达人中有 {chosen} 位符合条件（{percent}%）；新达人按同样比例估计。"
    ),
    "plan_learned": "由 {n} 页得出",
    "plan_assumed": "假定值：尚未抓取过",
    "plan_search_ends": (
        "注意：{platform} 的搜索止于 {pages} 页，一个 --domain 约 {creators} 位达人：{wanted}"
        " 位大约需要 {domains} 个。"
    ),
    "plan_others": "注意：其他领域还有 {n} 个任务要用同样的账号，计划未计入。",
    "plan_left_out": "未计入（已禁用）：{names}。",
    "plan_session_ends": "会话于 {at} 结束",
    "plan_without_session": "没有会话，无法抓取",
    "plan_crawls_only": "导出任务指定了其他账号",
    "plan_exports_only": "抓取任务指定了其他账号",
    "plan_bound_pace": "账号的请求速率",
    "plan_bound_workers": "线程数",
    "plan_bound_rests": "账号休息",
    "plan_bound_crawl": "抓取进度",
    "plan_bound_quota": "每日配额",
    "plan_bound_nobody": "没有账号能完成",
    "plan_bound_too_long": "超过十年",
    "plan_change_more_accounts": "再加同样的 {accounts}",
    "plan_change_enable": "启用 {names}",
    "plan_change_healthy": "{names} 休息结束并恢复全速",
    "plan_change_sign_in": "会话结束前重新登录（{names}）",
    "plan_change_set_limit": "accounts set_limit 名称 {n}（如允许；{names}）",
    "plan_change_workers": "改用 --workers {n}",
}
