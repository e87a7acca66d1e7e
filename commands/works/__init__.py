"""`works`, `stats`, `update_play_counts`: the catalogue of videos and its counters."""
