"""Queries of the main job: accounts, tasks, creators, exports."""
