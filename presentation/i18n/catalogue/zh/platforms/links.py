"""平台名称、视频的链接与 id。"""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "platform_key_missing": "没有 {name} 的 API 密钥：请设置 {setting}",
    "platform_token_missing": "没有 {name} 的令牌：请设置 {setting}",
    "platform_key_malformed": "密钥含有不该有的字符；请重新复制",
    "platform_unknown": "未知平台 {name!r}；可用：{known}",
    # 链接与 id
    "link_of_other_platform": "{text!r} 是 {found} 的链接，不是 {wanted} 的",
    "link_not_video": "{text!r} 不是视频链接：{cause}",
    "url_damaged": "网址不完整",
    "host_unknown": "{host} 不属于任何已知平台（已知：{known}）",
    "page_not_video": "是 {platform} 的页面，但不是视频页面",
    "link_of_episode": "这是剧集的一集，不是达人发布的视频",
    "id_case_lost": "大小写已丢失：Bilibili 的 id 区分大小写",
    "id_rounded": "{text!r} 是被电子表格四舍五入的数字，末几位已丢失",
    "id_without_platform": "{text!r} 既不是链接，也不知道是哪个平台的 id",
    "not_video_id": "{text!r} 不是 {platform} 的视频 id",
    # 短链接
    "short_link_unanswered": "短链接没有响应（{detail}）",
    "short_link_silent": "该短链接此刻没有跳转",
    "short_link_without_video": "该短链接指向的页面（{host}）没有视频",
    "short_link_dead_once": "该短链接似乎已失效，稍后再确认一次",
    "short_link_refused": "短链接的主机返回 HTTP {status}",
    # 视频为何没有数据
    "video_not_found": "视频不存在：{detail}",
    "video_hidden": "视频不公开：{detail}",
    "video_in_review": "视频审核中：{detail}",
    "video_not_in_region": "视频在此地区不可看：{detail}",
    "video_id_wrong": "视频 id 有误：{detail}",
    "video_left_out": "平台未返回此视频：{detail}",
}

_TO_DO = {
    "id_case_lost": "请从浏览器重新复制链接",
    "id_rounded": "请把 id 存为文本",
    "id_without_platform": "写成 平台:ID，例如 youtube:dQw4w9WgXcQ",
}
ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {**_TO_DO},
    "console": {**_TO_DO},
    "api": {**_TO_DO},
}
