"""Fetch the counters of videos by any mix of links and ids."""
