"""The database, its schema, backups."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # what a database answers; `where` names it, `detail` is in the words of its driver
    "database_statement_failed": "{where}: {detail}",
    "database_contended": "{where}: {detail}",
    "database_unavailable": "{where}: {detail}",
    "database_connection_lost": "{where}: connection lost ({detail})",
    "commit_unanswered": "{where}: no answer to COMMIT ({detail})",
    "database_error_unclassified": "{where}: error {number}: {detail}",
    "server_read_only": "{where}: the server takes no writes just now ({detail})",
    "database_tls_failed": "{where}: no secure connection ({detail})",
    "database_damaged": "{where}: {detail} (damaged, or no database)",
    "server_drops_locks": (
        "{where}: {server} drops the lock of FOR UPDATE SKIP LOCKED, so that two workers would get"
        " the same task"
    ),
    "server_too_old": "{where}: {server} lacks SKIP LOCKED; {needed} or newer is needed",
    "server_breaks_promise": "{where}: {server} does not do what leases rest on: {promise}",
    "promise_lock_kept": "FOR UPDATE SKIP LOCKED holds the row's lock until the transaction ends",
    "promise_matched_rows": "an UPDATE counts the rows that match, changed or not",
    "promise_duplicate": "a second row with the same unique key is refused as a duplicate",
    "promise_read_committed": "a transaction sees what others committed meanwhile",
    "promise_case": "text is compared with upper and lower case told apart",
    "row_exists": "{where}: {detail}",
    "schema_object_exists": "{where}: {detail}",
    "table_or_column_missing": "{where}: {detail}",
    "node_not_in_cluster": "{where}: the node is not part of its cluster ({detail})",
    "database_not_granted": "{where}: the user may not use this database",
    "database_login_refused": "{where}: wrong user or password",
    "database_password_login_refused": "{where}: this user may not sign in by password",
    "database_missing": "{where}: the database does not exist",
    "write_undone": "another write of the same transaction failed and undid this one too",
    "sqlite_file_in_use": "{where}: {detail}; another process holds it for long",
    "database_disk_full": "{where}: the disk is full",
    "database_read_only": "{where} is read-only",
    "database_clock_slow": (
        "the database needs more than {secs:.0f} s for an answer; its clock cannot be read, and"
        " leases would not be safe"
    ),
    "open_task_ended": "the open task ended just now",
    "notice_taken": "notice {notice_id} was taken meanwhile",
    # DATABASE_URL
    "database_url_incomplete": "DATABASE_URL: host, user or database missing",
    "database_url_unreadable": "DATABASE_URL: host or port cannot be read",
    "database_option_unknown": "DATABASE_URL: {name} is no option; known are {known}",
    "database_option_twice": "DATABASE_URL: {name} is given twice",
    "database_option_wrong": "DATABASE_URL: {name} must be one of: {expected}",
    "database_option_alone": "DATABASE_URL: {name} needs {other} too",
    "database_tls_contradiction": "DATABASE_URL: TLS is both switched off and asked for",
    "database_tls_file": "DATABASE_URL: {name} {path} cannot be used: {detail}",
    "sqlite_option_unknown": (
        "DATABASE_URL: {name} is no option: a SQLite file has none; write ? in a path as %3F"
    ),
    "sqlite_path_with_tilde": "DATABASE_URL: {path}: ~ is not replaced here; write the path out",
    "sqlite_in_memory": (
        "DATABASE_URL: a database in memory is lost with each connection; name a file"
    ),
    "database_url_without_path": "DATABASE_URL: the path of the SQLite file is missing",
    "database_url_without_engine": "DATABASE_URL: it names no engine",
    "database_engine_unknown": "DATABASE_URL: unknown engine {name!r}",
    # the schema
    "schema_missing": "{where}: has no tables yet",
    "schema_outdated": (
        "{where}: its schema is version {version}, and this program needs {needed}; nothing was"
        " changed"
    ),
    "schema_version_unknown": (
        "{where}: its schema is version {version}, and this program knows {first} to {newest};"
        " nothing was changed"
    ),
    "schema_of_others": (
        "{where}: has tables {tables} but no schema_version; this is half a schema or another"
        " program's"
    ),
    "schema_version_unusable": "{where}: its schema_version cannot be used: {cause}",
    "schema_load_cut_short": "loading the schema was cut short",
    "migration_missing": ("{where}: no migration leads to version {version}; nothing was changed"),
    "upgrade_taken_over": "{where}: another process took the upgrade over; this one stopped",
    "view_tables_differ": (
        "{where}: its tables work_metrics or crawl_sessions have other columns; nothing was changed"
    ),
    "backup_of_server": "only a SQLite file can be copied; nothing was done",
}

URL_FORMS = (
    "write it like sqlite:///PATH or mysql://USER:PASSWORD@HOST:3306/DATABASE (several hosts of a"
    " cluster: HOST1:3306,HOST2:3306)"
)
DUMP = "mariadb-dump --single-transaction --default-character-set=utf8mb4 -u USER -p DATABASE"
# The schema is created and upgraded on the command line only, whoever finds out about it.
INIT = "{program} init"

_EVERYWHERE: dict[str, Forms] = {
    "database_not_granted": "GRANT it",
    "database_login_refused": (
        "check DATABASE_URL; a user made with REQUIRE SSL or X509 needs ssl_mode=required, ssl_cert"
        " and ssl_key in it"
    ),
    "database_password_login_refused": "check DATABASE_URL",
    "database_missing": "CREATE DATABASE it first",
    "database_disk_full": "make room",
    "database_read_only": "check its owner, its mode and how its disk is mounted",
    "server_read_only": "the work goes on when it is the primary again, or another one answers",
    "database_tls_failed": "check ssl_mode, ssl_ca and the server's certificate",
    "database_damaged": "restore a backup, or move the file away",
    "server_drops_locks": "use MariaDB or MySQL",
    "server_breaks_promise": "use MariaDB or MySQL, without a proxy that changes statements",
    "database_url_incomplete": URL_FORMS,
    "database_url_unreadable": (
        f"{URL_FORMS}, with special characters of the password percent-encoded (@ as %40, / as %2F)"
    ),
    "database_url_without_path": URL_FORMS,
    "database_url_without_engine": URL_FORMS,
    "database_engine_unknown": URL_FORMS,
    "schema_version_unknown": "update Baton, or use another database",
    "schema_of_others": "use an empty database, or restore a backup",
    "migration_missing": "upgrade with a release in between",
}
_ON_THE_SERVER: dict[str, Forms] = _EVERYWHERE | {
    "table_or_column_missing": f"run on the server: {INIT}",
    "schema_missing": f"run on the server: {INIT}",
    "schema_outdated": f"stop all processes, make a backup, then run on the server: {INIT}",
    "schema_load_cut_short": f"drop the tables, then run on the server: {INIT}",
    "upgrade_taken_over": f"when that one has ended, run on the server once more: {INIT}",
    "view_tables_differ": ("move the file away, then run on the server: {program} views --missing"),
    "backup_of_server": f"copy it on the server: {DUMP} > FILE",
}
ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": _EVERYWHERE
    | {
        "table_or_column_missing": f"run: {INIT}",
        "schema_missing": f"run: {INIT}",
        "schema_outdated": f"stop all processes, make a backup, then run: {INIT}",
        "schema_load_cut_short": f"drop the tables, then run: {INIT}",
        "upgrade_taken_over": f"when that one has ended, run once more: {INIT}",
        "view_tables_differ": "move the file away, then run: {program} views --missing",
        "backup_of_server": f"first run: {DUMP} > FILE, then the same command without --backup",
    },
    "console": {**_ON_THE_SERVER},
    "api": {**_ON_THE_SERVER},
}
