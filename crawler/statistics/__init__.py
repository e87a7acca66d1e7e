"""Fetch the counters of videos, given by any mix of links and ids."""
