"""定时任务及其结果。"""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "job_quota_reset": "开始新的配额日",
    "job_session_checks": "每天检查每个会话",
    "job_creators_backfill": "补录旧版本的达人",
    "job_creator_observations": "记录所见达人当天的数据",
    "job_work_totals": "汇总已结束的日期，供监控指标使用",
    "job_hourly_views": "获取所有有效视频的数据",
    "job_views_rollup": "压缩较早日期的每小时数据",
    "job_catalogue_export": "写出 views.json",
    "job_play_counts": "更新作品列表的播放量",
    "job_daily_stats": "上报昨日的短剧任务",
    "job_incomplete_days": "重新统计未统计完整的日期",
    "job_late_completions": "补计迟到的完成记录",
    "job_daily_digest": "向通知渠道发送前一日的日报",
    "job_prune": "清理过期数据",
    # 结果
    "quota_day_started": "{day} 开始：{accounts} 个账号恢复配额，唤醒 {tasks} 个任务",
    "sessions_checked": "检查了 {sessions} 个会话",
    "creators_complete": "所有达人均已列出",
    "creators_brought_in": "已补录达人：{creators:,}；页：{pages:,}",
    "creators_observed": "已记录达人：{creators:,}",
    "work_totals_kept": "截至 {day}：抓取达人 {crawled:,}；导出 {exported:,} 行",
    "work_totals_wait": "任务 creators_backfill 尚未计入全部页",
    "views_rolled_up": "已压缩天数：{days:,}",
    "catalogue_exported": "{works:,} 个视频，其中 {valid:,} 个有效",
    "catalogue_empty_kept": "作品列表为空；文件未改动",
    "old_deleted": "已删除：{counts:、}",
    "deleted_count": "{kind} {count:,}",
    "nothing_old": "没有到期可删的数据",
    "digest_without_channel": "未设置通知渠道",
    "digest_filed": "{day} 的日报，渠道 {channels} 个",
    "digest_was_filed": "{day} 的日报此前已提交，渠道 {channels} 个",
    # 只保留一段时间的数据
    "kind_broadcasts": "播报",
    "kind_reports": "上报",
    "kind_job_runs": "作业运行记录",
    "kind_operations": "后台操作",
    "kind_alerts": "告警",
    "kind_digests": "日报通知",
    "kind_account_events": "账号事件",
    "kind_source_refusals": "被拒绝的请求",
    "kind_egress_routes": "出口线路",
    "kind_web_actions": "操作记录",
    "kind_log_files": "日志文件",
    "kind_rejected_files": "被拒绝的文件",
    "kind_evidence_files": "证据文件",
    # 未正常结束或错过的运行
    "run_interrupted": "已中断",
    "process_ended": "其进程已结束",
    "process_ended_next_due": "其进程已结束；下一次已到时间",
    "run_tried_again": "第 {attempt} 次尝试定于 {at}；{result}",
    "run_never_ended": "开始了 {attempts} 次都没有结束，已放弃",
    "job_internal_error": "内部错误：{detail}",
    "run_too_late": "已过了该运行的时间",
    "no_process_running": "当时没有进程来运行",
    "previous_run_went_on": "{scheduled_at} 的运行持续到 {finished_at}",
    "missed_several": "{first} 至 {last} 共 {times} 次：{reason}",
    "missed_at_least": "{first} 至 {last} 至少 {times} 次：{reason}",
    # 人的请求
    "job_running_already": "{job} 已在运行",
    "schedule_not_usable": "--schedule 不可用：{cause}",
    "job_not_found": "没有名为 {job!r} 的作业；可用：{known}",
}

ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {"job_running_already": "查看：{program} jobs list"},
    "console": {"job_running_already": "见“定时任务”页"},
    "api": {"job_running_already": "见 GET /api/v1/jobs/runs"},
}
