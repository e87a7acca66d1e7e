"""各处共用的消息，包括外来文件与列表。"""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "wrong_fields": "{problems}",
    "overtaken_by_another": "另一个进程已先完成",
    "body_not_json": "内容不是 JSON",
    # 外来文件
    "text_read_as": "按 {encoding} 编码读取",
    "file_told": "{file}：{note}",
    "file_too_large": "{file} 大于 {most:,} MB",
    "file_is_no_text": "{file} 是 {kind} 文件，不是文本",
    # 列表
    "table_empty": "{file} 是空的",
    "table_is_html": "{file} 是网页，不是列表",
    "too_many_cells": "单元格多于首行",
    "csv_damaged": "{detail}；是否缺少引号？",
    "column_twice": "{file}：首行中列 {name!r} 出现两次",
    "columns_not_known": "有些列在这里没有含义，已略过：{names}",
    "header_repeated": "第 {line} 行重复了首行，已略过",
    "sheet_read": "已读取工作表 {sheet}；其余未读取：{others}",
    "excel_extra_missing": "{file}：读取 Excel 文件需要一个库：{command}",
    "workbook_damaged": "{file} 无法作为工作簿读取（{detail}）",
    "number_rounded": "表格程序已将该数字四舍五入",
    "number_not_whole": "这不是整数",
    "at_line": "第 {line} 行",
    "file_place_wrong": "{file} {place}：{cause}",
}

_TO_DO: dict[str, Forms] = {
    "file_too_large": "请拆分为较小的文件",
    "file_is_no_text": "请解压，或导出为文本（CSV、JSON、cookies.txt）",
    "table_is_html": "请把列表本身另存为 CSV 或 .xlsx",
    "too_many_cells": "请给含逗号的单元格加引号",
    "column_twice": "请删除或改名其中一列",
    "excel_extra_missing": "请先安装，或把列表另存为 CSV",
    "workbook_damaged": "请在表格程序中打开后重新保存，或另存为 CSV",
}
ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": _TO_DO,
    "console": _TO_DO,
    "api": _TO_DO,
}
