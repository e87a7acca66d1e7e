"""只由部分账号处理的任务，以及这些账号为何不处理。"""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "pinned_to_account": "仅由账号 {name} 处理",
    "pinned_to_group": "仅由分组 {group} 处理",
    "pinned_to_nobody": "未指定账号",
    "account_pinned_tasks": ("任务 {tasks} 指定由其处理", "任务 {tasks} 指定由其处理"),
    # 指定了账号的任务无人处理的原因
    "pinned_account_disabled": "账号 {name} 已禁用（{reason}）",
    "pinned_account_cooling": "账号 {name} 休息至 {until}",
    "pinned_account_waiting": "账号 {name} 正等待下一次轮到",
    "pinned_account_busy": "账号 {name} 正在使用",
    "pinned_account_cut_off": "账号 {name} 在等待：其出口线路休息至 {until}",
    "pinned_account_spent": "账号 {name} 的配额已用尽，直到 {until}",
    "pinned_account_without_quota": "账号 {name} 没有导出配额",
    "only_pinned_account": "{reason}；任务指定了账号，因此不使用其他账号",
    "only_pinned_group": "分组 {group}：{reason}；任务指定了分组，因此不使用其他账号",
    "pinned_account_deleted": "任务指定的账号 {name} 已删除",
    "pinned_group_empty": "任务指定的分组 {group} 中没有账号",
    # 可以提出的要求
    "pin_to_account_or_group": "任务可指定账号或分组，不能同时指定",
    "pin_to_what": "请指明由谁处理：--account 名称、--group 名称或 --none",
    "group_unknown": "{platform} 没有属于分组“{group}”的账号",
    "piece_not_pinned": "任务 {task_id} 是任务 {parent_id} 的子任务",
    "task_pinned_otherwise": (
        "{domain} 的{kind}已在进行（任务 {task_id}），{pin}，与所要求的 {option} {quoted} 不同"
    ),
    # 命令的输出
    "task_was_pinned": "任务 {task_id}：{pin}",
    "task_was_unpinned": "任务 {task_id}：所有账号都可处理",
    "task_pin_line": "{pin}",
    "task_stays_pinned": "注意：任务 {task_id} 仍{pin}",
    "column_pinned_to": "指定账号",
    # 告警
    "alert_headline_task_without_account": (
        "任务 {task}（{kind} {domain}，{platform}）没有账号可处理：{reason}"
    ),
    "alert_advice_task_without_account": (
        "执行 {program} tasks pin {task} --none，或用 --account 名称、--group 名称另行指定"
    ),
}

ADVICE = {
    "terminal": {
        "pinned_account_deleted": "请另行指定或取消指定：{program} tasks pin",
        "pinned_group_empty": "请加入账号：{program} accounts set_group 名称 {group}",
        "group_unknown": "请查看：{program} accounts groups",
        "piece_not_pinned": "请为父任务指定账号",
        "task_pinned_otherwise": "如要更改：{program} tasks pin {task_id} {option} {quoted}",
    },
    "console": {
        "pinned_account_deleted": "请在任务页另行指定",
        "pinned_group_empty": "请在账号页将账号加入该分组",
        "group_unknown": "请查看“账号”页",
        "piece_not_pinned": "请为父任务指定账号",
        "task_pinned_otherwise": "请在任务 {task_id} 的页面更改",
    },
    "api": {
        "pinned_account_deleted": "用 POST /api/v1/tasks/{{id}}/pin 另行指定",
        "pinned_group_empty": "用 POST /api/v1/accounts/{{id}}/group 将账号加入该分组",
        "group_unknown": "请查看 GET /api/v1/accounts/groups",
        "piece_not_pinned": "请为父任务指定账号",
        "task_pinned_otherwise": "用 POST /api/v1/tasks/{task_id}/pin 更改",
    },
}
