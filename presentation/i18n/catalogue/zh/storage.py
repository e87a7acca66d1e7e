"""数据库、表结构、备份。"""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # 数据库的答复；where 指明是哪个库，detail 为驱动程序的原话
    "database_statement_failed": "{where}：{detail}",
    "database_contended": "{where}：与其他进程冲突：{detail}",
    "database_unavailable": "{where}：数据库暂时无法访问（{detail}）",
    "database_connection_lost": "{where}：连接已断开（{detail}）",
    "commit_unanswered": "{where}：COMMIT 没有得到答复（{detail}）",
    "database_error_unclassified": "{where}：错误 {number}：{detail}",
    "server_read_only": "{where}：服务器目前不接受写入（{detail}）",
    "database_tls_failed": "{where}：无法建立安全连接（{detail}）",
    "database_damaged": "{where}：{detail}（文件已损坏，或不是数据库）",
    "server_drops_locks": (
        "{where}：{server} 会丢掉 FOR UPDATE SKIP LOCKED 的锁，两个进程会领到同一任务"
    ),
    "server_too_old": "{where}：{server} 不支持 SKIP LOCKED；需要 {needed} 或更新版本",
    "server_breaks_promise": "{where}：{server} 不符合租约所依赖的行为：{promise}",
    "promise_lock_kept": "FOR UPDATE SKIP LOCKED 持有行锁直到事务结束",
    "promise_matched_rows": "UPDATE 统计匹配的行，无论是否改变",
    "promise_duplicate": "唯一键相同的第二行会作为重复被拒绝",
    "promise_read_committed": "事务能看到其他事务已提交的内容",
    "promise_case": "比较文本时区分大小写",
    "row_exists": "{where}：已有相同的记录：{detail}",
    "schema_object_exists": "{where}：表、列或索引已存在：{detail}",
    "table_or_column_missing": "{where}：缺少表或列：{detail}",
    "node_not_in_cluster": "{where}：该节点已不在集群中（{detail}）",
    "database_not_granted": "{where}：该用户无权使用此数据库",
    "database_login_refused": "{where}：用户名或密码错误",
    "database_password_login_refused": "{where}：该用户不能用密码登录",
    "database_missing": "{where}：数据库不存在",
    "write_undone": "同一事务中的另一次写入失败，本次写入也被撤销",
    "sqlite_file_in_use": "{where}：{detail}；另一进程长时间占用该文件",
    "database_disk_full": "{where}：磁盘已满",
    "database_read_only": "{where} 为只读",
    "database_clock_slow": "数据库应答超过 {secs:.0f} 秒；无法读取其时钟，租约不再安全",
    "open_task_ended": "进行中的任务刚刚结束",
    "notice_taken": "通知 {notice_id} 刚被其他进程领取",
    # DATABASE_URL
    "database_url_incomplete": "DATABASE_URL：缺少主机、用户或数据库名",
    "database_url_unreadable": "DATABASE_URL：无法识别主机或端口",
    "database_option_unknown": "DATABASE_URL：没有名为 {name} 的选项；可用的有 {known}",
    "database_option_twice": "DATABASE_URL：{name} 重复出现",
    "database_option_wrong": "DATABASE_URL：{name} 只能是：{expected}",
    "database_option_alone": "DATABASE_URL：使用 {name} 时还需要 {other}",
    "database_tls_contradiction": "DATABASE_URL：既关闭又要求 TLS",
    "database_tls_file": "DATABASE_URL：{name} 的文件 {path} 无法使用：{detail}",
    "sqlite_option_unknown": (
        "DATABASE_URL：没有名为 {name} 的选项：SQLite 文件不接受选项；路径中的 ? 须写成 %3F"
    ),
    "sqlite_path_with_tilde": "DATABASE_URL：{path}：此处不会展开 ~；请写出完整路径",
    "sqlite_in_memory": "DATABASE_URL：内存数据库会随连接消失；请指定一个文件",
    "database_url_without_path": "DATABASE_URL：缺少 SQLite 文件的路径",
    "database_url_without_engine": "DATABASE_URL：没有指明数据库类型",
    "database_engine_unknown": "DATABASE_URL：未知的数据库类型 {name!r}",
    # 表结构
    "schema_missing": "{where}：尚未建表",
    "schema_outdated": "{where}：表结构为版本 {version}，本程序需要版本 {needed}；未作任何更改",
    "schema_version_unknown": (
        "{where}：表结构为版本 {version}，本程序支持版本 {first} 至 {newest}；未作任何更改"
    ),
    "schema_of_others": (
        "{where}：有表 {tables}，但没有 schema_version；表结构不完整，或属于其他程序"
    ),
    "schema_version_unusable": "{where}：schema_version 不可用：{cause}",
    "schema_load_cut_short": "建表中途中断",
    "migration_missing": "{where}：没有可升级到版本 {version} 的步骤；未作任何更改",
    "upgrade_taken_over": "{where}：升级已由另一进程接管；本进程已停止",
    "view_tables_differ": "{where}：表 work_metrics 或 crawl_sessions 的列不符；未作任何更改",
    "backup_of_server": "只能复制 SQLite 文件；未作任何更改",
}

URL_FORMS = "写成 sqlite:///路径 或 mysql://用户:密码@主机:3306/数据库（集群的多个主机：主机1:3306,主机2:3306）"
DUMP = "mariadb-dump --single-transaction --default-character-set=utf8mb4 -u 用户 -p 数据库"
# 无论在哪里发现，建表与升级只在命令行进行。
INIT = "{program} init"

_EVERYWHERE: dict[str, Forms] = {
    "database_not_granted": "请用 GRANT 授权",
    "database_login_refused": (
        "请检查 DATABASE_URL；若该用户要求 REQUIRE SSL 或 X509，须在其中写上 ssl_mode=required、ssl_cert"
        " 和 ssl_key"
    ),
    "database_password_login_refused": "请检查 DATABASE_URL",
    "database_missing": "请先 CREATE DATABASE",
    "database_disk_full": "请腾出空间",
    "database_read_only": "请检查其所有者、权限，以及磁盘的挂载方式",
    "server_read_only": "待其恢复为主库，或由另一台应答后，工作会自动继续",
    "database_tls_failed": "请检查 ssl_mode、ssl_ca 与服务器证书",
    "database_damaged": "请恢复备份，或将该文件移走",
    "server_drops_locks": "请使用 MariaDB 或 MySQL",
    "server_breaks_promise": "请使用 MariaDB 或 MySQL，且中间没有改动语句的代理",
    "database_url_incomplete": URL_FORMS,
    "database_url_unreadable": (
        f"{URL_FORMS}，密码中的特殊字符须用百分号编码（@ 写成 %40，/ 写成 %2F）"
    ),
    "database_url_without_path": URL_FORMS,
    "database_url_without_engine": URL_FORMS,
    "database_engine_unknown": URL_FORMS,
    "schema_version_unknown": "请更新 Baton，或使用另一个数据库",
    "schema_of_others": "请使用空数据库，或恢复备份",
    "migration_missing": "请先升级到中间的版本",
}
_ON_THE_SERVER: dict[str, Forms] = _EVERYWHERE | {
    "table_or_column_missing": f"请在服务器上执行：{INIT}",
    "schema_missing": f"请在服务器上执行：{INIT}",
    "schema_outdated": f"请停止所有进程并备份，然后在服务器上执行：{INIT}",
    "schema_load_cut_short": f"请删除这些表，然后在服务器上执行：{INIT}",
    "upgrade_taken_over": f"待其结束后，请在服务器上再次执行：{INIT}",
    "view_tables_differ": "请移走该文件，然后在服务器上执行：{program} views --missing",
    "backup_of_server": f"请在服务器上复制：{DUMP} > 文件",
}
ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": _EVERYWHERE
    | {
        "table_or_column_missing": f"请执行：{INIT}",
        "schema_missing": f"请执行：{INIT}",
        "schema_outdated": f"请停止所有进程并备份，然后执行：{INIT}",
        "schema_load_cut_short": f"请删除这些表，然后执行：{INIT}",
        "upgrade_taken_over": f"待其结束后，请再次执行：{INIT}",
        "view_tables_differ": "请移走该文件，然后执行：{program} views --missing",
        "backup_of_server": f"请先执行：{DUMP} > 文件，然后不带 --backup 再执行同一命令",
    },
    "console": {**_ON_THE_SERVER},
    "api": {**_ON_THE_SERVER},
}
