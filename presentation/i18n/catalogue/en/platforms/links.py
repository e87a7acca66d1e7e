"""Names of platforms, links and ids of videos."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "platform_unknown": "unknown platform {name!r}; known: {known}",
    "platform_key_missing": "there is no API key of {name}: set {setting}",
    "platform_token_missing": "there is no token of {name}: set {setting}",
    "platform_key_malformed": "the key holds characters that no key has; copy it again",
    # links and ids
    "link_of_other_platform": "{text!r} is a link of {found}, not of {wanted}",
    "link_not_video": "{text!r} is no link of a video: {cause}",
    "url_damaged": "the URL is damaged",
    "host_unknown": "{host} belongs to no known platform (known: {known})",
    "page_not_video": "a page of {platform}, but not of a video",
    "link_of_episode": "an episode of a series, which no creator has posted",
    "id_case_lost": "its case was lost: Bilibili tells its ids apart by capital and small letters",
    "id_rounded": "{text!r} is a number that a spreadsheet has rounded: its last digits are lost",
    "id_without_platform": "{text!r} is neither a link nor an id whose platform is known",
    "not_video_id": "{text!r} is no video id of {platform}",
    # short links
    "short_link_unanswered": "no answer to the short link ({detail})",
    "short_link_silent": "the short link has no redirect just now",
    "short_link_without_video": "the short link leads to a page without a video ({host})",
    "short_link_dead_once": "the short link seems dead; it is looked at once more",
    "short_link_refused": "the short link's host says HTTP {status}",
    # why a video has no counters
    "video_not_found": "not_found: {detail}",
    "video_hidden": "hidden: {detail}",
    "video_in_review": "in_review: {detail}",
    "video_not_in_region": "region: {detail}",
    "video_id_wrong": "bad_id: {detail}",
    "video_left_out": "unknown: {detail}",
}

_TO_DO = {
    "id_case_lost": "copy the link again from the browser",
    "id_rounded": "keep ids as text",
    "id_without_platform": "write PLATFORM:ID, for example youtube:dQw4w9WgXcQ",
}
ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {**_TO_DO},
    "console": {**_TO_DO},
    "api": {**_TO_DO},
}
