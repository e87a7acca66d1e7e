"""Queries on `influencer_keywords`: which searches listed a creator in its domain."""

from __future__ import annotations

from collections.abc import Sequence

from storage.engines.transactions import Tx, in_list


def note(tx: Tx, platform: str, domain: str, uids: Sequence[str], keyword: str) -> None:
    """Record that a search for `keyword` listed these creators of the domain; they are stored."""
    marks, names = in_list(uids)
    tx.execute(
        "INSERT INTO influencer_keywords (influencer_id, keyword)"
        " SELECT id, :keyword FROM influencers"
        f" WHERE platform=:platform AND domain=:domain AND uid IN ({marks})"
        f" {tx.dialect.on_conflict_ignore('influencer_id, keyword')}",
        keyword=keyword,
        platform=platform,
        domain=domain,
        **names,
    )
