"""Messages of API and console, and the rules for requests of all front ends."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # previews of uploads
    "upload_forgotten": "this upload is not kept any more",
    "preview_new": "is added, {rows:,} rows a day",
    "preview_changed": "gets new: {names:, }",
    "preview_enabled": "gets new: {names:, }; and is enabled",
    "preview_new_login": "another login takes over the name; the former one is kept, disabled",
    "preview_limit": "limit of {rows:,} rows a day",
    "preview_user_agent": "User-Agent",
    "preview_group": "group {group}",
    "preview_work_new": "is added",
    "preview_work_changed": "is changed",
    "preview_work_same": "stays as it is",
    "preview_short_link": "its short link is resolved when it is taken in",
    "preview_taken_out": (
        "a complete list: 1 work that it leaves out is taken out",
        "a complete list: {n:,} works that it leaves out are taken out",
    ),
    # requests: what a field should be
    "field_problem": "{field}: {problem}",
    "half_character": "half a character (a lone surrogate) is no text",
    "number_out_of_range": "{least:,} to {most:,}, got {given}",
    "text_empty_or_long": "1 to {max_letters} characters",
    "text_over_length": "at most {max_letters} characters",
    "too_many_at_once": "at most {most:,} at once",
    "moment_not_storable": "the year must be {first_year} to {last_year}",
    # requests: what does not fit together
    "deliveries_not_chosen": "nothing says which deliveries",
    "endpoint_not_chosen": "one of a URL and a delivery to it is needed, not both",
    # requests: what pydantic finds in a field
    "value_not_below": "should be less than {limit}",
    "value_not_string": "should be a text",
    "value_not_list": "should be a list",
    "value_not_object": "should be an object",
    "value_not_date": "should be a valid date or time",
    "value_not_in_list": "should be one of {expected}",
    "string_too_short": (
        "String should have at least 1 character",
        "String should have at least {n:,} characters",
    ),
    "string_too_long": (
        "String should have at most 1 character",
        "String should have at most {n:,} characters",
    ),
    "string_of_wrong_form": "String should match pattern '{pattern}'",
    "list_too_short": (
        "List should have at least 1 item, not {given}",
        "List should have at least {n:,} items, not {given}",
    ),
    "list_too_long": (
        "List should have at most 1 item, not {given}",
        "List should have at most {n:,} items, not {given}",
    ),
    "field_required": "Field required",
    "name_unknown": "there is no field of this name",
    "name_unknown_near": "there is no field of this name; the nearest is {nearest!r}",
    "name_repeated": "is given {times:,} times; once is right",
    "value_malformed": "{detail}",
    "too_many_items": "{given:,} items are too many: {most:,} at a time",
    "file_not_chosen": "no file is chosen",
    "label_missing": "no label is given",
    # what is not there
    "operation_not_found": "no operation has the id {operation_id}",
    "log_not_found": "no log file is called {name!r} on this host",
    "no_hourly_numbers": "there are no hourly numbers yet",
    "route_not_found": "{method} {path}: Not Found",
    "method_not_allowed": "{method} {path}: Method Not Allowed",
    "request_refused": "{method} {path}: {detail}",
    # files of exports
    "export_not_sealed": "export {segment_id} is still being written",
    "export_outside_folder": (
        "export {segment_id} was written outside the export folder (--out), on host {host}"
    ),
    "export_on_other_host": (
        "the file of export {segment_id} is not on this host; it was written on {host}"
    ),
    "peer_without_address": "host {host} does not say where it can be reached",
    "peer_unreachable": "host {host} does not answer ({detail}); it was last seen at {seen_at}",
    "peer_not_understood": (
        "host {host} answers in another form ({detail}); do both run the same version?"
    ),
    "peer_file_not_found": "host {host} has no such file",
    "peer_file_differs": (
        "the file of export {segment_id} on host {host} has another content than its row says"
    ),
    "peer_seal_refused": "this request is not one of a host of this database",
    "host_not_known": "no host is called {host!r}",
    "host_forgotten": "host {host} is forgotten; it comes back by itself when it works again",
    # access
    "token_not_valid": "this token is unknown or was revoked",
    "nobody_signed_in": "nobody is signed in",
    "token_read_only": "the token {name!r} may only read",
    "foreign_page": "this action did not come from a page of Baton",
    "token_name_invalid": "a token's name has 1 to {max_letters} printable characters",
    "token_name_taken": "a token named {name!r} is in use",
    "token_not_in_use": "no token in use is named {name!r}",
    # operations
    "operation_under_way": "{kind} {subject} is under way already",
    "operation_kind_under_way": "{kind} is under way already",
    "too_many_operations": "{running} operations are under way",
    "operation_stopped": "stopped: the server ends",
    "operation_process_ended": "its process ended before it did",
    "operation_broken": "internal error: {error}",
    "stopped_before_end": "stopped before its end",
    "links_given": ("1 link", "{n:,} links"),
    "items_given": ("1 item", "{n:,} items"),
    "channels_given": ("1 channel", "{n:,} channels"),
    "drop_folder": "drop folder",
    "day_yesterday": "yesterday",
    "days_from_to": "{first} to {last}",
    "tasks_of_days": "{days}, {tasks}",
    "dry_run_of_days": "{days} dry run",
    "login_refused": "refused: unknown token",
    "channel_missing": "no channel is configured in {setting}",
    # the server
    "body_without_length": "the body has no stated length",
    "body_too_large": "the body has more than {max_bytes:,} bytes",
    "body_compressed": "the body is compressed ({encoding})",
    "body_too_slow": "the body did not come within {secs:,} s",
    "head_too_large": "request line and headers have more than {max_bytes:,} bytes",
    "host_malformed": "the Host header is no host",
    "error_inside": "an error inside Baton",
    "web_address_unusable": "the web console cannot listen on {host}:{port} ({detail})",
}
_LOG_FILE = "the log file web-<day>.log has it whole"
_CHANNEL = "set it (environment or .env), for example {setting}=dingtalk://TOKEN"
_ADDRESS = (
    "is another one running there? Choose another address with BATON_WEB_HOST and BATON_WEB_PORT"
    " (or --host, --port)"
)
_EVERYWHERE: dict[str, Forms] = {
    "upload_forgotten": "upload it again",
    "too_many_items": "send them in parts",
    "file_not_chosen": "choose a file first",
    "label_missing": "give a label",
    "export_not_sealed": "try again when its state is sealed",
    "export_outside_folder": "fetch it there",
    "too_many_operations": "try again when one has ended",
    "operation_broken": _LOG_FILE,
    "body_without_length": "send the body with a Content-Length",
    "body_too_large": "send it in parts",
    "body_compressed": "send it as it is",
    "error_inside": _LOG_FILE,
    "web_address_unusable": _ADDRESS,
    "channel_missing": _CHANNEL,
    "token_name_taken": "give another name, or revoke that one first",
}

ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": _EVERYWHERE
    | {
        "deliveries_not_chosen": (
            "say which: delivery ids, --state, --kind, --task, --url, --since or --until"
        ),
        "endpoint_not_chosen": "give a URL, or the id of a delivery to it",
        "operation_not_found": "see the console",
        "log_not_found": "look into the log folder",
        "no_hourly_numbers": "fetch first: {program} views --full",
        "route_not_found": "what there is: /docs",
        "method_not_allowed": "what there is: /docs",
        "request_refused": "what there is: /docs",
        "export_on_other_host": (
            "fetch it there, or write it again here with: {program} exports rebuild {segment_id}"
        ),
        "token_not_valid": "make one with: {program} web token",
        "nobody_signed_in": "make a token with: {program} web token",
        "token_read_only": "use an admin token ({program} web token)",
        "foreign_page": "open the console and do it there",
        "token_name_taken": (
            "give another --name, or end it first with: {program} web revoke {name}"
        ),
        "token_not_in_use": "see: {program} web tokens",
    },
    "console": _EVERYWHERE
    | {
        "channel_missing": "set it in the settings of the server",
        "deliveries_not_chosen": "choose a filter first",
        "endpoint_not_chosen": "choose a delivery",
        "operation_not_found": "begin it again",
        "log_not_found": "see the page Logs",
        "no_hourly_numbers": "run hourly_views on the page Jobs",
        "route_not_found": "use the links of the pages",
        "method_not_allowed": "use the buttons of the pages",
        "request_refused": "use the links of the pages",
        "export_on_other_host": "fetch it there, or press “Write again” here",
        "token_not_valid": "sign in with another token",
        "nobody_signed_in": "sign in",
        "token_read_only": "use an admin token",
        "foreign_page": "open the console and do it there",
        "token_not_in_use": "use another name",
    },
    "api": _EVERYWHERE
    | {
        "deliveries_not_chosen": "say which: ids, states, kinds, task_id, url, since or until",
        "endpoint_not_chosen": "give a url, or the delivery_id of a delivery to it",
        "operation_not_found": "see GET /api/v1/operations",
        "log_not_found": "see GET /api/v1/logs",
        "no_hourly_numbers": "fetch first: POST /api/v1/jobs/hourly_views/run",
        "route_not_found": "what there is: /docs",
        "method_not_allowed": "what there is: /docs",
        "request_refused": "what there is: /docs",
        "export_on_other_host": (
            "fetch it there, or write it again here with POST /api/v1/exports/{segment_id}/rebuild"
        ),
        "token_not_valid": (
            "send Authorization: Bearer TOKEN, or sign in at /admin/login"
            " ({program} web token makes a token)"
        ),
        "nobody_signed_in": (
            "send Authorization: Bearer TOKEN, or sign in at /admin/login"
            " ({program} web token makes a token)"
        ),
        "token_read_only": "use an admin token ({program} web token)",
        "foreign_page": (
            "open the console and do it there, or call the API with a token:"
            " Authorization: Bearer TOKEN"
        ),
        "token_not_in_use": "use the name of one in use",
    },
}
