"""各处共用。"""

from __future__ import annotations

MESSAGES = {
    "wrong_fields": "{problems}",
    "overtaken_by_another": "另一个进程已先完成",
    "body_not_json": "内容不是 JSON",
}
