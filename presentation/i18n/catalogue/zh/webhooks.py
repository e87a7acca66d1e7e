"""投递、端点、签名密钥、告警渠道。"""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # 投递的结果
    "receiver_refused": "接收方答复 HTTP {status}",
    "receiver_redirected": "接收方答复 HTTP {status}（未跟随跳转）",
    "receiver_gone": "接收方答复 HTTP 410 Gone",
    "no_answer_within": "{secs:g} 秒内没有应答",
    "no_answer_because": "没有应答（{trouble}）",
    "host_name_unknown": "主机名无法解析",
    "connection_refused_there": "该地址无人监听",
    "tls_not_right": "TLS 证书或连接有问题",
    "connection_broke": "连接中断，或答复不是 HTTP",
    "callback_url_not_http": "回调地址不是 http(s) 地址",
    "callback_address_private": "未发送：回调地址指向内网地址 {address}",
    "callback_address_loopback": "未发送：回调地址指向本机地址 {address}",
    "task_secret_unusable": "未发送：任务 {task_id} 的签名密钥：{cause}",
    "delivery_internal_error": "内部错误，见日志（{error}）",
    "delivery_interrupted": "其进程在请求途中终止",
    "delivery_taken_meanwhile": "投递 {delivery_id} 已被另一进程取走",
    # 无法提交的上报
    "report_kind_unknown": "未知的上报类型 {kind!r}",
    "event_id_malformed": "事件 id {event_id!r}：须为 1 到 128 个 ASCII 字符，不含空格",
    "callback_url_length": "回调地址须有 1 到 {chars} 个字符",
    # 人的请求
    "event_not_found": ("没有事件 id 为 {event_id!r} 的投递：从未登记过，或结束已久、不再保留"),
    "delivery_not_found": "没有 id 为 {delivery_id} 的投递",
    "callback_url_unknown": "从未有内容要发送到此地址",
    # 签名密钥
    "one_secret_expected": "只给一个密钥；之前的密钥会自动保持有效",
    "task_without_secret": "任务 {task_id} 没有签名密钥",
    "secret_changed_meanwhile": "任务 {task_id} 的签名密钥已被另一进程更改",
    "signing_secret_count": (
        "签名密钥为一个，或以空格分隔的两个：每个写成 {prefix} 加 base64，例如取自："
        "openssl rand -base64 32"
    ),
    "signing_secret_prefix": (
        "签名密钥没有以 {prefix} 开头：每个写成 {prefix} 加 base64，例如取自："
        "openssl rand -base64 32"
    ),
    "signing_secret_not_base64": (
        "签名密钥在 {prefix} 之后不是 base64：每个写成 {prefix} 加 base64，例如取自："
        "openssl rand -base64 32"
    ),
    "signing_secret_empty": (
        "签名密钥在 {prefix} 之后为空：每个写成 {prefix} 加 base64，例如取自："
        "openssl rand -base64 32"
    ),
    # 告警渠道
    "notify_url_unusable": "{setting}：列表中第 {number} 个不可用（{problem}）",
    "notify_scheme_unknown": "{scheme}:// 未知，或缺少一部分",
    "notify_url_malformed": "不是地址",
    "channel_refused_http": "被拒绝：HTTP {status}",
    "channel_refused_code": "被拒绝：代码 {code}：{detail}",
    "channel_unreachable": "无法连接",
    "channel_not_accepted": "未被接受",
    "channel_answer_unknown": "答复不是机器人的答复",
}

ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {
        "callback_address_private": "如果确实如此，请把其主机写入 BATON_WEBHOOK_ALLOWED_HOSTS",
        "callback_address_loopback": "如果确实如此，请把其主机写入 BATON_WEBHOOK_ALLOWED_HOSTS",
        "notify_url_unusable": "写法见 docs/operations.md",
        "delivery_not_found": "查看：{program} webhooks list",
        "event_not_found": "仍知道它报告了哪些日期：{program} settlement show --event EVENT",
        "callback_url_unknown": "写成 `webhooks show ID` 所示的地址，或给出这样的 ID",
    },
    "console": {
        "callback_address_private": "如果确实如此，请把其主机写入 BATON_WEBHOOK_ALLOWED_HOSTS",
        "callback_address_loopback": "如果确实如此，请把其主机写入 BATON_WEBHOOK_ALLOWED_HOSTS",
        "notify_url_unusable": "写法见 docs/operations.md",
        "delivery_not_found": "见“回调”页",
        "event_not_found": "“分账结算”页仍知道它报告了哪些日期",
        "callback_url_unknown": "请从“回调”页取得",
    },
    "api": {
        "callback_address_private": "如果确实如此，请把其主机写入 BATON_WEBHOOK_ALLOWED_HOSTS",
        "callback_address_loopback": "如果确实如此，请把其主机写入 BATON_WEBHOOK_ALLOWED_HOSTS",
        "notify_url_unusable": "写法见 docs/operations.md",
        "delivery_not_found": "见 GET /api/v1/webhooks",
        "event_not_found": "仍知道它报告了哪些日期：GET /api/v1/settlement/trace?event_id=…",
        "callback_url_unknown": "取自 GET /api/v1/webhooks",
    },
}
