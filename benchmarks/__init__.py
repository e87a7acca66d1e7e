"""How fast, how small and how fair Baton is, as ratios measured in one run.

`python -m benchmarks [NAME ...] [--json] [--full]`
"""
